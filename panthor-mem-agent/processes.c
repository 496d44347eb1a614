/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "memory.h"
#include "process.h"
#include "processes.h"

#define APPS "/app.slice/"
#define PREFIX "app-"

static bool ends_with(const char *text, size_t length, const char *end)
{
	const size_t n = strlen(end);

	return length >= n && !strncmp(text + length - n, end, n);
}

/* Find the last unit of an application below app.slice in the path of a cgroup. */
static void find_unit(const char *path, char unit[PROCESS_UNIT])
{
	const char *at = strstr(path, APPS), *start = at, *found = NULL;

	unit[0] = '\0';
	while (at) {
		const char *name = strchr(at, '/');
		size_t length;

		if (!name)
			break;
		name++;
		length = strcspn(name, "/");
		if (!strncmp(name, PREFIX, strlen(PREFIX)) &&
		    (ends_with(name, length, ".scope") || ends_with(name, length, ".service")))
			found = name + length;
		at = name + length;
		if (!*at)
			break;
	}
	/* Two units could be the same up to the place where a name is cut. */
	if (found && found - start < PROCESS_UNIT)
		snprintf(unit, PROCESS_UNIT, "%.*s", (int)(found - start), start);
}

static bool read_number(const char *text, const char *key, unsigned int *number)
{
	const char *at = strstr(text, key);

	return at && sscanf(at + strlen(key), " %u", number) == 1;
}

/* What cannot be opened for another reason is gone. */
static bool out_of_files(void)
{
	return errno == EMFILE || errno == ENFILE;
}

int processes_read_one(struct entry *e, const struct roots *roots, uid_t uid, pid_t pid)
{
	char *path = memory_text("%s/%d/status", roots->proc, (int)pid);
	char *text = memory_file(AT_FDCWD, path), *cgroup;
	unsigned int parent = 0, user = 0, group = 0;
	int ret = text || !out_of_files() ? 0 : -errno;

	free(path);
	*e = (struct entry){ .pid = pid };
	/* The name comes first, and a newline in it is escaped. */
	if (!ret && !(text && read_number(text, "\nTgid:", &group) &&
		      group == (unsigned int)pid && read_number(text, "\nUid:", &user) &&
		      user == uid && read_number(text, "\nPPid:", &parent)))
		ret = -ESRCH;
	if (!ret && sscanf(text, "Name: %15[^\n]", e->name) != 1)
		e->name[0] = '\0';
	free(text);
	if (ret)
		return ret;
	e->parent = (pid_t)parent;
	errno = 0;
	cgroup = cgroup_of(roots, pid);
	/* Without its unit, it would seem to be part of its parent. */
	if (!cgroup && out_of_files())
		return -errno;
	if (cgroup)
		find_unit(cgroup, e->unit);
	free(cgroup);
	return 0;
}

bool processes_has_terminal(const struct roots *roots, pid_t pid)
{
	char *path = memory_text("%s/%d/stat", roots->proc, (int)pid);
	char *text = memory_file(AT_FDCWD, path);
	/* The name is in parentheses, and can have some, too. */
	const char *at = text ? strrchr(text, ')') : NULL;
	int terminal = 1;

	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %d", &terminal) != 1)
		terminal = 1;
	free(text);
	free(path);
	return terminal != 0;
}

/* Most processes are not of the user. The owner of the directory tells at little cost. */
static bool is_of(const struct roots *roots, uid_t uid, pid_t pid)
{
	char path[4096];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%d", roots->proc, (int)pid);

	return n > 0 && (size_t)n < sizeof(path) && !stat(path, &st) && st.st_uid == uid;
}

int processes_read(struct processes *p, const struct roots *roots, uid_t uid)
{
	struct number_list pids = { 0 };
	int ret = process_all(roots, &pids);
	size_t i;

	*p = (struct processes){ 0 };
	if (ret)
		return ret;
	if (pids.count)
		p->list = memory_grow(NULL, 0, pids.count, sizeof(*p->list));
	for (i = 0; i < pids.count; i++) {
		const pid_t pid = (pid_t)pids.numbers[i];

		if (!is_of(roots, uid, pid))
			continue;
		ret = processes_read_one(&p->list[p->count], roots, uid, pid);
		if (ret && ret != -ESRCH)
			break;
		p->count += !ret;
		ret = 0;
	}
	number_list_free(&pids);
	if (ret)
		processes_free(p);
	return ret;
}

static int compare(const void *key, const void *item)
{
	const pid_t pid = *(const pid_t *)key;
	const struct entry *e = item;

	return (pid > e->pid) - (pid < e->pid);
}

struct entry *processes_find(const struct processes *p, pid_t pid)
{
	if (!p->count)
		return NULL;
	return bsearch(&pid, p->list, p->count, sizeof(*p->list), compare);
}

void processes_free(struct processes *p)
{
	free(p->list);
	*p = (struct processes){ 0 };
}
