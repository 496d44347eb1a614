/* SPDX-License-Identifier: MIT */
/* Lines on standard error. For the journal, they begin with a priority. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

void log_start(void);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* AGENT_LOG_H */
