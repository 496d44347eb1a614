/* SPDX-License-Identifier: MIT */
/*
 * faults: ways to make the Nth event from now on fail.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>

struct injector {
	const char *name;

	/* Once. -ENOENT: this kernel or GPU cannot do it. */
	int (*open)(void);

	/* Before each action, while everything is resident or evicted as the action needs it. */
	int (*begin)(unsigned int number);

	/* After it: has the event failed? The device works again on return. */
	bool (*end)(void);

	/* What the action may return, besides 0. */
	bool (*allows)(int ret);

	/* Events are not counted by number: a fixed number of rounds is enough. */
	bool random;

	/* The driver's workers do a part of the work. */
	bool helpers;

	/* The device may not sleep: only a VM on an address space of the GPU has LOCKs. */
	bool awake;

	/* A job can be lost by it, and its group. */
	bool loses_jobs;

	/* The names of the steps to run, NULL: all. */
	const char *const *steps;
};

/* The default is the first. The last one has no name. */
extern const struct injector injectors[];

#endif
