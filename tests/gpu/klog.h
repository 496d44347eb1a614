/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log as an oracle: what it complained of since a moment.
 */
#ifndef GPU_KLOG_H
#define GPU_KLOG_H

#include <stdbool.h>

struct klog {
	int fd;
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

#endif
