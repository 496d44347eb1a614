/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "config_file.h"
#include "memory.h"
#include "text.h"

struct seen {
	char section[CONFIG_SECTION];
	char *key;
};

struct config_file {
	const struct config_format *format;
	void *data;
	FILE *file;
	const char *path;
	char *why;
	int line;
	int wrong_line;
	struct seen *seen;
	size_t n_seen;
};

/* Only the first error is kept. The text of the file can hold control characters. */
bool config_file_wrong(struct config_file *f, const char *format, ...)
{
	char text[CONFIG_WHY];
	va_list args;
	int used;

	if (f->wrong_line)
		return false;
	f->wrong_line = f->line;
	used = snprintf(text, sizeof(text), "%s, line %d: ", f->path, f->line);
	if (used > 0 && used < CONFIG_WHY) {
		va_start(args, format);
		vsnprintf(text + used, sizeof(text) - (size_t)used, format, args);
		va_end(args);
	}
	text_printable(f->why, CONFIG_WHY, text);
	return false;
}

/*
 * Count the lines here, because libinih can be built without line numbers for handlers. It also
 * takes the rest of a long line for the next one, and cuts the names of sections. Nothing is read
 * after an error, so a file of any size ends early.
 */
static char *next_line(char *text, int size, void *data)
{
	struct config_file *f = data;
	const char *start, *end;

	if (f->wrong_line || !fgets(text, size, f->file))
		return NULL;
	f->line++;
	if (!strchr(text, '\n') && !feof(f->file)) {
		config_file_wrong(f, "the line is too long");
		return NULL;
	}
	start = text + strspn(text, " \t");
	end = strchr(start, ']');
	if (*start == '[' && end && end - start > CONFIG_SECTION) {
		config_file_wrong(f, "the name of the section is too long");
		return NULL;
	}
	return text;
}

static bool is_duplicate(struct config_file *f, const char *section, const char *key)
{
	struct seen *seen;
	size_t i;

	for (i = 0; i < f->n_seen; i++) {
		if (!strcmp(f->seen[i].section, section) && !strcmp(f->seen[i].key, key))
			return true;
	}
	f->seen = memory_grow(f->seen, f->n_seen, f->n_seen + 1, sizeof(*f->seen));
	seen = &f->seen[f->n_seen++];
	snprintf(seen->section, sizeof(seen->section), "%s", section);
	seen->key = memory_text("%s", key);
	return false;
}

/* Returns 0 for an invalid line, as libinih wants it. */
static int handle(struct config_file *f, const char *section, const char *key, const char *value)
{
	if (!*section)
		return config_file_wrong(f, "%s is not in a section, like %s", key,
					 f->format->section);
	if (is_duplicate(f, section, key))
		return config_file_wrong(f, "%s is there twice in [%s]", key, section);
	return f->format->set(f, section, key, value, f->data);
}

#if INI_HANDLER_LINENO
static int handler(void *data, const char *section, const char *key, const char *value, int line)
{
	(void)line;
	return handle(data, section, key, value);
}
#else
static int handler(void *data, const char *section, const char *key, const char *value)
{
	return handle(data, section, key, value);
}
#endif

static int parse(struct config_file *f)
{
	const int line = ini_parse_stream(next_line, f, handler, f);

	if (ferror(f->file)) {
		snprintf(f->why, CONFIG_WHY, "%s: cannot read it", f->path);
		return -EIO;
	}
	if (!line && !f->wrong_line)
		return 0;
	/* libinih calls no handler for a line that it cannot parse. */
	if (!f->wrong_line || (line > 0 && line < f->wrong_line))
		snprintf(f->why, CONFIG_WHY, "%s, line %d: neither [section] nor key = value",
			 f->path, line);
	return -EINVAL;
}

int config_file_read(const char *path, const struct config_format *format, void *data,
		     char why[CONFIG_WHY])
{
	struct config_file f = { .format = format, .data = data, .path = path, .why = why };
	size_t i;
	int ret;

	*why = '\0';
	f.file = fopen(path, "re");
	if (!f.file) {
		ret = -errno;
		snprintf(why, CONFIG_WHY, "%s: %s", path, strerror(-ret));
		return ret;
	}
	ret = parse(&f);
	fclose(f.file);
	for (i = 0; i < f.n_seen; i++)
		free(f.seen[i].key);
	free(f.seen);
	return ret;
}
