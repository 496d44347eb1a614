/* SPDX-License-Identifier: MIT */
/* What the programs add to getopt_long(). */
#ifndef COMMON_OPTION_H
#define COMMON_OPTION_H

#include <stdbool.h>

#include <getopt.h>

#define OPTION_WHY 512

/*
 * Describes an option that getopt_long() did not accept: call it after '?' or ':'. The messages
 * of getopt would print the user's bytes unfiltered, so opterr has to be 0, and the short
 * options have to begin with ':'.
 */
void option_why(char why[OPTION_WHY], int option, char **argv, const struct option *options);

/* True if the option that was returned last is not abbreviated. */
bool option_is_whole(char **argv, const char *name);

/* Describes an option that was refused because it is abbreviated. */
void option_unknown(char why[OPTION_WHY], char **argv);

#endif /* COMMON_OPTION_H */
