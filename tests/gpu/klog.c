/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log as an oracle.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/klog.h"

#define LEVEL_WARNING 4

static const char *const reports[] = {
	"WARNING:", "BUG:", "KASAN:", "Oops", "INFO: possible", "INFO: task",
	"INFO: lockdep", "suspicious RCU", "refcount_t:", "list_add corruption",
	"list_del corruption", "ODEBUG:", "DMA-API: ",
	"sleeping function called", "Kernel panic",
};

int klog_open(struct klog *log)
{
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log->fd < 0)
		return -errno;
	if (lseek(log->fd, 0, SEEK_END) < 0) {
		klog_close(log);
		return -errno;
	}
	return 0;
}

void klog_close(struct klog *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

static bool is_report(const char *text)
{
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		if (strstr(text, reports[i]))
			return true;
	return false;
}

/* A record is "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n" and more lines. */
static bool is_complaint(char *record, bool driver)
{
	char *text = strchr(record, ';');
	int level = atoi(record) & 7;

	if (!text)
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (!is_report(text) &&
	    !(driver && level <= LEVEL_WARNING && strstr(text, "panthor")))
		return false;
	fprintf(stderr, "kernel log: %s\n", text + 1);
	return true;
}

int klog_check(struct klog *log, bool driver)
{
	char record[8192];
	int count = 0;

	if (log->fd < 0)
		return 0;
	for (;;) {
		ssize_t got = read(log->fd, record, sizeof(record) - 1);

		/* EPIPE: records were overwritten; the next read goes on. */
		if (got < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (got <= 0)
			return count;
		record[got] = '\0';
		count += is_complaint(record, driver);
	}
}
