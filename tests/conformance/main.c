/* SPDX-License-Identifier: MIT */
/*
 * Runs the cases, all or some of them:
 *
 *   conformance-mock [-l] [NAME...]
 *
 * NAME is a suite, or a case as -l lists it ("suite.case"). CMOCKA_MESSAGE_OUTPUT
 * chooses the form of the report, TAP for one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"

static const struct conf_suite suites[] = {
	{ "reclaim", reclaim_cases },
	{ "amount", amount_cases },
	{ "content", content_cases },
	{ "busy", busy_cases },
	{ "wait", wait_cases },
	{ "shared", shared_cases },
	{ "claim", claim_cases },
	{ "error", error_cases },
	{ "identity", identity_cases },
	{ "signal", signal_cases },
	{ "fault", fault_cases },
	{ "gpu", gpu_cases },
};

#define N_SUITES (sizeof(suites) / sizeof(suites[0]))
#define MAX_TESTS 256
#define MAX_NAME 64

/* One test of cmocka: a case, and while it runs its world. */
struct run {
	char name[MAX_NAME];
	const struct conf_case *c;
	struct world *world;
};

static struct run runs[MAX_TESTS];
static struct CMUnitTest tests[MAX_TESTS];
static size_t n_tests;

static int open_world(void **state)
{
	struct run *run = *state;

	if (!(run->c->needs & ~world_features()))
		run->world = world_open();
	return 0;
}

static int close_world(void **state)
{
	struct run *run = *state;
	struct world *w = run->world;

	run->world = NULL;
	return w ? world_close(w) : 0;
}

static void run_case(void **state)
{
	struct run *run = *state;

	if (!run->world) {
		print_message("# %s: the %s cannot do what it needs (%#x)\n", run->name,
			      world_name(), run->c->needs & ~world_features());
		skip();
	}
	run->c->run(run->world);
}

/*
 * Nothing may be skipped for ever because a back end stopped offering what it
 * offered once.
 */
static void features(void **state)
{
	unsigned int must = strcmp(world_name(), "mock") ? WORLD_FEATURES_GUEST
							 : WORLD_FEATURES_MOCK;

	(void)state;
	assert_int_equal(world_features() & must, must);
}

static int wanted(const char *suite, const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], suite) || !strcmp(argv[i], name))
			return 1;
	}
	return !argc;
}

static void add_test(const char *suite, const char *name, const struct conf_case *c, int argc,
		     char **argv)
{
	struct run *run = &runs[n_tests];

	if (n_tests == MAX_TESTS) {
		fprintf(stderr, "more cases than MAX_TESTS\n");
		exit(2);
	}
	snprintf(run->name, sizeof(run->name), "%s.%s", suite, name);
	/* A model of memory has no GPU, by design: nothing is left out there. */
	if (c && c->needs & WORLD_HAS_GPU && !(world_features() & WORLD_HAS_GPU))
		return;
	if (!wanted(suite, run->name, argc, argv))
		return;
	run->c = c;
	tests[n_tests].name = run->name;
	tests[n_tests].test_func = c ? run_case : features;
	if (c) {
		tests[n_tests].setup_func = open_world;
		tests[n_tests].teardown_func = close_world;
		tests[n_tests].initial_state = run;
	}
	n_tests++;
}

/* A name that selects nothing is a mistake, not a success of nothing. */
static void check_names(int argc, char **argv)
{
	size_t t;
	int i;

	for (i = 0; i < argc; i++) {
		size_t n = strlen(argv[i]);

		for (t = 0; t < n_tests; t++) {
			if (!strncmp(runs[t].name, argv[i], n) &&
			    (runs[t].name[n] == '.' || runs[t].name[n] == '\0'))
				break;
		}
		if (t == n_tests) {
			fprintf(stderr, "no suite or case is named %s\n", argv[i]);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	const struct conf_case *c;
	int list = 0, opt;
	size_t i;

	while ((opt = getopt(argc, argv, "l")) != -1) {
		if (opt != 'l') {
			fprintf(stderr, "usage: %s [-l] [SUITE|SUITE.CASE...]\n", argv[0]);
			return 2;
		}
		list = 1;
	}
	argc -= optind;
	argv += optind;

	add_test("suite", "features", NULL, argc, argv);
	for (i = 0; i < N_SUITES; i++) {
		for (c = suites[i].cases; c->name; c++)
			add_test(suites[i].name, c->name, c, argc, argv);
	}
	check_names(argc, argv);

	if (list) {
		for (i = 0; i < n_tests; i++)
			puts(runs[i].name);
		return 0;
	}
	return _cmocka_run_group_tests("conformance", tests, n_tests, NULL, NULL);
}
