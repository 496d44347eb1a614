/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "table.h"
#include "text.h"

#define GAP 1
#define MAX_COLUMNS 16
#define SHRINK_LEAST 8
#define BOLD "1"

void table_add(struct table *table, const char *cell)
{
	table->cells = memory_grow(table->cells, table->n_cells, table->n_cells + 1,
				   sizeof(*table->cells));
	table->cells[table->n_cells++] = memory_text("%s", cell);
}

/* Widths of the columns; returns how many of them there is room for. */
static size_t measure(const struct table *t, unsigned int limit, unsigned int *widths)
{
	unsigned int total = 0;
	size_t i;

	for (i = 0; i < t->n_columns; i++)
		widths[i] = text_columns(t->columns[i].title);
	for (i = 0; i < t->n_cells; i++) {
		unsigned int width = text_columns(t->cells[i]);

		if (widths[i % t->n_columns] < width)
			widths[i % t->n_columns] = width;
	}
	for (i = 0; i < t->n_columns; i++)
		total += widths[i] + (i ? GAP : 0);
	for (i = 0; limit && total > limit && i < t->n_columns; i++) {
		unsigned int over = total - limit;

		if (!t->columns[i].shrink || widths[i] <= SHRINK_LEAST)
			continue;
		if (over > widths[i] - SHRINK_LEAST)
			over = widths[i] - SHRINK_LEAST;
		widths[i] -= over;
		total -= over;
	}
	/* A text can be cut; a part of a number would be another number. */
	for (i = total = 0; i < t->n_columns; i++) {
		unsigned int begin = total + (i ? GAP : 0);

		if (limit && i &&
		    (begin >= limit || (t->columns[i].right && begin + widths[i] > limit)))
			break;
		if (limit && begin + widths[i] > limit)
			widths[i] = limit - begin;
		total = begin + widths[i];
	}
	return i;
}

static void spaces(FILE *out, unsigned int n)
{
	while (n--)
		fputc(' ', out);
}

/* A text in @width columns; '+' says that there was more of it. */
static void cell(FILE *out, const char *text, unsigned int width, bool right, bool pad,
		 const char *style)
{
	unsigned int columns = text_columns(text), room;
	bool cut = columns > width, bare = !*text || !strcmp(text, "0") || !strcmp(text, "-");
	size_t bytes = text_fit(text, cut ? width - 1 : width);

	/* Half a wide character is none, and leaves a column free. */
	if (cut) {
		char *part = memory_text("%.*s", (int)bytes, text);

		columns = text_columns(part) + 1;
		free(part);
	}
	room = width - columns;

	if (right)
		spaces(out, room);
	if (style && !bare)
		fprintf(out, "\033[%sm", style);
	fwrite(text, 1, bytes, out);
	if (cut)
		fputc('+', out);
	if (style && !bare)
		fputs("\033[0m", out);
	if (!right && pad)
		spaces(out, room);
}

/* @texts: one for each of the @last columns. */
static void row(const struct table *t, FILE *out, bool colour, const unsigned int *widths,
		size_t last, char *const *texts, const char *style)
{
	size_t i;

	/* Nothing after the last text: no blanks at the end of a line. */
	while (last && !*texts[last - 1])
		last--;
	for (i = 0; i < last; i++) {
		const struct table_column *c = &t->columns[i];

		spaces(out, i ? GAP : 0);
		cell(out, texts[i], widths[i], c->right, i + 1 < last,
		     !colour ? NULL : style ? style : c->style);
	}
	fputc('\n', out);
}

unsigned int table_print(const struct table *t, FILE *out, const struct term *term,
			 size_t max_rows)
{
	unsigned int widths[MAX_COLUMNS], lines = 1;
	char *titles[MAX_COLUMNS];
	size_t rows = t->n_cells / t->n_columns;
	size_t shown = rows, visible, i;

	if (t->n_columns > MAX_COLUMNS)
		abort();
	if (max_rows && rows > max_rows)
		shown = max_rows > 1 ? max_rows - 1 : 0;
	visible = measure(t, term->columns, widths);
	for (i = 0; i < t->n_columns; i++)
		titles[i] = (char *)t->columns[i].title;
	row(t, out, term->colour, widths, visible, titles, BOLD);
	for (i = 0; i < shown; i++, lines++) {
		bool sum = t->total && i + 1 == rows;

		row(t, out, term->colour, widths, visible, t->cells + i * t->n_columns,
		    sum ? BOLD : NULL);
	}
	if (shown < rows) {
		fprintf(out, "(%zu more)\n", rows - shown);
		lines++;
	}
	return lines;
}

void table_free(struct table *table)
{
	size_t i;

	for (i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->n_cells = 0;
}
