/* SPDX-License-Identifier: MIT */
/* Messages to the user on standard error, each with the program's name. */
#ifndef TOOL_SAY_H
#define TOOL_SAY_H

/*
 * Exit statuses, as in panthor-mem(1). If a signal ended the work early, the status is 128 plus
 * its number.
 */
enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NO_TARGET = 3,
	STATUS_UNSUPPORTED = 4,
	STATUS_NOT_PERMITTED = 5,
	STATUS_METRICS = 6,
};

/* Sets a function to call before each message, or NULL. */
void say_before(void (*prepare)(void));

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* TOOL_SAY_H */
