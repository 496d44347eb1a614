/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "scan.h"

/*
 * Threads can have file descriptor tables of their own. kcmp(2) says which do; without it, the
 * first few threads are scanned. The limits bound the work that a process can cause.
 */
#define THREADS_MOST 4096
#define TABLES_MOST 32
#define TABLES_UNKNOWN 8

/* How a link to a dma-buf in /proc/PID/fd begins. */
#define DMABUF "/dmabuf:"

struct look {
	struct scan *s;
	const struct roots *roots;
	const struct scan_wish *wish;
	bool can_compare;
	/* An errno code if the scan cannot continue, or 0. */
	int error;
};

/*
 * A client id is unique, but on older kernels only within its device. The device is identified by
 * driver and pdev or, without a pdev, by driver and node.
 */
static bool same_client(const struct scan_client *c, const struct fdinfo *info,
			const char *node)
{
	return c->info.has_id && info->has_id && c->info.id == info->id &&
	       !strcmp(c->info.driver, info->driver) && !strcmp(c->info.pdev, info->pdev) &&
	       (*info->pdev || !strcmp(c->node, node));
}

static struct scan_client *find_client(struct scan *s, const struct fdinfo *info,
				       const char *node)
{
	size_t i;

	for (i = 0; i < s->n_clients; i++) {
		if (same_client(&s->clients[i], info, node))
			return &s->clients[i];
	}
	return NULL;
}

static struct scan_client *add_client(struct scan *s, const struct fdinfo *info,
				      const char *node)
{
	struct scan_client *client;
	unsigned int i;

	s->clients = memory_grow(s->clients, s->n_clients, s->n_clients + 1,
				 sizeof(*s->clients));
	client = &s->clients[s->n_clients++];
	client->info = *info;
	memcpy(client->node, node, sizeof(client->node));
	for (i = 0; i < info->n_regions; i++)
		fdinfo_add(&client->sum, &info->regions[i].bytes);
	s->cut_clients += info->cut;
	return client;
}

/* --- who holds it ----------------------------------------------------------- */

static struct scan_holder *find_holder(struct scan *s, const struct roots *roots, pid_t pid,
				       const struct scan_client *client)
{
	struct scan_holder *holder;
	size_t i;

	for (i = 0; i < s->n_holders; i++) {
		holder = &s->holders[i];
		if (holder->pid == pid && !strcmp(holder->node, client->node) &&
		    !strcmp(holder->driver, client->info.driver))
			return holder;
	}
	s->holders = memory_grow(s->holders, s->n_holders, s->n_holders + 1,
				 sizeof(*s->holders));
	holder = &s->holders[s->n_holders++];
	holder->pid = pid;
	process_name(roots, pid, holder->name);
	memcpy(holder->driver, client->info.driver, sizeof(holder->driver));
	memcpy(holder->node, client->node, sizeof(holder->node));
	return holder;
}

static void add_to_holder(struct scan *s, const struct roots *roots,
			  const struct scan_client *client)
{
	const struct number_list *whose = client->reached.count ? &client->reached : &client->pids;
	struct scan_holder *holder = find_holder(s, roots, whose->numbers[0], client);

	holder->clients++;
	if (client->reach_known && !client->reached.count && client->info.has_id) {
		if (!holder->unreached++)
			holder->unreached_id = client->info.id;
	}
	fdinfo_add(&holder->sum, &client->sum);
	holder->has_internal |= client->info.has_internal;
	holder->internal = fdinfo_plus(holder->internal, client->info.internal);
	fdinfo_add(&s->sum, &client->sum);
	s->has_internal |= client->info.has_internal;
	s->internal = fdinfo_plus(s->internal, client->info.internal);
}

static int compare_holders(const void *a, const void *b)
{
	const struct scan_holder *x = a, *y = b;
	int order = strcmp(x->node, y->node);

	if (x->pid != y->pid)
		return x->pid > y->pid ? 1 : -1;
	return order ? order : strcmp(x->driver, y->driver);
}

void scan_count(struct scan *s, const struct roots *roots)
{
	size_t i;

	free(s->holders);
	s->holders = NULL;
	s->n_holders = 0;
	memset(&s->sum, 0, sizeof(s->sum));
	s->has_internal = false;
	s->internal = 0;
	for (i = 0; i < s->n_clients; i++)
		add_to_holder(s, roots, &s->clients[i]);
	if (s->n_holders)
		qsort(s->holders, s->n_holders, sizeof(*s->holders), compare_holders);
}

/* --- one table of files ----------------------------------------------------- */

static bool out_of_files(struct look *l)
{
	if (errno == EMFILE || errno == ENFILE)
		l->error = errno;
	return l->error;
}

static void add_dmabuf(struct scan *s, const struct fdinfo_dmabuf *buffer)
{
	size_t i;

	for (i = 0; i < s->n_dmabufs; i++) {
		if (s->dmabufs[i].ino == buffer->ino)
			return;
	}
	s->dmabufs = memory_grow(s->dmabufs, s->n_dmabufs, s->n_dmabufs + 1,
				 sizeof(*s->dmabufs));
	s->dmabufs[s->n_dmabufs++] = *buffer;
}

static void look_at_file(struct look *l, pid_t pid, int files, int fdinfo, const char *fd)
{
	char node[NODE_NAME], link[NODE_LINK], *text;
	const struct scan_wish *wish = l->wish;
	struct fdinfo_dmabuf buffer;
	struct scan_client *client;
	struct fdinfo info;

	/* Until fdinfo shows a DRM driver, do not ask a file system that might not answer. */
	if (!node_link(files, fd, link))
		return;
	text = memory_file(fdinfo, fd);
	/* Closed meanwhile, or the process is gone: then it holds nothing. */
	if (!text) {
		out_of_files(l);
		return;
	}
	if (fdinfo_parse(text, &info) && node_of_file(l->roots, files, fd, link, node) &&
	    (!wish->node || !strcmp(wish->node, node)) &&
	    (!wish->clients || (info.has_id && number_list_has(wish->clients, info.id)))) {
		client = find_client(l->s, &info, node);
		if (!client)
			client = add_client(l->s, &info, node);
		number_list_add(&client->pids, pid);
	}
	/* fdinfo does not say to which device or client a dma-buf belongs. */
	if (!wish->node && !wish->clients && !strncmp(link, DMABUF, strlen(DMABUF)) &&
	    fdinfo_parse_dmabuf(text, &buffer))
		add_dmabuf(l->s, &buffer);
	free(text);
}

static int open_folder(const struct look *l, const char *where, const char *name)
{
	char *path = memory_text("%s/%s/%s", l->roots->proc, where, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int saved = errno;

	free(path);
	errno = saved;
	return fd;
}

/*
 * Scans the files of a process or thread, at @where in procfs. Returns their number, or
 * -errno.
 */
static int look_at_table(struct look *l, pid_t pid, const char *where)
{
	int files = open_folder(l, where, "fd"), fdinfo, n = 0;
	struct dirent *entry;
	DIR *dir;

	fdinfo = files < 0 ? -1 : open_folder(l, where, "fdinfo");
	if (fdinfo < 0) {
		n = -errno;
		out_of_files(l);
		if (files >= 0)
			close(files);
		return n;
	}
	dir = fdopendir(files);
	if (!dir) {
		close(files);
		close(fdinfo);
		return -ENOMEM;
	}
	while (!l->error && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		look_at_file(l, pid, files, fdinfo, entry->d_name);
		n += n < INT_MAX;
	}
	closedir(dir);
	close(fdinfo);
	return n;
}

/* --- one process ------------------------------------------------------------ */

/* The tables that were scanned, each by a thread that has it. */
struct tables {
	pid_t of[TABLES_MOST];
	unsigned int count;
	bool comparable;
};

/* Was the table of this thread scanned? 1: yes, 0: no, -1: the kernel does not say. */
static int is_known(const struct look *l, const struct tables *t, pid_t tid)
{
	unsigned int i;

	for (i = 0; i < t->count; i++) {
		long order = l->can_compare ?
			syscall(SYS_kcmp, tid, t->of[i], KCMP_FILES, 0UL, 0UL) : -1;

		if (order <= 0)
			return order ? -1 : 1;
	}
	return 0;
}

/* Scans tables of threads that are not the first thread's. */
static void look_at_threads(struct look *l, pid_t pid, bool has_files)
{
	char where[64];
	struct tables t = { .of = { pid }, .count = has_files ? 1 : 0 };
	unsigned int threads = 0, unknown = 0;
	struct dirent *entry;
	int fd, known;
	DIR *dir;

	snprintf(where, sizeof(where), "%d", (int)pid);
	fd = open_folder(l, where, "task");
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		else
			out_of_files(l);
		return;
	}
	while (!l->error && (entry = readdir(dir))) {
		pid_t tid = process_number(entry->d_name);

		if (!tid || tid == pid)
			continue;
		known = is_known(l, &t, tid);
		if (known > 0)
			continue;
		if (++threads > THREADS_MOST || t.count == TABLES_MOST ||
		    (known < 0 && ++unknown > TABLES_UNKNOWN)) {
			l->s->cut += l->can_compare;
			break;
		}
		snprintf(where, sizeof(where), "%d/task/%d", (int)pid, (int)tid);
		if (look_at_table(l, pid, where) > 0)
			t.of[t.count++] = tid;
	}
	closedir(dir);
}

static void look_at_process(struct look *l, pid_t pid)
{
	char where[16];
	struct process_state state;
	int n;

	snprintf(where, sizeof(where), "%d", (int)pid);
	n = look_at_table(l, pid, where);
	if (l->error)
		return;
	if (n > 0) {
		look_at_threads(l, pid, true);
		return;
	}
	/* The first thread can end before the others, and then has no files. */
	if (!process_state(l->roots, pid, &state))
		return;
	if ((n == -EACCES || n == -EPERM) && !state.ended) {
		if (state.uid == geteuid())
			l->s->protected_own++;
		else
			l->s->unreadable++;
		return;
	}
	look_at_threads(l, pid, false);
}

int scan(struct scan *s, const struct roots *roots, const struct scan_wish *wish)
{
	const struct number_list *pids = wish->pids;
	struct look l = { .s = s, .roots = roots, .wish = wish };
	struct number_list all = { 0 };
	size_t i;
	int ret;

	memset(s, 0, sizeof(*s));
	if (!pids) {
		ret = process_all(roots, &all);
		if (ret)
			return ret;
		pids = &all;
	}
	l.can_compare = process_numbers_usable(roots);
	for (i = 0; i < pids->count && !l.error; i++)
		look_at_process(&l, pids->numbers[i]);
	number_list_free(&all);
	if (l.error) {
		scan_free(s);
		return -l.error;
	}
	for (i = 0; i < s->n_clients; i++)
		number_list_sort(&s->clients[i].pids);
	scan_count(s, roots);
	return 0;
}

void scan_free(struct scan *s)
{
	size_t i;

	for (i = 0; i < s->n_clients; i++) {
		number_list_free(&s->clients[i].pids);
		number_list_free(&s->clients[i].reached);
	}
	free(s->clients);
	free(s->holders);
	free(s->dmabufs);
	memset(s, 0, sizeof(*s));
}
