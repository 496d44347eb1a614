/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "device.h"
#include "memory.h"
#include "reach.h"
#include "target.h"

bool target_any(const struct options *o)
{
	return o->pids.count || o->clients.count || o->n_cgroups || o->n_names;
}

static struct problem *add_problem(struct target_problems *problems, const char *option,
				   const char *value)
{
	struct target_problem *item;

	problems->items = memory_grow(problems->items, problems->count, problems->count + 1,
				      sizeof(*problems->items));
	item = &problems->items[problems->count++];
	item->named = memory_text("%s%s", option, value);
	return &item->problem;
}

void target_no_client(struct target_problems *problems, uint64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, id);
	problem_set(add_problem(problems, "--client ", text), ESRCH, STATUS_NO_TARGET,
		    "`panthor-mem list --by client` shows the clients",
		    "no process that could be inspected has a client %" PRIu64, id);
}

void target_problem_free(struct target_problems *problems)
{
	size_t i;

	for (i = 0; i < problems->count; i++)
		free(problems->items[i].named);
	free(problems->items);
	*problems = (struct target_problems){ 0 };
}

/* --- processes -------------------------------------------------------------- */

/* Adds all but this process. Returns how many. */
static size_t add_others(struct number_list *to, const struct number_list *from)
{
	size_t i, others = 0;

	for (i = 0; i < from->count; i++) {
		if (from->numbers[i] == (uint64_t)getpid())
			continue;
		number_list_add(to, from->numbers[i]);
		others++;
	}
	return others;
}

static void no_cgroup(struct problem *p, int error, const char *path)
{
	if (error == ENOENT || error == ENOTDIR)
		problem_set(p, error, STATUS_NO_TARGET, "systemd-cgls(1) shows them",
			    "there is no cgroup %s", path);
	else
		problem_set(p, error, STATUS_NO_TARGET, NULL, "cgroup %s: %s", path,
			    strerror(error));
}

/* Lists its processes. The kernel gives the numbers of our own namespace, whatever procfs is. */
static bool by_cgroup(const struct options *o, const char *path, struct number_list *list,
		      struct target_problems *problems)
{
	struct number_list found = { 0 };
	bool unseen;
	int ret = cgroup_processes(&o->roots, path, &found, &unseen);
	size_t others = add_others(list, &found);

	number_list_free(&found);
	if (ret)
		no_cgroup(add_problem(problems, "--cgroup ", path), -ret, path);
	else if (!others && !unseen)
		problem_set(add_problem(problems, "--cgroup ", path), ESRCH, STATUS_NO_TARGET,
			    NULL, "cgroup %s has no process", path);
	return !ret && (others || unseen);
}

static void by_name(const struct options *o, const char *name, struct number_list *list,
		    struct target_problems *problems)
{
	struct number_list all = { 0 }, found = { 0 };
	char kept[PROCESS_NAME];
	size_t i, others;
	int ret = process_all(&o->roots, &all);

	if (ret) {
		problem_set(add_problem(problems, "--comm ", name), -ret, STATUS_FAILED,
			    "is /proc mounted?", "cannot read %s: %s", o->roots.proc,
			    strerror(-ret));
		return;
	}
	for (i = 0; i < all.count; i++) {
		if (process_name(&o->roots, all.numbers[i], kept) && process_is_called(kept, name))
			number_list_add(&found, all.numbers[i]);
	}
	others = add_others(list, &found);
	number_list_free(&all);
	number_list_free(&found);
	if (!others)
		problem_set(add_problem(problems, "--comm ", name), ESRCH, STATUS_NO_TARGET,
			    "`panthor-mem list` shows names", "no process is called %s", name);
}

/* If procfs belongs to another namespace, numbers from elsewhere mean other processes there. */
static bool foreign(const struct options *o, const char *option, const char *value,
		    struct target_problems *problems)
{
	if (process_numbers_count(&o->roots))
		return false;
	problem_foreign(add_problem(problems, option, value), o->roots.proc);
	return true;
}

static void by_number(const struct options *o, pid_t pid, struct number_list *list,
		      struct target_problems *problems)
{
	char text[16];
	pid_t process;

	snprintf(text, sizeof(text), "%d", (int)pid);
	if (foreign(o, "", text, problems))
		return;
	process = process_of(&o->roots, pid);
	if (process == pid)
		number_list_add(list, pid);
	else if (process)
		problem_thread(add_problem(problems, "", text), pid, process);
	else
		problem_no_process(add_problem(problems, "", text), pid);
}

void target_pids(const struct options *o, struct number_list *list,
		 struct target_problems *problems)
{
	size_t i;

	for (i = 0; i < o->pids.count; i++)
		by_number(o, o->pids.numbers[i], list, problems);
	for (i = 0; i < o->n_cgroups; i++) {
		if (!foreign(o, "--cgroup ", o->cgroups[i], problems))
			by_cgroup(o, o->cgroups[i], list, problems);
	}
	for (i = 0; i < o->n_names; i++)
		by_name(o, o->names[i], list, problems);
}

/* --- targets of calls -------------------------------------------------------- */

static struct target *add_target(struct target_list *list, enum target_kind kind, bool named)
{
	struct target *t;

	list->targets = memory_grow(list->targets, list->count, list->count + 1,
				    sizeof(*list->targets));
	t = &list->targets[list->count++];
	t->kind = kind;
	t->named = named;
	t->fd = -1;
	return t;
}

/* Descriptors that the work itself needs, kept free while the targets take theirs. */
#define SPARE_FILES 16

static void keep_spare(int spare[SPARE_FILES])
{
	size_t i;

	for (i = 0; i < SPARE_FILES; i++)
		spare[i] = open("/", O_PATH | O_CLOEXEC);
}

static void close_spare(const int spare[SPARE_FILES])
{
	size_t i;

	for (i = 0; i < SPARE_FILES; i++) {
		if (spare[i] >= 0)
			close(spare[i]);
	}
}

/*
 * A process without a pidfd is worked on by number only where none can be opened: the kernel has
 * none, or a filter of system calls refuses them. Otherwise, by the time of its call, the number
 * could belong to another process.
 */
static void add_process(const struct options *o, struct target_list *list, pid_t pid,
			bool counts)
{
	struct target *t = add_target(list, TARGET_PROCESS, true);

	t->pid = pid;
	if (counts)
		process_name(&o->roots, pid, t->name);
	/* It means the same whatever procfs is mounted, but in a test it is not a real one. */
	if (strcmp(o->roots.proc, "/proc"))
		return;
	t->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (t->fd >= 0 || errno == ENOSYS || errno == EPERM)
		return;
	/* The number of a thread, or of no process. */
	t->error = errno == EINVAL || errno == ENOENT ? ESRCH : errno;
}

static bool has_client(const struct target_list *list, uint64_t id)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->targets[i].kind == TARGET_CLIENT && list->targets[i].client == id)
			return true;
	}
	return false;
}

static void add_client(const struct options *o, struct target_list *list, uint64_t id,
		       pid_t pid, bool named)
{
	struct target *t;

	if (has_client(list, id))
		return;
	t = add_target(list, TARGET_CLIENT, named);
	t->client = id;
	if (!pid)
		return;
	/* The name is right with any procfs, the number only with our own. */
	process_name(&o->roots, pid, t->name);
	t->pid = process_numbers_count(&o->roots) ? pid : 0;
}

static bool is_ours(const struct scan_client *c, const char *node)
{
	return c->info.has_id && !strcmp(c->node, node) && !strcmp(c->info.driver, DEVICE_DRIVER);
}

/* If @all has each number in @of, no other process has the client open. */
static bool is_subset(const struct number_list *of, const struct number_list *all)
{
	size_t i;

	for (i = 0; i < of->count; i++) {
		if (!number_list_has(all, of->numbers[i]))
			return false;
	}
	return true;
}

/* Could a process outside have a client open that the scan of all processes did not find there? */
static bool is_partial(const struct scan *s, const struct roots *roots, struct problem *why)
{
	char *options = process_options(roots);
	bool hidden = process_hidden(options), partial = true;

	free(options);
	if (hidden || s->unreadable || s->protected_own)
		problem_set(why, EACCES, STATUS_NOT_PERMITTED, problem_more_rights(),
			    "not all other processes can be inspected");
	else if (s->cut)
		problem_set(why, E2BIG, STATUS_FAILED, "use --client",
			    "a process has too many tables of files to inspect");
	else
		partial = false;
	return partial;
}

/*
 * Adds clients that only these processes have open, and that none of them used last, so that the
 * call for the cgroup does not reach them: the last user may have exited. A client that a process
 * outside also has open is left alone, since it may be that process's. So is each client that a
 * process which cannot be inspected may have open.
 */
static void add_unreached(const struct options *o, const char *node, int fd,
			  const struct number_list *pids, struct target_list *list)
{
	const struct scan_wish some = { .node = node, .pids = pids };
	struct scan_wish whole = { .node = node };
	struct number_list ids = { 0 };
	struct scan s;
	size_t i;

	if (scan(&s, &o->roots, &some))
		return;
	reach_find(&s, &o->roots, node, fd);
	for (i = 0; i < s.n_clients; i++) {
		const struct scan_client *c = &s.clients[i];

		if (is_ours(c, node) && c->reach_known && !c->reached.count)
			number_list_add(&ids, c->info.id);
	}
	scan_free(&s);
	whole.clients = &ids;
	if (ids.count && !scan(&s, &o->roots, &whole)) {
		const bool partial = is_partial(&s, &o->roots, &list->left_out_why);

		for (i = 0; i < s.n_clients; i++) {
			const struct scan_client *c = &s.clients[i];

			if (!is_ours(c, node) || !is_subset(&c->pids, pids))
				continue;
			if (partial)
				list->left_out++;
			else
				add_client(o, list, c->info.id, c->pids.numbers[0], false);
		}
		scan_free(&s);
	}
	number_list_free(&ids);
}

static void add_cgroup(const struct options *o, const char *node, int fd, const char *path,
		       struct target_list *list, struct number_list *covered,
		       struct target_problems *problems)
{
	struct number_list pids = { 0 };
	struct target *t;
	size_t i;

	if (by_cgroup(o, path, &pids, problems)) {
		t = add_target(list, TARGET_CGROUP, false);
		t->cgroup = path;
		t->fd = cgroup_open(&o->roots, path);
		if (t->fd < 0) {
			t->error = -t->fd;
			t->fd = -1;
		} else if (process_numbers_count(&o->roots)) {
			add_unreached(o, node, fd, &pids, list);
		}
		for (i = 0; i < pids.count; i++)
			number_list_add(covered, pids.numbers[i]);
	}
	number_list_free(&pids);
}

/* Adds the clients of processes found by name, unless those are also named in another way. */
static void add_names(const struct options *o, const char *node, const struct number_list *covered,
		      struct target_list *list, struct target_problems *problems)
{
	const bool counts = process_numbers_count(&o->roots);
	struct number_list found = { 0 }, pids = { 0 };
	const struct scan_wish wish = { .node = node, .pids = &pids };
	struct scan s;
	size_t i;
	int ret;

	for (i = 0; i < o->n_names; i++)
		by_name(o, o->names[i], &found, problems);
	for (i = 0; i < found.count; i++) {
		if (!counts || (!number_list_has(&o->pids, found.numbers[i]) &&
				!number_list_has(covered, found.numbers[i])))
			number_list_add(&pids, found.numbers[i]);
	}
	ret = pids.count ? scan(&s, &o->roots, &wish) : 0;
	if (ret) {
		problem_of_scan(add_problem(problems, "--comm ", o->names[0]), -ret,
				o->roots.proc);
	} else if (pids.count) {
		if (!s.n_clients && s.unreadable + s.protected_own)
			problem_unreadable(add_problem(problems, "--comm ", o->names[0]));
		for (i = 0; i < s.n_clients; i++) {
			if (is_ours(&s.clients[i], node))
				add_client(o, list, s.clients[i].info.id,
					   s.clients[i].pids.numbers[0], false);
		}
		scan_free(&s);
	}
	number_list_free(&found);
	number_list_free(&pids);
}

void target_find(const struct options *o, const char *node, int fd, struct target_list *list,
		 struct target_problems *problems)
{
	const bool counts = process_numbers_count(&o->roots);
	struct number_list covered = { 0 };
	int spare[SPARE_FILES];
	size_t i;

	keep_spare(spare);
	for (i = 0; i < o->pids.count; i++)
		add_process(o, list, o->pids.numbers[i], counts);
	close_spare(spare);
	for (i = 0; i < o->clients.count; i++)
		add_client(o, list, o->clients.numbers[i], 0, true);
	for (i = 0; i < o->n_cgroups; i++)
		add_cgroup(o, node, fd, o->cgroups[i], list, &covered, problems);
	if (o->n_names)
		add_names(o, node, &covered, list, problems);
	number_list_free(&covered);
}

/* Can all files of the process be inspected, and is none of them a client of panthor? */
static bool has_no_client(const struct options *o, uint64_t pid)
{
	struct number_list one = { 0 };
	const struct scan_wish wish = { .pids = &one };
	bool none = false;
	struct scan s;
	size_t i;

	number_list_add(&one, pid);
	if (!scan(&s, &o->roots, &wish)) {
		none = !s.unreadable && !s.protected_own && !s.cut;
		for (i = 0; i < s.n_clients; i++)
			none = none && strcmp(s.clients[i].info.driver, DEVICE_DRIVER);
		scan_free(&s);
	}
	number_list_free(&one);
	return none;
}

/*
 * Each request counts for the limits of panthor-memd. So it gets none for processes that were found
 * by name or cgroup and hold nothing, of which there can be many.
 */
void target_processes(const struct options *o, struct target_list *list,
		      struct target_problems *problems)
{
	const bool counts = process_numbers_count(&o->roots);
	struct number_list pids = { 0 };
	int spare[SPARE_FILES];
	size_t i;

	target_pids(o, &pids, problems);
	keep_spare(spare);
	for (i = 0; i < pids.count; i++) {
		const bool named = number_list_has(&o->pids, pids.numbers[i]);
		struct target *t;

		if (!named && counts && has_no_client(o, pids.numbers[i]))
			continue;
		add_process(o, list, (pid_t)pids.numbers[i], counts);
		t = &list->targets[list->count - 1];
		t->named = named;
		/* panthor-memd identifies a process by the inode of its pidfd. */
		if (t->fd < 0 && !t->error)
			t->error = ENOSYS;
	}
	close_spare(spare);
	number_list_free(&pids);
}

void target_free(struct target_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->targets[i].fd >= 0)
			close(list->targets[i].fd);
	}
	free(list->targets);
	*list = (struct target_list){ 0 };
}

char *target_text(const struct target *t)
{
	char pid[16] = "";

	if (t->kind == TARGET_CGROUP)
		return memory_text("cgroup %s", t->cgroup);
	if (t->pid)
		snprintf(pid, sizeof(pid), "%d", (int)t->pid);
	if (t->kind == TARGET_PROCESS)
		return memory_text("%s%s%s%s", pid, *t->name ? " (" : "", t->name,
				   *t->name ? ")" : "");
	if (!*t->name)
		return memory_text("client %" PRIu64, t->client);
	return memory_text("client %" PRIu64 " of %s%s%s%s", t->client, pid, *pid ? " (" : "",
			   t->name, *pid ? ")" : "");
}
