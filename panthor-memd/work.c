/* SPDX-License-Identifier: MIT */
/*
 * The scheduler. Each device has a worker for reclaims; claims have their own workers. After each
 * slice, a reclaim is queued again, so that users take turns. A claim
 * overtakes the older reclaims of its process: it ends those that wait and stops those that
 * run. If one was running when the claim began, a slice of it may have entered the kernel
 * after the claim. The claim is then repeated when the reclaim has stopped. It is also repeated,
 * as the last in the queue, if it has waited for its turn and is not done.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include <panthor_mem.h>

#include "broker.h"
#include "clock.h"
#include "worker.h"

/* How long the kernel may take to end the last call after MaxTimeSec=. */
#define LAST_SLICE_USEC (2 * USEC_PER_SEC)
/*
 * The most that a request may wait and run, whatever MaxTimeSec= is. D-Bus libraries wait for 25
 * seconds, and the end of the last call comes after this.
 */
#define REPLY_USEC (22 * USEC_PER_SEC)
/* How often stopped work is interrupted until it ends, and how often free swap is checked. */
#define WATCH_USEC (20 * USEC_PER_SEC / 1000)

static struct work *work_of(struct list *at)
{
	return list_entry(at, struct work, link);
}

/* --- interrupting --------------------------------------------------------- */

static void watch_again(struct broker *b)
{
	sd_event_source_set_time(b->watch, clock_usec() + WATCH_USEC);
	sd_event_source_set_enabled(b->watch, SD_EVENT_ONESHOT);
}

/* Returns whether the running work has to be looked at again. */
static bool watch_work(struct work *w)
{
	struct job *job = &w->job;

	if (!job_has_swap(job))
		atomic_store(&job->swap_full, true);
	if (atomic_load(&job->stop) || atomic_load(&job->swap_full)) {
		worker_interrupt(w->worker);
		return true;
	}
	return job->swap_reserve;
}

static int on_watch(sd_event_source *source, uint64_t usec, void *data)
{
	struct broker *b = data;
	struct list *at, *next;
	bool again = false;

	(void)source;
	(void)usec;
	list_each(at, next, &b->works) {
		if (work_of(at)->state == WORK_RUNNING && watch_work(work_of(at)))
			again = true;
	}
	if (again)
		watch_again(b);
	return 0;
}

int work_start(struct broker *b)
{
	int ret = sd_event_add_time(b->event, &b->watch, CLOCK_MONOTONIC, 0, WATCH_USEC / 10,
				    on_watch, b);

	return ret < 0 ? ret : sd_event_source_set_enabled(b->watch, SD_EVENT_OFF);
}

void work_stop(struct work *w)
{
	atomic_store(&w->job.stop, true);
	worker_interrupt(w->worker);
	watch_again(w->broker);
}

/* --- the end of work ------------------------------------------------------ */

static void free_work(struct work *w)
{
	while (!list_empty(&w->requests)) {
		struct request *r = list_entry(w->requests.next, struct request, of_work);

		list_remove(&r->of_work);
		r->work = NULL;
		request_free(r);
	}
	sd_event_source_disable_unref(w->timer);
	list_remove(&w->link);
	target_unref(w->target);
	w->user->refs--;
	free(w);
}

static void finish(struct work *w)
{
	if (w->begun || !list_empty(&w->requests))
		answer_work(w);
	free_work(w);
}

/* The work ends before it has begun, or because the program ends. */
static void refuse(struct work *w, const struct fault *f)
{
	while (!list_empty(&w->requests)) {
		struct request *r = list_entry(w->requests.next, struct request, of_work);

		list_remove(&r->of_work);
		r->work = NULL;
		request_refuse(r, f);
	}
	free_work(w);
}

static void interrupt(struct work *w)
{
	w->sum.status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	finish(w);
}

void work_leave(struct request *r)
{
	struct work *w = r->work;

	list_remove(&r->of_work);
	r->work = NULL;
	if (!list_empty(&w->requests))
		return;
	if (w->state == WORK_RUNNING)
		work_stop(w);
	else
		finish(w);
}

/* The time is over. All requests get a reply, even if the worker is still in the kernel. */
static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	struct work *w = data;
	struct broker *b = w->broker;

	(void)source;
	(void)usec;
	if (w->state != WORK_RUNNING) {
		interrupt(w);
		work_schedule(b);
		return 0;
	}
	if (!atomic_load(&w->job.stop)) {
		work_stop(w);
		sd_event_source_set_time(w->timer, clock_usec() + LAST_SLICE_USEC);
		sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
		return 0;
	}
	w->sum.status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	while (!list_empty(&w->requests))
		answer_request(list_entry(w->requests.next, struct request, of_work), &w->sum,
			       FAULT_NONE);
	return 0;
}

/* --- new work ------------------------------------------------------------- */

static bool same_wish(const struct wish *a, const struct wish *b)
{
	return !strcmp(a->node, b->node) && a->max_bytes == b->max_bytes &&
	       a->wait_usec == b->wait_usec && a->no_pageout == b->no_pageout &&
	       a->dry_run == b->dry_run && a->prefetch == b->prefetch;
}

static struct work *same_work(struct broker *b, const struct request *r)
{
	struct list *at, *next;

	list_each(at, next, &b->works) {
		struct work *w = work_of(at);

		if (w->state == WORK_QUEUED && !w->begun && w->target == r->target &&
		    w->kind == (enum operation_kind)r->method && w->user == r->sender->user &&
		    same_wish(&w->wish, &r->wish))
			return w;
	}
	return NULL;
}

/* When work that has begun at @now, or was queued then, is stopped. */
static uint64_t end_of(const struct work *w, uint64_t now)
{
	const uint64_t end = now + w->broker->config.max_time_sec * USEC_PER_SEC;

	return end < w->reply_by ? end : w->reply_by;
}

static struct work *new_work(struct broker *b, const struct request *r, uid_t owner)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->broker = b;
	w->user = r->sender->user;
	w->owner = owner;
	w->kind = (enum operation_kind)r->method;
	w->wish = r->wish;
	w->target = r->target;
	w->queued = clock_usec();
	w->reply_by = r->arrived + REPLY_USEC;
	w->end = end_of(w, w->queued);
	w->at = -1;
	list_init(&w->requests);
	if (sd_event_add_time(b->event, &w->timer, CLOCK_MONOTONIC, w->end, 0, on_timer, w) < 0) {
		free(w);
		return NULL;
	}
	w->target->refs++;
	w->user->refs++;
	list_append(&b->works, &w->link);
	return w;
}

/* End the older reclaims of the process, because the claim is the more recent request. */
static void overtake(struct broker *b, const struct work *claim)
{
	struct list *at, *next;

	claim->target->claim_seq = claim->seq;
	list_each(at, next, &b->works) {
		struct work *w = work_of(at);

		if (w->kind != OPERATION_RECLAIM || w->target != claim->target ||
		    w->seq > claim->seq)
			continue;
		if (w->state == WORK_RUNNING)
			work_stop(w);
		else
			interrupt(w);
	}
}

/* The request has waited since before the work was queued, for example for polkit. */
static void reply_earlier(struct work *w, uint64_t reply_by)
{
	if (reply_by >= w->reply_by)
		return;
	w->reply_by = reply_by;
	if (w->end <= reply_by)
		return;
	w->end = reply_by;
	sd_event_source_set_time(w->timer, w->end);
}

void work_add(struct broker *b, struct request *r, uid_t owner)
{
	struct work *w = same_work(b, r);
	struct fault f;

	if (!w)
		w = new_work(b, r, owner);
	if (!w) {
		fault_set(&f, FAULT_NO_MEMORY, "panthor-memd has no memory left: try again later");
		request_refuse(r, &f);
		return;
	}
	r->work = w;
	list_append(&w->requests, &r->of_work);
	reply_earlier(w, r->arrived + REPLY_USEC);
	if (r->seq > w->seq)
		w->seq = r->seq;
	if (w->kind == OPERATION_CLAIM && w->seq > w->target->claim_seq)
		overtake(b, w);
	work_schedule(b);
}

/* --- turns ---------------------------------------------------------------- */

static bool reclaim_runs(const struct broker *b, const struct target *t)
{
	struct list *at, *next;

	list_each(at, next, &b->works) {
		if (work_of(at)->kind == OPERATION_RECLAIM && work_of(at)->target == t &&
		    work_of(at)->state == WORK_RUNNING)
			return true;
	}
	return false;
}

/* Is there a claim of the same process besides @but? @running: only running claims count. */
static bool claim_there(const struct broker *b, const struct work *but, bool running)
{
	struct list *at, *next;

	list_each(at, next, &b->works) {
		const struct work *w = work_of(at);

		if (w != but && w->kind == OPERATION_CLAIM && w->target == but->target &&
		    (!running || w->state == WORK_RUNNING))
			return true;
	}
	return false;
}

/* Has a reclaim reached the limit of the caller, which is for all devices together? */
static bool is_enough(const struct work *w)
{
	return w->kind == OPERATION_RECLAIM && w->wish.max_bytes && !w->more &&
	       job_counted(&w->wish, &w->sum) >= w->wish.max_bytes;
}

static struct node *next_node(const struct work *w)
{
	const struct node_set *nodes = &w->broker->nodes;
	const long after = w->more ? w->at - 1 : w->at;
	struct node *n;

	if (is_enough(w))
		return NULL;
	if (!*w->wish.node)
		return node_after(nodes, after);
	n = node_by_name(nodes, w->wish.node);
	return n && (long)n->number > after ? n : NULL;
}

static struct worker *idle_claimer(const struct broker *b)
{
	int i;

	for (i = 0; i < CLAIMERS; i++) {
		if (worker_idle(b->claimers[i]))
			return b->claimers[i];
	}
	return NULL;
}

/* The worker that can run @w now, or NULL if it has to wait. */
static struct worker *worker_for(const struct work *w)
{
	struct node *n;

	if (w->kind == OPERATION_CLAIM)
		return w->user->claims || claim_there(w->broker, w, true) ?
			       NULL : idle_claimer(w->broker);
	n = next_node(w);
	return n && worker_idle(n->worker) && !claim_there(w->broker, w, false) ? n->worker : NULL;
}

/* Of the work that can begin, choose that of the user who was served least recently. */
static struct work *choose(const struct broker *b)
{
	struct work *best = NULL;
	struct list *at, *next;

	list_each(at, next, &b->works) {
		struct work *w = work_of(at);

		if (w->state == WORK_QUEUED && (!best || w->user->served < best->user->served) &&
		    worker_for(w))
			best = w;
	}
	return best;
}

static void take_nodes(struct work *w)
{
	struct job *job = &w->job;
	struct node *n;

	job->n_nodes = 0;
	while ((n = next_node(w)) && job->n_nodes < DEVICES_MOST) {
		job->nodes[job->n_nodes++] = node_ref(n);
		w->at = n->number;
		if (w->kind == OPERATION_RECLAIM)
			break;
	}
}

/* Do the limits of swap apply? */
static bool is_limited(const struct work *w)
{
	return w->kind == OPERATION_RECLAIM && w->user->uid && !w->wish.dry_run &&
	       !w->wish.no_pageout;
}

/* The free swap that slices have to leave, in bytes. */
static uint64_t kept_swap(const struct broker *b, const struct work *w)
{
	struct sysinfo info;

	if (!is_limited(w) || sysinfo(&info))
		return 0;
	return config_swap_reserve(&b->config, (uint64_t)info.totalswap * info.mem_unit);
}

/* What the reclaim may write to swap, in bytes. */
static uint64_t swap_budget(struct broker *b, const struct work *w, uint64_t now)
{
	return is_limited(w) ? swap_writes_left(&b->writes, &b->config, now) : UINT64_MAX;
}

/* End the requests whose callers may no longer manage the process. */
static void check_access_again(struct work *w)
{
	struct list *at, *next;

	list_each(at, next, &w->requests) {
		struct request *r = list_entry(at, struct request, of_work);
		struct owner owner;
		struct fault f;

		if (!request_check_again(r, &owner, &f))
			continue;
		list_remove(&r->of_work);
		r->work = NULL;
		if (w->sum.freed || w->sum.evicted || w->sum.claimed)
			answer_request(r, &w->sum, f.kind);
		else
			request_refuse(r, &f);
	}
}

static bool may_begin(struct broker *b, const struct work *w, struct fault *f)
{
	return w->begun || w->kind != OPERATION_RECLAIM ||
	       !request_check_reclaim(b, w->user, w->target, &w->wish, f);
}

/* The time that the work has waited is not taken from its own, as far as the reply allows. */
static void begin_time(struct broker *b, struct work *w, uint64_t now)
{
	w->begun = now;
	w->end = end_of(w, now);
	sd_event_source_set_time(w->timer, w->end);
	stats_waited(&b->stats, now - w->queued);
}

/* A job of a reclaim goes on with the sum of its device, which can have gone meanwhile. */
static void begin_device(struct work *w, long before)
{
	static const struct outcome nothing;

	if (!w->more || w->at != before) {
		w->before = w->sum;
		w->device = nothing;
		w->more = false;
	}
	w->job.sum = w->device;
}

static void begin(struct broker *b, struct work *w)
{
	struct worker *worker = worker_for(w);
	const uint64_t now = clock_usec();
	const long before = w->at;
	struct job *job = &w->job;

	memset(job, 0, sizeof(*job));
	if (!w->begun)
		begin_time(b, w, now);
	if (w->kind == OPERATION_CLAIM) {
		w->again = reclaim_runs(b, w->target);
		w->more = false;
		w->user->claims++;
	}
	take_nodes(w);
	if (w->kind == OPERATION_RECLAIM)
		begin_device(w, before);
	else
		job->sum.claimed = w->sum.claimed;
	job->owner = w;
	job->kind = w->kind;
	job->wish = w->wish;
	if (w->kind == OPERATION_RECLAIM && w->wish.max_bytes)
		job->wish.max_bytes -= job_counted(&w->wish, &w->before);
	job->pidfd = w->target->pidfd;
	job->begun = w->begun;
	job->end = w->end;
	job->swap_writes = swap_budget(b, w, now);
	job->swap_reserve = kept_swap(b, w);
	w->state = WORK_RUNNING;
	w->worker = worker;
	w->user->served = ++b->served;
	worker_give(worker, job);
	if (job->swap_reserve)
		watch_again(b);
}

/* Finish queued work that has no device left, for example because it was removed. */
static void finish_without_node(struct broker *b)
{
	struct list *at, *next;

	list_each(at, next, &b->works) {
		struct work *w = work_of(at);

		if (w->state != WORK_QUEUED || next_node(w))
			continue;
		if ((!w->found || w->more) && !w->sum.error)
			w->sum.error = ENODEV;
		finish(w);
	}
}

void work_schedule(struct broker *b)
{
	struct fault f;
	struct work *w;

	if (b->stopping)
		return;
	finish_without_node(b);
	while ((w = choose(b))) {
		check_access_again(w);
		if (list_empty(&w->requests))
			finish(w);
		else if (may_begin(b, w, &f))
			begin(b, w);
		else
			refuse(w, &f);
	}
}

/* --- finished jobs -------------------------------------------------------- */

static void note(struct broker *b, struct work *w)
{
	const struct outcome *o = &w->job.sum;
	const uint64_t now = clock_usec();

	if (w->kind == OPERATION_CLAIM && o->claimed > w->sum.claimed)
		history_claimed(&w->target->history, now);
	if (w->kind == OPERATION_RECLAIM && o->evicted && !w->wish.dry_run) {
		history_reclaimed(&w->target->history, &b->config, now, !w->noted);
		w->noted = true;
		swap_writes_add(&b->writes, &b->config, o->freed - w->device.freed, now);
	}
}

/* Only the last pass of a claim knows the final state. */
static void add_up_claim(struct work *w)
{
	w->found = w->job.found;
	w->sum = w->job.sum;
}

static void add_up_reclaim(struct work *w)
{
	if (!w->more)
		w->found += w->job.found;
	w->more = w->job.more;
	w->device = w->job.sum;
	w->sum = w->before;
	job_add_device(&w->sum, &w->device);
}

static void add_up(struct work *w)
{
	if (w->kind == OPERATION_CLAIM)
		add_up_claim(w);
	else
		add_up_reclaim(w);
	w->sum.ns = (int64_t)(clock_usec() - w->begun) * NSEC_PER_USEC;
}

static void release_nodes(struct job *job)
{
	unsigned int i;

	for (i = 0; i < job->n_nodes; i++) {
		if (job->lost[i])
			node_lost(job->nodes[i]);
		node_unref(job->nodes[i]);
	}
}

/* Queue the claims that waited for a reclaim of @t to stop. */
static void wake_claims(struct broker *b, const struct target *t)
{
	struct list *at, *next;

	list_each(at, next, &b->works) {
		struct work *w = work_of(at);

		if (w->state == WORK_WAITING && w->target == t)
			w->state = WORK_QUEUED;
	}
}

/* A claim begins again with the first device, because any can have something left to claim. */
static void claim_done(struct broker *b, struct work *w)
{
	w->user->claims--;
	if ((!w->again && !w->job.more) || list_empty(&w->requests)) {
		finish(w);
		return;
	}
	if (b->stopping || clock_usec() >= w->end) {
		interrupt(w);
		return;
	}
	w->at = -1;
	w->more = true;
	list_remove(&w->link);
	list_append(&b->works, &w->link);
	w->state = w->again && reclaim_runs(b, w->target) ? WORK_WAITING : WORK_QUEUED;
}

static void reclaim_done(struct broker *b, struct work *w, bool stopped)
{
	struct target *t = w->target;

	w->state = WORK_QUEUED;
	wake_claims(b, t);
	if (stopped)
		w->sum.status |= next_node(w) ? DRM_PANTHOR_MEM_STATUS_INTERRUPTED : 0;
	if (stopped || !next_node(w) || list_empty(&w->requests))
		finish(w);
}

void work_done(struct job *job, void *data)
{
	struct broker *b = data;
	struct work *w = job->owner;
	const bool stopped = atomic_load(&job->stop);

	note(b, w);
	add_up(w);
	if (w->kind == OPERATION_CLAIM) {
		w->state = WORK_QUEUED;
		release_nodes(job);
		claim_done(b, w);
	} else {
		release_nodes(job);
		reclaim_done(b, w, stopped);
	}
	work_schedule(b);
}

bool work_idle(const struct broker *b)
{
	struct list *at, *next;

	list_each(at, next, &b->works) {
		if (work_of(at)->state == WORK_RUNNING)
			return false;
	}
	return true;
}

void work_stop_all(struct broker *b, const struct fault *f)
{
	struct list *at, *next;

	list_each(at, next, &b->works) {
		struct work *w = work_of(at);

		if (w->state == WORK_RUNNING)
			work_stop(w);
		else if (w->begun)
			interrupt(w);
		else
			refuse(w, f);
	}
}

void work_free_all(struct broker *b)
{
	while (!list_empty(&b->works))
		free_work(work_of(b->works.next));
}
