/* SPDX-License-Identifier: MIT */
/* What a scan found, for people and for programs. */
#ifndef TOOL_HOLDERS_H
#define TOOL_HOLDERS_H

#include <stdio.h>

#include "json.h"
#include "scan.h"
#include "term.h"

/*
 * @before: an earlier scan to compare with, or NULL. @max_lines: 0 for no limit.
 * Returns the number of lines.
 */
unsigned int holders_table(const struct scan *s, const struct scan *before, bool bytes,
			   FILE *out, const struct term *term, unsigned int max_lines);

void holders_json(const struct scan *s, struct json_object *o);

#endif /* TOOL_HOLDERS_H */
