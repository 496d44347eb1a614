/* SPDX-License-Identifier: MIT */
/*
 * The log: the journal's fields if standard error leads to the journal, else lines on
 * standard error. No field and no line comes from a client.
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

/* Of one user, since the last time: what was refused how often. */
void log_refused(unsigned int uid, const char *reason, uint64_t count);

/* At level debug alone. @result: "ok", or what the error was. */
void log_operation(enum operation_kind kind, unsigned int uid, unsigned int pid,
		   const struct outcome *out, const char *result);

#endif /* BROKER_LOG_H */
