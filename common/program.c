/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>

#include "option.h"
#include "program.h"
#include "text.h"

#define FIRST 256 /* beyond the values of the short options */

/* The user's words can hold control characters. */
static bool refuse(const struct program *p, int *status, const char *why)
{
	char text[OPTION_WHY];

	text_printable(text, sizeof(text), why);
	fprintf(stderr, "%s: %s; see %s --help\n", p->name, text, p->name);
	*status = PROGRAM_USAGE;
	return false;
}

static bool set(const struct program *p, const struct program_option *option, char **argv,
		int *status)
{
	char why[OPTION_WHY];

	if (!option_is_whole(argv, option->name)) {
		option_unknown(why, argv);
		return refuse(p, status, why);
	}
	if (option->flag)
		*option->flag = true;
	else
		*option->value = optarg;
	return true;
}

static void make_table(struct option *table, const struct program_option *options)
{
	int i;

	for (i = 0; options[i].name; i++) {
		assert(i < PROGRAM_OPTIONS);
		table[i] = (struct option){ options[i].name,
			options[i].value ? required_argument : no_argument, NULL, FIRST + i };
	}
	table[i++] = (struct option){ "help", no_argument, NULL, 'h' };
	table[i++] = (struct option){ "version", no_argument, NULL, 'V' };
	table[i] = (struct option){ 0 };
}

bool program_parse(const struct program *p, const struct program_option *options, int argc,
		   char **argv, int *status)
{
	struct option table[PROGRAM_OPTIONS + 3];
	char why[OPTION_WHY];
	int option;

	make_table(table, options);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hV", table, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(p->help, stdout);
			*status = 0;
			return false;
		case 'V':
			printf("%s %s\n", p->name, p->version);
			*status = 0;
			return false;
		case '?':
		case ':':
			option_why(why, option, argv, table);
			return refuse(p, status, why);
		default:
			if (!set(p, &options[option - FIRST], argv, status))
				return false;
		}
	}
	if (optind == argc)
		return true;
	snprintf(why, sizeof(why), "unexpected argument '%s'", argv[optind]);
	return refuse(p, status, why);
}
