/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

#define LINE 512

static bool journal;

/* $JOURNAL_STREAM has the device and inode numbers of the stream to the journal. */
void log_start(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	journal = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		  !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
	setvbuf(stderr, NULL, _IOLBF, 0);
}

/* The names of applications come from other programs. */
static void line(int priority, const char *format, va_list args)
{
	char text[LINE], printable[LINE];

	vsnprintf(text, sizeof(text), format, args);
	text_printable(printable, sizeof(printable), text);
	if (journal)
		fprintf(stderr, "<%d>%s\n", priority, printable);
	else
		fprintf(stderr, "panthor-mem-agent: %s\n", printable);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(LOG_ERR, format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(LOG_WARNING, format, args);
	va_end(args);
}

void log_notice(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(LOG_NOTICE, format, args);
	va_end(args);
}
