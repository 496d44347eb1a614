/* SPDX-License-Identifier: MIT */
/* Rows and columns on a terminal, or in a file. */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "term.h"

struct table_column {
	const char *title;
	bool right;	   /* numbers */
	bool shrink;	   /* is cut short when the terminal is narrow */
	const char *style; /* of its cells: an SGR parameter, or NULL */
	/*
	 * 0: shown as long as possible. If there is no room, the others are hidden: first those
	 * whose cells are all the same, then the one with the highest value.
	 */
	unsigned int drop;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	char **cells;
	size_t n_cells;
	bool total; /* the last row is the total */
};

/* Adds a copy of @cell. Cells are added row by row, from left to right. */
void table_add(struct table *table, const char *cell);

/*
 * Prints the titles and up to @max_rows rows (0: all). A line says how many rows are missing; the
 * total is always shown. No line is wider than the terminal, and no number is cut. A '+' after the
 * titles says that columns are missing. Returns the number of lines.
 */
unsigned int table_print(const struct table *table, FILE *out, const struct term *term,
			 size_t max_rows);

void table_free(struct table *table);

#endif /* TOOL_TABLE_H */
