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
#include "machine.h"
#include "memory.h"
#include "stop.h"
#include "target.h"
#include "text.h"

/* A screen of its own, so that the one before comes back at the end. */
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_HOME "\033[H"
#define SCREEN_REST "\033[J"
#define LINE_REST "\033[K"

struct watch {
	const struct options *o;
	const char *node;
	struct scan now;
	struct scan before;
	bool has_before;
};

/* Targets anew at each look: processes come and go in a cgroup. */
static int look(struct watch *w)
{
	struct pid_list targets = { 0 };
	struct problem none;
	int ret;

	if (target_any(w->o))
		target_find(w->o, &targets, &none);
	ret = scan(&w->now, &w->o->roots, w->node, target_any(w->o) ? &targets : NULL);
	pid_list_free(&targets);
	if (ret)
		say("cannot read %s: %s: is it mounted?", w->o->roots.proc, strerror(-ret));
	return ret;
}

static char *headline(const struct watch *w)
{
	char available[AMOUNT_TEXT], ram[AMOUNT_TEXT], used[AMOUNT_TEXT], swap[AMOUNT_TEXT];
	char clock[16];
	struct machine m;
	time_t now = time(NULL);
	struct tm local;

	machine_read(&m, &w->o->roots);
	localtime_r(&now, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	return memory_text("%s  RAM available %s of %s  swap used %s of %s", clock,
			   amount_size(available, m.ram_available),
			   amount_size(ram, m.ram_total),
			   amount_size(used, m.swap_total - m.swap_free),
			   amount_size(swap, m.swap_total));
}

/* Everything into one piece of text first: one write() does not flicker. */
static void draw(const struct watch *w, const struct term *term)
{
	char *head = headline(w), *text = NULL, *line, *end;
	unsigned int room = term->rows > 3 ? term->rows - 2 : 1;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		say_fatal("out of memory");
	holders_table(&w->now, w->has_before ? &w->before : &w->now, w->o->bytes, out, term,
		      term->rows ? room : 0);
	if (fclose(out))
		say_fatal("out of memory");
	if (term->tty) {
		fputs(SCREEN_HOME, stdout);
		printf("%.*s" LINE_REST "\n", (int)text_fit(head, term->columns), head);
		for (line = text; *line; line = end + 1) {
			end = strchr(line, '\n');
			printf("%.*s" LINE_REST "\n", (int)(end - line), line);
		}
		fputs(SCREEN_REST, stdout);
	} else {
		printf("%s\n%s\n", head, text);
	}
	free(text);
	free(head);
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
	json_add_number(machine, "ram_bytes", m.ram_total);
	json_add_number(machine, "ram_available_bytes", m.ram_available);
	json_add_number(machine, "swap_bytes", m.swap_total);
	json_add_number(machine, "swap_free_bytes", m.swap_free);
	json_add(object, "machine", machine);
	holders_json(&w->now, object);
	json_print(object, true);
}

static void rest(int64_t ns)
{
	struct timespec left = { ns / 1000000000, ns % 1000000000 };

	if (!stop_signal())
		nanosleep(&left, NULL);
}

static int loop(struct watch *w)
{
	uint64_t looks;

	for (looks = 0; !stop_signal(); looks++) {
		struct term term;

		if (looks)
			rest(w->o->interval_ns);
		if (stop_signal())
			break;
		if (look(w))
			return STATUS_FAILED;
		/* Anew each time: windows change their size. */
		term_look(&term, STDOUT_FILENO, w->o->colour);
		if (w->o->json)
			print_json(w);
		else
			draw(w, &term);
		if (w->has_before)
			scan_free(&w->before);
		w->before = w->now;
		w->has_before = true;
		if (fflush(stdout))
			return STATUS_FAILED;
		if (w->o->count && looks + 1 == w->o->count)
			break;
	}
	return STATUS_OK;
}

int command_watch(const struct options *o)
{
	char node[NODE_NAME];
	struct watch w = { .o = o };
	struct term term;
	bool screen;
	int status;

	if (o->device) {
		if (!node_of_name(&o->roots, o->device, node)) {
			say("%s is no name of a DRM node: name one like renderD128", o->device);
			return STATUS_USAGE;
		}
		w.node = node;
	}
	stop_catch();
	term_look(&term, STDOUT_FILENO, o->colour);
	screen = term.tty && !o->json;
	if (screen)
		fputs(SCREEN_ENTER, stdout);
	status = loop(&w);
	if (screen)
		fputs(SCREEN_LEAVE, stdout);
	if (w.has_before)
		scan_free(&w.before);
	return status;
}
