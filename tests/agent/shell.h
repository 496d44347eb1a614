/* SPDX-License-Identifier: MIT */
/*
 * A desktop whose windows a program on the session bus reports, as the shell of a compositor does.
 * The program is the test itself. panthor-memd is on the mock of the driver.
 */
#ifndef SHELL_H
#define SHELL_H

#include "desktop.h"

extern struct desktop d;
/* The connection that reports windows. */
extern sd_bus *shell;

/* Start the clients, panthor-memd, and the agent with this agent.conf, unless it is NULL. */
void shell_begin(const char *config);
void shell_end(void);

/* Call a method of the agent. Returns the name of the error, or "". */
const char *shell_call(sd_bus *bus, const char *method, const char *types, ...);
/* Report the only window of a client. @sure: its process is known. */
void shell_report(int client, bool sure, bool hidden);
/* All windows have been reported. */
void shell_sync(void);

/* How often panthor-memd has done @operation for each client must be these numbers. */
void shell_check_operations(const char *operation, int first, int second, int third);

#endif /* SHELL_H */
