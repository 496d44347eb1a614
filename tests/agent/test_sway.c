/* SPDX-License-Identifier: MIT */
/*
 * Test the source for sway with a sway of our own at the other end of a socket, which says what
 * sway says, and what it should not say.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "source_sway.h"
#include "sway_message.h"
#include "sway_tree.h"

/* Nothing takes this long, even on a busy machine. */
#define PATIENCE_SEC 60
/* Another user than root. */
#define NOBODY 65534

#define LEAF(pid, app, visible) \
	"{\"type\":\"con\",\"nodes\":[],\"floating_nodes\":[],\"shell\":\"xdg_shell\"," \
	"\"focused\":false,\"pid\":" pid ",\"app_id\":\"" app "\",\"visible\":" visible "}"
#define CON(nodes, floating) \
	"{\"type\":\"con\",\"nodes\":[" nodes "],\"floating_nodes\":[" floating "]}"
#define ROOT(nodes) "{\"type\":\"root\",\"nodes\":[" nodes "],\"floating_nodes\":[]}"

#define EMPTY ROOT("")
#define TWO ROOT(CON(LEAF("10", "a", "true"), "") "," CON("", LEAF("11", "b", "false")))

/* --- the tree ------------------------------------------------------------- */

static int parse(const char *json, struct window_list *list)
{
	return sway_tree_windows(json, strlen(json), list);
}

static void test_tree(void **state)
{
	struct window_list list;

	(void)state;
	assert_int_equal(parse(EMPTY, &list), 0);
	assert_int_equal(list.count, 0);
	window_list_free(&list);
	assert_int_equal(parse(TWO, &list), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.windows[0].pid, 10);
	assert_string_equal(list.windows[0].app_id, "a");
	assert_true(list.windows[0].visible);
	assert_int_equal(list.windows[1].pid, 11);
	assert_string_equal(list.windows[1].app_id, "b");
	assert_false(list.windows[1].visible);
	assert_false(list.windows[1].unsure);
	window_list_free(&list);
}

#define NODE(keys) \
	ROOT("{\"type\":\"con\",\"nodes\":[],\"floating_nodes\":[]," keys "}")

/* Only a clear "no" means hidden, and only the PID of a native client is certain. */
static void test_unknown_is_visible(void **state)
{
	static const struct {
		const char *json;
		bool visible, unsure;
	} rows[] = {
		{ NODE("\"shell\":\"xdg_shell\",\"pid\":7,\"visible\":false"), false, false },
		{ NODE("\"shell\":\"xdg_shell\",\"pid\":7"), true, false },
		{ NODE("\"shell\":\"xdg_shell\",\"pid\":7,\"visible\":null"), true, false },
		{ NODE("\"shell\":\"xdg_shell\",\"pid\":7,\"visible\":\"false\""), true, false },
		{ NODE("\"shell\":\"xdg_shell\",\"pid\":7,\"visible\":0"), true, false },
		{ NODE("\"shell\":\"xdg_shell\",\"pid\":7,\"visible\":false,\"focused\":true"),
		  true, false },
		{ NODE("\"shell\":\"xwayland\",\"pid\":7,\"visible\":false"), false, true },
		{ NODE("\"shell\":null,\"pid\":7,\"visible\":false"), false, true },
		{ NODE("\"pid\":7,\"visible\":false"), false, true },
	};
	struct window_list list;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].json, &list), 0);
		assert_int_equal(list.count, 1);
		assert_int_equal(list.windows[0].visible, rows[i].visible);
		assert_int_equal(list.windows[0].unsure, rows[i].unsure);
		assert_string_equal(list.windows[0].app_id, "");
		window_list_free(&list);
	}
}

/* A window of an X11 client without a PID is one whose process nobody knows. */
static void test_x11_without_pid(void **state)
{
	struct window_list list;

	(void)state;
	assert_int_equal(parse(NODE("\"shell\":\"xwayland\",\"pid\":0,\"visible\":true"), &list),
			 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.windows[0].pid, 0);
	assert_true(list.windows[0].unsure);
	window_list_free(&list);
}

static void test_bad_trees(void **state)
{
	static const char *const bad[] = {
		"", " ", "{", "}", "[]", "null", "7", "\"root\"", "{}", "{\"type\":\"root\"}",
		"{\"type\":\"root\",\"nodes\":[]}",
		"{\"type\":\"root\",\"nodes\":{},\"floating_nodes\":[]}",
		"{\"type\":\"root\",\"nodes\":null,\"floating_nodes\":[]}",
		"{\"type\":\"con\",\"nodes\":[],\"floating_nodes\":[]}",
		"{\"type\":7,\"nodes\":[],\"floating_nodes\":[]}",
		ROOT("null"), ROOT("7"), ROOT("[]"), ROOT("{}"),
		EMPTY "x", EMPTY EMPTY, EMPTY "}",
		NODE("\"shell\":\"xdg_shell\",\"pid\":null"),
		NODE("\"shell\":\"xdg_shell\",\"pid\":\"7\""),
		NODE("\"shell\":\"xdg_shell\",\"pid\":0"),
		NODE("\"shell\":\"xdg_shell\",\"pid\":-7"),
		NODE("\"shell\":\"xdg_shell\",\"pid\":7.5"),
		NODE("\"shell\":\"xdg_shell\",\"pid\":4294967303"),
		NODE("\"shell\":\"xdg_shell\",\"pid\":99999999999999999999"),
		NODE("\"shell\":\"xdg_shell\",\"pid\":7") "\n{",
		/* One bad window makes all doubtful. */
		ROOT(LEAF("10", "a", "false") ",7"),
	};
	struct window_list list;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], &list) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(list.count, 0);
		assert_null(list.windows);
	}
	assert_int_equal(sway_tree_windows("\0\0", 2, &list), -EBADMSG);
}

static int parse_nested(unsigned int depth, struct window_list *list)
{
	static const char open[] = "{\"type\":\"root\",\"floating_nodes\":[],\"nodes\":[";
	const size_t size = sizeof(open) - 1;
	char *json = malloc(depth * (size + 2) + 1);
	unsigned int i;
	int ret;

	assert_non_null(json);
	for (i = 0; i < depth; i++)
		memcpy(json + i * size, open, size);
	for (i = 0; i < depth; i++)
		memcpy(json + depth * size + 2 * i, "]}", 2);
	ret = sway_tree_windows(json, depth * (size + 2), list);
	free(json);
	return ret;
}

static void test_deep_trees(void **state)
{
	struct window_list list;

	(void)state;
	assert_int_equal(parse_nested(100, &list), 0);
	assert_int_equal(parse_nested(200, &list), -EBADMSG);
	assert_int_equal(parse_nested(100000, &list), -EBADMSG);
}

static void test_long_app_id(void **state)
{
	char json[1024], name[200];
	struct window_list list;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(json, sizeof(json),
		 NODE("\"shell\":\"xdg_shell\",\"pid\":7,\"app_id\":\"%s\""), name);
	assert_int_equal(parse(json, &list), 0);
	assert_int_equal(strlen(list.windows[0].app_id), WINDOW_APP_ID - 1);
	window_list_free(&list);
}

static void test_events(void **state)
{
	static const struct {
		int type;
		const char *json;
		bool look;
		pid_t urgent;
		const char *command;
	} rows[] = {
		{ SWAY_EVENT_WINDOW, "{\"change\":\"focus\",\"container\":{\"pid\":7}}", true, 0,
		  "" },
		{ SWAY_EVENT_WINDOW, "{\"change\":\"title\",\"container\":{\"pid\":7}}", false, 0,
		  "" },
		{ SWAY_EVENT_WINDOW, "{\"change\":\"mark\"}", false, 0, "" },
		{ SWAY_EVENT_WINDOW,
		  "{\"change\":\"urgent\",\"container\":{\"pid\":7,\"urgent\":true}}", true, 7,
		  "" },
		{ SWAY_EVENT_WINDOW,
		  "{\"change\":\"urgent\",\"container\":{\"pid\":7,\"urgent\":false}}", true, 0,
		  "" },
		{ SWAY_EVENT_WINDOW,
		  "{\"change\":\"urgent\",\"container\":{\"pid\":-1,\"urgent\":true}}", true, 0,
		  "" },
		{ SWAY_EVENT_WINDOW, "{\"change\":\"urgent\",\"container\":[]}", true, 0, "" },
		{ SWAY_EVENT_WINDOW, "{}", true, 0, "" },
		{ SWAY_EVENT_WORKSPACE, "{\"change\":\"focus\"}", true, 0, "" },
		{ SWAY_EVENT_BINDING, "{\"change\":\"run\",\"binding\":{\"command\":\"nop x\"}}",
		  false, 0, "nop x" },
		{ SWAY_EVENT_BINDING, "{\"binding\":7}", false, 0, "" },
	};
	struct sway_event event;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(sway_tree_event((uint32_t)rows[i].type, rows[i].json,
						 strlen(rows[i].json), &event), 0);
		assert_int_equal(event.look, rows[i].look);
		assert_int_equal(event.urgent, rows[i].urgent != 0);
		assert_int_equal(event.pid, rows[i].urgent);
		assert_string_equal(event.command, rows[i].command);
	}
	assert_int_equal(sway_tree_event((uint32_t)SWAY_EVENT_WINDOW, "[]", 2, &event), -EBADMSG);
	assert_int_equal(sway_tree_event((uint32_t)SWAY_EVENT_WINDOW, "{", 1, &event), -EBADMSG);
}

/* --- messages ------------------------------------------------------------- */

static void test_byte_by_byte(void **state)
{
	char bytes[2 * (SWAY_HEADER + 8)];
	struct sway_reader r = { 0 };
	struct sway_message m;
	size_t size, i;

	(void)state;
	size = sway_write(bytes, 4, "hello");
	size += sway_write(bytes + size, 0x80000003, "");
	for (i = 0; i < size; i++) {
		sway_reader_add(&r, bytes + i, 1);
		if (i + 1 == SWAY_HEADER + 5) {
			assert_int_equal(sway_reader_next(&r, &m), 1);
			assert_int_equal(m.type, 4);
			assert_int_equal(m.length, 5);
			assert_memory_equal(m.payload, "hello", 5);
		} else if (i + 1 == size) {
			assert_int_equal(sway_reader_next(&r, &m), 1);
			assert_int_equal(m.type, 0x80000003);
			assert_int_equal(m.length, 0);
		}
		assert_int_equal(sway_reader_next(&r, &m), 0);
	}
	/* Both at once. */
	sway_reader_add(&r, bytes, size);
	assert_int_equal(sway_reader_next(&r, &m), 1);
	assert_int_equal(sway_reader_next(&r, &m), 1);
	assert_int_equal(sway_reader_next(&r, &m), 0);
	sway_reader_free(&r);
}

static void test_wrong_magic(void **state)
{
	static const char *const wrong[] = { "x", "i3-ipx", "I3-ipc", "GET / HTTP/1.1\r\n" };
	struct sway_reader r = { 0 };
	struct sway_message m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		sway_reader_add(&r, wrong[i], strlen(wrong[i]));
		assert_int_equal(sway_reader_next(&r, &m), -EBADMSG);
		sway_reader_free(&r);
	}
}

static void test_length(void **state)
{
	static const struct {
		uint32_t length;
		int ret;
	} rows[] = {
		{ SWAY_PAYLOAD_MOST, 0 }, { SWAY_PAYLOAD_MOST + 1, -EMSGSIZE },
		{ 0x7fffffff, -EMSGSIZE }, { 0xffffffff, -EMSGSIZE },
	};
	char bytes[SWAY_HEADER];
	struct sway_reader r = { 0 };
	struct sway_message m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sway_write(bytes, 4, "");
		memcpy(bytes + 6, &rows[i].length, 4);
		sway_reader_add(&r, bytes, sizeof(bytes));
		assert_int_equal(sway_reader_next(&r, &m), rows[i].ret);
		sway_reader_free(&r);
	}
}

/* --- the source ----------------------------------------------------------- */

static sd_event *event;
static struct source *source;
static int sway = -1; /* our end */
static struct {
	int windows; /* how often they were reported */
	size_t count;
	struct window last;
	pid_t compositor;
	int lost;
	char why[128];
	int hints;
	pid_t hint;
	int ended;
} heard;

static void on_windows(void *data, const struct window *windows, size_t count, pid_t compositor)
{
	(void)data;
	heard.windows++;
	heard.count = count;
	heard.compositor = compositor;
	if (count)
		heard.last = windows[count - 1];
}

static void on_lost(void *data, const char *why)
{
	(void)data;
	heard.lost++;
	snprintf(heard.why, sizeof(heard.why), "%s", why);
}

static void on_hint(void *data, pid_t pid)
{
	(void)data;
	heard.hints++;
	heard.hint = pid;
}

static void on_ended(void *data)
{
	(void)data;
	heard.ended++;
}

#define RUN_UNTIL(condition) \
	do { \
		const uint64_t end_ = clock_usec() + PATIENCE_SEC * USEC_PER_SEC; \
		while (!(condition)) { \
			if (clock_usec() > end_) \
				fail_msg("timed out: %s", #condition); \
			assert_true(sd_event_run(event, USEC_PER_SEC / 100) >= 0); \
		} \
	} while (0)

static void begin_with(const struct sway_settings *settings)
{
	const struct source_handler handler = { on_windows, on_lost, on_hint, on_ended, NULL };

	memset(&heard, 0, sizeof(heard));
	source = source_sway_new(event, settings, &handler);
	assert_non_null(source);
	assert_int_equal(heard.windows + heard.lost, 0);
}

/* Wait until a whole message has come. */
static uint32_t hear(char payload[256])
{
	char header[SWAY_HEADER];
	uint32_t length, type;
	int available = 0;

	RUN_UNTIL((available = (int)recv(sway, header, sizeof(header),
					 MSG_PEEK | MSG_DONTWAIT)) == SWAY_HEADER || !available);
	assert_int_equal(recv(sway, header, sizeof(header), 0), SWAY_HEADER);
	assert_memory_equal(header, "i3-ipc", 6);
	memcpy(&length, header + 6, 4);
	memcpy(&type, header + 10, 4);
	assert_true(length < 256);
	/* Even a read of nothing would wait for something. */
	if (length)
		assert_int_equal(recv(sway, payload, length, 0), length);
	payload[length] = '\0';
	return type;
}

static bool hears_nothing(void)
{
	char byte;
	int i;

	for (i = 0; i < 3; i++)
		assert_true(sd_event_run(event, 0) >= 0);
	return recv(sway, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void say(uint32_t type, const char *payload)
{
	char *bytes = malloc(SWAY_HEADER + strlen(payload));
	size_t size = sway_write(bytes, type, payload);

	assert_int_equal(send(sway, bytes, size, 0), size);
	free(bytes);
}

static void hear_tree_request(void)
{
	char payload[256];

	assert_int_equal(hear(payload), SWAY_GET_TREE);
	assert_string_equal(payload, "");
}

static void hear_start(void)
{
	char payload[256];

	assert_int_equal(hear(payload), SWAY_SUBSCRIBE);
	assert_string_equal(payload, "[\"window\",\"workspace\",\"binding\",\"shutdown\"]");
	hear_tree_request();
}

static void begin_with_binding(const char *binding)
{
	struct sway_settings settings = { .hint_binding = binding };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	sway = fds[0];
	settings.connection = fds[1];
	begin_with(&settings);
	hear_start();
}

static void begin(void)
{
	begin_with_binding("nop switch");
}

static void begin_connected(void)
{
	begin();
	say(SWAY_SUBSCRIBE, "{\"success\":true}");
	say(SWAY_GET_TREE, TWO);
	RUN_UNTIL(heard.windows == 1);
}

static int setup(void **state)
{
	(void)state;
	return sd_event_new(&event) < 0;
}

static int teardown(void **state)
{
	(void)state;
	if (source)
		source->free(source);
	source = NULL;
	if (sway >= 0)
		close(sway);
	sway = -1;
	event = sd_event_unref(event);
	return 0;
}

static void test_start(void **state)
{
	(void)state;
	begin_connected();
	assert_int_equal(heard.count, 2);
	assert_int_equal(heard.last.pid, 11);
	assert_int_equal(heard.compositor, getpid());
	assert_int_equal(heard.lost, 0);
}

static void test_event_leads_to_tree(void **state)
{
	(void)state;
	begin_connected();
	say((uint32_t)SWAY_EVENT_WINDOW, "{\"change\":\"focus\"}");
	hear_tree_request();
	/* The reply contains what events before it report, and nothing of those after it. */
	say((uint32_t)SWAY_EVENT_WORKSPACE, "{\"change\":\"focus\"}");
	say((uint32_t)SWAY_EVENT_WORKSPACE, "{\"change\":\"init\"}");
	assert_true(hears_nothing());
	say(SWAY_GET_TREE, EMPTY);
	RUN_UNTIL(heard.windows == 2);
	assert_int_equal(heard.count, 0);
	assert_true(hears_nothing());
	say((uint32_t)SWAY_EVENT_WORKSPACE, "{\"change\":\"focus\"}");
	hear_tree_request();
	say(SWAY_GET_TREE, TWO);
	RUN_UNTIL(heard.windows == 3);
	assert_true(hears_nothing());
}

static void test_title_leads_to_nothing(void **state)
{
	(void)state;
	begin_connected();
	say((uint32_t)SWAY_EVENT_WINDOW, "{\"change\":\"title\"}");
	say((uint32_t)SWAY_EVENT_BINDING, "{\"binding\":{\"command\":\"nop switch\"}}");
	RUN_UNTIL(heard.hints == 1);
	assert_true(hears_nothing());
}

static void test_look(void **state)
{
	(void)state;
	begin_connected();
	source->look(source);
	hear_tree_request();
	say(SWAY_GET_TREE, EMPTY);
	RUN_UNTIL(heard.windows == 2);
}

static void test_hints(void **state)
{
	(void)state;
	begin_connected();
	say((uint32_t)SWAY_EVENT_BINDING, "{\"binding\":{\"command\":\"nop other\"}}");
	say((uint32_t)SWAY_EVENT_BINDING, "{\"binding\":{\"command\":\"nop switch\"}}");
	RUN_UNTIL(heard.hints == 1);
	assert_int_equal(heard.hint, 0);
	say((uint32_t)SWAY_EVENT_WINDOW,
	    "{\"change\":\"urgent\",\"container\":{\"pid\":11,\"urgent\":true}}");
	RUN_UNTIL(heard.hints == 2);
	assert_int_equal(heard.hint, 11);
}

static void test_no_hint_binding(void **state)
{
	(void)state;
	begin_with_binding("");
	say((uint32_t)SWAY_EVENT_BINDING, "{\"binding\":{}}");
	say((uint32_t)SWAY_EVENT_WINDOW,
	    "{\"change\":\"urgent\",\"container\":{\"pid\":11,\"urgent\":true}}");
	RUN_UNTIL(heard.hints);
	assert_int_equal(heard.hints, 1);
	assert_int_equal(heard.hint, 11);
}

/* Whatever is wrong: the source is lost, once, and nothing is reported. */
static void test_hostile(void **state)
{
	static const struct {
		int type;
		const char *payload;
		const char *why;
	} rows[] = {
		{ SWAY_SUBSCRIBE, "{\"success\":false}", "sway does not report events" },
		{ SWAY_SUBSCRIBE, "{\"success\":\"true\"}", "sway does not report events" },
		{ SWAY_SUBSCRIBE, "[]", "sway does not report events" },
		{ SWAY_GET_TREE, "{}", "sway has sent a tree that is not valid" },
		{ SWAY_GET_TREE, "", "sway has sent a tree that is not valid" },
		{ SWAY_GET_TREE, "{\"type\":\"root\",\"nodes\":[", "a tree that is not valid" },
		{ SWAY_EVENT_WINDOW, "\"x\"", "sway has sent an event that is not valid" },
		{ SWAY_EVENT_WORKSPACE, "{{", "sway has sent an event that is not valid" },
		{ SWAY_EVENT_SHUTDOWN, "{\"change\":\"exit\"}", "sway is ending" },
		{ 3, "[]", "sway has sent a message of an unknown type" },
		{ 0x7fffffff, "{}", "sway has sent a message of an unknown type" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i) {
			teardown(NULL);
			setup(NULL);
		}
		begin();
		say((uint32_t)rows[i].type, rows[i].payload);
		RUN_UNTIL(heard.lost);
		if (!strstr(heard.why, rows[i].why))
			fail_msg("row %zu: %s", i, heard.why);
		/* The connection is closed, whatever was sent after that. */
		assert_true(send(sway, "x", 1, MSG_NOSIGNAL) < 0);
		assert_int_equal(heard.windows, 0);
		assert_int_equal(heard.lost, 1);
	}
}

static void test_not_a_message(void **state)
{
	static const char hello[] = "HTTP/1.1 200 OK\r\n\r\n";

	(void)state;
	begin_connected();
	assert_int_equal(send(sway, hello, sizeof(hello), 0), sizeof(hello));
	RUN_UNTIL(heard.lost);
	assert_string_equal(heard.why, "sway has sent something that is not a message");
}

static void test_huge_length(void **state)
{
	char header[SWAY_HEADER];
	const uint32_t length = 0xffffffff;

	(void)state;
	begin_connected();
	sway_write(header, SWAY_GET_TREE, "");
	memcpy(header + 6, &length, 4);
	assert_int_equal(send(sway, header, sizeof(header), 0), sizeof(header));
	RUN_UNTIL(heard.lost);
	assert_string_equal(heard.why, "sway has sent a message that is too long");
}

/* Only a reply to a request is a tree. */
static void test_tree_unasked(void **state)
{
	(void)state;
	begin_connected();
	say(SWAY_GET_TREE, EMPTY);
	RUN_UNTIL(heard.lost);
	assert_int_equal(heard.windows, 1);
}

static void test_closed(void **state)
{
	char header[SWAY_HEADER];

	(void)state;
	begin_connected();
	/* In the middle of a message. */
	sway_write(header, SWAY_GET_TREE, "");
	header[6] = 100;
	assert_int_equal(send(sway, header, sizeof(header), 0), sizeof(header));
	close(sway);
	sway = -1;
	RUN_UNTIL(heard.lost);
	assert_string_equal(heard.why, "sway has closed the connection");
	/* Nothing can be asked now, and that is no error. */
	source->look(source);
	assert_int_equal(heard.lost, 1);
}

/* A sway that does not read must not stop the agent. */
static void test_does_not_read(void **state)
{
	int i;

	(void)state;
	begin_connected();
	for (i = 0; i < 1000000; i++) {
		source->look(source);
		if (heard.lost)
			break;
		say(SWAY_GET_TREE, EMPTY);
		assert_true(sd_event_run(event, 0) >= 0);
	}
	assert_string_equal(heard.why, "sway does not read");
}

static void test_large_tree(void **state)
{
	static const char leaf[] = LEAF("10", "a", "false") ",";
	const int leaves = 20000;
	char *json = malloc((size_t)leaves * sizeof(leaf) + 100), *at = json, *message;
	size_t size, sent = 0;
	ssize_t n;
	int i;

	(void)state;
	at += sprintf(at, "{\"type\":\"root\",\"floating_nodes\":[],\"nodes\":[");
	for (i = 0; i < leaves; i++)
		at += sprintf(at, "%s", leaf);
	sprintf(at - 1, "]}");
	begin();
	say(SWAY_SUBSCRIBE, "{\"success\":true}");
	message = malloc(SWAY_HEADER + strlen(json));
	size = sway_write(message, SWAY_GET_TREE, json);
	assert_true(size > 2000000);
	/* It comes in many parts. */
	while (sent < size) {
		n = send(sway, message + sent, size - sent, MSG_DONTWAIT);
		assert_true(n > 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		assert_true(sd_event_run(event, 0) >= 0);
	}
	RUN_UNTIL(heard.windows);
	assert_int_equal(heard.count, leaves);
	free(json);
	free(message);
}

/* --- sockets -------------------------------------------------------------- */

static char dir[] = "/tmp/agent-sway.XXXXXX";

static int bind_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int listen_at(const char *name)
{
	const int fd = bind_at(name);

	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int listen_as(unsigned int pid)
{
	char name[64];

	snprintf(name, sizeof(name), "sway-ipc.%u.%u.sock", (unsigned int)getuid(), pid);
	return listen_at(name);
}

static void accept_from(int fd)
{
	RUN_UNTIL((sway = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0);
}

static void converse(void)
{
	const int before = heard.windows;

	hear_start();
	say(SWAY_SUBSCRIBE, "{\"success\":true}");
	say(SWAY_GET_TREE, TWO);
	RUN_UNTIL(heard.windows == before + 1);
}

static void test_restart(void **state)
{
	char path[64];
	int fd, next;

	(void)state;
	snprintf(path, sizeof(path), "%s/first", dir);
	fd = listen_at("first");
	begin_with(&(struct sway_settings){ path, dir, "", -1 });
	accept_from(fd);
	converse();
	/* It ends in the middle of a message, and owes a tree. */
	source->look(source);
	hear_tree_request();
	assert_int_equal(send(sway, "i3-", 3, 0), 3);
	close(sway);
	close(fd);
	RUN_UNTIL(heard.lost == 1);
	/* The new sway has another socket. That of a third one was left behind. */
	close(listen_as(1));
	next = listen_as(2);
	accept_from(next);
	converse();
	assert_int_equal(heard.lost, 1);
	assert_int_equal(heard.ended, 0);
	close(next);
}

/* Nobody listens on the socket any more, whether it is still there or not. */
static void test_ended(void **state)
{
	char path[64];
	int fd, left;

	(void)state;
	snprintf(path, sizeof(path), "%s/first", dir);
	for (left = 0; left < 2; left++) {
		if (left) {
			teardown(NULL);
			setup(NULL);
		}
		fd = listen_at("first");
		begin_with(&(struct sway_settings){ path, dir, "", -1 });
		accept_from(fd);
		converse();
		if (!left)
			unlink(path);
		close(fd);
		close(sway);
		RUN_UNTIL(heard.lost == 1);
		sway = -1;
		assert_int_equal(heard.ended, 0);
		RUN_UNTIL(heard.ended == 1);
		/* Whoever does not end, finds the next one. */
		fd = listen_at("first");
		accept_from(fd);
		converse();
		assert_int_equal(heard.lost, 1);
		close(fd);
	}
}

/* Another user has got hold of the socket, or of its name. */
static void test_other_user(void **state)
{
	struct pollfd poll_fd = { .events = POLLIN };
	char path[64];

	(void)state;
	if (getuid())
		skip();
	snprintf(path, sizeof(path), "%s/first", dir);
	/* The kernel remembers who has called listen(). */
	poll_fd.fd = bind_at("first");
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(listen(poll_fd.fd, 8), 0);
	assert_int_equal(seteuid(0), 0);
	begin_with(&(struct sway_settings){ path, NULL, "", -1 });
	RUN_UNTIL(heard.lost);
	/* It has connected, and seen who it is. */
	assert_int_equal(poll(&poll_fd, 1, 0), 1);
	sway = accept4(poll_fd.fd, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(recv(sway, path, 1, 0), 0);
	assert_int_equal(heard.ended, 0);
	close(poll_fd.fd);
}

/* A sway whose socket the environment does not name may still start. */
static void test_not_started(void **state)
{
	int fd;

	(void)state;
	begin_with(&(struct sway_settings){ NULL, dir, "", -1 });
	RUN_UNTIL(heard.lost == 1);
	fd = listen_as(1);
	accept_from(fd);
	converse();
	assert_int_equal(heard.ended, 0);
	close(fd);
}

static void test_two_sways(void **state)
{
	int a = listen_as(1), b = listen_as(2), fd;

	(void)state;
	begin_with(&(struct sway_settings){ NULL, dir, "", -1 });
	RUN_UNTIL(heard.lost);
	assert_string_equal(heard.why, "sway is not running, or cannot be reached");
	/* Both were only tried. */
	while ((fd = accept4(a, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		char byte;

		assert_int_equal(recv(fd, &byte, 1, 0), 0);
		close(fd);
	}
	close(a);
	sway = -1;
	accept_from(b);
	/* The first connection may be one that was only tried. */
	for (;;) {
		char byte;

		RUN_UNTIL(recv(sway, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0);
		if (recv(sway, &byte, 1, MSG_PEEK) == 1)
			break;
		close(sway);
		accept_from(b);
	}
	converse();
	close(b);
}

static void test_no_sway(void **state)
{
	(void)state;
	begin_with(&(struct sway_settings){ "/nonexistent/sway", "/nonexistent", "", -1 });
	RUN_UNTIL(heard.ended);
	assert_int_equal(heard.lost, 1);
	assert_string_equal(heard.why, "sway is not running, or cannot be reached");
}

/* It tries again, but says so only once. */
static void test_tries_again(void **state)
{
	/* Of two sways it takes none, after it has tried to connect to both. */
	int a = listen_as(1), b = listen_as(2), i;

	(void)state;
	begin_with(&(struct sway_settings){ "/nonexistent/sway", dir, "", -1 });
	for (i = 0; i < 3; i++) {
		accept_from(a);
		close(sway);
		accept_from(b);
		close(sway);
		RUN_UNTIL(heard.lost);
	}
	sway = -1;
	assert_int_equal(heard.lost, 1);
	assert_int_equal(heard.ended, 0);
	close(a);
	close(b);
}

/* --- random bytes --------------------------------------------------------- */

/* Change a conversation at random places. With sanitizers, this finds errors of memory. */
static void test_random(void **state)
{
	char bytes[4096], changed[4096];
	size_t size = 0, sent;
	int i, n, good = 0, lost = 0;

	(void)state;
	srand(1);
	size += sway_write(bytes + size, SWAY_SUBSCRIBE, "{\"success\":true}");
	size += sway_write(bytes + size, SWAY_GET_TREE, TWO);
	size += sway_write(bytes + size, (uint32_t)SWAY_EVENT_WINDOW,
			   "{\"change\":\"urgent\",\"container\":{\"pid\":11,\"urgent\":true}}");
	size += sway_write(bytes + size, SWAY_GET_TREE, EMPTY);
	assert_true(size < sizeof(bytes));
	for (i = 0; i < 3000; i++) {
		if (i) {
			teardown(NULL);
			setup(NULL);
		}
		begin();
		memcpy(changed, bytes, size);
		for (n = rand() % 4; n > 0; n--)
			changed[(size_t)rand() % size] = (char)rand();
		sent = rand() % 4 ? size : (size_t)rand() % size;
		assert_int_equal(send(sway, changed, sent, 0), sent);
		assert_int_equal(shutdown(sway, SHUT_WR), 0);
		RUN_UNTIL(heard.lost);
		good += heard.windows == 2;
		lost += !heard.windows;
	}
	assert_true(good > 100);
	assert_true(lost > 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_unknown_is_visible),
		cmocka_unit_test(test_x11_without_pid),
		cmocka_unit_test(test_bad_trees),
		cmocka_unit_test(test_deep_trees),
		cmocka_unit_test(test_long_app_id),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_wrong_magic),
		cmocka_unit_test(test_length),
		TEST(test_start),
		TEST(test_event_leads_to_tree),
		TEST(test_title_leads_to_nothing),
		TEST(test_look),
		TEST(test_hints),
		TEST(test_no_hint_binding),
		TEST(test_hostile),
		TEST(test_not_a_message),
		TEST(test_huge_length),
		TEST(test_tree_unasked),
		TEST(test_closed),
		TEST(test_does_not_read),
		TEST(test_large_tree),
		TEST(test_restart),
		TEST(test_ended),
		TEST(test_other_user),
		TEST(test_not_started),
		TEST(test_two_sways),
		TEST(test_no_sway),
		TEST(test_tries_again),
		TEST(test_random),
	};
	char command[64];
	int ret;

	if (!mkdtemp(dir))
		return 1;
	ret = cmocka_run_group_tests_name("sway", tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : ret;
}
