/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "memory.h"
#include "option.h"
#include "options.h"
#include "say.h"

const char *const command_names[COMMAND_COUNT] = {
	"list", "reclaim", "claim", "watch", "doctor", "metrics",
};

#define LIST (1u << COMMAND_LIST)
#define RECLAIM (1u << COMMAND_RECLAIM)
#define CLAIM (1u << COMMAND_CLAIM)
#define WATCH (1u << COMMAND_WATCH)
#define DOCTOR (1u << COMMAND_DOCTOR)
#define METRICS (1u << COMMAND_METRICS)
#define ACT (RECLAIM | CLAIM)
#define ALL (LIST | ACT | WATCH)

static void print_help(FILE *out)
{
	fputs("usage: panthor-mem list    [OPTION...] [TARGET...]\n"
	      "       panthor-mem watch   [OPTION...] [TARGET...]\n"
	      "       panthor-mem reclaim [OPTION...] TARGET...\n"
	      "       panthor-mem claim   [OPTION...] TARGET...\n"
	      "       panthor-mem doctor  [--device NODE] [--json]\n"
	      "       panthor-mem metrics [--json] [--metrics FILE]\n"
	      "\n"
	      "list      show who holds how much GPU memory, with any DRM driver\n"
	      "watch     the same, live, until Ctrl-C\n"
	      "reclaim   move the GPU memory of the targets to swap, with the driver panthor\n"
	      "claim     bring it back\n"
	      "doctor    check what these need, and say what would help\n"
	      "metrics   create the file of counters, with all of them at 0\n"
	      "\n"
	      "Targets:\n"
	      "  PID                    a process\n"
	      "  -g, --cgroup PATH      every process in a cgroup and below\n"
	      "  -c, --comm NAME        every process with that name\n"
	      "      --client ID        a client of the driver: see list --by client\n"
	      "\n"
	      "Options:\n"
	      "  -d, --device NODE      a device, like renderD128 (default: all for list and\n"
	      "                         watch, the first of panthor for reclaim and claim)\n"
	      "  -j, --json             print one JSON object; watch: one per line\n"
	      "  -b, --bytes            print sizes in bytes\n"
	      "      --color WHEN       auto (default), always, never\n"
	      "list, watch:\n"
	      "      --by WHAT          a line for each process (default), client or cgroup\n"
	      "      --sort WHAT        size (default), resident, evicted, shared, pid, name\n"
	      "list:\n"
	      "  -q, --pids             print only PIDs\n"
	      "watch:\n"
	      "  -i, --interval TIME    time between updates (default 2s)\n"
	      "      --count N          exit after N updates\n"
	      "reclaim, claim:\n"
	      "  -n, --dry-run          say what would be done\n"
	      "  -m, --max SIZE         stop after SIZE, like 64M, for all targets together\n"
	      "      --broker WHEN      ask panthor-memd: auto (default: if not permitted\n"
	      "                         directly), always, never\n"
	      "      --metrics FILE     add to the counters in FILE, for Prometheus\n"
	      "                         (default: $PANTHOR_MEM_METRICS)\n"
	      "reclaim:\n"
	      "  -w, --wait TIME        wait up to TIME for GPU work to end, like 500ms\n"
	      "      --no-pageout       leave the pages in RAM until memory is short\n"
	      "claim:\n"
	      "      --prefetch         only read from swap; the next GPU job does the rest\n"
	      "\n"
	      "      panthor-mem --help, panthor-mem --version\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such target, 4 not possible\n"
	      "on this machine, 5 not permitted, 6 done but not counted in FILE.\n", out);
}

enum {
	OPT_HELP = 'h',
	OPT_VERSION = 'V',
	OPT_JSON = 'j',
	OPT_BYTES = 'b',
	OPT_PIDS = 'q',
	OPT_DRY_RUN = 'n',
	OPT_DEVICE = 'd',
	OPT_CGROUP = 'g',
	OPT_COMM = 'c',
	OPT_MAX = 'm',
	OPT_INTERVAL = 'i',
	OPT_WAIT = 'w',
	OPT_LONG_ONLY = 256,
	OPT_CLIENT,
	OPT_BY,
	OPT_SORT,
	OPT_NO_PAGEOUT,
	OPT_PREFETCH,
	OPT_COUNT,
	OPT_METRICS,
	OPT_BROKER,
	OPT_COLOUR,
	OPT_PROC,
	OPT_SYS,
	OPT_END,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "bytes", no_argument, NULL, OPT_BYTES },
	{ "pids", no_argument, NULL, OPT_PIDS },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "cgroup", required_argument, NULL, OPT_CGROUP },
	{ "comm", required_argument, NULL, OPT_COMM },
	{ "by", required_argument, NULL, OPT_BY },
	{ "sort", required_argument, NULL, OPT_SORT },
	{ "client", required_argument, NULL, OPT_CLIENT },
	{ "max", required_argument, NULL, OPT_MAX },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "no-pageout", no_argument, NULL, OPT_NO_PAGEOUT },
	{ "prefetch", no_argument, NULL, OPT_PREFETCH },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "metrics", required_argument, NULL, OPT_METRICS },
	{ "broker", required_argument, NULL, OPT_BROKER },
	{ "color", required_argument, NULL, OPT_COLOUR },
	{ "colour", required_argument, NULL, OPT_COLOUR },
	/* For tests: replacements of /proc and /sys. */
	{ "proc", required_argument, NULL, OPT_PROC },
	{ "sys", required_argument, NULL, OPT_SYS },
	{ NULL, 0, NULL, 0 },
};

/* Which commands take an option. */
static unsigned int commands_of(int option)
{
	switch (option) {
	case OPT_PIDS:
		return LIST;
	case OPT_BY:
	case OPT_SORT:
		return LIST | WATCH;
	case OPT_DRY_RUN:
	case OPT_MAX:
	case OPT_BROKER:
		return ACT;
	case OPT_METRICS:
		return ACT | METRICS;
	case OPT_DEVICE:
		return ALL | DOCTOR;
	case OPT_JSON:
	case OPT_HELP:
	case OPT_PROC:
	case OPT_SYS:
		return ALL | DOCTOR | METRICS;
	case OPT_WAIT:
	case OPT_NO_PAGEOUT:
		return RECLAIM;
	case OPT_PREFETCH:
		return CLAIM;
	case OPT_INTERVAL:
	case OPT_COUNT:
		return WATCH;
	default:
		return ALL;
	}
}

static bool bad(int *status)
{
	*status = STATUS_USAGE;
	return false;
}

static bool parse_whole(const char *text, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	*value = strtoull(text, &end, 10);
	return !*end && *value <= INT_MAX;
}

static bool parse_id(const char *text, uint64_t *id)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*id = strtoull(text, &end, 10);
	return !*end && !errno;
}

static void append(const char ***list, size_t *count, const char *text)
{
	*list = memory_grow(*list, *count, *count + 1, sizeof(**list));
	(*list)[(*count)++] = text;
}

/* The values of --color and --broker. */
static const char *const when_names[] = { "auto", "always", "never" };
static const char *const by_names[LIST_BY_COUNT] = { "process", "client", "cgroup" };
static const char *const sort_names[SORT_COUNT] = {
	"size", "resident", "evicted", "shared", "pid", "name",
};

/* Returns the index of @text in @names, or -1. */
static int choice(const char *text, const char *const *names, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (!strcmp(text, names[i]))
			return i;
	}
	return -1;
}

static bool value_error(int *status, const char *option, const char *what)
{
	say("--%s: '%s' is not %s", option, optarg, what);
	return bad(status);
}

/* Stores an option. Returns false, after a message, if its value is wrong. */
static bool set(struct options *o, int option, int *status)
{
	uint64_t id;
	int chosen;

	switch (option) {
	case OPT_MAX:
		if (!amount_parse_size(optarg, &o->max_bytes) || !o->max_bytes)
			return value_error(status, "max", "a size: write it like 64M");
		break;
	case OPT_WAIT:
		if (!amount_parse_time(optarg, &o->wait_ns))
			return value_error(status, "wait", "a time: write it like 500ms");
		break;
	case OPT_INTERVAL:
		if (!amount_parse_time(optarg, &o->interval_ns) || !o->interval_ns)
			return value_error(status, "interval", "a time: write it like 2s");
		break;
	case OPT_COUNT:
		if (!parse_whole(optarg, &o->count) || !o->count)
			return value_error(status, "count", "a number of updates");
		break;
	case OPT_COLOUR:
		chosen = choice(optarg, when_names, TERM_NEVER + 1);
		if (chosen < 0)
			return value_error(status, "color", "one of auto, always, never");
		o->colour = (enum term_when)chosen;
		break;
	case OPT_BROKER:
		chosen = choice(optarg, when_names, BROKER_NEVER + 1);
		if (chosen < 0)
			return value_error(status, "broker", "one of auto, always, never");
		o->broker = (enum broker_when)chosen;
		break;
	case OPT_BY:
		chosen = choice(optarg, by_names, LIST_BY_COUNT);
		if (chosen < 0)
			return value_error(status, "by", "one of process, client, cgroup");
		o->by = (enum list_by)chosen;
		break;
	case OPT_SORT:
		chosen = choice(optarg, sort_names, SORT_COUNT);
		if (chosen < 0)
			return value_error(status, "sort", "one of size, resident, evicted, "
					   "shared, pid, name");
		o->sort = (enum list_sort)chosen;
		break;
	case OPT_METRICS:
		if (!*optarg)
			return value_error(status, "metrics", "a file name");
		o->metrics = optarg;
		break;
	case OPT_CGROUP:
		if (!*optarg)
			return value_error(status, "cgroup", "a path");
		append(&o->cgroups, &o->n_cgroups, optarg);
		break;
	case OPT_COMM:
		append(&o->names, &o->n_names, optarg);
		break;
	case OPT_CLIENT:
		if (!parse_id(optarg, &id))
			return value_error(status, "client", "a client id: see list --by client");
		number_list_add(&o->clients, id);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_BYTES:
		o->bytes = true;
		break;
	case OPT_PIDS:
		o->pids_only = true;
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case OPT_NO_PAGEOUT:
		o->no_pageout = true;
		break;
	case OPT_PREFETCH:
		o->prefetch = true;
		break;
	case OPT_DEVICE:
		o->device = optarg;
		break;
	case OPT_PROC:
		o->roots.proc = optarg;
		break;
	case OPT_SYS:
		o->roots.sys = optarg;
		break;
	default:
		return bad(status);
	}
	return true;
}

static bool parse_pid(struct options *o, const char *text, int *status)
{
	uint64_t pid;

	if (!parse_whole(text, &pid) || !pid) {
		say("'%s' is not a PID; for processes with that name, use --comm %s", text, text);
		return bad(status);
	}
	number_list_add(&o->pids, (pid_t)pid);
	return true;
}

static bool parse_command(struct options *o, const char *name, int *status)
{
	int i;

	for (i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(name, command_names[i])) {
			o->command = i;
			return true;
		}
	}
	say("'%s' is not a command: use list, reclaim, claim, watch, doctor or metrics; "
	    "see panthor-mem --help", name);
	return bad(status);
}

static bool check(struct options *o, int *status)
{
	bool targets = o->pids.count || o->clients.count || o->n_cgroups || o->n_names;

	if ((1u << o->command) & ACT && !targets) {
		say("%s needs a target: PID, --cgroup PATH, --comm NAME or --client ID; "
		    "`panthor-mem list` shows who holds GPU memory", command_names[o->command]);
		return bad(status);
	}
	if ((1u << o->command) & (DOCTOR | METRICS) && o->pids.count) {
		say("%s takes no process", command_names[o->command]);
		return bad(status);
	}
	if (o->command == COMMAND_METRICS && !o->metrics) {
		say("metrics needs a file: use --metrics FILE, or set PANTHOR_MEM_METRICS");
		return bad(status);
	}
	if (o->json && o->pids_only) {
		say("--json and --pids exclude each other");
		return bad(status);
	}
	return true;
}

static bool refuse(const char *why, int *status)
{
	say("%s; see panthor-mem --help", why);
	return bad(status);
}

/* Returns false after an error, or if there is nothing more to do. */
static bool parse_option(struct options *o, int option, char **argv, bool *seen, int *status)
{
	char why[OPTION_WHY];

	switch (option) {
	case '?':
	case ':':
		option_why(why, option, argv, long_options);
		return refuse(why, status);
	case OPT_HELP:
		print_help(stdout);
		*status = STATUS_OK;
		return false;
	case OPT_VERSION:
		printf("panthor-mem %s\n", TOOL_VERSION);
		*status = STATUS_OK;
		return false;
	case OPT_PROC:
	case OPT_SYS:
		/* The options for tests cannot be abbreviated. */
		if (option_is_whole(argv, option == OPT_PROC ? "proc" : "sys"))
			break;
		option_unknown(why, argv);
		return refuse(why, status);
	default:
		break;
	}
	seen[option] = true;
	return set(o, option, status);
}

/* Does the command take all options that were given? */
static bool options_fit(const struct options *o, const bool *seen, int *status)
{
	const struct option *option;

	for (option = long_options; option->name; option++) {
		if (!seen[option->val] || commands_of(option->val) & 1u << o->command)
			continue;
		say("%s takes no option --%s; see panthor-mem --help", command_names[o->command],
		    option->name);
		return bad(status);
	}
	return true;
}

bool options_parse(struct options *o, int argc, char **argv, int *status)
{
	bool seen[OPT_END] = { false };
	int option;

	memset(o, 0, sizeof(*o));
	o->roots = (struct roots){ "/proc", "/sys" };
	o->interval_ns = 2000000000;
	o->metrics = getenv("PANTHOR_MEM_METRICS");
	if (o->metrics && !*o->metrics)
		o->metrics = NULL;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hVjbqnd:g:c:m:i:w:", long_options, NULL)) != -1) {
		if (!parse_option(o, option, argv, seen, status))
			return false;
	}
	if (optind == argc) {
		print_help(stderr);
		return bad(status);
	}
	if (!strcmp(argv[optind], "help")) {
		print_help(stdout);
		*status = STATUS_OK;
		return false;
	}
	if (!parse_command(o, argv[optind++], status) || !options_fit(o, seen, status))
		return false;
	for (; optind < argc; optind++) {
		if (!parse_pid(o, argv[optind], status))
			return false;
	}
	return check(o, status);
}

void options_free(struct options *o)
{
	number_list_free(&o->pids);
	number_list_free(&o->clients);
	free(o->cgroups);
	free(o->names);
}
