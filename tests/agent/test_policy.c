/* SPDX-License-Identifier: MIT */
/*
 * Test the policy by tables of events, each with the actions and the state that it has to lead
 * to. The tests set the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy.h"

#define S POLICY_SECOND
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TOTAL (100 * GIB)
#define GRACE (30 * S)

static struct policy p;
static struct policy_actions actions;
/* The actions of all events since the last check, like "reclaim 1, look". */
static char acted[1024];
static uint64_t now;

static void setup_with(const struct policy_config *config)
{
	policy_init(&p, config);
	acted[0] = '\0';
	now = 1000 * S;
}

static const struct policy_config standard = {
	.mode = POLICY_PRESSURE,
	.psi = true,
	.pressure_for = 4 * S,
	.keep = 0,
	.least = 8 * MIB,
	.low = 15,
	.high = 25,
	.critical = 5,
};

static int setup(void **state)
{
	(void)state;
	setup_with(&standard);
	return 0;
}

/* Memory can also be short without pressure. */
static void setup_urgent(void)
{
	struct policy_config config = standard;

	config.urgent = 10;
	setup_with(&config);
}

/* --- events --------------------------------------------------------------- */

static void step(const struct policy_event *e)
{
	static const char *const names[] = {
		[POLICY_ACTION_RECLAIM] = "reclaim", [POLICY_ACTION_CLAIM] = "claim",
		[POLICY_ACTION_CANCEL] = "cancel",   [POLICY_ACTION_LOOK] = "look",
		[POLICY_ACTION_MEASURE] = "measure", [POLICY_ACTION_FREEZE] = "freeze",
		[POLICY_ACTION_THAW] = "thaw",
	};
	size_t i, used;

	policy_step(&p, e, now, &actions);
	assert_true(actions.wake > now);
	for (i = 0; i < actions.count; i++) {
		const struct policy_action *a = &actions.list[i];

		assert_non_null(a->why);
		used = strlen(acted);
		used += (size_t)snprintf(acted + used, sizeof(acted) - used, "%s%s",
					 used ? ", " : "", names[a->kind]);
		if (a->app)
			snprintf(acted + used, sizeof(acted) - used, " %u",
				 (unsigned int)a->app);
	}
}

static void check_acted(const char *wanted)
{
	assert_string_equal(acted, wanted);
	acted[0] = '\0';
}

static void tell(enum policy_event_kind kind, uint64_t app)
{
	step(&(struct policy_event){ .kind = kind, .app = app, .grace = GRACE });
}

static void show(uint64_t app)
{
	tell(POLICY_EVENT_SHOWN, app);
}

static void hide(uint64_t app)
{
	tell(POLICY_EVENT_HIDDEN, app);
}

static void size_gpu(uint64_t app, uint64_t resident, uint64_t evicted, uint64_t gpu_ns)
{
	step(&(struct policy_event){ .kind = POLICY_EVENT_SIZE, .app = app,
				     .resident = resident, .evicted = evicted,
				     .gpu_ns = gpu_ns });
}

static void size(uint64_t app, uint64_t mib)
{
	size_gpu(app, mib * MIB, 0, 0);
}

static void memory_event(enum policy_event_kind kind, unsigned int percent, bool pressure)
{
	step(&(struct policy_event){ .kind = kind, .known = true, .total = TOTAL,
				     .available = TOTAL / 100 * percent, .pressure = pressure });
}

/* The kernel reports pressure, or not, with this much RAM available. */
static void pressure(unsigned int percent)
{
	memory_event(POLICY_EVENT_MEMORY, percent, true);
}

static void memory(unsigned int percent)
{
	memory_event(POLICY_EVENT_MEMORY, percent, false);
}

static void looked(unsigned int percent)
{
	memory_event(POLICY_EVENT_LOOKED, percent, false);
}

static void tick(uint64_t after)
{
	now += after;
	tell(POLICY_EVENT_TICK, 0);
}

static void reply(uint64_t app, enum policy_request request, enum policy_result result,
		  uint64_t mib)
{
	step(&(struct policy_event){ .kind = POLICY_EVENT_REPLY, .app = app, .request = request,
				     .result = result, .bytes = mib * MIB });
}

static void freed(uint64_t app, uint64_t mib)
{
	reply(app, POLICY_RECLAIM, POLICY_OK, mib);
}

static void claimed(uint64_t app, uint64_t mib)
{
	reply(app, POLICY_CLAIM, POLICY_OK, mib);
}

static const struct policy_app *app(uint64_t number)
{
	const struct policy_app *a = policy_find(&p, number);

	assert_non_null(a);
	return a;
}

static void check_state(uint64_t number, enum policy_state state)
{
	assert_string_equal(policy_state_names[app(number)->state], policy_state_names[state]);
}

static void check_why(uint64_t number, const char *why)
{
	assert_string_equal(policy_why(&p, app(number), now), why);
}

static void check_grace(uint64_t number, uint64_t grace)
{
	assert_int_equal(app(number)->grace, grace);
}

/* --- common beginnings ---------------------------------------------------- */

/* An application with 64 MiB that was hidden just now. */
static void begin_hidden(uint64_t number)
{
	show(number);
	size(number, 64);
	hide(number);
	looked(50);
	check_acted("");
	check_state(number, POLICY_HIDDEN);
}

static void begin_eligible(uint64_t number)
{
	begin_hidden(number);
	now += GRACE;
	looked(50);
	check_acted("");
	check_state(number, POLICY_ELIGIBLE);
}

static void begin_reclaiming(uint64_t number)
{
	begin_eligible(number);
	pressure(10);
	check_acted("look");
	looked(10);
	check_acted("reclaim 1");
	check_state(number, POLICY_RECLAIMING);
}

static void begin_reclaimed(uint64_t number)
{
	begin_reclaiming(number);
	freed(number, 64);
	size_gpu(number, 0, 64 * MIB, 0);
	check_acted("");
	check_state(number, POLICY_RECLAIMED);
}

/* --- the transitions ------------------------------------------------------ */

static void test_new(void **state)
{
	(void)state;
	show(1);
	check_state(1, POLICY_VISIBLE);
	hide(2);
	check_state(2, POLICY_HIDDEN);
	tell(POLICY_EVENT_UNSURE, 3);
	check_state(3, POLICY_VISIBLE);
	check_why(3, "nobody knows whether it is hidden");
}

static void test_hidden_shown(void **state)
{
	(void)state;
	begin_hidden(1);
	show(1);
	check_state(1, POLICY_VISIBLE);
	check_acted("");
	check_grace(1, GRACE);
}

static void test_grace(void **state)
{
	(void)state;
	begin_hidden(1);
	/* The program wakes up when the grace period is over. */
	assert_int_equal(actions.wake, now + GRACE);
	tick(GRACE - 1);
	check_acted("");
	check_state(1, POLICY_HIDDEN);
	check_why(1, "its grace period is not over");
	assert_int_equal(actions.wake, now + 1);
	tick(1);
	check_state(1, POLICY_ELIGIBLE);
	check_why(1, "memory is not short");
}

/* Its memory may have grown since it was measured. */
static void test_look_after_grace(void **state)
{
	(void)state;
	step(&(struct policy_event){ .kind = POLICY_EVENT_SHOWN, .app = 1, .grace = 2 * S });
	size(1, 1);
	looked(50);
	now += S;
	step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = 1, .grace = 2 * S });
	tick(0);
	assert_int_equal(actions.wake, now + 2 * S);
	tick(2 * S);
	check_acted("look");
	check_state(1, POLICY_ELIGIBLE);
	size(1, 64);
	looked(50);
	/* It was measured since then. */
	begin_hidden(2);
	tick(2 * S);
	check_acted("");
}

static void test_eligible_shown(void **state)
{
	(void)state;
	begin_eligible(1);
	show(1);
	check_state(1, POLICY_VISIBLE);
	pressure(1);
	looked(1);
	check_acted("");
}

static void test_reclaim(void **state)
{
	(void)state;
	begin_reclaiming(1);
	check_why(1, "its memory is being moved to swap");
	freed(1, 48);
	check_state(1, POLICY_RECLAIMED);
	assert_int_equal(app(1)->reclaimed, 48 * MIB);
	check_why(1, "its memory is in swap");
}

static void test_reclaiming_shown(void **state)
{
	(void)state;
	begin_reclaiming(1);
	show(1);
	check_acted("cancel 1");
	check_state(1, POLICY_VISIBLE);
	/* It is cancelled once. */
	show(1);
	check_acted("");
	reply(1, POLICY_RECLAIM, POLICY_INTERRUPTED, 0);
	check_state(1, POLICY_VISIBLE);
	check_grace(1, 2 * GRACE);
	/* That says nothing about other applications. */
	assert_int_equal(p.backoff, 0);
}

static void test_reclaimed_shown(void **state)
{
	(void)state;
	begin_reclaimed(1);
	show(1);
	/* The memory comes back by itself: a claim would only compete with that. */
	check_acted("");
	check_state(1, POLICY_VISIBLE);
	assert_int_equal(app(1)->reclaimed, 0);
}

static void test_gone(void **state)
{
	(void)state;
	begin_reclaiming(1);
	tell(POLICY_EVENT_GONE, 1);
	assert_null(policy_find(&p, 1));
	/* A late reply is not an error, and does not keep the next one waiting. */
	begin_eligible(2);
	pressure(10);
	looked(10);
	check_acted("look, reclaim 2");
	freed(1, 64);
	check_state(2, POLICY_RECLAIMING);
}

static void test_hidden_again_before_the_reply(void **state)
{
	(void)state;
	begin_reclaiming(1);
	show(1);
	hide(1);
	looked(10);
	check_acted("cancel 1");
	now += 2 * GRACE;
	looked(10);
	pressure(10);
	looked(10);
	/* No second request before the reply to the first one. */
	check_acted("");
	check_state(1, POLICY_ELIGIBLE);
	reply(1, POLICY_RECLAIM, POLICY_INTERRUPTED, 0);
	check_state(1, POLICY_ELIGIBLE);
	tick(POLICY_NEXT);
	looked(10);
	check_acted("look, reclaim 1");
}

/* --- when ----------------------------------------------------------------- */

static void test_pressure_needs_both(void **state)
{
	static const struct {
		bool reported;
		unsigned int percent;
		const char *wanted;
	} rows[] = {
		{ false, 50, "" }, { false, 1, "" }, { true, 50, "" }, { true, 15, "" },
		{ true, 14, "look" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup_with(&standard);
		begin_eligible(1);
		memory_event(POLICY_EVENT_MEMORY, rows[i].percent, rows[i].reported);
		check_acted(rows[i].wanted);
	}
}

static void test_pressure_ends(void **state)
{
	(void)state;
	begin_eligible(1);
	pressure(10);
	check_acted("look");
	now += standard.pressure_for;
	looked(10);
	check_acted("");
	check_state(1, POLICY_ELIGIBLE);
}

static void test_memory_unknown(void **state)
{
	(void)state;
	begin_eligible(1);
	step(&(struct policy_event){ .kind = POLICY_EVENT_MEMORY, .pressure = true });
	check_acted("");
	step(&(struct policy_event){ .kind = POLICY_EVENT_MEMORY, .pressure = true,
				     .total = TOTAL, .available = 1 });
	check_acted("");
}

static void test_without_psi(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.psi = false;
	setup_with(&config);
	begin_eligible(1);
	/* A third of RAM, and a bit, is left until it is short. */
	assert_int_equal(actions.wake, now + 35 * POLICY_MEASURE_ALL / 100);
	tick(35 * POLICY_MEASURE_ALL / 100);
	check_acted("measure");
	memory(14);
	check_acted("look");
	looked(14);
	check_acted("reclaim 1");
}

static void test_urgent(void **state)
{
	static const struct {
		bool psi;
		unsigned int urgent, percent;
		const char *wanted;
	} rows[] = {
		{ true, 10, 50, "" }, { true, 10, 10, "" },    { true, 10, 9, "look" },
		{ true, 10, 0, "look" }, { true, 0, 0, "" },
		/* It is never more than low. */
		{ true, 20, 15, "" }, { true, 20, 14, "look" },
		/* Without PSI, low counts. */
		{ false, 10, 15, "" }, { false, 10, 14, "look" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_config config = standard;

		config.psi = rows[i].psi;
		config.urgent = rows[i].urgent;
		setup_with(&config);
		begin_eligible(1);
		memory(rows[i].percent);
		check_acted(rows[i].wanted);
		assert_int_equal(policy_is_short(&p, now), *rows[i].wanted != 0);
		check_why(1, *rows[i].wanted ? "it is next" : "memory is not short");
		if (!*rows[i].wanted)
			continue;
		looked(rows[i].percent);
		check_acted("reclaim 1");
	}
}

/* What the look before a reclaim finds counts. */
static void test_urgent_ends(void **state)
{
	(void)state;
	setup_urgent();
	begin_eligible(1);
	memory(9);
	check_acted("look");
	looked(12);
	check_acted("");
	check_why(1, "memory is not short");
}

/* The less is left, the more often it is measured. */
static void test_measure_interval(void **state)
{
	static const struct {
		unsigned int percent;
		uint64_t interval;
	} rows[] = {
		{ 90, 8 * S / 5 }, { 60, S }, { 35, S / 2 }, { 23, 13 * S / 50 }, { 22, S / 4 },
		{ 11, S / 4 },
		/* Below, the next reclaim is waited for. */
		{ 10, POLICY_MEASURE_EVERY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup_urgent();
		begin_eligible(1);
		memory(rows[i].percent);
		assert_int_equal(actions.wake, now + rows[i].interval);
		tick(rows[i].interval - 1);
		check_acted("");
		tick(1);
		check_acted("measure");
		/* One request is enough until the answer. */
		memory(rows[i].percent);
		assert_int_equal(actions.wake, now + rows[i].interval);
	}
}

/* It is measured only for something that could be reclaimed. */
static void test_measure_for_nothing(void **state)
{
	(void)state;
	setup_urgent();
	begin_hidden(1);
	memory(11);
	assert_int_equal(actions.wake, now + POLICY_LOOK_EVERY);
	/* Too small, and playing. */
	size(1, 1);
	tick(GRACE);
	looked(11);
	check_state(1, POLICY_ELIGIBLE);
	assert_int_equal(actions.wake, now + POLICY_LOOK_EVERY);
	size(1, 64);
	looked(11);
	assert_int_equal(actions.wake, now + POLICY_MEASURE_LEAST);
	step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = 1, .grace = GRACE,
				     .playing = true });
	looked(11);
	assert_int_equal(actions.wake, now + POLICY_LOOK_EVERY);
	hide(1);
	looked(11);
	assert_int_equal(actions.wake, now + POLICY_MEASURE_LEAST);
	/* Not that often while nothing is reclaimed anyway. */
	step(&(struct policy_event){ .kind = POLICY_EVENT_HOLD, .on = true });
	assert_int_equal(actions.wake, now + POLICY_MEASURE_EVERY);
}

/* What is kept is reclaimed only if much less is left. */
static void test_measure_for_kept(void **state)
{
	(void)state;
	setup_urgent();
	p.config.keep = 1;
	begin_eligible(1);
	memory(9);
	check_acted("");
	check_why(1, "it was shown last");
	assert_int_equal(actions.wake, now + POLICY_MEASURE_LEAST);
	memory(55);
	assert_int_equal(actions.wake, now + S);
	/* Between the two, it is not kept, but memory is not short. */
	p.config.critical = 20;
	memory(55);
	assert_int_equal(actions.wake, now + 9 * S / 10);
	p.config.critical = 5;
	memory(4);
	check_acted("look");
}

static void test_eager(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.mode = POLICY_EAGER;
	setup_with(&config);
	begin_hidden(1);
	tick(GRACE);
	check_acted("look");
	looked(90);
	check_acted("reclaim 1");
	freed(1, 64);
	size_gpu(1, 0, 64 * MIB, 0);
	/* Room alone does not bring it back, or it would be reclaimed again at once. */
	memory(90);
	tick(POLICY_ROOM);
	memory(90);
	tick(POLICY_ROOM);
	check_acted("look");
	check_state(1, POLICY_RECLAIMED);
}

static void test_off(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.mode = POLICY_OFF;
	setup_with(&config);
	show(1);
	size(1, 64);
	hide(1);
	looked(1);
	assert_int_equal(actions.wake, POLICY_NEVER);
	tick(POLICY_HOUR);
	pressure(1);
	looked(1);
	check_acted("");
	check_why(1, "mode is off");
	size_gpu(1, 0, 64 * MIB, 0);
	tell(POLICY_EVENT_HINT, 0);
	memory(90);
	tick(POLICY_ROOM);
	memory(90);
	check_acted("");
}

static void test_nothing_hidden_no_wakeup(void **state)
{
	(void)state;
	show(1);
	size(1, 64);
	looked(50);
	assert_int_equal(actions.wake, POLICY_NEVER);
}

/* Sway does not report every change. */
static void test_look(void **state)
{
	(void)state;
	begin_hidden(1);
	looked(20);
	tick(POLICY_LOOK_EVERY - 1);
	check_acted("");
	tick(1);
	check_acted("look");
	/* One request is enough, even if there is no answer. */
	assert_int_equal(actions.wake, now + GRACE - POLICY_LOOK_EVERY);
	tick(POLICY_HOUR);
	pressure(10);
	check_acted("");
	looked(20);
	assert_int_equal(actions.wake, now + POLICY_LOOK_EVERY);
}

/* With much RAM and nothing in swap, a change that is not reported can wait. */
static void test_look_rarely(void **state)
{
	(void)state;
	begin_hidden(1);
	looked(50);
	assert_int_equal(p.looked, now);
	tick(POLICY_LOOK_RARELY - 1);
	check_acted("");
	tick(1);
	check_acted("look");
	looked(50);
	/* Less RAM is free now, but not so little that something is reclaimed. */
	tick(POLICY_LOOK_EVERY);
	check_acted("");
	memory(20);
	check_acted("look");
	looked(20);
	assert_int_equal(actions.wake, now + POLICY_LOOK_EVERY);
}

/* An application in swap that is shown without a report has to be noticed soon. */
static void test_look_in_swap(void **state)
{
	(void)state;
	begin_hidden(1);
	size_gpu(1, 60 * MIB, 4 * MIB, 0);
	looked(50);
	tick(POLICY_LOOK_EVERY - 1);
	check_acted("");
	tick(1);
	check_acted("look");
}

static void test_shown_by_the_look(void **state)
{
	(void)state;
	begin_eligible(1);
	pressure(10);
	check_acted("look");
	show(1);
	looked(10);
	check_acted("");
	check_state(1, POLICY_VISIBLE);
}

static void test_pause(void **state)
{
	const struct policy_event pause = { .kind = POLICY_EVENT_PAUSE, .usec = 60 * S };
	const struct policy_event resume = { .kind = POLICY_EVENT_PAUSE };

	(void)state;
	begin_reclaiming(1);
	step(&resume);
	check_acted("");
	step(&pause);
	check_acted("cancel 1");
	reply(1, POLICY_RECLAIM, POLICY_INTERRUPTED, 0);
	/* The application cannot help it. */
	check_grace(1, GRACE);
	now += GRACE;
	looked(10);
	pressure(10);
	check_acted("");
	check_why(1, "reclaims are paused");
	step(&resume);
	check_acted("look");
}

static void test_cancelled_once(void **state)
{
	const struct policy_event pause = { .kind = POLICY_EVENT_PAUSE, .usec = 60 * S };

	(void)state;
	begin_reclaiming(1);
	step(&pause);
	check_acted("cancel 1");
	show(1);
	check_acted("");
}

static void test_pause_ends(void **state)
{
	const struct policy_event pause = { .kind = POLICY_EVENT_PAUSE, .usec = 60 * S };

	(void)state;
	begin_eligible(1);
	step(&pause);
	looked(50);
	tick(59 * S);
	check_acted("look");
	looked(50);
	pressure(10);
	check_acted("");
	assert_int_equal(actions.wake, now + S);
	tick(S);
	check_acted("look");
}

/* --- which one ------------------------------------------------------------ */

/* Three eligible applications, hidden in the order 2, 3, 1. */
static void begin_three(void)
{
	static const uint64_t order[] = { 2, 3, 1 };
	size_t i;

	for (i = 0; i < 3; i++) {
		show(order[i]);
		size(order[i], 64);
	}
	for (i = 0; i < 3; i++) {
		now += S;
		hide(order[i]);
	}
	now += GRACE;
	looked(50);
	check_acted("");
}

/* Memory stays short for as long as reclaims go on. */
static void check_next(const char *wanted)
{
	pressure(10);
	looked(10);
	check_acted(wanted);
}

static void test_order(void **state)
{
	(void)state;
	begin_three();
	check_next("look, reclaim 2");
	/* One at a time. */
	check_next("");
	freed(2, 64);
	size_gpu(2, 0, 64 * MIB, 0);
	/* Not at once. */
	check_next("");
	assert_int_equal(actions.wake, now + POLICY_NEXT);
	now += POLICY_NEXT;
	check_next("look, reclaim 3");
	freed(3, 64);
	size_gpu(3, 0, 64 * MIB, 0);
	now += POLICY_NEXT;
	check_next("look, reclaim 1");
}

static void test_keep(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.keep = 2;
	setup_with(&config);
	begin_three();
	check_next("look, reclaim 2");
	freed(2, 64);
	size_gpu(2, 0, 64 * MIB, 0);
	now += POLICY_NEXT;
	check_next("");
	check_why(1, "it was shown last");
	check_why(3, "it was shown last");
	pressure(4);
	check_acted("look");
	looked(4);
	check_acted("reclaim 3");
}

/* Going back and forth between two applications is free. */
static void test_keep_back_and_forth(void **state)
{
	struct policy_config config = standard;
	int i;

	(void)state;
	config.keep = 1;
	setup_with(&config);
	show(1);
	size(1, 64);
	hide(2);
	size(2, 64);
	for (i = 0; i < 4; i++) {
		looked(50);
		acted[0] = '\0';
		now += POLICY_HOUR;
		looked(10);
		pressure(10);
		looked(10);
		check_acted("");
		show(i % 2 ? 1 : 2);
		hide(i % 2 ? 2 : 1);
	}
}

static void test_keep_counts_only_memory(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.keep = 1;
	setup_with(&config);
	begin_three();
	/* 1 was shown last, but has almost no GPU memory: so 3 is kept. */
	size(1, 1);
	check_next("look, reclaim 2");
	check_why(3, "it was shown last");
	check_why(1, "it has too little GPU memory");
}

static void test_keep_counts_no_exempt(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.keep = 1;
	setup_with(&config);
	begin_three();
	step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = 1, .exempt = true });
	check_next("look, reclaim 2");
	check_why(3, "it was shown last");
}

/* Of two that were hidden together, one is kept. */
static void test_keep_one_of_two(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.keep = 1;
	setup_with(&config);
	hide(1);
	size(1, 64);
	hide(2);
	size(2, 64);
	looked(50);
	now += GRACE;
	looked(50);
	check_next("look, reclaim 1");
	freed(1, 64);
	now += POLICY_NEXT;
	check_next("");
}

static void test_least(void **state)
{
	(void)state;
	begin_three();
	size_gpu(2, 8 * MIB - 1, 0, 0);
	size(3, 8);
	check_next("look, reclaim 3");
}

static void test_never_measured(void **state)
{
	struct policy_config config = standard;

	(void)state;
	config.least = 0;
	setup_with(&config);
	hide(1);
	looked(50);
	now += GRACE;
	looked(10);
	check_next("");
}

static void test_exempt(void **state)
{
	(void)state;
	step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = 1, .exempt = true });
	size(1, 64);
	looked(50);
	/* Nothing has to be looked at for it, either. */
	assert_int_equal(actions.wake, POLICY_NEVER);
	tick(POLICY_HOUR);
	check_next("");
	check_why(1, "it is exempt");
	check_state(1, POLICY_HIDDEN);
}

/* It opens a window for which there are other settings. */
static void test_becomes_exempt(void **state)
{
	(void)state;
	begin_eligible(1);
	step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = 1, .exempt = true });
	check_next("");
}

static void test_too_many(void **state)
{
	uint64_t i;

	(void)state;
	for (i = 1; i <= POLICY_APPS + 10; i++)
		hide(i);
	assert_int_equal(p.n_apps, POLICY_APPS);
	assert_null(policy_find(&p, POLICY_APPS + 1));
	tell(POLICY_EVENT_GONE, 5);
	hide(POLICY_APPS + 1);
	assert_non_null(policy_find(&p, POLICY_APPS + 1));
}

/* --- grace ---------------------------------------------------------------- */

static void test_grace_shown_soon(void **state)
{
	(void)state;
	begin_reclaimed(1);
	now += POLICY_SHOWN_SOON - 1;
	show(1);
	check_grace(1, 2 * GRACE);
	hide(1);
	looked(50);
	now += GRACE;
	looked(50);
	check_state(1, POLICY_HIDDEN);
	now += GRACE;
	looked(50);
	check_state(1, POLICY_ELIGIBLE);
}

static void test_grace_shown_late(void **state)
{
	(void)state;
	begin_reclaimed(1);
	now += POLICY_SHOWN_SOON;
	show(1);
	check_grace(1, GRACE);
}

static void test_grace_results(void **state)
{
	static const struct {
		enum policy_result result;
		uint64_t mib;
		uint64_t grace;
		enum policy_state state;
	} rows[] = {
		{ POLICY_OK, 64, GRACE, POLICY_RECLAIMED },
		{ POLICY_OK, 0, 2 * GRACE, POLICY_HIDDEN },
		{ POLICY_BUSY, 32, 2 * GRACE, POLICY_RECLAIMED },
		{ POLICY_BUSY, 0, 2 * GRACE, POLICY_HIDDEN },
		{ POLICY_INTERRUPTED, 32, 2 * GRACE, POLICY_RECLAIMED },
		{ POLICY_INTERRUPTED, 0, 2 * GRACE, POLICY_HIDDEN },
		/* Swap is full, or nobody answers: the application cannot help it. */
		{ POLICY_FAILED, 0, GRACE, POLICY_HIDDEN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup_with(&standard);
		begin_reclaiming(1);
		reply(1, POLICY_RECLAIM, rows[i].result, rows[i].mib);
		check_grace(1, rows[i].grace);
		check_state(1, rows[i].state);
	}
}

static void test_grace_once_for_a_reclaim(void **state)
{
	(void)state;
	begin_reclaiming(1);
	reply(1, POLICY_RECLAIM, POLICY_BUSY, 32);
	show(1);
	check_grace(1, 2 * GRACE);
}

static void test_grace_most(void **state)
{
	int i;

	(void)state;
	begin_reclaimed(1);
	for (i = 0; i < 12; i++) {
		show(1);
		hide(1);
		size(1, 64);
		looked(50);
		now += POLICY_GRACE_MOST;
		looked(10);
		pressure(10);
		looked(10);
		freed(1, 64);
		check_state(1, POLICY_RECLAIMED);
	}
	show(1);
	check_grace(1, POLICY_GRACE_MOST);
}

static void test_grace_halves(void **state)
{
	(void)state;
	begin_reclaimed(1);
	show(1);
	check_grace(1, 2 * GRACE);
	tick(POLICY_GRACE_KEPT - 1);
	check_grace(1, 2 * GRACE);
	tick(1);
	check_grace(1, GRACE);
	tick(10 * POLICY_GRACE_KEPT);
	check_grace(1, GRACE);
}

static void test_grace_of_nothing(void **state)
{
	const struct policy_event hidden = { .kind = POLICY_EVENT_HIDDEN, .app = 1 };

	(void)state;
	step(&hidden);
	size(1, 64);
	looked(50);
	check_state(1, POLICY_ELIGIBLE);
	pressure(10);
	looked(10);
	check_acted("look, reclaim 1");
	reply(1, POLICY_RECLAIM, POLICY_BUSY, 0);
	check_grace(1, S);
	tick(POLICY_GRACE_KEPT);
	check_grace(1, 0);
}

static void test_grace_grows_with_gpu_time(void **state)
{
	(void)state;
	begin_hidden(1);
	/* These are its last frames. */
	size_gpu(1, 64 * MIB, 0, 100);
	now += POLICY_SETTLE;
	size_gpu(1, 64 * MIB, 0, 200);
	check_grace(1, GRACE);
	now += 10 * S;
	size_gpu(1, 64 * MIB, 0, 200);
	check_grace(1, GRACE);
	now += 10 * S;
	size_gpu(1, 64 * MIB, 0, 201);
	check_grace(1, 2 * GRACE);
	/* Doubled once, but it stays out of reach for as long as it draws. */
	now += 50 * S;
	size_gpu(1, 64 * MIB, 0, 300);
	check_grace(1, 2 * GRACE);
	now += 2 * GRACE - 1;
	looked(50);
	check_state(1, POLICY_HIDDEN);
	now += 1;
	looked(50);
	check_state(1, POLICY_ELIGIBLE);
}

/* What it draws while it is visible does not count. */
static void test_gpu_time_while_visible(void **state)
{
	(void)state;
	begin_hidden(1);
	now += POLICY_SETTLE;
	size_gpu(1, 64 * MIB, 0, 100);
	show(1);
	size_gpu(1, 64 * MIB, 0, 200);
	hide(1);
	now += POLICY_SETTLE;
	size_gpu(1, 64 * MIB, 0, 300);
	check_grace(1, GRACE);
	size_gpu(1, 64 * MIB, 0, 301);
	check_grace(1, 2 * GRACE);
	/* Each time that it is hidden counts once. */
	show(1);
	hide(1);
	now += POLICY_SETTLE;
	size_gpu(1, 64 * MIB, 0, 301);
	size_gpu(1, 64 * MIB, 0, 302);
	check_grace(1, 4 * GRACE);
}

/* Buffers that it shares with the compositor stay resident. */
static void test_came_back_by_itself(void **state)
{
	(void)state;
	begin_reclaiming(1);
	freed(1, 40);
	size_gpu(1, 24 * MIB, 40 * MIB, 0);
	check_state(1, POLICY_RECLAIMED);
	size_gpu(1, 43 * MIB, 21 * MIB, 0);
	check_state(1, POLICY_RECLAIMED);
	size_gpu(1, 44 * MIB, 20 * MIB, 0);
	check_state(1, POLICY_HIDDEN);
	check_grace(1, 2 * GRACE);
	/* The next time, more stays resident. */
	now += 2 * GRACE;
	looked(10);
	pressure(10);
	looked(10);
	freed(1, 10);
	size_gpu(1, 54 * MIB, 10 * MIB, 0);
	size_gpu(1, 54 * MIB, 10 * MIB, 0);
	check_state(1, POLICY_RECLAIMED);
}

static void test_back_off(void **state)
{
	static const uint64_t pauses[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	size_t i;

	(void)state;
	/* Without a grace period, only the pause keeps it from being chosen again. */
	step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = 1 });
	size(1, 64);
	looked(50);
	for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		check_next("look, reclaim 1");
		reply(1, POLICY_RECLAIM, POLICY_FAILED, 0);
		now += pauses[i] * S - 1;
		looked(50);
		check_next("");
		assert_int_equal(actions.wake, now + 1);
		now += 1;
	}
	check_next("look, reclaim 1");
	freed(1, 64);
	assert_int_equal(p.next_reclaim, now + POLICY_NEXT);
	assert_int_equal(p.backoff, 0);
}

/* --- back in time --------------------------------------------------------- */

static void test_room(void **state)
{
	(void)state;
	begin_reclaimed(1);
	now += standard.pressure_for;
	assert_true(actions.wake <= now + POLICY_MEASURE_EVERY);
	memory(26);
	now += POLICY_ROOM - 1;
	memory(26);
	check_acted("look");
	now += 1;
	memory(26);
	check_acted("claim 1");
	check_state(1, POLICY_HIDDEN);
	check_why(1, "its memory is being moved back");
	claimed(1, 64);
	size(1, 64);
	check_why(1, "its grace period is not over");
}

static void test_room_too_short(void **state)
{
	(void)state;
	begin_reclaimed(1);
	now += standard.pressure_for;
	memory(26);
	now += POLICY_ROOM - 1;
	memory(25);
	acted[0] = '\0';
	now += S;
	memory(26);
	now += POLICY_ROOM - 1;
	memory(26);
	check_acted("");
	now += 1;
	memory(26);
	check_acted("claim 1");
}

static void test_room_under_pressure(void **state)
{
	(void)state;
	begin_reclaimed(1);
	memory(26);
	now += POLICY_ROOM;
	pressure(26);
	acted[0] = '\0';
	now += standard.pressure_for;
	memory(26);
	check_acted("");
	now += POLICY_ROOM;
	memory(26);
	check_acted("claim 1");
}

/* Three reclaimed applications, shown in the order 2, 3, 1. */
static void begin_three_reclaimed(void)
{
	static const uint64_t order[] = { 2, 3, 1 };
	size_t i;

	begin_three();
	for (i = 0; i < 3; i++) {
		pressure(10);
		looked(10);
		freed(order[i], 64);
		size_gpu(order[i], 0, 64 * MIB, 0);
		check_state(order[i], POLICY_RECLAIMED);
		now += POLICY_NEXT;
	}
	acted[0] = '\0';
	now += standard.pressure_for;
}

static void test_room_order(void **state)
{
	(void)state;
	begin_three_reclaimed();
	memory(40);
	now += POLICY_ROOM;
	memory(40);
	check_acted("claim 1, look");
	/* One at a time, and each changes how much is available. */
	memory(40);
	check_acted("");
	claimed(1, 64);
	check_acted("measure");
	memory(30);
	check_acted("claim 3");
	claimed(3, 64);
	/* It goes on below what it takes to begin. */
	check_acted("measure");
	memory(21);
	check_acted("claim 2");
	claimed(2, 64);
	check_acted("");
}

static void test_room_used_up(void **state)
{
	(void)state;
	begin_three_reclaimed();
	memory(40);
	now += POLICY_ROOM;
	memory(40);
	claimed(1, 64);
	check_acted("claim 1, look, measure");
	memory(20);
	check_acted("");
	memory(24);
	check_acted("");
	check_state(3, POLICY_RECLAIMED);
}

/* Bringing it back would make memory short, and it would be reclaimed again. */
static void test_room_too_small(void **state)
{
	(void)state;
	begin_reclaiming(1);
	freed(1, 12 * 1024);
	size_gpu(1, 0, 12 * GIB, 0);
	now += standard.pressure_for;
	memory(27);
	now += POLICY_ROOM;
	memory(27);
	check_acted("look");
	assert_true(actions.wake > now + 1);
	memory(28);
	check_acted("claim 1");
}

/* The next one is smaller. */
static void test_room_for_another(void **state)
{
	(void)state;
	begin_three_reclaimed();
	p.apps[app(1) - p.apps].reclaimed = 30 * GIB;
	memory(40);
	now += POLICY_ROOM;
	memory(40);
	check_acted("claim 3, look");
	claimed(3, 64);
	memory(40);
	check_acted("measure, claim 2");
	claimed(2, 64);
	memory(40);
	check_acted("measure");
	check_state(1, POLICY_RECLAIMED);
}

static void has_room(void)
{
	memory(40);
	now += POLICY_ROOM;
	memory(40);
}

/* The kernel has evicted a part of it, or all, again and again. */
static void test_restore_evicted(void **state)
{
	static const uint64_t resident[] = { 44 * MIB, MIB };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(resident) / sizeof(resident[0]); i++) {
		setup_with(&standard);
		begin_eligible(1);
		size_gpu(1, resident[i], 20 * MIB, 0);
		has_room();
		check_acted("claim 1, look");
		check_grace(1, GRACE);
		claimed(1, 20);
		size_gpu(1, resident[i], 20 * MIB, 0);
		looked(40);
		has_room();
		acted[0] = '\0';
		check_state(1, POLICY_HIDDEN);
		now += GRACE;
		looked(40);
		check_acted("claim 1");
		check_grace(1, 2 * GRACE);
		/* A user who shows it begins anew. */
		claimed(1, 20);
		show(1);
		hide(1);
		now += 2 * GRACE;
		looked(40);
		size_gpu(1, resident[i], 20 * MIB, 0);
		looked(40);
		check_acted("claim 1");
		check_grace(1, 2 * GRACE);
	}
}

/* It came back, and whether it is in swap again is not known before it is measured. */
static void test_restore_measured(void **state)
{
	(void)state;
	begin_eligible(1);
	size_gpu(1, 44 * MIB, 20 * MIB, 0);
	has_room();
	claimed(1, 20);
	memory(40);
	check_acted("claim 1, look");
	now += GRACE;
	memory(40);
	check_state(1, POLICY_ELIGIBLE);
	check_acted("");
}

/* As much as the kernel has evicted would make memory short. */
static void test_restore_too_much(void **state)
{
	(void)state;
	begin_eligible(1);
	size_gpu(1, 44 * MIB, 25 * GIB, 0);
	has_room();
	check_acted("look");
	memory(41);
	check_acted("claim 1");
}

/* The kernel has evicted it once; after that, it was reclaimed. */
static void test_restore_reclaimed(void **state)
{
	(void)state;
	begin_eligible(1);
	size_gpu(1, 44 * MIB, 20 * MIB, 0);
	has_room();
	claimed(1, 20);
	size(1, 64);
	now += GRACE;
	looked(40);
	pressure(10);
	looked(10);
	check_acted("claim 1, look, look, reclaim 1");
	freed(1, 64);
	now += standard.pressure_for;
	has_room();
	check_acted("claim 1, look");
	check_grace(1, GRACE);
}

/* A cancelled reclaim has not ended yet. */
static void test_restore_after_reply(void **state)
{
	(void)state;
	begin_reclaiming(1);
	show(1);
	hide(1);
	check_acted("cancel 1");
	now += 2 * GRACE;
	size_gpu(1, 44 * MIB, 20 * MIB, 0);
	looked(40);
	has_room();
	check_state(1, POLICY_ELIGIBLE);
	check_acted("look");
	freed(1, 20);
	check_acted("claim 1");
}

/* Nothing came back, so there is nothing that could. */
static void test_restore_nothing(void **state)
{
	(void)state;
	begin_eligible(1);
	size_gpu(1, 44 * MIB, 20 * MIB, 0);
	has_room();
	claimed(1, 0);
	acted[0] = '\0';
	now += GRACE;
	size_gpu(1, 44 * MIB, 20 * MIB, 0);
	looked(40);
	size_gpu(1, 44 * MIB, 20 * MIB, 0);
	looked(40);
	check_acted("");
}

static void test_claim_failed(void **state)
{
	(void)state;
	begin_three_reclaimed();
	memory(40);
	now += POLICY_ROOM;
	memory(40);
	acted[0] = '\0';
	reply(1, POLICY_CLAIM, POLICY_FAILED, 0);
	check_acted("");
	now += POLICY_CLAIM_AGAIN - 1;
	memory(40);
	check_acted("");
	now += 1;
	/* What is in swap is seen, and claimed again. */
	size_gpu(1, 0, 64 * MIB, 0);
	looked(40);
	check_acted("claim 1");
}

static void test_claiming_shown(void **state)
{
	(void)state;
	begin_reclaimed(1);
	tell(POLICY_EVENT_HINT, 1);
	check_acted("claim 1");
	/* What has not begun would only compete with the application. */
	show(1);
	check_acted("cancel 1");
	claimed(1, 0);
	check_state(1, POLICY_VISIBLE);
}

static void test_hint_one(void **state)
{
	(void)state;
	begin_three_reclaimed();
	tell(POLICY_EVENT_HINT, 3);
	check_acted("claim 3, measure");
	check_state(3, POLICY_HIDDEN);
	check_state(1, POLICY_RECLAIMED);
}

static void test_hint_last(void **state)
{
	(void)state;
	begin_three_reclaimed();
	show(4);
	size(4, 64);
	hide(4);
	looked(10);
	now += GRACE;
	looked(10);
	pressure(10);
	looked(10);
	freed(4, 64);
	acted[0] = '\0';
	tell(POLICY_EVENT_HINT, 0);
	check_acted("claim 4, claim 1, claim 3");
	claimed(1, 64);
	check_acted("");
	/* The hint is over: what has not begun is withdrawn. */
	assert_true(actions.wake <= now + POLICY_HINT_LASTS);
	tick(POLICY_HINT_LASTS);
	check_acted("cancel 3, cancel 4, measure");
}

static void test_hint_ends_only_its_own_claims(void **state)
{
	(void)state;
	begin_three_reclaimed();
	memory(40);
	now += POLICY_ROOM;
	memory(40);
	tell(POLICY_EVENT_HINT, 3);
	check_acted("claim 1, look, claim 3");
	looked(40);
	tick(POLICY_HINT_LASTS);
	check_acted("cancel 3, measure");
}

/* A claim may take longer than the grace period. */
static void test_slow_claim(void **state)
{
	(void)state;
	begin_reclaimed(1);
	tell(POLICY_EVENT_HINT, 1);
	check_acted("claim 1");
	size_gpu(1, 0, 64 * MIB, 0);
	check_state(1, POLICY_HIDDEN);
	size(1, 64);
	now += GRACE;
	looked(10);
	acted[0] = '\0';
	check_state(1, POLICY_ELIGIBLE);
	check_next("");
	claimed(1, 64);
	check_acted("look");
}

static void test_hint_others(void **state)
{
	(void)state;
	begin_eligible(1);
	tell(POLICY_EVENT_HINT, 1);
	/* Nothing has to come back, but it must not be taken now. */
	check_acted("");
	check_state(1, POLICY_HIDDEN);
	show(1);
	tell(POLICY_EVENT_HINT, 1);
	tell(POLICY_EVENT_HINT, 77);
	check_acted("");
	check_state(1, POLICY_VISIBLE);
}

static void test_hint_during_reclaim(void **state)
{
	(void)state;
	begin_reclaiming(1);
	tell(POLICY_EVENT_HINT, 1);
	check_acted("claim 1");
	/* The reply to the reclaim comes late. */
	reply(1, POLICY_RECLAIM, POLICY_INTERRUPTED, 16);
	check_state(1, POLICY_HIDDEN);
	assert_int_equal(app(1)->pending, POLICY_CLAIM);
	claimed(1, 16);
	check_state(1, POLICY_HIDDEN);
	assert_int_equal(app(1)->pending, POLICY_NONE);
}

/* Memory that was reclaimed before the agent was started. */
static void test_found_in_swap(void **state)
{
	(void)state;
	hide(1);
	size_gpu(1, MIB, 64 * MIB, 0);
	looked(50);
	check_state(1, POLICY_RECLAIMED);
	now += POLICY_ROOM;
	memory(50);
	check_acted("claim 1, look");
	/* Not all that is not resident was reclaimed. */
	claimed(1, 0);
	size_gpu(1, MIB, 64 * MIB, 0);
	looked(50);
	check_state(1, POLICY_HIDDEN);
	show(1);
	hide(1);
	size_gpu(1, MIB, 64 * MIB, 0);
	check_state(1, POLICY_RECLAIMED);
}

static void test_found_in_swap_in_part(void **state)
{
	(void)state;
	hide(1);
	size_gpu(1, 8 * MIB, 64 * MIB, 0);
	check_state(1, POLICY_HIDDEN);
	size_gpu(1, MIB, 8 * MIB - 1, 0);
	check_state(1, POLICY_HIDDEN);
}

/* Nobody knows when it was reclaimed, even if the machine was started a moment ago. */
static void test_found_in_swap_shown(void **state)
{
	(void)state;
	now = S;
	hide(1);
	size_gpu(1, MIB, 64 * MIB, 0);
	looked(50);
	check_state(1, POLICY_RECLAIMED);
	show(1);
	check_grace(1, GRACE);
}

/* --- nobody knows --------------------------------------------------------- */

static void test_lost(void **state)
{
	(void)state;
	begin_three();
	check_next("look, reclaim 2");
	tell(POLICY_EVENT_LOST, 0);
	check_acted("cancel 2");
	check_state(1, POLICY_VISIBLE);
	check_state(2, POLICY_VISIBLE);
	assert_int_equal(actions.wake, POLICY_NEVER);
	/* Nobody has waited for it. */
	check_grace(2, GRACE);
	now += POLICY_HOUR;
	pressure(1);
	tell(POLICY_EVENT_HINT, 0);
	tick(POLICY_HOUR);
	check_acted("");
	/* It is found again. Everything begins anew. */
	reply(2, POLICY_RECLAIM, POLICY_INTERRUPTED, 0);
	hide(2);
	looked(10);
	check_state(2, POLICY_HIDDEN);
	now += GRACE;
	looked(10);
	check_next("look, reclaim 2");
}

static void test_lost_from_the_start(void **state)
{
	(void)state;
	hide(1);
	size(1, 64);
	tick(GRACE);
	pressure(1);
	tick(GRACE);
	check_acted("");
	size_gpu(1, 0, 64 * MIB, 0);
	check_state(1, POLICY_RECLAIMED);
	tell(POLICY_EVENT_HINT, 0);
	memory(90);
	tick(POLICY_ROOM);
	memory(90);
	check_acted("");
}

static void test_lost_with_a_look_pending(void **state)
{
	(void)state;
	begin_eligible(1);
	pressure(10);
	check_acted("look");
	tell(POLICY_EVENT_LOST, 0);
	hide(1);
	looked(10);
	now += GRACE;
	looked(10);
	pressure(10);
	check_acted("look");
}

static void test_unsure(void **state)
{
	(void)state;
	begin_reclaiming(1);
	tell(POLICY_EVENT_UNSURE, 1);
	check_acted("cancel 1");
	check_state(1, POLICY_VISIBLE);
	check_grace(1, GRACE);
}

/* --- what must not be disturbed ---------------------------------------------- */

static void tell_playing(enum policy_event_kind kind, uint64_t number, bool playing)
{
	step(&(struct policy_event){ .kind = kind, .app = number, .grace = GRACE,
				     .playing = playing });
}

static void tell_on(enum policy_event_kind kind, bool on)
{
	step(&(struct policy_event){ .kind = kind, .on = on });
}

static void test_playing(void **state)
{
	(void)state;
	begin_eligible(1);
	tell_playing(POLICY_EVENT_HIDDEN, 1, true);
	pressure(10);
	looked(10);
	check_acted("");
	check_why(1, "it plays sound");
	tell_playing(POLICY_EVENT_HIDDEN, 1, false);
	looked(10);
	check_acted("reclaim 1");
}

static void test_playing_begins(void **state)
{
	(void)state;
	begin_reclaiming(1);
	tell_playing(POLICY_EVENT_HIDDEN, 1, true);
	check_acted("cancel 1");
	reply(1, POLICY_RECLAIM, POLICY_INTERRUPTED, 0);
	check_state(1, POLICY_HIDDEN);
	now += 2 * GRACE;
	looked(10);
	pressure(10);
	looked(10);
	check_acted("");
}

static void test_playing_allowed(void **state)
{
	(void)state;
	p.config.reclaim_playing = true;
	begin_eligible(1);
	tell_playing(POLICY_EVENT_HIDDEN, 1, true);
	pressure(10);
	looked(10);
	check_acted("look, reclaim 1");
	tell_playing(POLICY_EVENT_HIDDEN, 1, true);
	check_acted("");
}

/* What plays needs no place among those that are kept. */
static void test_playing_is_not_kept(void **state)
{
	(void)state;
	p.config.keep = 1;
	begin_eligible(1);
	now += S;
	show(2);
	size(2, 64);
	tell_playing(POLICY_EVENT_HIDDEN, 2, true);
	looked(50);
	check_why(1, "it was shown last");
	tell_playing(POLICY_EVENT_HIDDEN, 2, false);
	check_why(1, "memory is not short");
}

static void test_hold(void **state)
{
	(void)state;
	begin_reclaiming(1);
	tell_on(POLICY_EVENT_HOLD, true);
	check_acted("cancel 1");
	reply(1, POLICY_RECLAIM, POLICY_INTERRUPTED, 0);
	now += 4 * GRACE;
	looked(1);
	pressure(1);
	looked(1);
	check_acted("");
	check_why(1, "the screen is shared");
	assert_true(actions.wake > now + S);
	tell_on(POLICY_EVENT_HOLD, false);
	check_acted("look");
	looked(1);
	check_acted("reclaim 1");
}

static void test_away(void **state)
{
	(void)state;
	p.config.keep = 1;
	begin_eligible(1);
	check_why(1, "it was shown last");
	tell_on(POLICY_EVENT_AWAY, true);
	check_acted("look");
	looked(90);
	check_acted("reclaim 1");
	freed(1, 64);
	size_gpu(1, 0, 64 * MIB, 0);
	/* There is room, but nobody looks at it. */
	now += POLICY_ROOM;
	looked(90);
	now += POLICY_ROOM;
	looked(90);
	check_acted("");
	tell_on(POLICY_EVENT_AWAY, false);
	check_acted("claim 1");
}

/* An application that was reclaimed is looked at soon, also before its swap is measured. */
static void test_look_reclaimed(void **state)
{
	(void)state;
	begin_reclaiming(1);
	freed(1, 64);
	/* Another session is on the screen, so nothing is brought back. */
	tell_on(POLICY_EVENT_AWAY, true);
	looked(50);
	check_acted("");
	now += POLICY_LOOK_EVERY - 1;
	memory(50);
	check_acted("");
	tick(1);
	check_acted("look");
}

static void test_away_and_off(void **state)
{
	(void)state;
	p.config.mode = POLICY_OFF;
	show(1);
	size(1, 64);
	hide(1);
	looked(10);
	tell_on(POLICY_EVENT_AWAY, true);
	now += 2 * GRACE;
	looked(10);
	check_acted("");
}

/* --- freezing --------------------------------------------------------------- */

static void hide_freezable(uint64_t number, bool freezable)
{
	step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = number, .grace = GRACE,
				     .freezable = freezable });
}

static void begin_frozen(uint64_t number)
{
	p.config.freeze = true;
	begin_reclaiming(number);
	hide_freezable(number, true);
	freed(number, 64);
	check_acted("freeze 1");
	check_why(number, "its memory is in swap, and it is frozen");
	hide_freezable(number, true);
	size_gpu(number, 0, 64 * MIB, 0);
	looked(10);
	check_acted("");
}

static void test_freeze(void **state)
{
	(void)state;
	begin_frozen(1);
	show(1);
	/* It cannot use its memory before it is thawed. */
	check_acted("claim 1");
	check_state(1, POLICY_VISIBLE);
	assert_int_equal(actions.wake, now + POLICY_THAW_MOST);
	claimed(1, 64);
	check_acted("thaw 1");
	show(1);
	tick(S);
	check_acted("");
}

static void test_thaw_without_reply(void **state)
{
	(void)state;
	begin_frozen(1);
	show(1);
	check_acted("claim 1");
	tick(POLICY_THAW_MOST - 1);
	show(1);
	check_acted("");
	tick(1);
	check_acted("thaw 1");
	claimed(1, 10);
	check_acted("");
}

static void test_thaw_after_failure(void **state)
{
	(void)state;
	begin_frozen(1);
	show(1);
	reply(1, POLICY_CLAIM, POLICY_FAILED, 0);
	check_acted("claim 1, thaw 1");
}

static void test_not_frozen(void **state)
{
	static const struct {
		bool freeze, freezable, playing, exempt;
		uint64_t mib;
	} rows[] = {
		{ false, true, false, false, 64 },
		{ true, false, false, false, 64 },
		{ true, true, true, false, 64 },
		{ true, true, false, true, 64 },
		/* Nothing was freed. */
		{ true, true, false, false, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup(state);
		p.config.freeze = rows[i].freeze;
		p.config.reclaim_playing = true;
		begin_reclaiming(1);
		step(&(struct policy_event){ .kind = POLICY_EVENT_HIDDEN, .app = 1,
					     .grace = GRACE, .freezable = rows[i].freezable,
					     .playing = rows[i].playing,
					     .exempt = rows[i].exempt });
		acted[0] = '\0';
		freed(1, rows[i].mib);
		check_acted("");
	}
}

static void test_cancelled_is_not_frozen(void **state)
{
	(void)state;
	p.config.freeze = true;
	begin_reclaiming(1);
	hide_freezable(1, true);
	tell_on(POLICY_EVENT_HOLD, true);
	tell_on(POLICY_EVENT_HOLD, false);
	check_acted("cancel 1");
	freed(1, 10);
	check_acted("");
	check_state(1, POLICY_RECLAIMED);
}

/* Each of these thaws at once. */
static void test_thaw_at_once(void **state)
{
	static const struct policy_event rows[] = {
		{ .kind = POLICY_EVENT_UNSURE, .app = 1, .grace = GRACE, .freezable = true },
		{ .kind = POLICY_EVENT_HIDDEN, .app = 1, .grace = GRACE },
		{ .kind = POLICY_EVENT_HIDDEN, .app = 1, .grace = GRACE, .freezable = true,
		  .playing = true },
		{ .kind = POLICY_EVENT_HIDDEN, .app = 1, .grace = GRACE, .freezable = true,
		  .exempt = true },
		{ .kind = POLICY_EVENT_GONE, .app = 1 },
		{ .kind = POLICY_EVENT_LOST },
		{ .kind = POLICY_EVENT_HOLD, .on = true },
		/* Somebody else has brought its memory back. */
		{ .kind = POLICY_EVENT_SIZE, .app = 1, .resident = 64 * MIB },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup(state);
		begin_frozen(1);
		step(&rows[i]);
		check_acted("thaw 1");
		tick(S);
		check_acted("");
	}
}

/* Nobody knows whether it is hidden, while it waits for its memory. */
static void test_unsure_before_thaw(void **state)
{
	(void)state;
	begin_frozen(1);
	show(1);
	check_acted("claim 1");
	tell(POLICY_EVENT_LOST, 0);
	check_acted("thaw 1");
}

static void test_hint_thaws(void **state)
{
	(void)state;
	begin_frozen(1);
	tell(POLICY_EVENT_HINT, 1);
	check_acted("claim 1");
	show(1);
	check_acted("");
	/* The end of the hint does not cancel what the user waits for. */
	now += POLICY_HINT_LASTS;
	tick(0);
	check_acted("thaw 1");
	claimed(1, 64);
	check_acted("");
}

static void test_room_thaws(void **state)
{
	(void)state;
	begin_frozen(1);
	now += POLICY_MINUTE;
	looked(90);
	now += POLICY_ROOM;
	looked(90);
	check_acted("claim 1");
	claimed(1, 64);
	check_acted("thaw 1");
	check_state(1, POLICY_HIDDEN);
}

static void test_could_not_be_frozen(void **state)
{
	(void)state;
	p.config.freeze = true;
	begin_reclaiming(1);
	hide_freezable(1, true);
	freed(1, 64);
	check_acted("freeze 1");
	tell(POLICY_EVENT_RAN, 1);
	check_why(1, "its memory is in swap");
	show(1);
	check_acted("");
	tell(POLICY_EVENT_RAN, 99);
}

/* --- any order of events --------------------------------------------------- */

static uint64_t random_state = 88172645463325252u;

static unsigned int random_below(unsigned int limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state % limit);
}

/* By the actions so far. */
static bool is_frozen[8];

static void check_freezes(const struct policy_action *a)
{
	if (a->kind != POLICY_ACTION_FREEZE && a->kind != POLICY_ACTION_THAW)
		return;
	assert_int_equal(is_frozen[a->app], a->kind == POLICY_ACTION_THAW);
	is_frozen[a->app] = a->kind == POLICY_ACTION_FREEZE;
	/* It can be claimed in the same step, and is thawed soon then. */
	if (a->kind == POLICY_ACTION_FREEZE && app(a->app)->pending != POLICY_CLAIM)
		check_state(a->app, POLICY_RECLAIMED);
}

static void check_frozen(void)
{
	size_t i;

	for (i = 1; i < sizeof(is_frozen); i++) {
		const struct policy_app *a = policy_find(&p, i);

		assert_int_equal(is_frozen[i], a && a->frozen);
		if (!is_frozen[i])
			continue;
		assert_false(p.lost);
		assert_false(a->unsure && a->state == POLICY_VISIBLE);
		if (a->state != POLICY_RECLAIMED) {
			assert_int_equal(a->pending, POLICY_CLAIM);
			assert_true(actions.wake <= a->thaw_at && now < a->thaw_at);
		}
	}
}

/* Check what has to hold whatever happens. */
static void check_promises(const struct policy_event *e, bool lost_before)
{
	unsigned int reclaims = 0;
	size_t i;

	for (i = 0; i < actions.count; i++) {
		const struct policy_action *a = &actions.list[i];

		check_freezes(a);
		if (a->kind == POLICY_ACTION_RECLAIM) {
			assert_false(p.held || app(a->app)->playing);
			assert_int_equal(e->kind, POLICY_EVENT_LOOKED);
			assert_false(p.lost);
			assert_false(app(a->app)->exempt);
			check_state(a->app, POLICY_RECLAIMING);
			assert_true(now >= app(a->app)->since + app(a->app)->grace);
		}
		if (a->kind == POLICY_ACTION_CLAIM)
			assert_false(lost_before && e->kind != POLICY_EVENT_LOOKED);
		if (a->kind == POLICY_ACTION_CLAIM || a->kind == POLICY_ACTION_RECLAIM)
			assert_true(app(a->app)->state != POLICY_VISIBLE || is_frozen[a->app]);
	}
	check_frozen();
	for (i = 0; i < p.n_apps; i++) {
		reclaims += p.apps[i].pending == POLICY_RECLAIM;
		assert_true(p.apps[i].grace <= POLICY_GRACE_MOST);
		if (p.apps[i].state == POLICY_VISIBLE && p.apps[i].pending == POLICY_RECLAIM)
			assert_true(p.apps[i].cancelled);
	}
	assert_true(reclaims <= 1);
}

static void test_random(void **state)
{
	unsigned int reclaims = 0, claims = 0, freezes = 0;
	size_t k;
	int i;

	(void)state;
	setup_with(&standard);
	p.config.keep = 1;
	p.config.urgent = 10;
	p.config.freeze = true;
	memset(is_frozen, 0, sizeof(is_frozen));
	for (i = 0; i < 300000; i++) {
		struct policy_event e = {
			.kind = (enum policy_event_kind)random_below(POLICY_EVENT_AWAY + 1),
			.app = 1 + random_below(6),
			.grace = GRACE,
			.resident = random_below(64) * MIB,
			.evicted = random_below(64) * MIB,
			.gpu_ns = random_below(3),
			.known = random_below(10),
			.total = TOTAL,
			.available = TOTAL / 100 * random_below(40),
			.pressure = random_below(2),
			.request = (enum policy_request)random_below(3),
			.result = (enum policy_result)random_below(4),
			.bytes = random_below(3) * 16 * MIB,
			.usec = random_below(2) * S,
		};
		const bool lost = p.lost;

		e.exempt = e.app == 6;
		e.playing = e.app == 5 && random_below(2);
		e.freezable = random_below(10);
		e.on = !random_below(4);
		if (e.kind == POLICY_EVENT_LOST && random_below(20))
			continue;
		now += random_below(5) ? random_below(1000) : random_below(40) * S;
		step(&e);
		check_promises(&e, lost);
		for (k = 0; k < actions.count; k++) {
			reclaims += actions.list[k].kind == POLICY_ACTION_RECLAIM;
			claims += actions.list[k].kind == POLICY_ACTION_CLAIM;
			freezes += actions.list[k].kind == POLICY_ACTION_FREEZE;
		}
		acted[0] = '\0';
	}
	/* The events were such that something happened. */
	assert_true(reclaims > 100);
	assert_true(claims > 100);
	assert_true(freezes > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_new),
		TEST(test_hidden_shown),
		TEST(test_grace),
		TEST(test_look_after_grace),
		TEST(test_eligible_shown),
		TEST(test_reclaim),
		TEST(test_reclaiming_shown),
		TEST(test_reclaimed_shown),
		TEST(test_gone),
		TEST(test_hidden_again_before_the_reply),
		TEST(test_pressure_needs_both),
		TEST(test_pressure_ends),
		TEST(test_memory_unknown),
		TEST(test_without_psi),
		TEST(test_urgent),
		TEST(test_urgent_ends),
		TEST(test_measure_interval),
		TEST(test_measure_for_nothing),
		TEST(test_measure_for_kept),
		TEST(test_eager),
		TEST(test_off),
		TEST(test_nothing_hidden_no_wakeup),
		TEST(test_look),
		TEST(test_look_rarely),
		TEST(test_look_in_swap),
		TEST(test_shown_by_the_look),
		TEST(test_pause),
		TEST(test_cancelled_once),
		TEST(test_pause_ends),
		TEST(test_order),
		TEST(test_keep),
		TEST(test_keep_back_and_forth),
		TEST(test_keep_counts_only_memory),
		TEST(test_keep_counts_no_exempt),
		TEST(test_keep_one_of_two),
		TEST(test_least),
		TEST(test_never_measured),
		TEST(test_exempt),
		TEST(test_becomes_exempt),
		TEST(test_too_many),
		TEST(test_grace_shown_soon),
		TEST(test_grace_shown_late),
		TEST(test_grace_results),
		TEST(test_grace_once_for_a_reclaim),
		TEST(test_grace_most),
		TEST(test_grace_halves),
		TEST(test_grace_of_nothing),
		TEST(test_grace_grows_with_gpu_time),
		TEST(test_gpu_time_while_visible),
		TEST(test_came_back_by_itself),
		TEST(test_back_off),
		TEST(test_room),
		TEST(test_room_too_short),
		TEST(test_room_under_pressure),
		TEST(test_room_order),
		TEST(test_room_used_up),
		TEST(test_room_too_small),
		TEST(test_room_for_another),
		TEST(test_restore_evicted),
		TEST(test_restore_measured),
		TEST(test_restore_too_much),
		TEST(test_restore_reclaimed),
		TEST(test_restore_after_reply),
		TEST(test_restore_nothing),
		TEST(test_claim_failed),
		TEST(test_claiming_shown),
		TEST(test_hint_one),
		TEST(test_hint_last),
		TEST(test_hint_ends_only_its_own_claims),
		TEST(test_slow_claim),
		TEST(test_hint_others),
		TEST(test_hint_during_reclaim),
		TEST(test_found_in_swap),
		TEST(test_found_in_swap_in_part),
		TEST(test_found_in_swap_shown),
		TEST(test_lost),
		TEST(test_lost_from_the_start),
		TEST(test_lost_with_a_look_pending),
		TEST(test_unsure),
		TEST(test_playing),
		TEST(test_playing_begins),
		TEST(test_playing_allowed),
		TEST(test_playing_is_not_kept),
		TEST(test_hold),
		TEST(test_away),
		TEST(test_look_reclaimed),
		TEST(test_away_and_off),
		TEST(test_freeze),
		TEST(test_thaw_without_reply),
		TEST(test_thaw_after_failure),
		TEST(test_not_frozen),
		TEST(test_cancelled_is_not_frozen),
		TEST(test_thaw_at_once),
		TEST(test_unsure_before_thaw),
		TEST(test_hint_thaws),
		TEST(test_room_thaws),
		TEST(test_could_not_be_frozen),
		TEST(test_random),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
