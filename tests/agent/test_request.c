/* SPDX-License-Identifier: MIT */
/* Test which calls the agent makes of panthor-memd, here a program that holds its replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "listen.h"
#include "memory.h"
#include "name.h"

#define CALLS 64
/* panthor-memd refuses more from one user by default, QueuePerUser=. */
#define QUEUE 16

struct call {
	sd_bus_message *message;
	bool claim, replied;
	uint32_t pid;
};

static struct agent agent;
static sd_bus *broker;
static struct call calls[CALLS];
static size_t n_calls, n_cancelled;

static int on_call(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct call *call = &calls[n_calls++];

	(void)data;
	(void)error;
	assert_true(n_calls < CALLS);
	*call = (struct call){ .message = sd_bus_message_ref(m) };
	call->claim = sd_bus_message_is_method_call(m, NULL, "Claim") > 0;
	assert_true(sd_bus_message_read(m, "u", &call->pid) > 0);
	return 1;
}

static int on_cancel(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)data;
	(void)error;
	n_cancelled++;
	return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Reclaim", "uta{sv}", "tttus", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Claim", "uta{sv}", "ttus", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Cancel", "ut", NULL, on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static void on_devices(void *data, int count)
{
	(void)data;
	(void)count;
}

static int on_time(sd_event_source *timer, uint64_t usec, void *data)
{
	(void)timer;
	(void)usec;
	(void)data;
	return 0;
}

static int setup(void **state)
{
	const struct policy_config config = { .mode = POLICY_EAGER };
	char address[96];
	int ret = listen_setup(state);

	n_calls = n_cancelled = 0;
	memset(&agent, 0, sizeof(agent));
	snprintf(address, sizeof(address), "unix:path=%s/bus", listen_dir());
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	broker = listen_connect(true);
	assert_true(sd_bus_add_object_vtable(broker, NULL, BROKER_PATH, BROKER_NAME, vtable,
					     NULL) >= 0);
	assert_true(sd_bus_request_name(broker, BROKER_NAME, 0) >= 0);
	agent.event = event;
	policy_init(&agent.policy, &config);
	assert_true(sd_event_add_time(event, &agent.timer, CLOCK_MONOTONIC, 0, 0, on_time,
				      NULL) >= 0);
	agent.link = link_new(event, on_devices, NULL);
	return ret;
}

static int teardown(void **state)
{
	size_t i;

	for (i = 0; i < n_calls; i++)
		sd_bus_message_unref(calls[i].message);
	request_free_all(&agent);
	link_free(agent.link);
	sd_event_source_disable_unref(agent.timer);
	free(agent.queue);
	broker = sd_bus_flush_close_unref(broker);
	return listen_teardown(state);
}

/* An application with processes from @pid on. The later ones have more memory. */
static struct app new_app(uint64_t number, pid_t pid, size_t count)
{
	struct app app = { .number = number, .pid = pid, .n_members = count };
	size_t i;

	app.members = memory_grow(NULL, 0, count, sizeof(*app.members));
	for (i = 0; i < count; i++)
		app.members[i] = (struct member){
			.pid = pid + (pid_t)i, .id = i + 1, .has_device = true, .counted = true,
			.bytes = i << 20,
		};
	return app;
}

/* Everything that the agent has sent by now has arrived. */
static void settle(void)
{
	int quiet = 0;

	while (quiet < 10) {
		const int ret = sd_event_run(event, USEC_PER_SEC / 100);

		assert_true(ret >= 0);
		quiet = ret ? 0 : quiet + 1;
	}
}

/* @error: the last part of the name of an error, or NULL. */
static void reply(size_t i, const char *error)
{
	struct call *call = &calls[i];
	char name[128];

	assert_true(i < n_calls && !call->replied);
	call->replied = true;
	snprintf(name, sizeof(name), BROKER_ERROR "%s", error ? error : "");
	if (error)
		assert_true(sd_bus_reply_method_errorf(call->message, name, "no") >= 0);
	else if (call->claim)
		assert_true(sd_bus_reply_method_return(call->message, "ttus", UINT64_C(1),
						       UINT64_C(0), 0, "") >= 0);
	else
		assert_true(sd_bus_reply_method_return(call->message, "tttus", UINT64_C(1),
						       UINT64_C(0), UINT64_C(0), 0, "") >= 0);
}

static size_t open_calls(void)
{
	size_t i, count = 0;

	for (i = 0; i < n_calls; i++)
		count += !calls[i].replied;
	return count;
}

static void reply_all(void)
{
	size_t i;

	settle();
	while (open_calls()) {
		assert_true(open_calls() < QUEUE);
		for (i = 0; i < n_calls; i++) {
			if (!calls[i].replied)
				reply(i, NULL);
		}
		settle();
	}
}

/* Those with the most memory, and not all at once. */
static void test_many_processes(void **state)
{
	struct app app = new_app(1, 1000, 50);
	size_t i;

	(void)state;
	request_start(&agent, &app, POLICY_RECLAIM);
	settle();
	assert_int_equal(n_calls, 4);
	assert_int_equal(calls[0].pid, 1049);
	assert_int_equal(calls[3].pid, 1046);
	reply(1, NULL);
	RUN_UNTIL(n_calls == 5);
	assert_int_equal(calls[4].pid, 1045);
	reply_all();
	assert_int_equal(n_calls, 8);
	for (i = 0; i < n_calls; i++)
		assert_in_range(calls[i].pid, 1042, 1049);
	assert_null(agent.requests);
	free(app.members);
}

/* The user waits for a claim, so it does not wait for reclaims. */
static void test_claim_first(void **state)
{
	struct app a = new_app(1, 1000, 8), b = new_app(2, 2000, 8), c = new_app(3, 3000, 8),
		   shown = new_app(4, 4000, 8);
	size_t i, claims = 0;

	(void)state;
	request_start(&agent, &a, POLICY_RECLAIM);
	request_start(&agent, &b, POLICY_RECLAIM);
	request_start(&agent, &c, POLICY_RECLAIM);
	request_start(&agent, &shown, POLICY_CLAIM);
	settle();
	assert_true(n_calls < QUEUE);
	for (i = 0; i < n_calls; i++)
		claims += calls[i].claim;
	assert_int_equal(claims, 8);
	reply_all();
	assert_int_equal(n_calls, 32);
	assert_null(agent.requests);
	free(a.members);
	free(b.members);
	free(c.members);
	free(shown.members);
}

/* The kernel counts a client for the process that has used it last. */
static void test_shared_client(void **state)
{
	struct app app = new_app(1, 1000, 4);

	(void)state;
	app.members[0].counted = app.members[1].counted = app.members[2].counted = false;
	request_start(&agent, &app, POLICY_RECLAIM);
	settle();
	assert_int_equal(n_calls, 1);
	assert_int_equal(calls[0].pid, 1003);
	reply(0, "NoGpuMemory");
	RUN_UNTIL(n_calls == 2);
	assert_int_equal(calls[1].pid, 1000);
	reply(1, "NoGpuMemory");
	RUN_UNTIL(n_calls == 3);
	assert_int_equal(calls[2].pid, 1001);
	reply(2, NULL);
	settle();
	assert_int_equal(n_calls, 3);
	assert_null(agent.requests);
	free(app.members);
}

/* Each call that is refused costs the user another one. */
static void test_refused(void **state)
{
	struct app app = new_app(1, 1000, 8);
	int i;

	(void)state;
	request_start(&agent, &app, POLICY_RECLAIM);
	settle();
	for (i = 0; i < 4; i++)
		reply((size_t)i, "LimitsExceeded");
	settle();
	assert_int_equal(n_calls, 4);
	assert_null(agent.requests);
	free(app.members);
}

static void test_cancel(void **state)
{
	struct app app = new_app(1, 1000, 8);

	(void)state;
	request_start(&agent, &app, POLICY_RECLAIM);
	settle();
	request_cancel(&agent, 1);
	RUN_UNTIL(n_cancelled == 4);
	assert_non_null(agent.requests);
	reply_all();
	assert_int_equal(n_calls, 4);
	assert_null(agent.requests);
	free(app.members);
}

/* What waits for the calls of an application is sent when that is gone. */
static void test_forget(void **state)
{
	struct app a = new_app(1, 1000, 4), b = new_app(2, 2000, 4);

	(void)state;
	request_start(&agent, &a, POLICY_RECLAIM);
	request_start(&agent, &b, POLICY_RECLAIM);
	settle();
	assert_int_equal(n_calls, 4);
	request_forget(&agent, 1);
	RUN_UNTIL(n_calls == 8 && n_cancelled == 4);
	assert_int_equal(calls[7].pid / 1000, 2);
	reply_all();
	assert_null(agent.requests);
	free(a.members);
	free(b.members);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_many_processes),
		TEST(test_claim_first),
		TEST(test_shared_client),
		TEST(test_refused),
		TEST(test_cancel),
		TEST(test_forget),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
