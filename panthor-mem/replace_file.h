/* SPDX-License-Identifier: MIT */
/* Replaces the whole contents of a file, so that a reader sees the old or the new ones. */
#ifndef TOOL_REPLACE_FILE_H
#define TOOL_REPLACE_FILE_H

#include <stddef.h>

/*
 * Write @text to a new file beside @path, which everybody can read, and rename it. Nothing is
 * done if the contents are the same. Returns 0 or -errno.
 */
int replace_file(const char *path, const char *text, size_t size);

#endif /* TOOL_REPLACE_FILE_H */
