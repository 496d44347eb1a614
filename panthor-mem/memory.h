/* SPDX-License-Identifier: MIT */
/* Allocation that exits on failure: a command cannot do anything useful without memory. */
#ifndef TOOL_MEMORY_H
#define TOOL_MEMORY_H

#include <stddef.h>

/* An array of @count elements of @size bytes, zeroed from element @old on. */
void *memory_grow(void *array, size_t old, size_t count, size_t size);

char *memory_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads a whole file and appends a NUL. Returns NULL with errno set if it cannot be read. */
char *memory_file(int dir, const char *path);

#endif /* TOOL_MEMORY_H */
