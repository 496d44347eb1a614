/* SPDX-License-Identifier: MIT */
/*
 * usage: bench CASE NAME=VALUE...
 *
 *   set=TEXT      name of this set of samples (default: the case)
 *   mib=N         GPU memory of the application, or the amount moved (64)
 *   kib=N         size of one buffer (1024)
 *   data=NAME     mixed (compresses by half), zero, random (mixed)
 *   rounds=N      samples of each arm (7)
 *   algo=NAME     swap on zram with this compressor (default: that of the guest)
 *   disk=NS       swap on a disk that takes NS for a transfer, not on zram
 *   mbps=N        limit the disk to N MiB/s
 *   only=ARM      cases reclaim, claim and late: only this arm, for a profile
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const struct {
	const char *name;
	void (*run)(struct bench *b);
} cases[] = {
	{ "bandwidth", case_bandwidth },
	{ "bystander", case_bystander },
	{ "claim", case_claim },
	{ "foreground", case_foreground },
	{ "frames", case_frames },
	{ "late", case_late },
	{ "limits", case_limits },
	{ "reclaim", case_reclaim },
	{ "size", case_size },
	{ "timeline", case_timeline },
};

static const char *const data_names[] = {
	[APP_DATA_MIXED] = "mixed",
	[APP_DATA_ZERO] = "zero",
	[APP_DATA_RANDOM] = "random",
};

static void wrong(const char *what)
{
	fprintf(stderr, "bench: error: '%s' is no case or setting of this program, or its value is wrong\n", what);
	exit(2);
}

static unsigned int number(const char *text, const char *whole)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value > 1u << 30)
		wrong(whole);
	return (unsigned int)value;
}

static enum app_data data_named(const char *name, const char *whole)
{
	for (size_t i = 0; i < sizeof(data_names) / sizeof(data_names[0]); i++)
		if (!strcmp(name, data_names[i]))
			return (enum app_data)i;
	wrong(whole);
	return APP_DATA_MIXED;
}

static void parse(struct bench_options *opt, char *argument)
{
	char *value = strchr(argument, '=');

	if (!value)
		wrong(argument);
	*value++ = '\0';
	if (!strcmp(argument, "set"))
		opt->set = value;
	else if (!strcmp(argument, "mib"))
		opt->bytes = number(value, argument) * MIB;
	else if (!strcmp(argument, "kib"))
		opt->bo_bytes = number(value, argument) * KIB;
	else if (!strcmp(argument, "data"))
		opt->data = data_named(value, argument);
	else if (!strcmp(argument, "rounds"))
		opt->rounds = number(value, argument);
	else if (!strcmp(argument, "algo"))
		opt->algo = value;
	else if (!strcmp(argument, "disk"))
		opt->disk_ns = number(value, argument);
	else if (!strcmp(argument, "mbps"))
		opt->disk_mbps = number(value, argument);
	else if (!strcmp(argument, "only"))
		opt->only = value;
	else
		wrong(argument);
}

int main(int argc, char **argv)
{
	struct bench b = {
		.app.sock = -1,
		.opt = {
			.bytes = 64 * MIB, .bo_bytes = MIB, .rounds = 7,
			.set = argc > 1 ? argv[1] : "",
		},
	};
	size_t i = 0;

	while (i < sizeof(cases) / sizeof(cases[0]) &&
	       (argc < 2 || strcmp(argv[1], cases[i].name)))
		i++;
	if (i == sizeof(cases) / sizeof(cases[0]))
		wrong(argc > 1 ? argv[1] : "");
	for (int arg = 2; arg < argc; arg++)
		parse(&b.opt, argv[arg]);
	backing_set_up(&b.opt);
	cases[i].run(&b);
	backing_restore();
	return 0;
}
