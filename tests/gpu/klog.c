/* SPDX-License-Identifier: MIT */
/*
 * Watch the kernel log.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gpu/klog.h"

#define LEVEL_WARNING 4
#define RECORD_MAX 8192

static const char *const reports[] = {
	"WARNING:", "BUG:", "KASAN:", "Oops", "INFO: possible", "INFO: task",
	"INFO: lockdep", "suspicious RCU", "refcount_t:", "list_add corruption",
	"list_del corruption", "ODEBUG:", "DMA-API: ",
	"sleeping function called", "Kernel panic",
};

int klog_open(struct klog *log)
{
	log->complaints = 0;
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

/* Read the next record; returns false if there is none. */
static bool next_record(struct klog *log, char *record, size_t size)
{
	ssize_t got;

	/* EPIPE: records were overwritten. The next read continues after them. */
	do
		got = read(log->fd, record, size - 1);
	while (got < 0 && (errno == EINTR || errno == EPIPE));
	if (got <= 0)
		return false;
	record[got] = '\0';
	return true;
}

int klog_check(struct klog *log, bool driver)
{
	int count = log->complaints;
	char record[RECORD_MAX];

	log->complaints = 0;
	if (log->fd < 0)
		return 0;
	while (next_record(log, record, sizeof(record)))
		count += is_complaint(record, driver);
	return count;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

int klog_wait(struct klog *log, const char *text, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms, left = timeout_ms;
	struct pollfd pfd = { .fd = log->fd, .events = POLLIN };
	char record[RECORD_MAX];

	do {
		while (next_record(log, record, sizeof(record))) {
			bool found = strstr(record, text);

			log->complaints += is_complaint(record, false);
			if (found)
				return 0;
		}
		if (poll(&pfd, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		left = end - now_ms();
	} while (left > 0);
	return -ETIMEDOUT;
}
