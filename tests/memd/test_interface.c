/* SPDX-License-Identifier: MIT */
/* Test the methods, options, results, properties and signals that docs/broker.rst describes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* Returns a client, connected to the bus. */
static sd_bus *start(const char *words)
{
	return world_start_with_client(&w, words, LENIENT);
}

static void test_reclaim_and_claim(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = start("");
	r = reclaim(bus, w.victims[0], NULL);
	check_freed(r, 4 * MIB);
	assert_int_equal(r->evicted, 4 * MIB);
	assert_int_equal(r->skipped, 64 * 1024);
	assert_int_equal(r->status, DRM_PANTHOR_MEM_STATUS_PINNED);
	r = claim(bus, w.victims[0], NULL);
	check_ok(r);
	assert_int_equal(r->claimed, 4 * MIB);
	assert_int_equal(r->remaining, 0);
	assert_int_equal(r->status, 0);
}

static void test_slices_add_up(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = start("bos=40");
	r = reclaim(bus, w.victims[0], NULL);
	check_freed(r, 40 * MIB);
	assert_int_equal(r->evicted, 40 * MIB);
	assert_int_equal(r->skipped, 64 * 1024);
	assert_int_equal(r->status, DRM_PANTHOR_MEM_STATUS_PINNED);
	r = claim(bus, w.victims[0], &(struct options){ .max_bytes = 30 * MIB });
	check_ok(r);
	assert_int_equal(r->claimed, 30 * MIB);
	assert_int_equal(r->remaining, 10 * MIB);
	assert_int_equal(r->status, DRM_PANTHOR_MEM_STATUS_CAPPED);
}

/* Limits above, at and below the size of a slice. */
static void test_limit_of_the_caller(void **state)
{
	static const uint64_t limits[] = { 20 * MIB, 16 * MIB, 3 * MIB };
	const struct reply *r;
	sd_bus *bus;
	size_t i;

	(void)state;
	bus = start("bos=60");
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		r = reclaim(bus, w.victims[0], &(struct options){ .max_bytes = limits[i] });
		check_ok(r);
		assert_int_equal(r->freed, limits[i]);
		assert_true(r->status & DRM_PANTHOR_MEM_STATUS_CAPPED);
	}
	r = reclaim(bus, w.victims[0], &(struct options){ .max_bytes = 1000 * MIB });
	assert_int_equal(r->freed, 21 * MIB);
	assert_false(r->status & DRM_PANTHOR_MEM_STATUS_CAPPED);
}

static void test_dry_run_changes_nothing(void **state)
{
	const struct reply *r;
	sd_bus *bus;
	int i;

	(void)state;
	bus = start("bos=40");
	for (i = 0; i < 2; i++) {
		r = reclaim(bus, w.victims[0], &(struct options){ .dry_run = true });
		check_ok(r);
		assert_int_equal(r->freed, 0);
		assert_int_equal(r->evicted, 40 * MIB);
	}
	r = claim(bus, w.victims[0], NULL);
	assert_int_equal(r->claimed, 0);
}

static void test_without_page_out(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = start("bos=40");
	r = reclaim(bus, w.victims[0], &(struct options){ .no_pageout = true });
	check_freed(r, 0);
	assert_int_equal(r->evicted, 40 * MIB);
	r = claim(bus, w.victims[0], NULL);
	assert_int_equal(r->claimed, 40 * MIB);
}

static void test_prefetch(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = start("evicted");
	r = claim(bus, w.victims[0], &(struct options){ .prefetch = true });
	check_ok(r);
	/* The pages are in RAM but not mapped, so they still count as evicted. */
	assert_int_equal(r->remaining, 4 * MIB);
}

static void test_wait_for_gpu_work(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = start("busy");
	r = reclaim(bus, w.victims[0], NULL);
	check_freed(r, 0);
	assert_true(r->status & DRM_PANTHOR_MEM_STATUS_BUSY);
	r = reclaim(bus, w.victims[0], &(struct options){ .wait_usec = 1000000 });
	check_freed(r, 4 * MIB);
}

static void test_device(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = start("");
	check_ok(reclaim(bus, w.victims[0], &(struct options){ .device = "renderD128" }));
	check_ok(claim(bus, w.victims[0], &(struct options){ .device = "/dev/dri/renderD128" }));
	check_error(reclaim(bus, w.victims[0], &(struct options){ .device = "renderD7" }),
		    "NoDevice", "Devices");
	check_error(reclaim(bus, w.victims[0], &(struct options){ .device = "/" }),
		    "InvalidArgs", "renderD128");
	/* The longest name, and a longer one. */
	check_error(reclaim(bus, w.victims[0],
			    &(struct options){ .device = "renderD000000000000000000000128" }),
		    "NoDevice", "Devices");
	check_error(reclaim(bus, w.victims[0],
			    &(struct options){ .device = "renderD0000000000000000000000128" }),
		    "InvalidArgs", "is not the name of a device");
}

/* --- invalid requests ----------------------------------------------------- */

/* Send one option and expect InvalidArgs with @text in the message. */
static void check_invalid(sd_bus *bus, const char *method, const char *key, const char *type,
			  uint64_t value, const char *text)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int ret = sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, method, &error,
				     NULL, "uta{sv}", (uint32_t)w.victims[0],
				     world_id(w.victims[0]), 1, key, type, value);

	assert_true(ret < 0);
	assert_string_equal(error.name, SD_BUS_ERROR_INVALID_ARGS);
	if (!strstr(error.message, text))
		fail_msg("no '%s' in '%s'", text, error.message);
	sd_bus_error_free(&error);
}

static void test_invalid_options(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = start("");
	check_invalid(bus, "Reclaim", "max_bytes", "t", 1, "Reclaim has no option 'max_bytes'");
	check_invalid(bus, "Claim", "dry-run", "t", 1, "Claim has no option 'dry-run'");
	check_invalid(bus, "Claim", "wait-usec", "t", 1, "Claim has no option");
	check_invalid(bus, "Reclaim", "prefetch-only", "t", 1, "Reclaim has no option");
	check_invalid(bus, "Reclaim", "max-bytes", "x", 1, "option max-bytes must have the type t");
	check_invalid(bus, "Reclaim", "device", "t", 1, "option device must have the type s");
	check_invalid(bus, "Claim", "prefetch-only", "t", 1, "prefetch-only must have the type b");
	check_invalid(bus, "Reclaim", "wait-usec", "t", 1000001, "wait-usec is larger");
}

/* An error message repeats whole characters of a client's text. */
static void test_long_names(void **state)
{
	char text[64];
	sd_bus *bus;

	(void)state;
	bus = start("");
	/* The last character that would fit is cut. */
	snprintf(text, sizeof(text), "%039d\u00e9", 0);
	check_invalid(bus, "Reclaim", text, "t", 1, "Reclaim has no option '000");
	check_invalid(bus, "Reclaim", "device", "s", (uintptr_t)text, "option device: '000");
	check_invalid(bus, "Claim", "t\u00eate", "t", 1, "option 't\u00eate'");
}

static void test_option_twice(void **state)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus;

	(void)state;
	bus = start("");
	assert_true(sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Reclaim",
				       &error, NULL, "uta{sv}", (uint32_t)w.victims[0],
				       world_id(w.victims[0]), 2, "max-bytes", "t", UINT64_C(1),
				       "max-bytes", "t", UINT64_C(2)) < 0);
	assert_string_equal(error.message, "option max-bytes is given twice");
	sd_bus_error_free(&error);
}

static void test_wrong_signature(void **state)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus;

	(void)state;
	bus = start("");
	assert_true(sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Reclaim",
				       &error, NULL, "i", 1) < 0);
	assert_string_equal(error.name, SD_BUS_ERROR_INVALID_ARGS);
	sd_bus_error_free(&error);
	assert_true(sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Evict",
				       &error, NULL, NULL) < 0);
	assert_string_equal(error.name, SD_BUS_ERROR_UNKNOWN_METHOD);
	sd_bus_error_free(&error);
}

/* --- errors during the work ----------------------------------------------- */

static void test_error_without_work(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = start("evicted fail=read");
	check_error(claim(bus, w.victims[0], NULL), "Failed", "EIO");
}

/* Free swap drops below the reserve during a reclaim. */
static void test_swap_fills_up(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "bos=40 swap=50", "[Limits]\nSwapReserve=32M\n");
	r = reclaim(bus, w.victims[0], NULL);
	check_ok(r);
	/* In the second slice of 16 MiB, less swap is free than the reserve. */
	assert_in_range(r->freed, 17 * MIB, 32 * MIB);
	assert_true(r->status & DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_false(r->status & DRM_PANTHOR_MEM_STATUS_CAPPED);
	check_error(reclaim(bus, w.victims[1], NULL), "SwapFull", "SwapReserve=");
}

static void test_no_gpu_memory(void **state)
{
	sd_bus *bus;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .apps = 1 });
	bus = world_client(&w, world_me());
	check_error(reclaim(bus, w.victims[1], NULL), "NoGpuMemory", "panthor-mem list");
	check_error(claim(bus, w.victims[1], NULL), "NoGpuMemory", "panthor-mem list");
}

/* --- properties and signals ----------------------------------------------- */

/* Read one of the property Limits, which has nine. */
static uint64_t get_limit(sd_bus *bus, const char *wanted)
{
	sd_bus_message *m = NULL;
	unsigned int count = 0;
	uint64_t value, found = 0;
	const char *name;

	assert_true(sd_bus_get_property(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Limits",
					NULL, &m, "a{st}") >= 0);
	assert_true(sd_bus_message_enter_container(m, 'a', "{st}") > 0);
	for (; sd_bus_message_read(m, "{st}", &name, &value) > 0; count++) {
		if (!strcmp(name, wanted))
			found = value;
	}
	assert_int_equal(count, 9);
	sd_bus_message_unref(m);
	return found;
}

static void test_properties(void **state)
{
	sd_bus_message *m = NULL;
	char *text = NULL;
	const char *name;
	unsigned int number = 0;
	sd_bus *bus;

	(void)state;
	bus = start("");
	assert_true(sd_bus_get_property_string(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME,
					       "Version", NULL, &text) >= 0);
	assert_string_equal(text, BROKER_VERSION);
	free(text);
	assert_true(sd_bus_get_property_trivial(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME,
						"InterfaceVersion", NULL, 'u', &number) >= 0);
	assert_int_equal(number, 1);
	assert_true(sd_bus_get_property(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Devices",
					NULL, &m, "as") >= 0);
	assert_true(sd_bus_message_read(m, "as", 1, &name) > 0);
	assert_string_equal(name, "renderD128");
	sd_bus_message_unref(m);
	assert_int_equal(get_limit(bus, "MaxTimeSec"), 20000000);
	assert_int_equal(get_limit(bus, "SwapReserve"), 32 * MIB);
	assert_int_equal(get_limit(bus, "QueuePerUser"), 16);
}

/* SwapReserve is what is in fact kept free. */
static void test_reserve_is_a_share(void **state)
{
	(void)state;
	assert_int_equal(get_limit(start("swap=1000"), "SwapReserve"), 50 * MIB);
}

struct heard {
	unsigned int count;
	char operation[16];
	uint32_t uid, pid;
	uint64_t bytes;
};

static int on_finished(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct heard *h = data;
	const char *operation, *name;
	uint32_t status;
	uint64_t usec;

	(void)error;
	assert_true(sd_bus_message_read(m, "suuttus", &operation, &h->uid, &h->pid, &h->bytes,
					&usec, &status, &name) > 0);
	assert_string_equal(name, "");
	snprintf(h->operation, sizeof(h->operation), "%s", operation);
	h->count++;
	return 0;
}

static void listen_to(sd_bus *bus, struct heard *h)
{
	memset(h, 0, sizeof(*h));
	assert_true(sd_bus_match_signal(bus, NULL, BROKER_NAME, BROKER_PATH, BROKER_NAME,
					"Finished", on_finished, h) >= 0);
}

/* Receive all signals that were sent so far: they arrive before the replies in settle(). */
static void hear(sd_bus *bus)
{
	settle(bus);
	while (sd_bus_process(bus, NULL) > 0)
		;
}

static void test_finished(void **state)
{
	struct heard own, none;
	sd_bus *bus, *other;

	(void)state;
	bus = start("");
	other = world_client(&w, world_me());
	listen_to(bus, &own);
	listen_to(other, &none);
	assert_string_equal(plain_call(bus, "Subscribe"), "");
	assert_string_equal(plain_call(bus, "Subscribe"), "");
	check_ok(reclaim(other, w.victims[0], NULL));
	hear(bus);
	hear(other);
	assert_int_equal(own.count, 1);
	assert_string_equal(own.operation, "reclaim");
	assert_int_equal(own.uid, world_me());
	assert_int_equal(own.pid, w.victims[0]);
	assert_int_equal(own.bytes, 4 * MIB);
	/* This client has not subscribed. */
	assert_int_equal(none.count, 0);
	assert_string_equal(plain_call(bus, "Unsubscribe"), "");
	check_ok(claim(other, w.victims[0], NULL));
	hear(bus);
	assert_int_equal(own.count, 1);
}

static void test_finished_of_others(void **state)
{
	static const int uids[VICTIMS] = { UID_A, UID_SERVICE, UID_A, UID_A };
	struct heard root, group, service, user;
	sd_bus *buses[4];
	int i;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "", .uids = uids });
	buses[0] = world_client(&w, 0);
	buses[1] = world_client_in_group(&w, UID_BROKER, GROUP_GID);
	buses[2] = world_client(&w, UID_SERVICE);
	listen_to(buses[0], &root);
	listen_to(buses[1], &group);
	listen_to(buses[2], &service);
	buses[3] = world_client(&w, UID_A);
	listen_to(buses[3], &user);
	for (i = 0; i < 4; i++)
		assert_string_equal(plain_call(buses[i], "Subscribe"), "");
	check_ok(reclaim(world_client(&w, UID_A), w.victims[0], NULL));
	check_ok(reclaim(buses[2], w.victims[1], NULL));
	for (i = 0; i < 4; i++)
		hear(buses[i]);
	assert_int_equal(root.count, 2);
	assert_int_equal(group.count, 2);
	assert_int_equal(service.count, 1);
	assert_int_equal(service.uid, UID_SERVICE);
	assert_int_equal(user.count, 1);
	assert_int_equal(user.uid, UID_A);
	/* The user of the process hears of it, whoever has asked for it. */
	check_ok(reclaim(buses[0], w.victims[2], NULL));
	for (i = 0; i < 4; i++)
		hear(buses[i]);
	assert_int_equal(user.count, 2);
	assert_int_equal(user.pid, w.victims[2]);
	assert_int_equal(service.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reclaim_and_claim),
		TEST(test_slices_add_up),
		TEST(test_limit_of_the_caller),
		TEST(test_dry_run_changes_nothing),
		TEST(test_without_page_out),
		TEST(test_prefetch),
		TEST(test_wait_for_gpu_work),
		TEST(test_device),
		TEST(test_invalid_options),
		TEST(test_long_names),
		TEST(test_option_twice),
		TEST(test_wrong_signature),
		TEST(test_error_without_work),
		TEST(test_swap_fills_up),
		TEST(test_no_gpu_memory),
		TEST(test_properties),
		TEST(test_reserve_is_a_share),
		TEST(test_finished),
		TEST(test_finished_of_others),
	};

	return cmocka_run_group_tests_name("interface", tests, NULL, NULL);
}
