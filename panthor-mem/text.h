/* SPDX-License-Identifier: MIT */
/* Makes names that other programs chose safe for a terminal and for JSON. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <stddef.h>
#include <stdio.h>

/*
 * Copies @from, as far as it fits in @size bytes, with '?' for everything that does not print
 * or would change how the rest is read: control characters, direction marks, and bytes that are
 * not a character in this locale.
 */
void text_printable(char *to, size_t size, const char *from);

/* The same for JSON, which is UTF-8 and can hold control characters. */
void text_utf8(char *to, size_t size, const char *from);

/*
 * Writes JSON whose strings are well-formed UTF-8, with an escape for each character that
 * text_printable() would not show.
 */
void text_json(const char *json, FILE *out);

/* The columns that a printable text takes, and the number of its bytes that fit in @columns. */
unsigned int text_columns(const char *text);
size_t text_fit(const char *text, unsigned int columns);

#endif /* TOOL_TEXT_H */
