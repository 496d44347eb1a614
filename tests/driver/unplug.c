/* SPDX-License-Identifier: MIT */
/*
 * Nothing stays of a device that was unplugged, once all of its files are closed. A new device
 * gets the lowest number that no other one has, so it shows whether the old one is gone.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "gpu/bind.h"
#include "gpu/buffers.h"
#include "gpu/power.h"
#include "guest.h"

#define BOS 2
#define SEED UINT64_C(0x0b1e0000000000)

/* The driver frees a device in the background. */
#define LOOKS 100
#define LOOK_PAUSE_MS 20

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

static void device_goes(unsigned int jobs)
{
	struct gpu_binding binding;
	unsigned int number, looks;

	/* The group stays on the GPU, even if it has no work. */
	ok(gpu_power_allow_sleep(guest.dev.fd, false), "power/control");
	ok(gpu_buffers_create(&buffers, BOS, SEED), "buffers");
	assert_true(gpu_buffers_gpu_reads(&buffers, 0, NULL));
	ok(gpu_buffers_keep_busy(&buffers, jobs), "jobs");

	number = number_of_device();
	ok(gpu_binding_of(guest.dev.fd, &binding), "the driver");
	unplug(&binding);
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
	device_goes(0);
}

static void busy_group(void **state)
{
	(void)state;
	device_goes(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_CASE(idle_group),
		GUEST_CASE(busy_group),
	};

	return cmocka_run_group_tests_name("unplug", tests, NULL, NULL);
}
