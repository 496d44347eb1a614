/* SPDX-License-Identifier: MIT */
/* Unit tests of limits, access rules, sums and configuration, with simulated time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <panthor_mem.h>

#include "access.h"
#include "broker.h"
#include "clock.h"
#include "config.h"
#include "job.h"
#include "limit.h"
#include "stats.h"

#define SEC USEC_PER_SEC
#define MIN (60 * SEC)
#define MIB (UINT64_C(1) << 20)
/* The time at which the tests start. It is not 0, which some fields use for "never". */
#define START (1000 * SEC)

/* --- requests ------------------------------------------------------------- */

static void test_bucket(void **state)
{
	struct config c;
	struct bucket b;
	int i;

	(void)state;
	config_default(&c);
	bucket_fill(&b, &c, START);
	for (i = 0; i < 40; i++)
		assert_true(bucket_take(&b, &c, START));
	assert_false(bucket_take(&b, &c, START));
	/* Two a second. */
	assert_false(bucket_take(&b, &c, START + SEC / 2 - 1));
	assert_true(bucket_empty(&b, &c, START + SEC / 2 - 1));
	assert_false(bucket_empty(&b, &c, START + SEC / 2));
	/* An older time, which the event loop keeps, does not fill it. */
	assert_false(bucket_full(&b, &c, START));
	assert_true(bucket_take(&b, &c, START + SEC / 2));
	assert_false(bucket_take(&b, &c, START + SEC / 2));
	assert_false(bucket_full(&b, &c, START + 20 * SEC));
	assert_true(bucket_full(&b, &c, START + 21 * SEC));
	/* The bucket never holds more than Burst= tokens, even after a year. */
	for (i = 0; i < 40; i++)
		assert_true(bucket_take(&b, &c, START + UINT64_C(31536000) * SEC));
	assert_false(bucket_take(&b, &c, START + UINT64_C(31536000) * SEC));
}

/* What answers cost. */
static void test_answers(void **state)
{
	struct bucket b;
	struct config c;
	unsigned int taken = 0;

	(void)state;
	config_default(&c);
	answers_fill(&b, &c, START);
	assert_true(answers_full(&b, &c, START));
	while (answers_take(&b, &c, 1024, START))
		taken++;
	assert_int_equal(taken, 128 + 40 / 2);
	assert_false(answers_full(&b, &c, START));
	/* A minute brings more than that, but the bucket has no room for it. */
	assert_true(answers_full(&b, &c, START + 60 * SEC));
	answers_charge(&b, &c, 1 << 20, START + 60 * SEC);
	assert_false(answers_take(&b, &c, 1, START + 60 * SEC));
	assert_true(answers_take(&b, &c, 5 * 1024, START + 61 * SEC));
	assert_false(answers_take(&b, &c, 1024, START + 61 * SEC));
	/* Who may send many requests may get many answers, too. */
	c.burst = 1000000;
	answers_fill(&b, &c, START);
	assert_true(answers_take(&b, &c, 1000000 * 512, START));
}

/* Frequent requests do not slow down the refill: fractions of a token are kept. */
static void test_bucket_fractions(void **state)
{
	struct config c;
	struct bucket b;
	uint64_t now;
	int taken = 0;

	(void)state;
	config_default(&c);
	c.burst = 1;
	bucket_fill(&b, &c, START);
	for (now = START; now < START + MIN; now += 1000)
		taken += bucket_take(&b, &c, now);
	assert_in_range(taken, 120, 121);
}

/* --- a process ------------------------------------------------------------ */

static void test_resident(void **state)
{
	struct history h = { 0 };
	struct config c;
	uint64_t wait;

	(void)state;
	config_default(&c);
	assert_int_equal(history_ask(&h, &c, START, &wait), HISTORY_OK);
	history_claimed(&h, START);
	assert_int_equal(history_ask(&h, &c, START + SEC, &wait), HISTORY_RESIDENT);
	assert_int_equal(wait, 4 * SEC);
	assert_int_equal(history_ask(&h, &c, START + 5 * SEC, &wait), HISTORY_OK);
	history_reclaimed(&h, &c, START + 5 * SEC, true);
	assert_int_equal(history_ask(&h, &c, START + 9 * SEC, &wait), HISTORY_RESIDENT);
	c.min_resident_sec = 0;
	assert_int_equal(history_ask(&h, &c, START + 5 * SEC, &wait), HISTORY_OK);
}

static void trips(struct history *h, const struct config *c, uint64_t *now)
{
	uint64_t i;

	for (i = 0; i < c->round_trips; i++) {
		history_reclaimed(h, c, *now, true);
		*now += 6 * SEC;
	}
	*now -= 6 * SEC;
}

static void test_round_trips(void **state)
{
	static const uint64_t minutes[] = { 1, 2, 4, 8, 10, 10, 10 };
	struct history h = { 0 };
	struct config c;
	uint64_t now = START, wait;
	size_t i;

	(void)state;
	config_default(&c);
	for (i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		trips(&h, &c, &now);
		assert_int_equal(history_ask(&h, &c, now, &wait), HISTORY_THRASH);
		assert_int_equal(wait, minutes[i] * MIN);
		now += wait - 1;
		assert_int_equal(history_ask(&h, &c, now, &wait), HISTORY_THRASH);
		now += 6 * SEC;
		assert_int_equal(history_ask(&h, &c, now, &wait), HISTORY_OK);
	}
	/* After an hour, the process starts with a short block again. */
	now += 61 * MIN;
	assert_true(history_empty(&h, &c, now));
	trips(&h, &c, &now);
	history_ask(&h, &c, now, &wait);
	assert_int_equal(wait, MIN);
	assert_false(history_empty(&h, &c, now + 30 * MIN));
}

static void test_slow_trips(void **state)
{
	struct history h = { 0 };
	struct config c;
	uint64_t wait;
	int i;

	(void)state;
	config_default(&c);
	for (i = 0; i < 100; i++) {
		history_reclaimed(&h, &c, START + (uint64_t)i * 13 * SEC, true);
		assert_int_not_equal(history_ask(&h, &c, START + (uint64_t)i * 13 * SEC, &wait),
				     HISTORY_THRASH);
	}
	c.round_trips = 0;
	for (i = 0; i < 100; i++)
		history_reclaimed(&h, &c, START + 2000 * SEC, true);
	assert_int_equal(history_ask(&h, &c, START + 2006 * SEC, &wait), HISTORY_OK);
}

/* --- swap ----------------------------------------------------------------- */

static void test_swap_reserve(void **state)
{
	struct config c;

	(void)state;
	config_default(&c);
	assert_int_equal(config_swap_reserve(&c, 100 * MIB), 32 * MIB);
	assert_int_equal(config_swap_reserve(&c, 1000 * MIB), 50 * MIB);
}

static void test_swap_writes(void **state)
{
	struct swap_writes w = { 0 };
	struct config c;
	uint64_t now = START;

	(void)state;
	config_default(&c);
	swap_writes_add(&w, &c, 1000 * MIB, now);
	assert_true(swap_writes_left(&w, &c, now));
	c.swap_write_per_hour = 60 * MIB;
	assert_true(swap_writes_left(&w, &c, now));
	swap_writes_add(&w, &c, 90 * MIB, now);
	assert_false(swap_writes_left(&w, &c, now));
	/* The count drops by one MiB a minute. */
	for (; now < START + 29 * MIN; now += SEC)
		assert_false(swap_writes_left(&w, &c, now));
	assert_true(swap_writes_left(&w, &c, START + 31 * MIN));
	assert_true(swap_writes_left(&w, &c, START + 1000 * MIN));
	assert_int_equal(w.bytes, 0);
	/* The time in which nothing was written does not count for what is written after it. */
	now = START + 2000 * MIN;
	swap_writes_add(&w, &c, 60 * MIB, now);
	assert_false(swap_writes_left(&w, &c, now));
	assert_int_equal(swap_writes_left(&w, &c, now + 10 * MIN), 10 * MIB);
	/* The count does not drop below 0. */
	assert_int_equal(swap_writes_left(&w, &c, now + 59 * MIN), 59 * MIB);
	assert_int_equal(swap_writes_left(&w, &c, now + 100 * MIN), 60 * MIB);
}

/* --- users ---------------------------------------------------------------- */

static unsigned int count_users(const struct broker *b)
{
	const struct list *at;
	unsigned int count = 0;

	for (at = b->users.next; at != &b->users; at = at->next)
		count++;
	return count;
}

/* A user is forgotten when nothing would be different for one who is new. */
static void test_sweep(void **state)
{
	struct broker b = { 0 };
	struct user *u;

	(void)state;
	config_default(&b.config);
	/* So few that the test ends before the next one. */
	b.config.requests_per_minute = 1;
	list_init(&b.users);
	assert_int_equal(sd_event_new(&b.event), 0);
	u = user_ref(&b, 1000);
	assert_ptr_equal(user_ref(&b, 1000), u);
	assert_ptr_not_equal(user_ref(&b, 1001), u);
	user_unref(&b, u);
	user_sweep(&b);
	assert_int_equal(count_users(&b), 2);
	user_unref(&b, u);
	user_sweep(&b);
	assert_int_equal(count_users(&b), 1);
	u = user_ref(&b, 1001);
	user_unref(&b, u);
	user_unref(&b, u);
	assert_true(bucket_take(&u->bucket, &b.config, clock_usec()));
	user_sweep(&b);
	assert_int_equal(count_users(&b), 1);
	bucket_fill(&u->bucket, &b.config, clock_usec());
	/* All that such a user has. */
	answers_charge(&u->answers, &b.config, 1 << 20, clock_usec());
	user_sweep(&b);
	assert_int_equal(count_users(&b), 1);
	answers_fill(&u->answers, &b.config, clock_usec());
	/* Nor is it forgotten before all refusals are in the log. */
	u->told = clock_usec();
	user_refused(&b, u, FAULT_LIMITS);
	assert_int_equal(u->refused[FAULT_LIMITS], 1);
	user_sweep(&b);
	assert_int_equal(count_users(&b), 1);
	user_free_all(&b);
	assert_int_equal(count_users(&b), 0);
	sd_event_unref(b.event);
}

/* --- access --------------------------------------------------------------- */

struct row {
	uid_t uid;
	bool group, active;
	struct owner owner;
	enum config_own own;
	bool manage_system;
	enum access wanted;
};

#define OF(uid) { true, uid, uid }

static void test_access(void **state)
{
	static const struct row rows[] = {
		/* The caller's own process. */
		{ 1000, false, false, OF(1000), OWN_YES, false, ACCESS_YES },
		{ 110, false, false, OF(110), OWN_YES, false, ACCESS_YES },
		{ 1000, false, false, OF(1000), OWN_NO, false, ACCESS_NO },
		{ 1000, true, false, OF(1000), OWN_NO, false, ACCESS_YES },
		{ 1000, false, false, OF(1000), OWN_ACTIVE, false, ACCESS_NO },
		{ 1000, false, true, OF(1000), OWN_ACTIVE, false, ACCESS_YES },
		{ 1000, false, true, OF(1000), OWN_NO, false, ACCESS_NO },
		/* A setuid program is not the caller's own. */
		{ 1000, false, false, { false, 0, 1000 }, OWN_YES, false, ACCESS_NO },
		{ 1000, false, false, { false, 1000, 1001 }, OWN_YES, false, ACCESS_NO },
		{ 1000, true, false, { false, 1001, 1000 }, OWN_YES, true, ACCESS_NO },
		{ 0, false, false, { false, 1001, 1000 }, OWN_YES, false, ACCESS_YES },
		/* A process of another user. */
		{ 1000, false, false, OF(1001), OWN_YES, false, ACCESS_ASK },
		{ 1000, true, false, OF(1001), OWN_YES, false, ACCESS_YES },
		{ 110, false, false, OF(1001), OWN_YES, false, ACCESS_ASK },
		/* Processes of services and of root. */
		{ 1000, false, false, OF(999), OWN_YES, true, ACCESS_NO },
		{ 1000, false, false, OF(0), OWN_YES, true, ACCESS_NO },
		{ 1000, true, false, OF(0), OWN_YES, false, ACCESS_NO },
		{ 1000, true, false, OF(999), OWN_YES, true, ACCESS_YES },
		{ 1000, true, false, OF(0), OWN_YES, true, ACCESS_YES },
		{ 0, false, false, OF(0), OWN_NO, false, ACCESS_YES },
		{ 0, false, false, OF(1000), OWN_NO, false, ACCESS_YES },
	};
	struct config c;
	size_t i;

	(void)state;
	config_default(&c);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct fault f = { 0 };
		enum access got;

		c.own_processes = r->own;
		c.manage_system = r->manage_system;
		got = access_check(&(struct caller){ r->uid, r->group, r->active }, &r->owner, &c,
				   &f);
		if (got != r->wanted)
			fail_msg("row %zu: %d", i, got);
		assert_int_equal(f.kind, got == ACCESS_NO ? FAULT_ACCESS_DENIED : FAULT_NONE);
	}
}

/* --- sums ----------------------------------------------------------------- */

static void test_slices(void **state)
{
	const struct wish wish = { 0 };
	struct outcome sum = { 0 };

	(void)state;
	/* The second slice counts 1 again that the first one evicted but did not free. */
	job_add_slice(&sum, &wish, &(struct outcome){ .freed = 15, .evicted = 16, .skipped = 9,
						      .status = DRM_PANTHOR_MEM_STATUS_BUSY });
	assert_int_equal(sum.evicted, 16);
	job_add_slice(&sum, &wish, &(struct outcome){ .freed = 16, .evicted = 18, .skipped = 4,
						      .status = DRM_PANTHOR_MEM_STATUS_PINNED });
	assert_int_equal(sum.freed, 31);
	assert_int_equal(sum.evicted, 33);
	assert_int_equal(sum.skipped, 4);
	assert_int_equal(sum.status, DRM_PANTHOR_MEM_STATUS_PINNED);
}

/* A reclaim that pages nothing out waits in several calls, each of which counts its own. */
static void test_slices_without_pageout(void **state)
{
	const struct outcome first = { .evicted = 16, .skipped = 9 };
	const struct outcome second = { .evicted = 2, .skipped = 7 };
	const struct wish wish = { .no_pageout = true };
	const struct wish dry = { .dry_run = true };
	struct outcome sum = { 0 };

	(void)state;
	job_add_slice(&sum, &wish, &first);
	job_add_slice(&sum, &wish, &second);
	assert_int_equal(sum.evicted, 18);
	assert_int_equal(job_counted(&wish, &sum), 18);
	assert_int_equal(sum.freed, 0);
	assert_int_equal(sum.skipped, 7);
	/* A dry run evicts nothing, so each call counts everything. */
	sum = (struct outcome){ 0 };
	job_add_slice(&sum, &dry, &first);
	job_add_slice(&sum, &dry, &second);
	assert_int_equal(sum.evicted, 2);
	assert_int_equal(sum.skipped, 7);
}

static void test_devices_sum(void **state)
{
	struct outcome sum = { 0 };

	(void)state;
	job_add_device(&sum, &(struct outcome){ .freed = 1, .evicted = 2, .skipped = 3,
						.claimed = 4, .remaining = 5, .status = 1 });
	job_add_device(&sum, &(struct outcome){ .freed = 10, .evicted = 20, .skipped = 30,
						.claimed = 40, .remaining = 50, .status = 4,
						.error = 5 });
	assert_int_equal(sum.freed, 11);
	assert_int_equal(sum.evicted, 22);
	assert_int_equal(sum.skipped, 33);
	assert_int_equal(sum.claimed, 44);
	assert_int_equal(sum.remaining, 55);
	assert_int_equal(sum.status, 5);
	assert_int_equal(sum.error, 5);
	/* The error stays if the next device has none. */
	job_add_device(&sum, &(struct outcome){ .freed = 1 });
	assert_int_equal(sum.error, 5);
}

/* --- metrics -------------------------------------------------------------- */

static void check_metrics(const struct stats *s, const char *const *lines)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	stats_print(s, out);
	fclose(out);
	for (; *lines; lines++) {
		if (!strstr(text, *lines))
			fail_msg("no '%s' in:\n%s", *lines, text);
	}
	free(text);
}

static void test_waits(void **state)
{
	static const char *const lines[] = {
		"\npanthor_memd_wait_seconds_bucket{le=\"0.05\"} 0\n",
		"\npanthor_memd_wait_seconds_bucket{le=\"0.1\"} 1\n",
		"\npanthor_memd_wait_seconds_bucket{le=\"+Inf\"} 2\n",
		"\npanthor_memd_wait_seconds_sum 100.100001\n",
		"\npanthor_memd_wait_seconds_count 2\n", NULL };
	struct stats s;

	(void)state;
	stats_start(&s, NULL);
	/* A time on the boundary belongs to the bucket below it. */
	stats_waited(&s, 100000);
	stats_waited(&s, 100000001);
	check_metrics(&s, lines);
}

/* --- configuration -------------------------------------------------------- */

static int read_text(struct config *c, const char *text, char why[CONFIG_WHY])
{
	char path[] = "/tmp/memd-conf.XXXXXX";
	int fd = mkstemp(path), ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	config_default(c);
	ret = config_read(c, path, why);
	unlink(path);
	return ret;
}

static void test_config(void **state)
{
	char why[CONFIG_WHY];
	struct config c;

	(void)state;
	assert_int_equal(read_text(&c, "# a comment\n[Broker]\nOwnProcesses=active\n"
				   "ManageSystem = yes\nLogLevel=debug\n[Limits]\n"
				   "RequestsPerMinute=7\nSwapReserve=64M, 10%\n"
				   "SwapWritePerHour=2G\nMaxTimeSec=3\n", why), 0);
	assert_int_equal(c.own_processes, OWN_ACTIVE);
	assert_true(c.manage_system);
	assert_int_equal(c.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(c.requests_per_minute, 7);
	assert_int_equal(c.burst, 40);
	assert_int_equal(c.swap_reserve, 64 * MIB);
	assert_int_equal(c.swap_reserve_percent, 10);
	assert_int_equal(c.swap_write_per_hour, 2048 * MIB);
	assert_int_equal(c.max_time_sec, 3);
	assert_int_equal(read_text(&c, "[Limits]\nSwapReserve=0\n", why), 0);
	assert_int_equal(c.swap_reserve + c.swap_reserve_percent, 0);
	assert_int_equal(read_text(&c, "[Broker]\nManageSystem=no\n", why), 0);
	assert_false(c.manage_system);
	assert_int_equal(config_read(&c, "/nonexistent/memd.conf", why), -ENOENT);
}

#define LONG50 "##################################################"
#define LONG200 LONG50 LONG50 LONG50 LONG50

static void test_config_wrong(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "[Limits]\nQueue=8\nQueu=8\n", "line 3: [Limits] has no key Queu" },
		{ "[Limits]\n\nQueue=0\n", "line 3: invalid value: Queue=0" },
		{ "[Limits]\nQueue=99999999999999999999\n", "invalid value: Queue=" },
		{ "[Limits]\nQueue=8x\n", "invalid value: Queue=8x" },
		{ "[Limits]\nQueue=-8\n", "invalid value: Queue=-8" },
		{ "[Limits]\nQueue=8M\n", "invalid value: Queue=8M" },
		{ "[Limits]\nMaxTimeSec=23\n", "invalid value: MaxTimeSec=23" },
		{ "[Limits]\nSwapReserve=101%\n", "invalid value: SwapReserve=" },
		{ "[Limits]\nSwapReserve=5%5\n", "invalid value: SwapReserve=" },
		{ "[Limits]\nSwapReserve=\n", "invalid value: SwapReserve" },
		{ "[Limits]\nSwapWritePerHour=99999999999G\n", "invalid value:" },
		/* 2^64 + 2^30 */
		{ "[Limits]\nSwapWritePerHour=17179869185G\n", "invalid value:" },
		{ "[Limits]\nBurst=8\nBurst=9\n", "line 3: Burst is there twice in [Limits]" },
		{ "[Broker]\nOwnProcesses=sometimes\n", "line 2: invalid value: Own" },
		{ "[Broker]\nManageSystem=active\n", "line 2: invalid value: ManageSystem" },
		{ "[Broker]\nLogLevel=loud\n", "invalid value: LogLevel" },
		{ "[Broker]\nLogLevel=debug\nLogLevel=notice\n",
		  "line 3: LogLevel is there twice in [Broker]" },
		{ "[Broker]\nQueue=8\n", "line 2: [Broker] has no key Queue" },
		{ "[Borker]\nQueue=8\n", "line 2: there is no section [Borker], only" },
		{ "Queue=8\n", "line 1: Queue is not in a section" },
		{ "[Limits]\nnonsense\n[Borker]\nx=y\n", "line 2: neither [section]" },
		/* The end of a long comment is no setting. */
		{ "[Limits]\n#" LONG200 "\n", "line 2: the line is too long" },
		{ "[Limits]\n#" LONG200 "Queue=1\n", "line 2: the line is too long" },
	};
	char why[CONFIG_WHY];
	struct config c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(&c, rows[i].text, why), -EINVAL);
		if (!strstr(why, rows[i].why))
			fail_msg("'%s' is not in '%s'", rows[i].why, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_bucket_fractions),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_resident),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_slow_trips),
		cmocka_unit_test(test_swap_reserve),
		cmocka_unit_test(test_swap_writes),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_slices_without_pageout),
		cmocka_unit_test(test_devices_sum),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_wrong),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
