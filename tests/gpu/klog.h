/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log as an oracle: what it complained of since a moment.
 */
#ifndef GPU_KLOG_H
#define GPU_KLOG_H

#include <stdbool.h>

struct klog {
	int fd;
	int complaints;		/* read by klog_wait() */
};

/* From now on. */
int klog_open(struct klog *log);
void klog_close(struct klog *log);

/*
 * Read what came since the last look, print what is a complaint to standard
 * error, and return the number of such lines: reports of the kernel's
 * checkers, and, with @driver, any warning or error of panthor's.
 */
int klog_check(struct klog *log, bool driver);

/*
 * Return 0 when the kernel has said @text since the last look, or -ETIMEDOUT. The
 * reports of its checkers that are read on the way are not lost: the next look
 * counts them.
 */
int klog_wait(struct klog *log, const char *text, int timeout_ms);

#endif
