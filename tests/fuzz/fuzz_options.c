/* SPDX-License-Identifier: MIT */
/* The command line of panthor-mem(1): words that end with a NUL byte or a newline. */
#include <getopt.h>
#include <string.h>

#include "fuzz.h"
#include "options.h"
#include "say.h"

#define WORDS 16

static int split(char *text, size_t size, char **argv)
{
	int argc = 0;
	char *at = text;

	argv[argc++] = text + size;
	while (at < text + size && argc < WORDS) {
		argv[argc++] = at;
		at += strcspn(at, "\n");
		*at++ = '\0';
	}
	argv[argc] = NULL;
	return argc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 2), *argv[WORDS + 1];
	struct options o;
	int argc, status = -1;
	bool good;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	argc = split(text, size, argv);
	/* Start again: 0 also resets what getopt() remembers of the word before. */
	optind = 0;
	good = options_parse(&o, argc, argv, &status);
	if (good && (unsigned int)o.command >= COMMAND_COUNT)
		abort();
	if (good && (o.wait_ns < 0 || o.interval_ns < 0))
		abort();
	if (!good && status != STATUS_OK && status != STATUS_USAGE)
		abort();
	options_free(&o);
	free(text);
	return 0;
}
