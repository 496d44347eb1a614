/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "policy.h"

const char *const policy_state_names[] = {
	[POLICY_VISIBLE] = "visible",	      [POLICY_HIDDEN] = "hidden",
	[POLICY_ELIGIBLE] = "eligible",	      [POLICY_RECLAIMING] = "reclaiming",
	[POLICY_RECLAIMED] = "reclaimed",
};

void policy_init(struct policy *p, const struct policy_config *config)
{
	memset(p, 0, sizeof(*p));
	p->config = *config;
	p->lost = true;
	p->room_since = POLICY_NEVER;
}

static struct policy_app *find(struct policy *p, uint64_t app)
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		if (p->apps[i].id == app)
			return &p->apps[i];
	}
	return NULL;
}

const struct policy_app *policy_find(const struct policy *p, uint64_t app)
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		if (p->apps[i].id == app)
			return &p->apps[i];
	}
	return NULL;
}

static void act(struct policy_actions *out, enum policy_action_kind kind, uint64_t app,
		const char *why)
{
	if (out->count < POLICY_ACTIONS)
		out->list[out->count++] = (struct policy_action){ kind, app, why };
}

static void enter(struct policy_app *a, enum policy_state state, uint64_t now)
{
	if (a->state == state)
		return;
	a->state = state;
	a->changed = now;
}

/* --- grace ---------------------------------------------------------------- */

static void double_grace(struct policy_app *a, uint64_t now)
{
	a->grace = a->grace ? 2 * a->grace : POLICY_SECOND;
	if (a->grace > POLICY_GRACE_MOST)
		a->grace = POLICY_GRACE_MOST;
	if (a->grace < a->grace_least)
		a->grace = a->grace_least;
	a->grace_changed = now;
}

static void halve_grace(struct policy_app *a, uint64_t now)
{
	while (a->grace > a->grace_least && now - a->grace_changed >= POLICY_GRACE_KEPT) {
		a->grace /= 2;
		a->grace_changed += POLICY_GRACE_KEPT;
		if (a->grace < a->grace_least || a->grace < POLICY_SECOND)
			a->grace = a->grace_least;
	}
}

/* The grace period begins again. */
static void begin_grace(struct policy_app *a, uint64_t now)
{
	enter(a, POLICY_HIDDEN, now);
	a->since = now;
	a->reclaimed = 0;
}

/* --- windows -------------------------------------------------------------- */

static struct policy_app *find_or_add(struct policy *p, const struct policy_event *e,
				      uint64_t now)
{
	struct policy_app *a = find(p, e->app);

	if (!a && p->n_apps < POLICY_APPS) {
		a = &p->apps[p->n_apps++];
		*a = (struct policy_app){
			.id = e->app,
			.state = POLICY_VISIBLE,
			.changed = now,
			.grace = e->grace,
			.grace_changed = now,
			.last_shown = now,
		};
	}
	if (a) {
		a->exempt = e->exempt;
		a->playing = e->playing;
		a->freezable = e->freezable;
		a->grace_least = e->grace;
		if (a->grace < e->grace)
			a->grace = e->grace;
	}
	return a;
}

static void cancel(struct policy_app *a, struct policy_actions *out, const char *why)
{
	if (a->pending == POLICY_NONE || a->cancelled)
		return;
	a->cancelled = true;
	act(out, POLICY_ACTION_CANCEL, a->id, why);
}

/* A frozen application uses no memory until it is thawed, so there is still time to claim it. */
static void claim_before_thaw(struct policy_app *a, uint64_t now, struct policy_actions *out)
{
	/* The end of a hint must not cancel it. */
	a->hinted = false;
	if (a->pending == POLICY_CLAIM)
		return;
	a->pending = POLICY_CLAIM;
	a->cancelled = false;
	a->thaw_at = now + POLICY_THAW_MOST;
	act(out, POLICY_ACTION_CLAIM, a->id, "it is shown");
}

static void become_visible(struct policy_app *a, bool unsure, uint64_t now,
			   struct policy_actions *out)
{
	a->unsure = unsure;
	if (a->state == POLICY_VISIBLE)
		return;
	if (a->frozen && !unsure)
		claim_before_thaw(a, now, out);
	else
		cancel(a, out, unsure ? "nobody knows whether it is hidden" : "it is shown");
	/* Nobody has waited for an application that is only perhaps visible. */
	if (!unsure && !a->doubled &&
	    (a->state == POLICY_RECLAIMING ||
	     (a->state == POLICY_RECLAIMED && a->reclaimed_at &&
	      now - a->reclaimed_at < POLICY_SHOWN_SOON))) {
		double_grace(a, now);
		a->doubled = true;
	}
	enter(a, POLICY_VISIBLE, now);
	a->reclaimed = a->evicted = 0;
	a->nothing_to_claim = false;
	a->restored = false;
}

static void become_hidden(struct policy_app *a, uint64_t now)
{
	if (a->state != POLICY_VISIBLE)
		return;
	a->unsure = false;
	a->last_shown = now;
	a->gpu_known = false;
	a->drew = false;
	begin_grace(a, now);
}

static void forget(struct policy *p, uint64_t app, struct policy_actions *out)
{
	struct policy_app *a = find(p, app);

	if (!a)
		return;
	/* Processes without windows may be left of it. */
	if (a->frozen)
		act(out, POLICY_ACTION_THAW, app, "its window is gone");
	*a = p->apps[--p->n_apps];
}

static void lose(struct policy *p, uint64_t now, struct policy_actions *out)
{
	size_t i;

	p->lost = true;
	for (i = 0; i < p->n_apps; i++)
		become_visible(&p->apps[i], true, now, out);
}

/* --- memory --------------------------------------------------------------- */

/* An application that draws while it is hidden would take its memory back at once. */
static void measure_gpu(struct policy_app *a, uint64_t gpu_ns, uint64_t now)
{
	a->gpu_ns = gpu_ns;
	if (a->state == POLICY_VISIBLE || now - a->last_shown < POLICY_SETTLE)
		return;
	if (a->gpu_known && gpu_ns > a->gpu_hidden) {
		if (!a->drew)
			double_grace(a, now);
		a->drew = true;
		if (a->state == POLICY_HIDDEN || a->state == POLICY_ELIGIBLE)
			begin_grace(a, now);
	}
	a->gpu_known = true;
	a->gpu_hidden = gpu_ns;
}

static void measure_app(struct policy *p, const struct policy_event *e, uint64_t now)
{
	struct policy_app *a = find(p, e->app);
	const uint64_t least = p->config.least;

	if (!a)
		return;
	a->measured = true;
	a->resident = e->resident;
	a->evicted = e->evicted;
	measure_gpu(a, e->gpu_ns, now);
	if (a->pending != POLICY_NONE)
		return;
	if (a->state == POLICY_RECLAIMED && !a->left_known) {
		a->left_known = true;
		a->left = a->resident;
	} else if (a->state == POLICY_RECLAIMED && a->resident >= a->left + a->reclaimed / 2) {
		/* It has used its memory although it is hidden. */
		if (!a->drew && !a->doubled)
			double_grace(a, now);
		a->drew = true;
		begin_grace(a, now);
	} else if ((a->state == POLICY_ELIGIBLE || (a->state == POLICY_HIDDEN && !a->restored)) &&
		   a->evicted >= least && a->resident < least && !a->nothing_to_claim) {
		/* It was reclaimed before this program started, or by somebody else. */
		enter(a, POLICY_RECLAIMED, now);
		a->reclaimed = a->evicted;
		a->reclaimed_at = 0;
		a->left_known = true;
		a->left = a->resident;
	}
}

static double part(const struct policy *p, unsigned int percent)
{
	return (double)p->total / 100.0 * percent;
}

static bool is_below(const struct policy *p, unsigned int percent)
{
	return p->memory_known && (double)p->available < part(p, percent);
}

static bool is_above(const struct policy *p, unsigned int percent)
{
	return p->memory_known && (double)p->available > part(p, percent);
}

static void measure_machine(struct policy *p, const struct policy_event *e, uint64_t now)
{
	p->memory_known = e->known && e->total;
	p->available = e->available;
	p->total = e->total;
	p->measured = now;
	p->measure_first = false;
	if (e->pressure)
		p->pressure_until = now + p->config.pressure_for;
	if (now < p->pressure_until || !is_above(p, p->config.high)) {
		p->room_since = POLICY_NEVER;
		/* What was begun goes on for as long as it takes less than half of the room. */
		if (now < p->pressure_until ||
		    !is_above(p, (p->config.low + p->config.high) / 2))
			p->restoring = false;
	} else if (p->room_since == POLICY_NEVER) {
		p->room_since = now;
	}
}

/*
 * Memory is short below this percentage even if no program waits for it: programs begin to wait
 * only after the kernel has evicted what it can, also the GPU memory of visible applications.
 */
static unsigned int urgent(const struct policy *p)
{
	if (!p->config.psi || p->config.urgent > p->config.low)
		return p->config.low;
	return p->config.urgent;
}

bool policy_is_short(const struct policy *p, uint64_t now)
{
	return is_below(p, now < p->pressure_until ? p->config.low : urgent(p));
}

/* --- freezing ------------------------------------------------------------- */

static bool can_be_frozen(const struct policy *p, const struct policy_app *a)
{
	return p->config.freeze && a->state == POLICY_RECLAIMED && a->freezable && !a->playing &&
	       !a->exempt && !p->lost && !p->held;
}

/* Whatever has changed, nothing stays frozen that should run. */
static void thaw(struct policy *p, uint64_t now, struct policy_actions *out)
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		struct policy_app *a = &p->apps[i];

		if (!a->frozen || can_be_frozen(p, a))
			continue;
		if (!a->unsure && !p->lost && a->pending == POLICY_CLAIM && now < a->thaw_at)
			continue;
		a->frozen = false;
		act(out, POLICY_ACTION_THAW, a->id, "it has to run");
	}
}

static void ran(struct policy *p, uint64_t app)
{
	struct policy_app *a = find(p, app);

	if (a)
		a->frozen = false;
}

/* --- replies -------------------------------------------------------------- */

static void reclaim_reply(struct policy *p, struct policy_app *a, const struct policy_event *e,
			  bool cancelled, uint64_t now, struct policy_actions *out)
{
	/* A cancelled reclaim says nothing about what the next one would free. */
	if (e->bytes)
		p->backoff = 0;
	else if (!cancelled)
		p->backoff = p->backoff ? 2 * p->backoff : POLICY_NEXT;
	if (p->backoff > POLICY_BACKOFF_MOST)
		p->backoff = POLICY_BACKOFF_MOST;
	p->next_reclaim = now + (p->backoff ? p->backoff : POLICY_NEXT);
	if (a->state != POLICY_RECLAIMING)
		return;
	if (!cancelled && (e->result == POLICY_BUSY || e->result == POLICY_INTERRUPTED ||
			   (e->result == POLICY_OK && !e->bytes))) {
		double_grace(a, now);
		a->doubled = true;
	}
	if (!e->bytes) {
		begin_grace(a, now);
		return;
	}
	enter(a, POLICY_RECLAIMED, now);
	a->reclaimed = e->bytes;
	a->reclaimed_at = now;
	a->left_known = false;
	if (!cancelled && can_be_frozen(p, a)) {
		a->frozen = true;
		act(out, POLICY_ACTION_FREEZE, a->id, "its memory is in swap");
	}
}

static void claim_reply(struct policy *p, struct policy_app *a, const struct policy_event *e,
			uint64_t now)
{
	a->hinted = false;
	a->evicted = 0;
	p->measure_first = true;
	if (e->result == POLICY_OK && !e->bytes)
		a->nothing_to_claim = true;
	/* What did not come back is looked for again when the application is measured. */
	if (e->result == POLICY_FAILED)
		p->next_claim = now + POLICY_CLAIM_AGAIN;
}

static void reply(struct policy *p, const struct policy_event *e, uint64_t now,
		  struct policy_actions *out)
{
	struct policy_app *a = find(p, e->app);
	bool cancelled;

	if (!a || a->pending != e->request)
		return;
	cancelled = a->cancelled;
	a->pending = POLICY_NONE;
	a->cancelled = false;
	if (e->request == POLICY_RECLAIM)
		reclaim_reply(p, a, e, cancelled, now, out);
	else
		claim_reply(p, a, e, now);
}

/* --- back in time --------------------------------------------------------- */

/* The grace period begins with the claim, or the memory would be taken at once. */
static void claim(struct policy_app *a, bool hinted, uint64_t now, struct policy_actions *out,
		  const char *why)
{
	begin_grace(a, now);
	a->pending = POLICY_CLAIM;
	a->cancelled = false;
	a->hinted = hinted;
	a->thaw_at = now + POLICY_THAW_MOST;
	act(out, POLICY_ACTION_CLAIM, a->id, why);
}

static bool is_reclaimed(const struct policy *p, const struct policy_app *a)
{
	(void)p;
	return a->state == POLICY_RECLAIMED && a->pending == POLICY_NONE;
}

/* The kernel may have evicted a part of an application that was not reclaimed. */
static bool is_in_swap(const struct policy *p, const struct policy_app *a)
{
	return is_reclaimed(p, a) ||
	       (a->state == POLICY_ELIGIBLE && a->pending == POLICY_NONE &&
		a->evicted >= p->config.least && !a->nothing_to_claim);
}

/* Restoring it does not make memory short. */
static bool can_restore(const struct policy *p, const struct policy_app *a)
{
	const uint64_t bytes = a->state == POLICY_RECLAIMED ? a->reclaimed : a->evicted;

	return is_in_swap(p, a) &&
	       (double)p->available - (double)bytes > part(p, p->config.low);
}

static struct policy_app *last_shown(struct policy *p,
				     bool (*is)(const struct policy *p,
						const struct policy_app *a))
{
	struct policy_app *best = NULL;
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		struct policy_app *a = &p->apps[i];

		if (is(p, a) && (!best || a->last_shown > best->last_shown))
			best = a;
	}
	return best;
}

static bool is_claiming(const struct policy *p)
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		if (p->apps[i].pending == POLICY_CLAIM)
			return true;
	}
	return false;
}

static void hint_app(struct policy_app *a, uint64_t now, struct policy_actions *out)
{
	switch (a->state) {
	case POLICY_VISIBLE:
		break;
	case POLICY_HIDDEN:
	case POLICY_ELIGIBLE:
		begin_grace(a, now);
		break;
	case POLICY_RECLAIMING:
		/* The claim ends the reclaim, whose reply is no longer of interest. */
	case POLICY_RECLAIMED:
		claim(a, true, now, out, "a hint says that it may be shown soon");
		break;
	}
}

static void hint(struct policy *p, const struct policy_event *e, uint64_t now,
		 struct policy_actions *out)
{
	struct policy_app *a;
	int i;

	if (p->config.mode == POLICY_OFF || p->lost)
		return;
	p->hint_until = now + POLICY_HINT_LASTS;
	if (e->app) {
		a = find(p, e->app);
		if (a)
			hint_app(a, now, out);
		return;
	}
	for (i = 0; i < POLICY_HINT_APPS; i++) {
		a = last_shown(p, is_reclaimed);
		if (a)
			hint_app(a, now, out);
	}
}

static void end_hint(struct policy *p, uint64_t now, struct policy_actions *out)
{
	size_t i;

	if (!p->hint_until || now < p->hint_until)
		return;
	p->hint_until = 0;
	for (i = 0; i < p->n_apps; i++) {
		if (p->apps[i].pending == POLICY_CLAIM && p->apps[i].hinted)
			cancel(&p->apps[i], out, "the hint is over");
	}
}

static void restore(struct policy *p, uint64_t now, struct policy_actions *out)
{
	struct policy_app *a;

	/* Otherwise, memory would be taken and given back in turns. */
	if (p->config.mode != POLICY_PRESSURE || p->lost || p->away)
		return;
	if (p->room_since != POLICY_NEVER && now - p->room_since >= POLICY_ROOM)
		p->restoring = true;
	if (!p->restoring || now < p->next_claim || is_claiming(p))
		return;
	a = last_shown(p, p->measure_first ? is_in_swap : can_restore);
	if (!a) {
		p->restoring = false;
	} else if (p->measure_first) {
		act(out, POLICY_ACTION_MEASURE, 0, "before another claim");
	} else {
		/* The kernel evicts it again and again, so bring it back less often. */
		if (a->restored)
			double_grace(a, now);
		a->restored = true;
		claim(a, false, now, out, "RAM is available again");
	}
}

/* --- which one ------------------------------------------------------------ */

static bool has_enough(const struct policy *p, const struct policy_app *a)
{
	return a->measured && a->resident >= p->config.least;
}

static bool must_play(const struct policy *p, const struct policy_app *a)
{
	return a->playing && !p->config.reclaim_playing;
}

/* One of the last that were shown, so that the user can go back to it at no cost. */
static bool is_kept(const struct policy *p, const struct policy_app *a)
{
	unsigned int later = 0;
	size_t i;

	if (p->away || is_below(p, p->config.critical))
		return false;
	for (i = 0; i < p->n_apps; i++) {
		const struct policy_app *b = &p->apps[i];

		later += b != a && !b->exempt && !must_play(p, b) && has_enough(p, b) &&
			 (b->state == POLICY_HIDDEN || b->state == POLICY_ELIGIBLE) &&
			 (b->last_shown > a->last_shown ||
			  (b->last_shown == a->last_shown && b->id > a->id));
	}
	return later < p->config.keep;
}

/* It can be reclaimed, unless it is kept. */
static bool could_reclaim(const struct policy *p, const struct policy_app *a)
{
	return a->state == POLICY_ELIGIBLE && !a->exempt && !must_play(p, a) &&
	       a->pending == POLICY_NONE && has_enough(p, a);
}

static bool can_reclaim(const struct policy *p, const struct policy_app *a)
{
	return could_reclaim(p, a) && !is_kept(p, a);
}

static struct policy_app *choose(struct policy *p)
{
	struct policy_app *best = NULL;
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		struct policy_app *a = &p->apps[i];

		if (can_reclaim(p, a) && (!best || a->last_shown < best->last_shown))
			best = a;
	}
	return best;
}

static bool is_reclaiming(const struct policy *p)
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		if (p->apps[i].pending == POLICY_RECLAIM)
			return true;
	}
	return false;
}

static bool is_wanted(const struct policy *p, uint64_t now)
{
	switch (p->config.mode) {
	case POLICY_OFF:
		return false;
	case POLICY_EAGER:
		return true;
	case POLICY_PRESSURE:
		return p->away || policy_is_short(p, now);
	}
	return false;
}

static void look(struct policy *p, struct policy_actions *out, const char *why)
{
	if (p->look_pending)
		return;
	p->look_pending = true;
	act(out, POLICY_ACTION_LOOK, 0, why);
}

/* @fresh: windows and memory were looked at just now. */
static void reclaim(struct policy *p, bool fresh, uint64_t now, struct policy_actions *out)
{
	struct policy_app *a;

	if (p->lost || p->held || now < p->paused_until || now < p->next_reclaim || is_reclaiming(p) ||
	    !is_wanted(p, now))
		return;
	a = choose(p);
	if (!a)
		return;
	/* Some changes of windows are not reported, so look before every reclaim. */
	if (!fresh) {
		look(p, out, "before a reclaim");
		return;
	}
	enter(a, POLICY_RECLAIMING, now);
	a->pending = POLICY_RECLAIM;
	a->cancelled = false;
	a->doubled = false;
	a->nothing_to_claim = false;
	a->restored = false;
	act(out, POLICY_ACTION_RECLAIM, a->id,
	    p->config.mode == POLICY_EAGER ? "it is hidden" :
	    p->away ? "another session is on the screen" : "memory is short");
}

/* --- time ----------------------------------------------------------------- */

static bool is_hidden(const struct policy_app *a)
{
	return a->state != POLICY_VISIBLE && !a->exempt;
}

/* @fresh: see reclaim(). */
static void end_grace(struct policy *p, bool fresh, uint64_t now, struct policy_actions *out)
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		struct policy_app *a = &p->apps[i];

		halve_grace(a, now);
		if (a->state != POLICY_HIDDEN || a->exempt || now - a->since < a->grace)
			continue;
		enter(a, POLICY_ELIGIBLE, now);
		/* Its GPU memory was measured last when it was visible. */
		if (!fresh && p->looked < a->since && p->config.mode != POLICY_OFF && !p->lost)
			look(p, out, "a grace period is over");
	}
}

static bool any(const struct policy *p, bool (*is)(const struct policy_app *a))
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		if (is(&p->apps[i]))
			return true;
	}
	return false;
}

/*
 * An application is reclaimed when less than this percentage of RAM is available. Returns 0 if
 * there is none that could be reclaimed.
 */
static unsigned int next_limit(struct policy *p)
{
	size_t i;

	if (choose(p))
		return urgent(p);
	for (i = 0; i < p->n_apps; i++) {
		if (could_reclaim(p, &p->apps[i]))
			return p->config.critical < urgent(p) ? p->config.critical : urgent(p);
	}
	return 0;
}

/* When RAM has to be measured again. */
static uint64_t next_measure(struct policy *p)
{
	const unsigned int limit = next_limit(p);
	uint64_t interval = POLICY_MEASURE_EVERY;

	if (p->config.mode != POLICY_PRESSURE || p->lost ||
	    (!limit && !last_shown(p, is_in_swap)))
		return POLICY_NEVER;
	/* Below the limit, a look follows before each reclaim, and measures RAM. */
	if (limit && !p->held && is_above(p, limit))
		interval = (uint64_t)(((double)p->available - part(p, limit)) / (double)p->total *
				      POLICY_MEASURE_ALL);
	return p->measured + (interval > POLICY_MEASURE_LEAST ? interval : POLICY_MEASURE_LEAST);
}

/* Memory of it is in swap, or on the way there or back. */
static bool uses_swap(const struct policy_app *a)
{
	return a->state == POLICY_RECLAIMED || a->pending != POLICY_NONE || a->evicted;
}

/* When windows and processes have to be looked at again. */
static uint64_t next_look(const struct policy *p)
{
	const bool calm = p->config.mode == POLICY_PRESSURE && is_above(p, p->config.high) &&
			  !any(p, uses_swap);

	if (p->config.mode == POLICY_OFF || p->lost || p->look_pending || !any(p, is_hidden))
		return POLICY_NEVER;
	return p->looked + (calm ? POLICY_LOOK_RARELY : POLICY_LOOK_EVERY);
}

static void earlier(uint64_t *wake, uint64_t time)
{
	if (time < *wake)
		*wake = time;
}

/* Nothing but a time that has to be noticed wakes the program. */
static uint64_t next_time(struct policy *p, uint64_t now)
{
	uint64_t wake = POLICY_NEVER;
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		const struct policy_app *a = &p->apps[i];

		if (a->state == POLICY_HIDDEN && !a->exempt && p->config.mode != POLICY_OFF)
			earlier(&wake, a->since + a->grace);
	}
	earlier(&wake, next_look(p));
	earlier(&wake, next_measure(p));
	if (p->hint_until)
		earlier(&wake, p->hint_until);
	if (!p->lost && !p->held && !p->look_pending && !is_reclaiming(p) &&
	    is_wanted(p, now) && choose(p))
		earlier(&wake, p->next_reclaim > p->paused_until ? p->next_reclaim :
								   p->paused_until);
	for (i = 0; i < p->n_apps; i++) {
		if (p->apps[i].frozen && p->apps[i].pending == POLICY_CLAIM)
			earlier(&wake, p->apps[i].thaw_at);
	}
	if (p->restoring && !p->away && !is_claiming(p) && last_shown(p, is_in_swap))
		earlier(&wake, p->next_claim);
	return wake > now ? wake : now + 1;
}

static void decide(struct policy *p, bool fresh, uint64_t now, struct policy_actions *out)
{
	end_grace(p, fresh, now, out);
	end_hint(p, now, out);
	restore(p, now, out);
	reclaim(p, fresh, now, out);
	if (now >= next_look(p))
		look(p, out, "something is hidden");
	if (now >= next_measure(p))
		act(out, POLICY_ACTION_MEASURE, 0, "something waits for it");
}

static void cancel_reclaims(struct policy *p, struct policy_actions *out, const char *why)
{
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		if (p->apps[i].pending == POLICY_RECLAIM)
			cancel(&p->apps[i], out, why);
	}
}

static void pause_for(struct policy *p, uint64_t usec, uint64_t now, struct policy_actions *out)
{
	p->paused_until = usec > POLICY_NEVER - now ? POLICY_NEVER : now + usec;
	if (usec)
		cancel_reclaims(p, out, "the user has paused reclaims");
}

static void hold(struct policy *p, bool on, struct policy_actions *out)
{
	p->held = on;
	if (on)
		cancel_reclaims(p, out, "the screen is shared");
}

void policy_step(struct policy *p, const struct policy_event *e, uint64_t now,
		 struct policy_actions *out)
{
	struct policy_app *a;
	bool fresh = false;

	out->count = 0;
	switch (e->kind) {
	case POLICY_EVENT_TICK:
		break;
	case POLICY_EVENT_SHOWN:
	case POLICY_EVENT_UNSURE:
		a = find_or_add(p, e, now);
		if (a)
			become_visible(a, e->kind == POLICY_EVENT_UNSURE, now, out);
		break;
	case POLICY_EVENT_HIDDEN:
		a = find_or_add(p, e, now);
		if (a)
			become_hidden(a, now);
		if (a && a->pending == POLICY_RECLAIM && must_play(p, a))
			cancel(a, out, "it plays sound");
		break;
	case POLICY_EVENT_GONE:
		forget(p, e->app, out);
		break;
	case POLICY_EVENT_SIZE:
		measure_app(p, e, now);
		break;
	case POLICY_EVENT_MEMORY:
		measure_machine(p, e, now);
		break;
	case POLICY_EVENT_LOOKED:
		measure_machine(p, e, now);
		p->lost = false;
		p->look_pending = false;
		p->looked = now;
		fresh = true;
		break;
	case POLICY_EVENT_LOST:
		lose(p, now, out);
		break;
	case POLICY_EVENT_REPLY:
		reply(p, e, now, out);
		break;
	case POLICY_EVENT_HINT:
		hint(p, e, now, out);
		break;
	case POLICY_EVENT_PAUSE:
		pause_for(p, e->usec, now, out);
		break;
	case POLICY_EVENT_HOLD:
		hold(p, e->on, out);
		break;
	case POLICY_EVENT_AWAY:
		p->away = e->on;
		break;
	case POLICY_EVENT_RAN:
		ran(p, e->app);
		break;
	}
	thaw(p, now, out);
	if (e->kind >= POLICY_EVENT_LOOKED)
		decide(p, fresh, now, out);
	out->wake = next_time(p, now);
}

const char *policy_why(const struct policy *p, const struct policy_app *a, uint64_t now)
{
	if (a->state == POLICY_VISIBLE)
		return a->unsure ? "nobody knows whether it is hidden" : "a window is visible";
	if (a->exempt)
		return "it is exempt";
	if (p->config.mode == POLICY_OFF)
		return "mode is off";
	if (a->state == POLICY_RECLAIMING)
		return "its memory is being moved to swap";
	if (a->state == POLICY_RECLAIMED)
		return a->frozen ? "its memory is in swap, and it is frozen" :
				   "its memory is in swap";
	if (a->pending == POLICY_CLAIM)
		return "its memory is being moved back";
	if (!has_enough(p, a))
		return "it has too little GPU memory";
	if (a->state == POLICY_HIDDEN)
		return "its grace period is not over";
	if (must_play(p, a))
		return "it plays sound";
	if (p->held)
		return "the screen is shared";
	if (is_kept(p, a))
		return "it was shown last";
	if (now < p->paused_until)
		return "reclaims are paused";
	if (!is_wanted(p, now))
		return "memory is not short";
	return "it is next";
}
