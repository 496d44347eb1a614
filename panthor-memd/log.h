/* SPDX-License-Identifier: MIT */
/*
 * The log: entries with fields if standard error is connected to the journal, else lines on
 * standard error. Nothing in it is text from a client.
 */
#ifndef BROKER_LOG_H
#define BROKER_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "operation.h"

enum log_level { LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_DEBUG };

void log_start(enum log_level level);
bool log_wants(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How many requests of a user were refused for @reason since the last message. */
void log_refused(unsigned int uid, const char *reason, uint64_t count);

/* Logged at level debug only. @result: "ok", or the name of the error. */
void log_operation(enum operation_kind kind, unsigned int uid, unsigned int pid,
		   const struct outcome *out, const char *result);

#endif /* BROKER_LOG_H */
