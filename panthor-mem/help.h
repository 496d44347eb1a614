/* SPDX-License-Identifier: MIT */
#ifndef TOOL_HELP_H
#define TOOL_HELP_H

#include <stdio.h>

/* Prints the text of --help. */
void help_print(FILE *out);

#endif /* TOOL_HELP_H */
