/* SPDX-License-Identifier: MIT */
/* Memory that is there, or the end of the program: a command has no use for less. */
#ifndef TOOL_MEMORY_H
#define TOOL_MEMORY_H

#include <stddef.h>

/* An array of @count elements of @size bytes, zeroed from element @old on. */
void *memory_grow(void *array, size_t old, size_t count, size_t size);

char *memory_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A whole file, with a NUL after it; NULL with errno if it cannot be read. */
char *memory_file(int dir, const char *path);

#endif /* TOOL_MEMORY_H */
