/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "say.h"

#define CHUNK 4096

void *memory_grow(void *array, size_t old, size_t count, size_t size)
{
	char *new;

	if (count > SIZE_MAX / size)
		say_fatal("out of memory");
	new = realloc(array, count * size);
	if (!new)
		say_fatal("out of memory");
	memset(new + old * size, 0, (count - old) * size);
	return new;
}

char *memory_text(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		say_fatal("out of memory");
	va_end(args);
	return text;
}

char *memory_file(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t have = 0;
	ssize_t n;
	int saved;

	if (fd < 0)
		return NULL;
	do {
		text = memory_grow(text, have, have + CHUNK + 1, 1);
		n = read(fd, text + have, CHUNK);
		if (n > 0)
			have += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	saved = errno;
	close(fd);
	if (n < 0) {
		free(text);
		errno = saved;
		return NULL;
	}
	text[have] = '\0';
	return text;
}
