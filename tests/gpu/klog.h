/* SPDX-License-Identifier: MIT */
/*
 * Watch the kernel log: which problems has the kernel reported since a given time?
 */
#ifndef KLOG_H
#define KLOG_H

#include <stdbool.h>

struct klog {
	int fd;
	int complaints;		/* counted by klog_wait(), not reported yet */
};

/* Start watching now. */
int klog_open(struct klog *log);
void klog_close(struct klog *log);

/*
 * Read the messages since the last call, print problems to standard error, and return the
 * number of these lines: reports of the kernel's checkers and, with @driver, all warnings
 * and errors of panthor.
 */
int klog_check(struct klog *log, bool driver);

/*
 * Return 0 when the kernel has logged @text since the last call, or -ETIMEDOUT. Reports
 * of the checkers that are read meanwhile are counted by the next call.
 */
int klog_wait(struct klog *log, const char *text, int timeout_ms);

#endif
