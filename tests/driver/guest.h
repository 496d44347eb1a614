/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the programs of tests/driver and tests/sim share.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/ctx.h"
#include "gpu/device.h"

#define MIB (UINT64_C(1) << 20)

/* State of a case: the device, and the kernel log since its start. */
struct guest {
	struct gpu_device dev;
};

extern struct guest guest;

/*
 * Setup and teardown of a case. The teardown fails if the kernel's checkers have reported
 * something. What the driver logs about a fault is checked by the case itself.
 */
int guest_open(void **state);
int guest_close(void **state);

#define GUEST_CASE(name) \
	cmocka_unit_test_setup_teardown(name, guest_open, guest_close)

/* End the case with a message if @ret is negative. */
void ok(int64_t ret, const char *what);

/* Read a counter of the simulated GPU. */
int64_t stat_of(const char *name);

/* Poll until the counter has grown beyond @before; -ETIME after @timeout_ms. */
int stat_wait(const char *name, int64_t before, unsigned int timeout_ms);

void sleep_ms(unsigned int ms);
int64_t now_ns(void);

/* Wait until the device has gone to sleep; -ETIME: it did not. */
int power_wait_asleep(unsigned int timeout_ms);

/* Store the path of an attribute that panthor has in sysfs. */
int find_attribute(const char *name, char path[256]);

/* Give up CAP_SYS_RESOURCE for good. */
int drop_capability(void);

/* Run @fn in a child process, and end the case unless it returns 0. */
void in_child(int (*fn)(void));

/* For APP_CALL: open as many files of the device as the int at @arg says, and keep them. */
int open_files(int fd, void *arg);

#endif
