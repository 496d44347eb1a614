/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "holders.h"
#include "target.h"

static void pids_only(const struct scan *s)
{
	pid_t last = 0;
	size_t i;

	for (i = 0; i < s->n_holders; i++) {
		/* One process can be there for several devices. */
		if (s->holders[i].pid != last)
			printf("%d\n", (int)s->holders[i].pid);
		last = s->holders[i].pid;
	}
}

static void print(const struct options *o, const struct scan *s)
{
	struct term term;

	if (o->json) {
		struct json_object *object = json_new("list");

		holders_json(s, object);
		json_print(object, false);
		return;
	}
	if (o->pids_only) {
		pids_only(s);
		return;
	}
	term_look(&term, STDOUT_FILENO, o->colour);
	if (s->n_holders)
		holders_table(s, NULL, o->bytes, stdout, &term, 0);
	else
		say("nobody that could be looked at holds GPU memory");
	if (s->unreadable)
		say("%u %s of other users could not be looked at: root can", s->unreadable,
		    s->unreadable == 1 ? "process" : "processes");
}

int command_list(const struct options *o)
{
	struct pid_list targets = { 0 };
	struct problem problem = { 0 };
	char node[NODE_NAME];
	struct scan s;
	int ret = 0;

	if (o->device && !node_of_name(&o->roots, o->device, node)) {
		say("%s is no name of a DRM node: name one like renderD128", o->device);
		return STATUS_USAGE;
	}
	if (target_any(o) && target_find(o, &targets, &problem)) {
		problem_say(&problem, "list");
		pid_list_free(&targets);
		return problem.status;
	}
	ret = scan(&s, &o->roots, o->device ? node : NULL, target_any(o) ? &targets : NULL);
	if (ret)
		say("cannot read %s: %s: is it mounted?", o->roots.proc, strerror(-ret));
	else
		print(o, &s);
	scan_free(&s);
	pid_list_free(&targets);
	return ret ? STATUS_FAILED : STATUS_OK;
}
