/* SPDX-License-Identifier: MIT */
/*
 * Run all cases or some of them, see help(). CMOCKA_MESSAGE_OUTPUT selects the format of the
 * report, such as TAP.
 */
#include <getopt.h>
#include <signal.h>
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
	{ "refused", refused_cases },
	{ "identity", identity_cases },
	{ "target", target_cases },
	{ "signal", signal_cases },
	{ "fault", fault_cases },
	{ "gpu", gpu_cases },
	{ "hostile", hostile_cases },
	{ "query", query_cases },
};

#define N_SUITES (sizeof(suites) / sizeof(suites[0]))
#define MAX_TESTS 256
#define MAX_NAME 64

/* More than any case takes with all its tries on a debug kernel. */
#define CASE_SECONDS 600u

/* One test of cmocka: a case, and its world while it runs. */
struct run {
	char name[MAX_NAME];
	const struct conf_case *c;
	struct world *world;
};

static struct run runs[MAX_TESTS];
static struct CMUnitTest tests[MAX_TESTS];
static size_t n_tests;

/* The lowest feature bit that a case needs and this world does not have, or 0. */
static unsigned int missing(const struct conf_case *c)
{
	unsigned int bits = c->needs & ~world_features();

	return bits & -bits;
}

static const char *feature_name(unsigned int bit)
{
	switch ((enum world_feature)bit) {
	case WORLD_CAN_PIN:
		return "no other device to share buffers with (vgem)";
	case WORLD_CAN_GIVE_FILE:
		return "no way to give a file away";
	case WORLD_CAN_FILL_SWAP:
		return "no way to fill swap";
	case WORLD_CAN_UNPLUG:
		return "no device that could be taken away";
	case WORLD_CAN_SWAP_READ_ERROR:
		return "no swap that could fail";
	case WORLD_CAN_NO_MEMORY:
		return "no memory controller in its cgroups";
	case WORLD_CAN_MMU_TIMEOUT:
		return "no MMU that could fail";
	case WORLD_CAN_NO_SWAP_SUPPORT:
		return "a kernel that can swap";
	case WORLD_HAS_GPU:
		return "no GPU";
	case WORLD_UNPLUG_ENDS_WAIT:
		return "no way to notice that the device is gone";
	case WORLD_IS_ALONE:
		return "other programs, which this would harm or be misled by";
	case WORLD_HAS_GPU_COUNTERS:
		return "no counters of what its GPU has done";
	case WORLD_CAN_BREAK_GPU:
		return "no GPU that could fail";
	case WORLD_HAS_CGROUPS:
		return "no cgroups of version 2";
	case WORLD_HAS_MEMCG:
		return "no memory controller in its cgroups";
	case WORLD_CAN_SWAP_WRITE_ERROR:
		return "no swap that could refuse";
	case WORLD_HAS_TARGETS:
		return "a kernel that knows no targets by client or cgroup";
	case WORLD_HAS_BATCHES:
		return "a kernel that updates the MMU for one buffer after the other";
	}
	return "not what it needs";
}

static int open_world(void **state)
{
	struct run *run = *state;

	if (missing(run->c))
		return 0;
	alarm(CASE_SECONDS);
	run->world = world_open();
	return 0;
}

static int close_world(void **state)
{
	struct run *run = *state;
	struct world *w = run->world;

	int ret;

	run->world = NULL;
	ret = w ? world_close(w) : 0;
	alarm(0);
	return ret;
}

static void run_case(void **state)
{
	struct run *run = *state;

	if (!run->world) {
		print_message("# %s: skipped, the %s has %s\n", run->name, world_name(),
			      feature_name(missing(run->c)));
		skip();
	}
	run->c->run(run->world);
}

/*
 * Check that the back end still has all features that it must have. Otherwise cases could be
 * skipped forever without notice.
 */
static void features(void **state)
{
	unsigned int must = world_features_expected();

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
	/* The mock has no GPU by design, so do not report these cases as skipped there. */
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

/* A name that selects no case is an error, not a success. */
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

static void usage(FILE *to, const char *program)
{
	fprintf(to, "usage: %s [--list | --help | --version] [SUITE | SUITE.CASE]...\n", program);
}

static void help(const char *program)
{
	usage(stdout, program);
	printf("\nCheck that reclaim and claim of GPU memory do what their contract says.\n\n"
	       "  -l, --list     only list the cases\n"
	       "  -h, --help     show this text\n"
	       "  -V, --version  show the version of the suite\n\n"
	       "%s\n"
	       "Exit status: 0 all cases passed or were skipped, 1 a case failed, 2 the suite\n"
	       "cannot run here or an argument is wrong, 3 a case did not end within %u s.\n",
	       world_help, CASE_SECONDS);
}

/* The processes of the case end with this one. */
static void on_alarm(int sig)
{
	static const char text[] = "a case did not end in time: giving up\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)written;
	_exit(3);
}

/* Returns -1 to continue, or the exit status. */
static int parse(int argc, char **argv, int *list)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "lhV", options, NULL)) != -1) {
		switch (opt) {
		case 'l':
			*list = 1;
			break;
		case 'h':
			help(argv[0]);
			return 0;
		case 'V':
			printf("%s\n", CONFORMANCE_VERSION);
			return 0;
		default:
			usage(stderr, argv[0]);
			return 2;
		}
	}
	return -1;
}

static int run_all(void)
{
	signal(SIGALRM, on_alarm);
	if (world_ready())
		return 2;
	return _cmocka_run_group_tests("conformance", tests, n_tests, NULL, NULL) ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct conf_case *c;
	int list = 0, ret;
	size_t i;

	ret = parse(argc, argv, &list);
	if (ret >= 0)
		return ret;
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
	return run_all();
}
