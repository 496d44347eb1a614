/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "holders.h"
#include "look.h"
#include "problem.h"
#include "reach.h"

/* Prints the PIDs that a call by PID reaches, as far as that is known. */
static void pids_only(const struct scan *s)
{
	pid_t last = 0;
	size_t i;

	for (i = 0; i < s->n_holders; i++) {
		const struct scan_holder *h = &s->holders[i];

		/* One process can hold memory on several devices. */
		if (h->unreached == h->clients) {
			say("no PID reaches the memory of %d (%s): use --client %" PRIu64,
			    (int)h->pid, h->name, h->unreached_id);
		} else if (h->pid != last) {
			printf("%d\n", (int)h->pid);
			last = h->pid;
		}
	}
}

static void print(const struct options *o, const struct look *look)
{
	const struct scan *s = &look->scan;
	struct holders h;
	struct term term;

	if (o->pids_only) {
		pids_only(s);
		return;
	}
	term_look(&term, STDOUT_FILENO, o->colour);
	holders_make(&h, s, o);
	if (h.count)
		holders_table(&h, NULL, o->bytes, stdout, &term, 0);
	else if (!look->problems.count)
		say("no process that could be inspected holds GPU memory");
	holders_free(&h);
	holders_dmabufs(s, o->bytes, stdout);
	if (s->n_clients && !process_numbers_count(&o->roots))
		say("%s belongs to another pid namespace: its numbers mean other processes here; "
		    "for reclaim and claim, use --client (see list --by client)", o->roots.proc);
}

static void say_unseen(const struct scan *s)
{
	if (s->unreadable)
		say("%u %s of other users could not be inspected: %s", s->unreadable,
		    s->unreadable == 1 ? "process" : "processes", problem_more_rights());
	/* They are not dumpable, or have capabilities that this process lacks. */
	if (s->protected_own)
		say("%u protected %s of yours could not be inspected: %s", s->protected_own,
		    s->protected_own == 1 ? "process" : "processes", problem_more_rights());
	if (s->cut)
		say("%u %s more file descriptor tables than were scanned", s->cut,
		    s->cut == 1 ? "process has" : "processes have");
	if (s->cut_clients)
		say("the sums leave out what %u %s beyond %d regions", s->cut_clients,
		    s->cut_clients == 1 ? "client has" : "clients have", FDINFO_REGIONS);
}

static void print_json(const struct options *o, const struct look *look)
{
	struct json_object *object = json_new("list");

	holders_json(&look->scan, o, object);
	json_add_problem(object, "error", &look->error);
	json_add_problems(object, "target_errors", &look->problems);
	json_print(object, false);
}

int command_list(const struct options *o)
{
	struct look look;
	int status;
	size_t i;

	look_around(&look, o);
	if (!look.error.error && o->pids_only && !process_numbers_count(&o->roots))
		problem_foreign(&look.error, o->roots.proc);
	if (!look.error.error)
		reach_find_all(&look.scan, &o->roots);
	if (o->json && look.error.status != STATUS_USAGE)
		print_json(o, &look);
	else if (!look.error.error)
		print(o, &look);
	for (i = 0; i < look.problems.count; i++)
		problem_say(&look.problems.items[i].problem, "list");
	if (look.error.error)
		problem_say(&look.error, NULL);
	else
		say_unseen(&look.scan);
	status = look_status(&look);
	look_free(&look);
	return status;
}
