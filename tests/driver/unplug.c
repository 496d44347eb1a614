/* SPDX-License-Identifier: MIT */
/*
 * Nothing stays of a device that was unplugged, once all of its files are closed. A new device
 * gets the lowest number that no other one has, so it shows whether the old one is gone. Jobs end
 * with the device, although their files are still open.
 */
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "gpu/bind.h"
#include "gpu/buffers.h"
#include "gpu/power.h"
#include "gpu/sync.h"
#include "guest.h"

#define BOS 2
#define SEED UINT64_C(0x0b1e0000000000)

/* The driver frees a device in the background. */
#define LOOKS 100
#define LOOK_PAUSE_MS 20

/* As many as a context can have. They take 2 s each, so the GPU has work until it is unplugged. */
#define JOBS (GPU_SLOT_COUNT - 2)
#define END_MS 60000

static struct gpu_buffers buffers;

static unsigned int number_of_device(void)
{
	struct stat st;

	ok(fstat(guest.dev.fd, &st), "fstat");
	return minor(st.st_rdev);
}

static void unplug(const struct gpu_binding *binding)
{
	gpu_device_close(&guest.dev);
	ok(gpu_unbind(binding), "unbind");
}

static void plug(const struct gpu_binding *binding)
{
	ok(gpu_bind(binding), "bind");
	ok(gpu_device_open(&guest.dev), "opening the device");
}

/* The fence of the last job, as a descriptor that needs no device. */
static int submit_jobs(void)
{
	uint32_t sync;
	int fence;

	ok(gpu_buffers_keep_busy(&buffers, JOBS), "jobs");
	ok(gpu_sync_create(buffers.dev.fd, false, &sync), "a syncobj");
	cs_nop(gpu_ctx_begin(&buffers.ctx));
	ok(gpu_ctx_submit(&buffers.ctx, 0, 0, sync), "the last job");
	ok(drmSyncobjExportSyncFile(buffers.dev.fd, sync, &fence), "its fence");
	return fence;
}

/* A job ends with an error if the GPU has not executed it. */
static void check_ended(int fence)
{
	struct pollfd poll_fence = { .fd = fence, .events = POLLIN };
	int error = 0;

	assert_int_equal(poll(&poll_fence, 1, END_MS), 1);
	ok(gpu_fence_error(fence, &error), "SYNC_IOC_FILE_INFO");
	assert_true(error < 0);
	close(fence);
}

static void device_goes(bool busy)
{
	struct gpu_binding binding;
	unsigned int number, looks;
	int fence = -1;

	/* The group stays on the GPU, even if it has no work. */
	ok(gpu_power_allow_sleep(guest.dev.fd, false), "power/control");
	ok(gpu_buffers_create(&buffers, BOS, SEED), "buffers");
	assert_true(gpu_buffers_gpu_reads(&buffers, 0, NULL));
	if (busy)
		fence = submit_jobs();

	number = number_of_device();
	ok(gpu_binding_of(guest.dev.fd, &binding), "the driver");
	unplug(&binding);
	if (busy)
		check_ended(fence);
	gpu_buffers_destroy(&buffers);
	plug(&binding);
	for (looks = 0; looks < LOOKS && number_of_device() != number; looks++) {
		unplug(&binding);
		sleep_ms(LOOK_PAUSE_MS);
		plug(&binding);
	}
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
	assert_int_equal(number_of_device(), number);
}

static void idle_group(void **state)
{
	(void)state;
	device_goes(false);
}

static void busy_group(void **state)
{
	(void)state;
	device_goes(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_CASE(idle_group),
		GUEST_CASE(busy_group),
	};

	return cmocka_run_group_tests_name("unplug", tests, NULL, NULL);
}
