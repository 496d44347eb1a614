/* SPDX-License-Identifier: MIT */
/* Words to the user, on standard error, each line with the program's name. */
#ifndef TOOL_SAY_H
#define TOOL_SAY_H

/*
 * Exit statuses, as panthor-mem(1) has them. A signal that ended the work early
 * is 128 and its number.
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

/* What has to be done before a message can be seen; NULL: nothing. */
void say_before(void (*prepare)(void));

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* TOOL_SAY_H */
