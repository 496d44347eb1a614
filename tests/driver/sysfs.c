/* SPDX-License-Identifier: MIT */
/*
 * The attributes mem_reclaim and mem_claim in sysfs, as used from a shell.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpu/app.h"
#include "gpu/data.h"
#include "gpu/fdinfo.h"
#include "gpu/pattern.h"
#include "gpu/sysmem.h"
#include "guest.h"

#define BOS 8
#define BO_SIZE MIB
#define TOTAL (BOS * BO_SIZE)
#define SEED UINT64_C(0x0b0b000000000000)

static struct gpu_app app = { .sock = -1 };
static char reclaim_attribute[256], claim_attribute[256];

static int shell(const char *format, int64_t number, const char *attribute)
{
	char command[512], text[64];

	snprintf(text, sizeof(text), format, number);
	snprintf(command, sizeof(command), "echo %s >%s", text, attribute);
	return system(command);
}

static uint64_t resident(void)
{
	struct gpu_fdinfo info;

	ok(gpu_fdinfo_read(app.pid, &info), "fdinfo");
	return info.resident;
}

static uint64_t swapped(void)
{
	struct sysmem mem;

	ok(sysmem_read_settled(&mem), "counters of memory");
	return mem.swap_used;
}

static void check_content(void)
{
	for (unsigned int i = 0; i < BOS; i++) {
		struct app_reply reply;

		ok(gpu_app_ask(&app, &(struct app_request) {
			.op = APP_SUM, .bo = i, .by_gpu = true },
			&reply, NULL, NULL), "reading by the GPU");
		assert_true(reply.value == pattern_expected(SEED + ((uint64_t)i << 32), BO_SIZE));
	}
}

static void from_a_shell(void **state)
{
	/* The formats of numbers that kstrtoint() accepts. */
	static const char *const formats[] = {
		"%" PRId64, "0x%" PRIx64, "0%" PRIo64,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		uint64_t before = resident(), swap = swapped();

		assert_true(before >= TOTAL);
		assert_int_equal(shell(formats[i], app.pid, reclaim_attribute), 0);
		assert_true(resident() + TOTAL <= before);
		assert_true(swapped() >= swap + TOTAL);
		assert_int_equal(shell(formats[i], app.pid, claim_attribute), 0);
		assert_int_equal(resident(), before);
	}
	check_content();
}

static void wrong_numbers(void **state)
{
	static const struct {
		const char *text;
		int ret;
	} cases[] = {
		{ "app", -EINVAL },
		{ "", -EINVAL },
		{ "12x", -EINVAL },
		{ "0x", -EINVAL },
		{ "2147483648", -ERANGE },
		{ "99999999999999999999", -ERANGE },
		{ "-1", -ERANGE },
		{ "0", -ESRCH },
		{ "2147483647", -ESRCH },
		/* A process without a file of the device. */
		{ "1", -ESRCH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];

		/* With a newline, as echo writes it: an empty write would not reach the driver. */
		snprintf(text, sizeof(text), "%s\n", cases[i].text);
		assert_int_equal(sysmem_write_file(reclaim_attribute, text), cases[i].ret);
		assert_int_equal(sysmem_write_file(claim_attribute, text), cases[i].ret);
	}
	/* The id of a thread does not name a process. */
	assert_true(shell("%" PRId64, app.thread, reclaim_attribute) != 0);
	assert_true(resident() >= TOTAL);
}

static void no_swap(void **state)
{
	char text[16];

	(void)state;
	snprintf(text, sizeof(text), "%d", app.pid);
	assert_int_equal(system("swapoff -a"), 0);
	assert_int_equal(sysmem_write_file(reclaim_attribute, text), -ENOSPC);
	assert_int_equal(sysmem_write_file(claim_attribute, text), 0);
	assert_int_equal(system("swapon /dev/zram0"), 0);
}

/* As root that lacks only CAP_SYS_RESOURCE. Returns 0 if every call is refused. */
static int without_capability(void)
{
	struct gpu_device dev;
	struct gpu_ctx ctx;
	struct gpu_bo bo;
	char self[16], other[16];
	struct gpu_fdinfo before, after;
	uint64_t sum;

	snprintf(self, sizeof(self), "%d", getpid());
	snprintf(other, sizeof(other), "%d", app.pid);
	if (gpu_device_open(&dev) || gpu_ctx_init(&ctx, &dev, 1) ||
	    gpu_ctx_alloc(&ctx, BO_SIZE, GPU_BO_PRIVATE, &bo) || gpu_fill(&ctx, &bo, SEED) ||
	    gpu_fdinfo_read(getpid(), &before))
		return 1;
	if (drop_capability())
		return 2;
	if (sysmem_write_file(reclaim_attribute, other) != -EPERM)
		return 3;
	/* It cannot even find out whether the process exists. */
	if (sysmem_write_file(reclaim_attribute, "2147483647") != -EPERM)
		return 4;
	if (sysmem_write_file(claim_attribute, other) != -EPERM ||
	    sysmem_write_file(claim_attribute, self) != -EPERM)
		return 5;
	if (sysmem_write_file(reclaim_attribute, self))
		return 6;
	if (gpu_fdinfo_read(getpid(), &after) || after.resident + BO_SIZE > before.resident)
		return 7;
	if (gpu_checksum(&ctx, &bo, &sum) || sum != pattern_expected(SEED, BO_SIZE))
		return 8;
	return 0;
}

static void permission(void **state)
{
	(void)state;
	in_child(without_capability);
	assert_true(resident() >= TOTAL);
}

static void modes(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(reclaim_attribute, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0200);
	assert_int_equal(stat(claim_attribute, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0200);
}

static int begin(void **state)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1,
	};
	int ret = guest_open(state);

	if (!ret)
		ret = find_attribute("mem_reclaim", reclaim_attribute);
	if (!ret)
		ret = find_attribute("mem_claim", claim_attribute);
	if (!ret)
		ret = gpu_app_start(&app, &setup);
	if (!ret)
		ret = (int)gpu_app_ask(&app, &(struct app_request) {
			.op = APP_ALLOC, .count = BOS, .size = BO_SIZE, .seed = SEED,
			.exclusive = true }, NULL, NULL, NULL);
	return ret < 0 ? ret : 0;
}

static int end(void **state)
{
	gpu_app_kill(&app);
	return guest_close(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(from_a_shell),
		CASE(wrong_numbers),
		CASE(no_swap),
		CASE(permission),
		CASE(modes),
	};

	return cmocka_run_group_tests_name("sysfs", tests, NULL, NULL);
}
