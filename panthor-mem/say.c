/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"
#include "say.h"
#include "text.h"

/* Longer than any message with a path in it. */
#define LINE 8192

static void (*before)(void);

void say_before(void (*prepare)(void))
{
	before = prepare;
}

/* Prints one line without control characters, since other programs chose parts of it. */
static void line(const char *format, va_list args)
{
	char raw[LINE], text[LINE];

	output_flush();
	if (before)
		before();
	vsnprintf(raw, sizeof(raw), format, args);
	text_printable(text, sizeof(text), raw);
	fprintf(stderr, "panthor-mem: %s\n", text);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(format, args);
	va_end(args);
}

void say_fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(format, args);
	va_end(args);
	exit(STATUS_FAILED);
}
