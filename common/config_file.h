/* SPDX-License-Identifier: MIT */
/* Reads a configuration: lines with key=value in sections. Each key may be there once. */
#ifndef COMMON_CONFIG_FILE_H
#define COMMON_CONFIG_FILE_H

#include <stdbool.h>

/* The size of a message. */
#define CONFIG_WHY 320
/* The size of the longest name of a section that libinih does not cut. */
#define CONFIG_SECTION 50

struct config_file;

struct config_format {
	/* Applies a setting. Returns config_file_wrong() if it is invalid. @section is never "". */
	bool (*set)(struct config_file *f, const char *section, const char *key,
		    const char *value, void *data);
	/* An example of a section, like "[Limits]", for messages. */
	const char *section;
};

/* Says what is wrong with the setting. Returns false. */
bool config_file_wrong(struct config_file *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Returns 0 or -errno, with a message in @why that has the line if the file is invalid.
 * -ENOENT: the file does not exist.
 */
int config_file_read(const char *path, const struct config_format *format, void *data,
		     char why[CONFIG_WHY]);

#endif /* COMMON_CONFIG_FILE_H */
