/* SPDX-License-Identifier: MIT */
/* The command line of a program that has only long options, and no other arguments. */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include <stdbool.h>

struct program {
	const char *name;
	const char *version;
	const char *help;
};

/* Sets @value to the option's value, or @flag to true. */
struct program_option {
	const char *name; /* NULL after the last one */
	const char **value;
	bool *flag;
};

#define PROGRAM_OPTIONS 16

/* The exit status after a wrong command line. */
#define PROGRAM_USAGE 2

/*
 * Reads the options, which cannot be abbreviated, --help (-h) and --version (-V). Returns false
 * if the program has to exit with @status.
 */
bool program_parse(const struct program *p, const struct program_option *options, int argc,
		   char **argv, int *status);

#endif /* COMMON_PROGRAM_H */
