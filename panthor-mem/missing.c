/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "missing.h"
#include "reach.h"

static void has_client(struct problem *p, const struct roots *roots, const struct scan_client *c,
		       pid_t pid)
{
	char remedy[64], name[PROCESS_NAME] = "";
	pid_t other = c->reached.count ? c->reached.numbers[0] : 0;

	snprintf(remedy, sizeof(remedy), "use --client %" PRIu64, c->info.id);
	if (!c->reach_known) {
		problem_set(p, ESRCH, STATUS_NO_TARGET, remedy,
			    "it has client %" PRIu64 " of %s, but did not use it last",
			    c->info.id, c->node);
	} else if (other && other != pid) {
		process_name(roots, other, name);
		problem_set(p, ESRCH, STATUS_NO_TARGET, remedy,
			    "it has client %" PRIu64 " of %s, but process %d (%s) used it last",
			    c->info.id, c->node, (int)other, name);
	} else if (other) {
		/* It has used the file since the call. */
		problem_set(p, ESRCH, STATUS_NO_TARGET, "try again",
			    "it was not the last user of client %" PRIu64 " of %s, but is now",
			    c->info.id, c->node);
	} else {
		problem_set(p, ESRCH, STATUS_NO_TARGET, remedy,
			    "it has client %" PRIu64 " of %s, whose last user has exited or no "
			    "longer has it", c->info.id, c->node);
	}
}

/* Explains the first client that the process has. Any other process may have used it last. */
static void look(struct problem *p, const struct roots *roots, const char *node, int fd,
		 pid_t pid)
{
	const struct scan_wish wish = { .node = node };
	struct scan s;
	size_t i;

	if (scan(&s, roots, &wish))
		return;
	reach_find(&s, roots, node, fd);
	for (i = 0; i < s.n_clients; i++) {
		if (s.clients[i].info.has_id && number_list_has(&s.clients[i].pids, pid)) {
			has_client(p, roots, &s.clients[i], pid);
			break;
		}
	}
	scan_free(&s);
}

void missing_explain(struct problem *p, const struct roots *roots, const char *node, int fd,
		     pid_t pid)
{
	pid_t process;

	if (!process_numbers_count(roots)) {
		problem_set(p, ESRCH, STATUS_NO_TARGET,
			    "mount a /proc of this namespace to find out: `unshare --mount-proc`",
			    "there is no process %d in this pid namespace, or it has no file of %s",
			    (int)pid, node);
		return;
	}
	process = process_of(roots, pid);
	if (!process) {
		problem_no_process(p, pid);
		return;
	}
	if (process != pid) {
		problem_thread(p, pid, process);
		return;
	}
	problem_of_call(p, ESRCH, roots, node);
	look(p, roots, node, fd, pid);
}
