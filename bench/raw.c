/* SPDX-License-Identifier: MIT */
/*
 * The same work without a GPU, see raw.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "gpu/pattern.h"
#include "raw.h"

#define REQUEST MIB
#define CONTROL "/sys/class/zram-control"

/* The same as in app_data.c, so that zram has the same amount of work. */
#define MIXED_RANDOM 77

/* What a worker reports when it is done. */
struct report {
	int64_t start, end;
	int ret;
};

static void fill(uint64_t *words, uint64_t bytes, enum app_data data, uint64_t seed)
{
	/* Only a write allocates a page, so zeros are written, too. */
	for (uint64_t i = 0; i < bytes / sizeof(*words); i++) {
		uint64_t random = pattern_random(&seed);

		if (data == APP_DATA_ZERO || (data == APP_DATA_MIXED &&
					      (random & 255) >= MIXED_RANDOM))
			random = 0;
		*(volatile uint64_t *)&words[i] = random;
	}
}

static int transfer(int fd, enum raw_kind kind, char *mem, uint64_t bytes, uint64_t at)
{
	for (uint64_t done = 0; done < bytes; done += REQUEST) {
		size_t size = bytes - done < REQUEST ? (size_t)(bytes - done) : REQUEST;
		ssize_t got = kind == RAW_WRITE ?
			pwrite(fd, mem + done, size, (off_t)(at + done)) :
			pread(fd, mem + done, size, (off_t)(at + done));

		if (got != (ssize_t)size)
			return got < 0 ? -errno : -EIO;
	}
	return 0;
}

static int work(enum raw_kind kind, int fd, char *mem, uint64_t bytes, uint64_t at)
{
	switch (kind) {
	case RAW_PAGEOUT:
		return madvise(mem, bytes, MADV_PAGEOUT) ? -errno : 0;
	case RAW_WILLNEED:
		return madvise(mem, bytes, MADV_WILLNEED) ? -errno : 0;
	case RAW_WRITE:
	case RAW_READ:
		break;
	}
	return transfer(fd, kind, mem, bytes, at);
}

struct plan {
	enum raw_kind kind;
	uint64_t bytes;
	const char *device;
	enum app_data data;
	int ready[2];
	int go[2];
};

static int prepare(const struct plan *plan, unsigned int number, char **mem, int *fd)
{
	*mem = mmap(NULL, plan->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (*mem == MAP_FAILED)
		return -errno;
	fill((uint64_t *)*mem, plan->bytes, plan->data, number + 1);
	if (plan->kind == RAW_WILLNEED && madvise(*mem, plan->bytes, MADV_PAGEOUT))
		return -errno;
	if (!plan->device)
		return 0;
	*fd = open(plan->device, (plan->kind == RAW_WRITE ? O_WRONLY : O_RDONLY) |
		   O_DIRECT | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

static void be_worker(const struct plan *plan, unsigned int number)
{
	struct report me = { .ret = 0 };
	char *mem, byte = 0;
	int fd = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	me.ret = prepare(plan, number, &mem, &fd);
	close(plan->go[1]);
	if (write(plan->ready[1], &byte, 1) != 1 || read(plan->go[0], &byte, 1) < 0)
		_exit(1);
	me.start = now_ns();
	if (!me.ret)
		me.ret = work(plan->kind, fd, mem, plan->bytes, number * plan->bytes);
	me.end = now_ns();
	_exit(write(plan->ready[1], &me, sizeof(me)) != sizeof(me));
}

static void start_workers(struct plan *plan, unsigned int count)
{
	char byte;

	if (pipe(plan->ready) || pipe(plan->go))
		need(-errno, "pipe");
	fflush(NULL);
	for (unsigned int i = 0; i < count; i++) {
		pid_t pid = fork();

		need(pid < 0 ? -errno : 0, "fork");
		if (!pid)
			be_worker(plan, i);
	}
	/* If a worker dies, the pipe reaches its end. */
	close(plan->ready[1]);
	for (unsigned int i = 0; i < count; i++)
		if (read(plan->ready[0], &byte, 1) != 1)
			need(-EPIPE, "a worker");
	/* Closing the pipe lets all workers read its end and exit. */
	close(plan->go[1]);
}

int64_t raw_run(enum raw_kind kind, uint64_t bytes, unsigned int processes,
		const char *device, enum app_data data)
{
	struct plan plan = {
		.kind = kind, .bytes = bytes / processes, .device = device, .data = data,
	};
	int64_t first = INT64_MAX, last = 0;

	start_workers(&plan, processes);
	for (unsigned int i = 0; i < processes; i++) {
		struct report report;

		if (read(plan.ready[0], &report, sizeof(report)) != sizeof(report))
			need(-EPIPE, "what a worker says");
		need(report.ret, "a raw limit");
		if (report.start < first)
			first = report.start;
		if (report.end > last)
			last = report.end;
	}
	close(plan.go[0]);
	close(plan.ready[0]);
	for (unsigned int i = 0; i < processes; i++)
		while (wait(NULL) < 0 && errno == EINTR)
			;
	return last - first;
}

/* The file shows the compressor in use in brackets: "lzo-rle [lz4]". */
static void current_algorithm(char *name, size_t size)
{
	FILE *file = fopen("/sys/block/zram0/comp_algorithm", "re");
	char line[256] = "", *start;

	if (!file || !fgets(line, sizeof(line), file))
		need(-ENOENT, "comp_algorithm");
	fclose(file);
	start = strchr(line, '[');
	need(start ? 0 : -ENOENT, "comp_algorithm");
	snprintf(name, size, "%.*s", (int)strcspn(start + 1, "]"), start + 1);
}

/* The number of the additional device, or -1. */
static int64_t zram_number = -1;

static void set_zram(const char *name, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/block/zram%d/%s", (int)zram_number, name);
	need(sysmem_write_file(path, value), path);
}

const char *raw_zram(uint64_t bytes)
{
	static char device[32];
	char text[64];

	if (zram_number < 0) {
		need(sysmem_read_number(CONTROL "/hot_add", &zram_number), "hot_add");
		current_algorithm(text, sizeof(text));
		set_zram("comp_algorithm", text);
		snprintf(text, sizeof(text), "%" PRIu64, bytes);
		set_zram("disksize", text);
		snprintf(device, sizeof(device), "/dev/zram%d", (int)zram_number);
	}
	return device;
}

void raw_zram_end(void)
{
	char text[16];

	if (zram_number < 0)
		return;
	set_zram("reset", "1");
	snprintf(text, sizeof(text), "%d", (int)zram_number);
	need(sysmem_write_file(CONTROL "/hot_remove", text), "hot_remove");
	zram_number = -1;
}
