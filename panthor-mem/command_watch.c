/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "amount.h"
#include "commands.h"
#include "holders.h"
#include "look.h"
#include "machine.h"
#include "memory.h"
#include "term.h"
#include "text.h"

#define SCREEN_HOME "\033[H"
#define SCREEN_REST "\033[J"
#define LINE_REST "\033[K"

struct watch {
	const struct options *o;
	/* Lines point into the scan, so the previous scan is kept for the previous lines. */
	struct look now, before;
	struct holders lines, lines_before;
	bool has_before;
};

static const char *amount(char text[AMOUNT_TEXT], struct machine_amount a)
{
	if (!a.known)
		return "-";
	return amount_size(text, a.bytes);
}

/* The longest form that fits, since a number that is cut would read as another number. */
static char *headline(const struct watch *w, unsigned int columns)
{
	char available[AMOUNT_TEXT], ram[AMOUNT_TEXT], used[AMOUNT_TEXT], swap[AMOUNT_TEXT];
	const char *a, *b, *c, *d;
	time_t now = time(NULL);
	struct machine m;
	char clock[16];
	struct tm local;
	int form;

	machine_read(&m, &w->o->roots);
	localtime_r(&now, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	a = amount(available, m.ram_available);
	b = amount(ram, m.ram_total);
	c = amount(used, machine_swap_used(&m));
	d = amount(swap, m.swap_total);
	for (form = 0; form < 4; form++) {
		char *text;

		if (form == 0)
			text = memory_text("%s  RAM available %s of %s  swap used %s of %s", clock,
					   a, b, c, d);
		else if (form == 1)
			text = memory_text("%s  RAM %s of %s  swap %s of %s", clock, a, b, c, d);
		else if (form == 2)
			text = memory_text("%s  %s/%s  %s/%s", clock, a, b, c, d);
		else
			text = memory_text("%s", clock);
		if (!columns || text_columns(text) <= columns)
			return text;
		free(text);
	}
	return memory_text("%s", "");
}

/* Prints a line for each missing target, which may appear later. Returns the number of lines. */
static unsigned int print_missing(const struct watch *w, FILE *out, unsigned int most)
{
	const struct target_problems *problems = &w->now.problems;
	char text[PROBLEM_TEXT];
	size_t i;

	for (i = 0; i < problems->count && i < most; i++) {
		text_printable(text, sizeof(text), problems->items[i].problem.what);
		fprintf(out, "(%s)\n", text);
	}
	return (unsigned int)i;
}

/* Prints one line of text, cut to the width of the terminal. */
static void print_line(const char *line, size_t length, const struct term *term)
{
	char *text = memory_text("%.*s", (int)length, line);

	/* The table fits already, and has escape sequences that take no column. */
	if (*text == '(' && term->columns)
		text[text_fit(text, term->columns)] = '\0';
	printf("%s" LINE_REST "\n", text);
	free(text);
}

/* The whole text is formatted first, since a single write() does not flicker. */
static void draw(const struct watch *w, const struct term *term)
{
	char *head = headline(w, term->columns), *text = NULL, *line, *end;
	unsigned int room = term->rows > 4 ? term->rows - 2 : 2;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		say_fatal("out of memory");
	room -= print_missing(w, out, term->rows ? room / 2 : UINT32_MAX);
	if (w->lines.count || !w->now.problems.count)
		holders_table(&w->lines, w->has_before ? &w->lines_before : &w->lines, w->o->bytes,
			      out, term, term->rows ? room : 0);
	if (fclose(out))
		say_fatal("out of memory");
	if (term->tty) {
		fputs(SCREEN_HOME, stdout);
		printf("%s" LINE_REST "\n", head);
		for (line = text; *line; line = end + 1) {
			end = strchr(line, '\n');
			print_line(line, (size_t)(end - line), term);
		}
		fputs(SCREEN_REST, stdout);
	} else {
		printf("%s\n%s\n", head, text);
	}
	free(text);
	free(head);
}

static void add_amount(struct json_object *o, const char *key, struct machine_amount a)
{
	if (a.known)
		json_add_number(o, key, a.bytes);
	else
		json_add(o, key, NULL);
}

static void print_json(const struct watch *w)
{
	struct json_object *object = json_new("watch"), *machine = json_object_new_object();
	struct timespec now;
	struct machine m;

	clock_gettime(CLOCK_REALTIME, &now);
	machine_read(&m, &w->o->roots);
	json_add_number(object, "time_ns",
			(uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	add_amount(machine, "ram_bytes", m.ram_total);
	add_amount(machine, "ram_available_bytes", m.ram_available);
	add_amount(machine, "swap_bytes", m.swap_total);
	add_amount(machine, "swap_free_bytes", m.swap_free);
	json_add(object, "machine", machine);
	holders_json(&w->now.scan, w->o, object);
	json_add_problem(object, "error", &w->now.error);
	json_add_problems(object, "target_errors", &w->now.problems);
	json_print(object, true);
}

static void forget_before(struct watch *w)
{
	if (!w->has_before)
		return;
	holders_free(&w->lines_before);
	look_free(&w->before);
	w->has_before = false;
}

static void show(const struct watch *w, bool screen)
{
	struct term term;

	if (w->o->json) {
		print_json(w);
		return;
	}
	/* Each time, since the window can be resized. */
	term_look(&term, STDOUT_FILENO, w->o->colour);
	/* In the background, the terminal belongs to another job. */
	if (!screen || screen_enter())
		draw(w, &term);
}

/* Finds the targets again for each update, since processes come and go. */
static int loop(struct watch *w, bool screen)
{
	uint64_t looks;

	for (looks = 0; !w->o->count || looks < w->o->count; looks++) {
		if (looks)
			screen_rest(w->o->interval_ns);
		look_around(&w->now, w->o);
		if (w->now.error.error) {
			if (w->o->json && w->now.error.status != STATUS_USAGE)
				print_json(w);
			problem_say(&w->now.error, NULL);
			look_free(&w->now);
			return w->now.error.status;
		}
		holders_make(&w->lines, &w->now.scan, w->o);
		show(w, screen);
		forget_before(w);
		w->before = w->now;
		w->lines_before = w->lines;
		w->has_before = true;
		if (fflush(stdout))
			return STATUS_FAILED;
	}
	return STATUS_OK;
}

int command_watch(const struct options *o)
{
	struct watch w = { .o = o };
	struct term term;
	bool screen;
	int status;

	term_look(&term, STDOUT_FILENO, o->colour);
	screen = term.tty && !o->json;
	if (screen)
		screen_start();
	status = loop(&w, screen);
	if (screen)
		screen_leave();
	forget_before(&w);
	return status;
}
