/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "replace_file.h"

static bool same_as(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	char *old = file ? malloc(size + 1) : NULL;
	bool same = old && fread(old, 1, size + 1, file) == size && !memcmp(old, text, size);

	free(old);
	if (file)
		fclose(file);
	return same;
}

/* "DIR/.NAME.new", so that nothing that looks for *.prom finds it. */
static char *name_of_new(const char *path)
{
	const char *slash = strrchr(path, '/');
	const int length = slash ? (int)(slash + 1 - path) : 0;

	return memory_text("%.*s.%s.new", length, path, path + length);
}

static int write_new(const char *path, const char *text, size_t size)
{
	FILE *file;
	bool good;
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	good = fwrite(text, 1, size, file) == size && !fflush(file) && !fchmod(fd, 0644);
	return !fclose(file) && good ? 0 : -EIO;
}

int replace_file(const char *path, const char *text, size_t size)
{
	char *new;
	int ret;

	if (same_as(path, text, size))
		return 0;
	new = name_of_new(path);
	ret = write_new(new, text, size);
	if (!ret && rename(new, path))
		ret = -errno;
	if (ret)
		unlink(new);
	free(new);
	return ret;
}
