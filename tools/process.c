/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "process.h"

void pid_list_add(struct pid_list *list, pid_t pid)
{
	if (pid_list_has(list, pid))
		return;
	list->pids = memory_grow(list->pids, list->count, list->count + 1, sizeof(pid_t));
	list->pids[list->count++] = pid;
}

bool pid_list_has(const struct pid_list *list, pid_t pid)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->pids[i] == pid)
			return true;
	}
	return false;
}

void pid_list_free(struct pid_list *list)
{
	free(list->pids);
	*list = (struct pid_list){ 0 };
}

static int compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static pid_t number_of(const char *name)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*name))
		return 0;
	n = strtol(name, &end, 10);
	return *end || n <= 0 || n > INT_MAX ? 0 : (pid_t)n;
}

int process_all(const struct roots *roots, struct pid_list *list)
{
	struct dirent *entry;
	DIR *dir = opendir(roots->proc);

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		pid_t pid = number_of(entry->d_name);

		if (!pid)
			continue;
		/* Names in a folder differ, so there is no need to look. */
		list->pids = memory_grow(list->pids, list->count, list->count + 1,
					 sizeof(pid_t));
		list->pids[list->count++] = pid;
	}
	closedir(dir);
	if (list->count)
		qsort(list->pids, list->count, sizeof(pid_t), compare);
	return 0;
}

static char *read_of(const struct roots *roots, pid_t pid, const char *file)
{
	char *path = memory_text("%s/%d/%s", roots->proc, (int)pid, file);
	char *text = memory_file(AT_FDCWD, path);

	free(path);
	return text;
}

bool process_name(const struct roots *roots, pid_t pid, char name[PROCESS_NAME])
{
	char *text = read_of(roots, pid, "comm");

	size_t length;

	name[0] = '\0';
	if (!text)
		return false;
	/* The last newline is the kernel's; any other one is of the name. */
	length = strlen(text);
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	snprintf(name, PROCESS_NAME, "%s", text);
	free(text);
	return true;
}

bool process_is_called(const char *kept, const char *name)
{
	if (strlen(name) > PROCESS_NAME_KEPT && strlen(kept) == PROCESS_NAME_KEPT)
		return !strncmp(kept, name, PROCESS_NAME_KEPT);
	return !strcmp(kept, name);
}

pid_t process_of(const struct roots *roots, pid_t number)
{
	char *text = read_of(roots, number, "status");
	char *line = text ? strstr(text, "\nTgid:") : NULL;
	pid_t tgid = 0;
	int n;

	if (line && sscanf(line, " Tgid: %d", &n) == 1)
		tgid = n;
	free(text);
	return tgid;
}
