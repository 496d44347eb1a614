/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "process.h"

pid_t process_number(const char *name)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*name))
		return 0;
	n = strtol(name, &end, 10);
	return *end || n <= 0 || n > INT_MAX ? 0 : (pid_t)n;
}

int process_all(const struct roots *roots, struct number_list *list)
{
	struct dirent *entry;
	DIR *dir = opendir(roots->proc);

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		pid_t pid = process_number(entry->d_name);

		if (!pid)
			continue;
		/* Names in a directory are unique, so the list need not be searched. */
		number_list_append(list, (uint64_t)pid);
	}
	closedir(dir);
	number_list_sort(list);
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
	/* The last newline is the kernel's; any other one is part of the name. */
	length = strlen(text);
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	snprintf(name, PROCESS_NAME, "%s", text);
	free(text);
	return true;
}

bool process_is_called(const char *kept, const char *name)
{
	if (strlen(kept) == PROCESS_NAME_KEPT)
		return !strncmp(kept, name, PROCESS_NAME_KEPT);
	return !strcmp(kept, name);
}

/* The text after @key in a status file, or NULL. @key begins with a newline. */
static const char *value_of(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;

	return at ? at + strlen(key) : NULL;
}

pid_t process_of(const struct roots *roots, pid_t number)
{
	char *text = read_of(roots, number, "status");
	const char *value = value_of(text, "\nTgid:");
	pid_t tgid = 0;
	int n;

	if (value && sscanf(value, " %d", &n) == 1)
		tgid = n;
	free(text);
	return tgid;
}

bool process_state(const struct roots *roots, pid_t pid, struct process_state *state)
{
	char *text = read_of(roots, pid, "status");
	const char *value = value_of(text, "\nState:");
	unsigned int uid;

	*state = (struct process_state){ .uid = (uid_t)-1 };
	if (!text)
		return false;
	if (value)
		state->ended = strchr("ZX", value[strspn(value, " \t")]);
	value = value_of(text, "\nUid:");
	if (value && sscanf(value, " %u", &uid) == 1)
		state->uid = uid;
	free(text);
	return true;
}

char *process_options(const struct roots *roots)
{
	char *path = memory_text("%s/self/mountinfo", roots->proc);
	char *text = memory_file(AT_FDCWD, path), *line, *rest = NULL, *options = NULL;

	free(path);
	if (!text)
		return NULL;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char where[64], *type = strstr(line, " - proc ");
		char super[256];

		/* The last mount hides the others. */
		if (!type || sscanf(line, "%*s %*s %*s %*s %63s", where) != 1 ||
		    strcmp(where, "/proc") || sscanf(type, " - proc %*s %255s", super) != 1)
			continue;
		free(options);
		options = memory_text(",%s,", super);
	}
	free(text);
	return options;
}

static bool can_trace(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &header, data) &&
	       data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE);
}

bool process_hidden(const char *options)
{
	const char *hide = options ? strstr(options, ",hidepid=") : NULL;

	return hide && strncmp(hide, ",hidepid=off,", 13) && strncmp(hide, ",hidepid=0,", 11) &&
	       !can_trace();
}

enum process_numbers process_numbers(const struct roots *roots)
{
	char *path = memory_text("%s/thread-self/status", roots->proc);
	char *text = memory_file(AT_FDCWD, path);
	const char *value = value_of(text, "\nNSpid:");
	bool one = true;
	char *end;

	/*
	 * NSpid has one number for each namespace, from that of procfs down to our own. A kernel
	 * without pid namespaces has no such line.
	 */
	if (value) {
		strtol(value, &end, 10);
		one = *end == '\n' || !*end;
	}
	free(text);
	free(path);
	if (!text)
		return PROCESS_NUMBERS_UNKNOWN;
	return one ? PROCESS_NUMBERS_OWN : PROCESS_NUMBERS_FOREIGN;
}

bool process_numbers_count(const struct roots *roots)
{
	return process_numbers(roots) == PROCESS_NUMBERS_OWN;
}

bool process_numbers_usable(const struct roots *roots)
{
	return !strcmp(roots->proc, "/proc") && process_numbers_count(roots);
}
