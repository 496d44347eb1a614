/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <panthor_drmif.h>

#include "device.h"
#include "memory.h"
#include "reach.h"

/* Whether a call by this PID reaches anything. */
struct answer {
	pid_t pid;
	bool reached;
};

struct asking {
	const struct roots *roots;
	int fd;
	bool usable;
	bool over; /* the kernel does not answer the question here */
	struct answer *answers;
	size_t count;
};

static int dry_run(const struct asking *a, pid_t pid)
{
	struct panthor_mem_claim_options options = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	int pidfd = a->usable ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	int ret;

	options.flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
	if (pidfd < 0)
		return panthor_mem_claim_with(a->fd, pid, &options, NULL);
	ret = panthor_mem_claim_pidfd_with(a->fd, pidfd, &options, NULL);
	if (ret == -ENOSYS)
		ret = panthor_mem_claim_with(a->fd, pid, &options, NULL);
	close(pidfd);
	return ret;
}

static bool is_reached(struct asking *a, pid_t pid)
{
	struct answer *answer;
	size_t i;
	int ret;

	for (i = 0; i < a->count; i++) {
		if (a->answers[i].pid == pid)
			return a->answers[i].reached;
	}
	ret = dry_run(a, pid);
	/* Any other error would be the same for each process. */
	if (ret && ret != -ESRCH)
		a->over = true;
	a->answers = memory_grow(a->answers, a->count, a->count + 1, sizeof(*a->answers));
	answer = &a->answers[a->count++];
	answer->pid = pid;
	answer->reached = !ret;
	return answer->reached;
}

static void ask(struct scan_client *c, struct asking *a)
{
	size_t i;

	for (i = 0; i < c->pids.count && !a->over; i++) {
		if (is_reached(a, c->pids.numbers[i]))
			number_list_add(&c->reached, c->pids.numbers[i]);
	}
	c->reach_known = !a->over;
	if (a->over)
		number_list_free(&c->reached);
}

static bool is_asked(const struct scan_client *c, const char *node)
{
	return !c->reach_known && !strcmp(c->node, node) && !strcmp(c->info.driver, DEVICE_DRIVER);
}

void reach_find(struct scan *s, const struct roots *roots, const char *node, int fd)
{
	struct asking a = {
		.roots = roots,
		.fd = fd,
		.usable = process_numbers_usable(roots),
	};
	size_t i;

	if (!process_numbers_count(roots))
		return;
	for (i = 0; i < s->n_clients && !a.over; i++) {
		if (is_asked(&s->clients[i], node))
			ask(&s->clients[i], &a);
	}
	free(a.answers);
	scan_count(s, roots);
}

void reach_find_all(struct scan *s, const struct roots *roots)
{
	char last[NODE_NAME] = "";
	size_t i;

	if (!process_numbers_count(roots))
		return;
	for (i = 0; i < s->n_clients; i++) {
		struct scan_client *c = &s->clients[i];
		struct problem none;
		struct device d;

		if (!is_asked(c, c->node) || !strcmp(last, c->node))
			continue;
		memcpy(last, c->node, sizeof(last));
		if (!device_open(&d, roots, c->node, &none))
			reach_find(s, roots, c->node, d.fd);
		device_close(&d);
	}
}

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
static void explain_client(struct problem *p, const struct roots *roots, const char *node, int fd,
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

void reach_explain(struct problem *p, const struct roots *roots, const char *node, int fd,
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
	explain_client(p, roots, node, fd, pid);
}
