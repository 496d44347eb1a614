/* SPDX-License-Identifier: MIT */
/* Test how memory pressure and available memory are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_proc.h"
#include "pressure.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t usec;
	} rows[] = {
		{ "some avg10=0.00 avg60=0.00 avg300=0.00 total=77\n"
		  "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", true, 77 },
		{ "full avg10=0.00 total=5\nsome avg10=0.00 total=77\n", true, 77 },
		{ "some total=0", true, 0 },
		{ "full avg10=0.00 total=5\n", false, 0 },
		{ "some avg10=0.00\nfull total=5\n", false, 0 },
		{ "some total=x\n", false, 0 },
		{ "something total=5\n", false, 0 },
		{ "", false, 0 },
	};
	uint64_t usec;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pressure_parse(rows[i].text, &usec), rows[i].ok);
		if (rows[i].ok)
			assert_int_equal(usec, rows[i].usec);
	}
}

static void report(void *data)
{
	++*(int *)data;
}

/* The kernel of the machine that runs the test accepts the trigger, also without privileges. */
static void test_trigger(void **state)
{
	const struct roots roots = { "/proc", "/sys" };
	struct pressure *p;
	sd_event *event;
	int reports = 0, i;

	(void)state;
	if (access("/proc/pressure/memory", W_OK))
		skip();
	assert_true(sd_event_new(&event) >= 0);
	/* Nobody waits that long. A report would be the false one after the start. */
	p = pressure_new(event, &roots, 10000000, 10000000, report, &reports);
	assert_non_null(p);
	for (i = 0; i < 5; i++)
		assert_true(sd_event_run(event, 100000) >= 0);
	assert_int_equal(reports, 0);
	pressure_free(p);
	sd_event_unref(event);
}

static void test_no_psi(void **state)
{
	const struct roots roots = { "/nonexistent", "/sys" };
	sd_event *event;

	(void)state;
	assert_true(sd_event_new(&event) >= 0);
	assert_null(pressure_new(event, &roots, 200000, 2000000, report, NULL));
	sd_event_unref(event);
}

static void test_memory(void **state)
{
	char dir[] = "/tmp/agent-memory.XXXXXX", command[64];
	struct roots roots = { dir, "/sys" };
	uint64_t available, total;
	struct fake_proc proc;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fake_proc_init(&proc, dir, getuid());
	assert_false(pressure_memory(&roots, &available, &total));
	fake_proc_memory(&proc, 25);
	assert_true(pressure_memory(&roots, &available, &total));
	assert_int_equal(total, UINT64_C(1000000) << 10);
	assert_int_equal(available, UINT64_C(250000) << 10);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_trigger),
		cmocka_unit_test(test_no_psi),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("pressure", tests, NULL, NULL);
}
