/* SPDX-License-Identifier: MIT */
/*
 * Make allocations, DMA maps and disk transfers of the kernel fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "gpu/sysmem.h"

#define DEBUGFS "/sys/kernel/debug/"
#define CODE_MAX (UINT64_C(1) << 20)

/* Where the kernel can fail. */
static const char *const points[] = { "failslab", "fail_page_alloc", "fail_dma_map" };

#define POINTS (sizeof(points) / sizeof(points[0]))

static __thread int failnth_fd = -1;

static int set(const char *point, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", point, name);
	return sysmem_write_file(path, value);
}

static int set_number(const char *point, const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return set(point, name, text);
}

/* Nothing fails at this point any more. Has it failed the one time that it was to? */
static bool end_times(const char *point)
{
	char path[128];
	int64_t times = 1;

	snprintf(path, sizeof(path), DEBUGFS "%s/times", point);
	sysmem_read_number(path, &times);
	set_number(point, "times", 0);
	return !times;
}

/*
 * By default, only allocations that may not sleep fail, and each failure fills the log. With
 * GUEST_FAULTS_LOG=2, the log says where each of them is.
 */
static int set_up(void)
{
	const char *log = getenv("GUEST_FAULTS_LOG");
	int ret = 0;

	for (size_t i = 0; !ret && i < POINTS; i++)
		ret = set(points[i], "verbose", log ? log : "0");
	if (!ret)
		ret = set("failslab", "ignore-gfp-wait", "N");
	if (!ret)
		ret = set("fail_page_alloc", "ignore-gfp-wait", "N");
	if (!ret)
		ret = set("fail_page_alloc", "ignore-gfp-highmem", "N");
	if (!ret)
		ret = set_number("fail_page_alloc", "min-order", 0);
	return ret;
}

int failnth_open(void)
{
	int ret = set_up();

	if (ret)
		return ret;
	failnth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return failnth_fd < 0 ? -errno : 0;
}

static void failnth_write(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(failnth_fd, text, (size_t)length, 0) != length) {
		perror("fail-nth");
		abort();
	}
}

void failnth_begin(unsigned int nth)
{
	failnth_write(nth);
}

bool failnth_end(void)
{
	char text[16] = "";

	if (pread(failnth_fd, text, sizeof(text) - 1, 0) < 1) {
		perror("fail-nth");
		abort();
	}
	failnth_write(0);
	return !strtoul(text, NULL, 10);
}

/* --- all threads --------------------------------------------------------------- */

/* The driver's objects are linked one after the other. */
static int find_code(uint64_t *start, uint64_t *end)
{
	uint64_t middle = 0, address;
	char type, name[512];
	FILE *file;

	*start = UINT64_MAX;
	*end = 0;
	for (int pass = 0; pass < 2; pass++) {
		file = fopen("/proc/kallsyms", "re");
		if (!file)
			return -errno;
		while (fscanf(file, "%" SCNx64 " %c %511s%*[^\n]", &address, &type, name) == 3) {
			if (!pass && !strcmp(name, "panthor_mem_claim"))
				middle = address;
			if (!pass || (type != 't' && type != 'T') ||
			    strncmp(name, "panthor_", 8) != 0)
				continue;
			if (address + CODE_MAX < middle || address > middle + CODE_MAX)
				continue;
			if (address < *start)
				*start = address;
			if (address > *end)
				*end = address;
		}
		fclose(file);
		if (!middle)
			return -ENOENT;
	}
	return 0;
}

int failspread_open(void)
{
	uint64_t start, end;
	int ret = set_up();

	if (!ret)
		ret = find_code(&start, &end);
	for (size_t i = 0; !ret && i < POINTS; i++) {
		ret = set_number(points[i], "require-start", start);
		if (!ret)
			ret = set_number(points[i], "require-end", end);
		if (!ret)
			ret = set_number(points[i], "times", 0);
		if (!ret)
			ret = set_number(points[i], "probability", 100);
	}
	return ret;
}

static const char *chosen = "failslab";

int failspread_begin(unsigned int number)
{
	int ret;

	chosen = points[number % POINTS];
	ret = set_number(chosen, "interval", number / POINTS + 1);
	return ret ? ret : set_number(chosen, "times", 1);
}

bool failspread_end(void)
{
	return end_times(chosen);
}

/* --- transfers of a disk ------------------------------------------------------- */

#define FAIL_IO "fail_make_request"
#define PAGE 4096

int failio_open(const char *device)
{
	const char *name = strrchr(device, '/');
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/block/%s/make-it-fail", name ? name + 1 : device);
	ret = sysmem_write_file(path, "1");
	if (!ret)
		ret = set_number(FAIL_IO, "verbose", 0);
	if (!ret)
		ret = set_number(FAIL_IO, "times", 0);
	return ret ? ret : set_number(FAIL_IO, "probability", 100);
}

/* A transfer succeeds while there is space for it. */
int failio_begin(unsigned int nth, unsigned int times)
{
	int ret = set_number(FAIL_IO, "space", (uint64_t)(nth - 1) * PAGE + 1);

	return ret ? ret : set_number(FAIL_IO, "times", times);
}

bool failio_end(void)
{
	return end_times(FAIL_IO);
}
