/* SPDX-License-Identifier: MIT */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

/* Ask the agent of this session, and print what it says. Returns the exit status. */
int status_show(void);

#endif /* AGENT_STATUS_H */
