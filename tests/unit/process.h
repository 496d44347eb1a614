/* SPDX-License-Identifier: MIT */
/* A real process, for tests that need a real pidfd. */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

struct process {
	pid_t pid;
	int pidfd;
};

/* Start a process that does nothing. Returns 0 or -1. */
int process_start(struct process *p);

/* Kill it and leave a zombie. */
void process_kill(struct process *p);

/* Reap it, and kill it first if it still runs. The pidfd stays open. */
void process_reap(struct process *p);

#endif /* PROCESS_H */
