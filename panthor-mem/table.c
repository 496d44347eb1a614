/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "table.h"
#include "text.h"

#define GAP 1
#define MAX_COLUMNS 16
#define SHRINK_LEAST 8
#define MARK 2 /* the width of " +" */
#define BOLD "1"

void table_add(struct table *table, const char *cell)
{
	table->cells = memory_grow(table->cells, table->n_cells, table->n_cells + 1,
				   sizeof(*table->cells));
	table->cells[table->n_cells++] = memory_text("%s", cell);
}

/* How wide each column is, whether it is hidden, and whether a mark says that one is. */
struct layout {
	unsigned int widths[MAX_COLUMNS];
	bool hidden[MAX_COLUMNS];
	bool mark;
};

/* Is it the same in each row? The total does not count. */
static bool is_constant(const struct table *t, size_t column)
{
	size_t i, rows = t->n_cells / t->n_columns - (t->total ? 1 : 0);

	for (i = 1; i < rows; i++) {
		if (strcmp(t->cells[column], t->cells[i * t->n_columns + column]))
			return false;
	}
	return rows;
}

static unsigned int least_width(const struct table *t, const struct layout *l, size_t column)
{
	bool shrinks = t->columns[column].shrink && l->widths[column] > SHRINK_LEAST;

	return shrinks ? SHRINK_LEAST : l->widths[column];
}

/* The width of the visible columns when they are as narrow as they can be. */
static unsigned int least_total(const struct table *t, const struct layout *l)
{
	unsigned int total = 0;
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		if (!l->hidden[i])
			total += least_width(t, l, i) + (total ? GAP : 0);
	}
	return total;
}

/* Hides columns until the others have room, if that is possible. */
static void hide(const struct table *t, struct layout *l, unsigned int limit)
{
	unsigned int most, i;

	for (i = 0; i < t->n_columns && least_total(t, l) + (l->mark ? MARK : 0) > limit; i++) {
		if (t->columns[i].drop && is_constant(t, i))
			l->hidden[i] = l->mark = true;
	}
	while (least_total(t, l) + (l->mark ? MARK : 0) > limit) {
		for (i = most = 0; i < t->n_columns; i++) {
			if (!l->hidden[i] && t->columns[i].drop > t->columns[most].drop)
				most = i;
		}
		if (!t->columns[most].drop || l->hidden[most])
			break;
		l->hidden[most] = l->mark = true;
	}
}

/* Narrows the columns that can be narrower, from left to right. */
static void shrink(const struct table *t, struct layout *l, unsigned int limit)
{
	unsigned int total = 0;
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		if (!l->hidden[i])
			total += l->widths[i] + (total ? GAP : 0);
	}
	for (i = 0; total > limit && i < t->n_columns; i++) {
		unsigned int over = total - limit, least = least_width(t, l, i);

		if (l->hidden[i])
			continue;
		if (over > l->widths[i] - least)
			over = l->widths[i] - least;
		l->widths[i] -= over;
		total -= over;
	}
}

/* Cuts text that still does not fit, and hides numbers: a cut number would read as another. */
static void cut(const struct table *t, struct layout *l, unsigned int limit)
{
	unsigned int total = 0;
	bool over = false;
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		unsigned int begin = total + (total ? GAP : 0);

		if (l->hidden[i])
			continue;
		over |= total && (begin >= limit ||
				  (t->columns[i].right && begin + l->widths[i] > limit));
		if (over) {
			l->hidden[i] = true;
			continue;
		}
		if (begin + l->widths[i] > limit)
			l->widths[i] = limit - begin;
		total = begin + l->widths[i];
	}
	l->mark |= over;
	l->mark &= total + MARK <= limit;
}

static void measure(const struct table *t, unsigned int limit, struct layout *l)
{
	size_t i;

	*l = (struct layout){ .mark = false };
	for (i = 0; i < t->n_columns; i++)
		l->widths[i] = text_columns(t->columns[i].title);
	for (i = 0; i < t->n_cells; i++) {
		unsigned int width = text_columns(t->cells[i]);

		if (l->widths[i % t->n_columns] < width)
			l->widths[i % t->n_columns] = width;
	}
	if (!limit)
		return;
	hide(t, l, limit);
	shrink(t, l, l->mark && limit > MARK ? limit - MARK : limit);
	cut(t, l, limit);
}

static void spaces(FILE *out, unsigned int n)
{
	while (n--)
		fputc(' ', out);
}

/* Prints a text in @width columns; '+' says that it was cut. */
static void cell(FILE *out, const char *text, unsigned int width, bool right, bool pad,
		 const char *style)
{
	unsigned int columns = text_columns(text), room;
	bool cut = columns > width, bare = !*text || !strcmp(text, "0") || !strcmp(text, "-");
	size_t bytes = text_fit(text, cut ? width - 1 : width);

	/* A wide character that does not fit whole is left out, so that a column can stay free. */
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

/* @texts: one for each column. */
static void row(const struct table *t, FILE *out, bool colour, const struct layout *l,
		char *const *texts, const char *style, bool mark)
{
	size_t i, last = t->n_columns;
	bool first = true;

	/* Nothing is printed after the last text, so that no line ends with blanks. */
	while (last && (l->hidden[last - 1] || (!mark && !*texts[last - 1])))
		last--;
	for (i = 0; i < last; i++) {
		const struct table_column *c = &t->columns[i];

		if (l->hidden[i])
			continue;
		spaces(out, first ? 0 : GAP);
		first = false;
		cell(out, texts[i], l->widths[i], c->right, i + 1 < last || mark,
		     !colour ? NULL : style ? style : c->style);
	}
	if (mark)
		fputs(" +", out);
	fputc('\n', out);
}

unsigned int table_print(const struct table *t, FILE *out, const struct term *term,
			 size_t max_rows)
{
	size_t rows = t->n_cells / t->n_columns, sum = t->total && rows ? 1 : 0;
	size_t shown = rows - sum, i;
	char *titles[MAX_COLUMNS];
	unsigned int lines = 1;
	struct layout l;

	if (t->n_columns > MAX_COLUMNS)
		abort();
	/* One line says how many more there are. */
	if (max_rows && rows > max_rows)
		shown = max_rows > 1 + sum ? max_rows - 1 - sum : 0;
	measure(t, term->columns, &l);
	for (i = 0; i < t->n_columns; i++)
		titles[i] = (char *)t->columns[i].title;
	row(t, out, term->colour, &l, titles, BOLD, l.mark);
	for (i = 0; i < shown; i++, lines++)
		row(t, out, term->colour, &l, t->cells + i * t->n_columns, NULL, false);
	if (shown < rows - sum && (!sum || max_rows > 1)) {
		fprintf(out, "(%zu more)\n", rows - sum - shown);
		lines++;
	}
	if (sum) {
		row(t, out, term->colour, &l, t->cells + (rows - 1) * t->n_columns, BOLD, false);
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
