/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#ifdef WITH_JOURNAL
#include <systemd/sd-journal.h>
#endif

#include "log.h"

/* One MESSAGE_ID for each kind of message, for searches in the journal. */
#define ID_START "e94f8c7a45284fdcab7da9bbae13d50b"
#define ID_REFUSED "d09b961efb1949c4b6a9214f6f2aef2c"
#define ID_OPERATION "935a99214da945018dc5feb3b3cb5eba"

#define LINE 512

static enum log_level level = LOG_LEVEL_NOTICE;
static bool journal;

/* $JOURNAL_STREAM has the device and inode numbers of the stream to the journal. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && !fstat(fd, &st) &&
	       st.st_dev == dev && st.st_ino == ino;
}

void log_start(enum log_level wanted)
{
	level = wanted;
	journal = is_journal(STDERR_FILENO);
}

bool log_wants(enum log_level wanted)
{
	return wanted <= level;
}

/* systemd and others take the number in <> as the priority, see sd-daemon(3). */
static void line(int priority, const char *text)
{
	fprintf(stderr, "<%d>panthor-memd: %s\n", priority, text);
}

static void message(int priority, const char *format, va_list args)
{
	char text[LINE];

	vsnprintf(text, sizeof(text), format, args);
#ifdef WITH_JOURNAL
	if (journal) {
		sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", priority,
				"MESSAGE_ID=" ID_START, NULL);
		return;
	}
#endif
	line(priority, text);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(LOG_ERR, format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(LOG_WARNING, format, args);
	va_end(args);
}

void log_notice(const char *format, ...)
{
	va_list args;

	if (!log_wants(LOG_LEVEL_NOTICE))
		return;
	va_start(args, format);
	message(LOG_NOTICE, format, args);
	va_end(args);
}

void log_refused(unsigned int uid, const char *reason, uint64_t count)
{
	char text[LINE];

	snprintf(text, sizeof(text), "refused %" PRIu64 " requests of UID %u: %s", count, uid,
		 reason);
#ifdef WITH_JOURNAL
	if (journal) {
		sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", LOG_WARNING,
				"MESSAGE_ID=" ID_REFUSED, "PANTHOR_MEM_RESULT=%s", reason,
				"PANTHOR_MEM_UID=%u", uid, "PANTHOR_MEM_COUNT=%" PRIu64, count,
				NULL);
		return;
	}
#endif
	line(LOG_WARNING, text);
}

void log_operation(enum operation_kind kind, unsigned int uid, unsigned int pid,
		   const struct outcome *out, const char *result)
{
	const uint64_t bytes = kind == OPERATION_CLAIM ? out->claimed : out->freed;
	const uint64_t usec = (uint64_t)out->ns / 1000;
	char text[LINE];

	if (!log_wants(LOG_LEVEL_DEBUG))
		return;
	snprintf(text, sizeof(text), "%s of %u for UID %u: %s, %" PRIu64 " bytes, %" PRIu64
		 " us, status 0x%x", operation_names[kind], pid, uid, result, bytes, usec,
		 out->status);
#ifdef WITH_JOURNAL
	if (journal) {
		sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", LOG_DEBUG,
				"MESSAGE_ID=" ID_OPERATION, "PANTHOR_MEM_OPERATION=%s",
				operation_names[kind], "PANTHOR_MEM_RESULT=%s", result,
				"PANTHOR_MEM_BYTES=%" PRIu64, bytes,
				"PANTHOR_MEM_USEC=%" PRIu64, usec, "PANTHOR_MEM_STATUS=%u",
				out->status, "PANTHOR_MEM_UID=%u", uid, "OBJECT_PID=%u", pid,
				NULL);
		return;
	}
#endif
	line(LOG_DEBUG, text);
}
