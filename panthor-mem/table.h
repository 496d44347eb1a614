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
	bool shrink;	   /* gives way when the terminal is narrow */
	const char *style; /* of its cells: an SGR parameter, or NULL */
	/*
	 * 0: stays as long as it can. Others go when there is no room, the highest first,
	 * and before all of these those whose cells are all alike.
	 */
	unsigned int drop;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	char **cells;
	size_t n_cells;
	bool total; /* the last row is a sum */
};

/* Cells are copied, row by row, from left to right. */
void table_add(struct table *table, const char *cell);

/*
 * Print the title and up to @max_rows rows (0: all): a line says how many are missing, and
 * a last row that is a sum is always there. No line is wider than the terminal, and no
 * number is cut; '+' after the titles says that columns are missing. Returns the number
 * of lines.
 */
unsigned int table_print(const struct table *table, FILE *out, const struct term *term,
			 size_t max_rows);

void table_free(struct table *table);

#endif /* TOOL_TABLE_H */
