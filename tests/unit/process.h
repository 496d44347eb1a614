/* SPDX-License-Identifier: MIT */
/* A real process, for what needs a real pidfd. */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

struct process {
	pid_t pid;
	int pidfd;
};

/* One that does nothing: 0 or -1. */
int process_start(struct process *p);

/* It exits: a zombie, until it is reaped. */
void process_kill(struct process *p);

/* Kills it if need be. The pidfd stays open. */
void process_reap(struct process *p);

#endif /* PROCESS_H */
