/* SPDX-License-Identifier: MIT */
/* Calls of the interface on the session bus, with any arguments. */
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "agent.h"
#include "fuzz.h"
#include "source_session.h"

static struct agent agent;
static sd_bus *server, *client;

static void on_windows(void *data, const struct window *windows, size_t count, pid_t compositor)
{
	(void)data;
	(void)windows;
	(void)count;
	(void)compositor;
}

static void on_lost(void *data, const char *why)
{
	(void)data;
	(void)why;
}

static void on_hint(void *data, pid_t pid)
{
	(void)data;
	(void)pid;
}

static void on_ended(void *data)
{
	(void)data;
}

static const struct source_handler handler = { on_windows, on_lost, on_hint, on_ended, NULL };

static int on_time(sd_event_source *timer, uint64_t usec, void *data)
{
	(void)timer;
	(void)usec;
	(void)data;
	return 0;
}

static void start_agent(void)
{
	const struct policy_config config = { .mode = POLICY_PRESSURE, .high = 25, .low = 15 };

	FUZZ_CHECK(sd_event_new(&agent.event) >= 0);
	FUZZ_CHECK(sd_event_add_time(agent.event, &agent.timer, CLOCK_MONOTONIC, 0, 0, on_time,
				     NULL) >= 0);
	policy_init(&agent.policy, &config);
	agent.dry_run = true;
	agent.source_kind = SOURCE_SESSION_BUS;
	agent.source = source_session_new(agent.event, SESSION_SILENT_USEC, &handler);
	FUZZ_CHECK(agent.source);
}

/* Two ends of a connection without a bus between them. */
static void connect_both(void)
{
	sd_id128_t id = { .bytes = { 1 } };
	int fds[2];

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
	FUZZ_CHECK(sd_bus_new(&server) >= 0 && sd_bus_new(&client) >= 0);
	FUZZ_CHECK(sd_bus_set_fd(server, fds[0], fds[0]) >= 0);
	FUZZ_CHECK(sd_bus_set_fd(client, fds[1], fds[1]) >= 0);
	FUZZ_CHECK(sd_bus_set_server(server, 1, id) >= 0);
	FUZZ_CHECK(sd_bus_set_anonymous(server, 1) >= 0 && sd_bus_set_anonymous(client, 1) >= 0);
	FUZZ_CHECK(sd_bus_set_trusted(server, 1) >= 0);
	FUZZ_CHECK(agent_bus_serve(&agent, server) >= 0);
	FUZZ_CHECK(sd_bus_start(server) >= 0 && sd_bus_start(client) >= 0);
}

static void process(void)
{
	int a, b;

	do {
		a = sd_bus_process(server, NULL);
		b = sd_bus_process(client, NULL);
		FUZZ_CHECK(a >= 0 && b >= 0);
	} while (a || b);
}

static uint8_t take(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	(*size)--;
	return *(*data)++;
}

static uint64_t take_number(const uint8_t **data, size_t *size)
{
	const uint8_t bytes = take(data, size) % 9;
	uint64_t number = 0;
	int i;

	for (i = 0; i < bytes; i++)
		number = number << 8 | take(data, size);
	return number;
}

static const char *take_text(const uint8_t **data, size_t *size)
{
	static char text[400];
	size_t used = 0;

	do
		text[used] = (char)take(data, size);
	while (text[used] && ++used < sizeof(text) - 1);
	text[used] = '\0';
	return text;
}

static void append(sd_bus_message *m, const uint8_t **data, size_t *size)
{
	switch (take(data, size) % 8) {
	case 0:
		sd_bus_message_append(m, "s", take_text(data, size));
		break;
	case 1:
		sd_bus_message_append(m, "i", (int)take_number(data, size));
		break;
	case 2:
		sd_bus_message_append(m, "b", (int)(take(data, size) & 1));
		break;
	case 3:
		sd_bus_message_append(m, "u", (unsigned int)take_number(data, size));
		break;
	case 4:
		sd_bus_message_append(m, "t", take_number(data, size));
		break;
	case 5:
		sd_bus_message_append(m, "v", "s", take_text(data, size));
		break;
	case 6:
		sd_bus_message_append(m, "as", 1, take_text(data, size));
		break;
	default:
		sd_bus_message_append(m, "a{sv}", 1, "key", "u", 7);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "Window", "WindowClosed", "Sync", "List", "Hint",
					       "Pause", "Get", "Nothing" };

	if (!server) {
		start_agent();
		connect_both();
	}
	while (size) {
		const char *method = methods[take(&data, &size) % 8];
		const bool get = !strcmp(method, "Get");
		unsigned int arguments = take(&data, &size) % 8;
		sd_bus_message *m;

		FUZZ_CHECK(sd_bus_message_new_method_call(
			client, &m, NULL, AGENT_PATH,
			get ? "org.freedesktop.DBus.Properties" : AGENT_NAME, method) >= 0);
		if (get && arguments)
			sd_bus_message_append(m, "ss", AGENT_NAME, "Status");
		for (; !get && arguments; arguments--)
			append(m, &data, &size);
		/* Text that is not UTF-8 cannot be sent. */
		if (sd_bus_send(client, m, NULL) >= 0)
			process();
		sd_bus_message_unref(m);
	}
	return 0;
}
