/* SPDX-License-Identifier: MIT */
/*
 * Hostile clients. After each case, a claim of another user still works, and panthor-memd has
 * the same number of open files and hardly more memory than before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <panthor_mem.h>

#include "patience.h"
#include "world.h"

#define INTERRUPTED DRM_PANTHOR_MEM_STATUS_INTERRUPTED
/* LENIENT, and no limit on the rate of requests. */
#define UNLIMITED LENIENT "RequestsPerMinute=1000000\nBurst=1000000\n"

/* Enough for what the allocator caches, but less than a leak in thousands of requests. */
#define RSS_SLACK_KIB 2048

static struct world w;
static sd_bus *bystander;
static int files_before;
static long rss_before;

static const int users[VICTIMS] = { UID_A, UID_SERVICE, 0, UID_A };

static long rss_kib(void)
{
	char path[64], line[128];
	long value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)w.memd);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "VmRSS: %ld", &value);
	fclose(file);
	return value;
}

static void check_bystander(void)
{
	check_ok(claim(bystander, w.victims[1], NULL));
}

static void remember(void)
{
	/* Do each operation once, so that one-time allocations are not counted. */
	check_ok(reclaim(bystander, w.victims[1], NULL));
	check_bystander();
	settle(bystander);
	files_before = world_count_files(&w);
	rss_before = rss_kib();
}

/* How often something is done. valgrind needs 50 times as long. */
static int times(int count)
{
	return world_wrapped() ? count / 50 : count;
}

/* A sanitizer or valgrind replaces the allocator. */
static bool other_allocator(void)
{
	return *getenv("SANITIZER") || world_wrapped();
}

/* Memory is not checked under a sanitizer or valgrind, which hold back freed memory. */
static void check_flat(void)
{
	settle(bystander);
	assert_int_equal(world_count_files(&w), files_before);
	if (!other_allocator())
		assert_in_range(rss_kib(), 1, rss_before + RSS_SLACK_KIB);
}

static void start(const char *words, const char *config)
{
	world_start(&w, &(struct setup){ .words = words, .config = config,
					 .uids = world_many_users() ? users : NULL });
	bystander = world_client(&w, world_other());
	remember();
}

static int stop(void **state)
{
	(void)state;
	if (w.memd) {
		check_bystander();
		check_flat();
	}
	world_stop(&w);
	return 0;
}

/* --- PIDs and IDs --------------------------------------------------------- */

static void *rest(void *data)
{
	*(pid_t *)data = (pid_t)syscall(SYS_gettid);
	pause();
	return NULL;
}

static void test_thread(void **state)
{
	pid_t *tid = mmap(NULL, sizeof(*tid), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	sd_bus *bus;
	pid_t pid;

	(void)state;
	start("", "");
	bus = world_client(&w, world_many_users() ? 0 : getuid());
	pid = fork();
	if (!pid) {
		pthread_t thread;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, rest, tid);
		pause();
	}
	WAIT_UNTIL(*(volatile pid_t *)tid);
	check_error(reclaim_id(bus, *tid, world_id(pid)), "NoSuchProcess", "");
	check_error(reclaim_id(bus, *tid, 0), "NoSuchProcess", "");
	world_end_process(pid);
	munmap(tid, sizeof(*tid));
}

static bool is_kernel_thread(pid_t pid)
{
	char path[64], text[8];
	ssize_t n = -1;
	int fd;

	/* The command line of a kernel thread is empty. */
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n == 0;
}

static void test_kernel_thread(void **state)
{
	(void)state;
	if (!is_kernel_thread(2))
		skip();
	start("", "");
	check_error(reclaim(world_client(&w, world_me()), 2, NULL), "AccessDenied", "root");
	if (world_many_users())
		check_error(reclaim(world_client(&w, 0), 2, NULL), "NoGpuMemory", "");
}

static void test_ids_are_no_oracle(void **state)
{
	sd_bus *bus;
	int i;

	(void)state;
	NEEDS_USERS();
	start("", "");
	bus = world_client(&w, UID_A);
	/* Each guess of another process's ID costs a token. */
	for (i = 0; i < 45; i++) {
		const struct reply *r = reclaim_id(bus, w.victims[2], 1000 + (uint64_t)i);

		if (i < 40)
			assert_string_equal(r->error, "NoSuchProcess");
	}
	check_error(reclaim(bus, w.victims[2], NULL), "LimitsExceeded", "");
}

/* Requests with invalid arguments count, too. The first one comes before its user is known. */
static void test_invalid_requests_count(void **state)
{
	sd_bus *bus;
	int i;

	(void)state;
	NEEDS_USERS();
	start("", "");
	bus = world_client(&w, UID_A);
	for (i = 0; i < 45; i++)
		check_error(claim(bus, w.victims[0], &(struct options){ .no_pageout = true }),
			    "InvalidArgs", "no option");
	check_error(claim(bus, w.victims[0], NULL), "LimitsExceeded", "");
}

/* Start a process with this number. Returns 0 if the kernel does not allow it. */
static pid_t process_with_number(pid_t wanted)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted,
				   .set_tid_size = 1 };
	const long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid)
		return pid < 0 ? 0 : (pid_t)pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* The ID of a process that has exited never names another process. */
static void test_number_is_given_again(void **state)
{
	sd_bus *bus;
	uint64_t id;
	pid_t pid;

	(void)state;
	start("", "");
	bus = world_client(&w, world_me());
	pid = world_process(world_me());
	id = world_id(pid);
	world_end_process(pid);
	check_error(reclaim_id(bus, pid, id), "NoSuchProcess", "");
	check_error(reclaim_id(bus, w.victims[0], id), "NoSuchProcess",
		    "another process has its number");
	/* Root can choose the number of a new process. */
	if (!process_with_number(pid))
		return;
	check_error(reclaim_id(bus, pid, id), "NoSuchProcess", "another process has its number");
	world_end_process(pid);
}

/* What panthor-memd knows of a process is of no use when that has exited. */
static void test_exits_later(void **state)
{
	(void)state;
	start("", "[Limits]\nMinResidentSec=86400\n");
	check_ok(reclaim(world_client(&w, world_me()), w.victims[0], NULL));
	settle(bystander);
	assert_int_equal(world_count_files(&w), files_before + 1);
	world_end_victim(&w, 0);
	WAIT_UNTIL(world_count_files(&w) == files_before);
}

/* --- messages ------------------------------------------------------------- */

static sd_bus_message *new_message(sd_bus *bus, const char *method)
{
	sd_bus_message *m = NULL;

	assert_true(sd_bus_message_new_method_call(bus, &m, BROKER_NAME, BROKER_PATH, BROKER_NAME,
						   method) >= 0);
	return m;
}

static void check_answer(sd_bus *bus, sd_bus_message *m, const char *name)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	assert_true(sd_bus_call(bus, m, PATIENCE_USEC, &error, NULL) < 0);
	assert_string_equal(error.name, name);
	sd_bus_error_free(&error);
	sd_bus_message_unref(m);
}

/* The bus refuses messages with descriptors, because panthor-memd does not accept any. */
static void test_descriptor(void **state)
{
	sd_bus_message *m;
	sd_bus *bus;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	start("", "");
	bus = world_client(&w, world_me());
	assert_true(sd_bus_can_send(bus, SD_BUS_TYPE_UNIX_FD) > 0);
	m = new_message(bus, "Reclaim");
	assert_true(sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0],
					  world_id(w.victims[0]), 1, "device", "h", fd) >= 0);
	check_answer(bus, m, SD_BUS_ERROR_NOT_SUPPORTED);
	close(fd);
}

static void test_large_dictionary(void **state)
{
	sd_bus_message *m;
	sd_bus *bus;
	char key[64];
	int i;

	(void)state;
	start("", "");
	bus = world_client(&w, world_me());
	m = new_message(bus, "Reclaim");
	sd_bus_message_append(m, "ut", (uint32_t)w.victims[0], world_id(w.victims[0]));
	sd_bus_message_open_container(m, 'a', "{sv}");
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "option-number-%d", i);
		assert_true(sd_bus_message_append(m, "{sv}", key, "t", UINT64_C(1)) >= 0);
	}
	sd_bus_message_close_container(m);
	check_answer(bus, m, SD_BUS_ERROR_INVALID_ARGS);
}

/* Nest variants almost as deep as D-Bus allows. */
static void test_deep_variants(void **state)
{
	sd_bus_message *m;
	sd_bus *bus;
	int i;

	(void)state;
	start("", "");
	bus = world_client(&w, world_me());
	m = new_message(bus, "Reclaim");
	sd_bus_message_append(m, "ut", (uint32_t)w.victims[0], world_id(w.victims[0]));
	sd_bus_message_open_container(m, 'a', "{sv}");
	sd_bus_message_open_container(m, 'e', "sv");
	sd_bus_message_append(m, "s", "max-bytes");
	for (i = 0; i < 50; i++)
		assert_true(sd_bus_message_open_container(m, 'v', i < 49 ? "v" : "t") >= 0);
	sd_bus_message_append(m, "t", UINT64_C(1));
	for (i = 0; i < 52; i++)
		assert_true(sd_bus_message_close_container(m) >= 0);
	check_answer(bus, m, SD_BUS_ERROR_INVALID_ARGS);
}

static void test_long_names(void **state)
{
	char *text = malloc(1 << 20);
	sd_bus_message *m;
	sd_bus *bus;

	(void)state;
	start("", "");
	memset(text, 'x', (1 << 20) - 1);
	text[(1 << 20) - 1] = '\0';
	bus = world_client(&w, world_me());
	m = new_message(bus, "Reclaim");
	sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], world_id(w.victims[0]), 1,
			      "device", "s", text);
	check_answer(bus, m, SD_BUS_ERROR_INVALID_ARGS);
	m = new_message(bus, "Reclaim");
	sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], world_id(w.victims[0]), 1,
			      text, "s", "x");
	check_answer(bus, m, SD_BUS_ERROR_INVALID_ARGS);
	/* This path names the device, but its message would be kept until the reply. */
	memset(text, '/', (1 << 20) - 1);
	strcpy(text + (1 << 20) - sizeof("/renderD128"), "/renderD128");
	m = new_message(bus, "Reclaim");
	sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], world_id(w.victims[0]), 1,
			      "device", "s", text);
	check_answer(bus, m, SD_BUS_ERROR_INVALID_ARGS);
	free(text);
	/* The allocator keeps what up to three such messages needed. */
	rss_before += 1024;
}

/* --- floods --------------------------------------------------------------- */

/* Start a process that sends requests and never reads a reply. */
static pid_t flood(uid_t uid, unsigned int count, bool stop_itself)
{
	pid_t pid = fork();
	unsigned int i;
	sd_bus *bus;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w.n_clients = 0;
	bus = world_client(&w, uid);
	for (i = 0; i < count; i++) {
		sd_bus_message *m = new_message(bus, i % 3 ? "Reclaim" : "Claim");

		sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], UINT64_C(1), 0);
		/* With expected replies, the bus would refuse the messages at its own limit. */
		sd_bus_message_set_expect_reply(m, 0);
		if (sd_bus_send(bus, m, NULL) < 0 || sd_bus_flush(bus) < 0)
			_exit(1);
		sd_bus_message_unref(m);
	}
	if (stop_itself)
		raise(SIGSTOP);
	_exit(0);
}

static void test_flood(void **state)
{
	int status, answered = 0;
	pid_t pid;

	(void)state;
	start("", "");
	pid = flood(world_me(), (unsigned int)times(100000), false);
	while (!waitpid(pid, &status, WNOHANG)) {
		if (world_many_users())
			check_bystander();
		answered++;
		if (answered == 35)
			break;
		usleep(1000);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_in_range(answered, 1, 1000000);
	/* Skip the checks in stop(): the bystander is the same user, and would be refused. */
	if (!world_many_users())
		w.memd = (world_end_memd(&w, SIGTERM), 0);
}

/* --- floods without a pause ----------------------------------------------- */

/* What a client can send without a reply. */
enum flood_kind { FLOOD_REQUESTS, FLOOD_INVALID, FLOOD_CANCEL, FLOOD_OTHERS, FLOOD_SIGNALS };

/* Until the bystander has this many replies. The bucket of a user has 40 tokens. */
#define FLOODED_CLAIMS 20
/* Requests of the flood before the bystander begins, and in all. */
#define FLOOD_FIRST 20000

static sd_bus_message *flood_message(sd_bus *bus, enum flood_kind kind, const char *memd)
{
	sd_bus_message *m = NULL;
	int ret = 0;

	switch (kind) {
	case FLOOD_REQUESTS:
		m = new_message(bus, "Reclaim");
		ret = sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], UINT64_C(1), 0);
		break;
	case FLOOD_INVALID:
		m = new_message(bus, "Claim");
		ret = sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], UINT64_C(1), 1,
					    "no-option", "t", UINT64_C(1));
		break;
	case FLOOD_CANCEL:
		m = new_message(bus, "Cancel");
		ret = sd_bus_message_append(m, "ut", (uint32_t)w.victims[0], UINT64_C(1));
		break;
	case FLOOD_OTHERS:
		ret = sd_bus_message_new_method_call(bus, &m, BROKER_NAME, BROKER_PATH,
						     "org.freedesktop.DBus.Introspectable",
						     "Introspect");
		break;
	case FLOOD_SIGNALS:
		ret = sd_bus_message_new_signal(bus, &m, BROKER_PATH, BROKER_NAME, "Finished");
		if (ret >= 0)
			ret = sd_bus_message_set_destination(m, memd);
		break;
	}
	if (ret >= 0 && kind != FLOOD_SIGNALS)
		ret = sd_bus_message_set_expect_reply(m, 0);
	if (ret < 0)
		_exit(1);
	return m;
}

static void send_message(sd_bus *bus, sd_bus_message *m)
{
	if (sd_bus_send(bus, m, NULL) < 0 || sd_bus_flush(bus) < 0)
		_exit(1);
	sd_bus_message_unref(m);
}

/* Start a process that sends one message after the other. @sent counts them. */
static pid_t flood_on(enum flood_kind kind, const char *memd, uint64_t most, uint64_t *sent)
{
	const pid_t pid = fork();
	sd_bus *bus;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w.n_clients = 0;
	bus = world_client(&w, world_me());
	/* panthor-memd knows the connection from then on. */
	send_message(bus, new_message(bus, "Subscribe"));
	while (*sent < most) {
		send_message(bus, flood_message(bus, kind, memd));
		__atomic_add_fetch(sent, 1, __ATOMIC_RELAXED);
	}
	for (;;)
		pause();
}

/* Wait until it has sent @wanted messages. Only a pause between them fails the test. */
static void wait_sent(pid_t pid, const uint64_t *sent, uint64_t wanted)
{
	uint64_t seen;

	while ((seen = __atomic_load_n(sent, __ATOMIC_RELAXED)) < wanted) {
		WAIT_UNTIL(__atomic_load_n(sent, __ATOMIC_RELAXED) != seen ||
			   waitpid(pid, NULL, WNOHANG));
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	}
}

static const char *unique_name(sd_bus *bus)
{
	static char name[64];
	sd_bus_creds *creds = NULL;
	const char *text;

	assert_true(sd_bus_get_name_creds(bus, BROKER_NAME, SD_BUS_CREDS_UNIQUE_NAME, &creds) >= 0);
	assert_true(sd_bus_creds_get_unique_name(creds, &text) >= 0);
	snprintf(name, sizeof(name), "%s", text);
	sd_bus_creds_unref(creds);
	return name;
}

/*
 * dbus-daemon queues what panthor-memd has not read. If a message costs panthor-memd more than
 * dbus-daemon, the queue grows, and the bystander waits for all that is in it.
 */
static void test_flood_of(void **state)
{
	const enum flood_kind *kind = *state;
	uint64_t *sent = mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const uint64_t first = (uint64_t)times(FLOOD_FIRST);
	const bool slow = *getenv("SANITIZER") || world_wrapped();
	pid_t pid;
	int i;

	NEEDS_USERS();
	assert_true(sent != MAP_FAILED);
	start("", "");
	/* dbus-daemon has no sanitizer and is not in valgrind, so panthor-memd is slower then. */
	pid = flood_on(*kind, unique_name(bystander), slow ? first : UINT64_MAX, sent);
	wait_sent(pid, sent, first);
	for (i = 0; i < FLOODED_CLAIMS; i++)
		check_bystander();
	world_end_process(pid);
	settle(bystander);
	print_message("# %llu messages\n", (unsigned long long)*sent);
	munmap(sent, sizeof(*sent));
}

/* A stopped client never reads the replies to its requests. */
static void test_stopped_client(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	start("", UNLIMITED);
	pid = flood(world_me(), 2000, true);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	check_bystander();
	check_ok(reclaim(world_client(&w, world_me()), w.victims[3], NULL));
	world_end_process(pid);
}

/* --- answers that nobody reads -------------------------------------------- */

/* Calls that want a reply. dbus-daemon lets each connection have 128 without one. */
enum unread_kind { UNREAD_INTROSPECT, UNREAD_PROPERTIES, UNREAD_PING, UNREAD_CANCEL,
		   UNREAD_UNSUBSCRIBE, UNREAD_UNKNOWN, UNREAD_TYPES, UNREAD_PATH, UNREAD_INVALID,
		   UNREAD_REFUSED };

#define UNREAD_ROUNDS 25
#define UNREAD_AT_ONCE 100
/* More than a user gets at once and in the minute after that, but less than all. */
#define UNREAD_ANSWERS 1500

static sd_bus_message *unread_message(sd_bus *bus, enum unread_kind kind)
{
	static const struct { const char *interface, *method; } calls[] = {
		[UNREAD_INTROSPECT] = { "org.freedesktop.DBus.Introspectable", "Introspect" },
		[UNREAD_PROPERTIES] = { "org.freedesktop.DBus.Properties", "GetAll" },
		[UNREAD_PING] = { "org.freedesktop.DBus.Peer", "Ping" },
		[UNREAD_CANCEL] = { BROKER_NAME, "Cancel" },
		[UNREAD_UNSUBSCRIBE] = { BROKER_NAME, "Unsubscribe" },
		[UNREAD_UNKNOWN] = { BROKER_NAME, "NoMethod" },
		[UNREAD_TYPES] = { BROKER_NAME, "Claim" },
		[UNREAD_PATH] = { BROKER_NAME, "Subscribe" },
		[UNREAD_INVALID] = { BROKER_NAME, "Claim" },
		[UNREAD_REFUSED] = { BROKER_NAME, "Reclaim" },
	};
	sd_bus_message *m = NULL;
	int ret;

	ret = sd_bus_message_new_method_call(bus, &m, BROKER_NAME,
					     kind == UNREAD_PATH ? "/no/object" : BROKER_PATH,
					     calls[kind].interface, calls[kind].method);
	assert_true(ret >= 0);
	if (kind == UNREAD_PROPERTIES)
		ret = sd_bus_message_append(m, "s", BROKER_NAME);
	else if (kind == UNREAD_CANCEL)
		ret = sd_bus_message_append(m, "ut", (uint32_t)w.victims[0], UINT64_C(1));
	else if (kind == UNREAD_INVALID)
		ret = sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], UINT64_C(1), 1,
					    "no-option", "t", UINT64_C(1));
	else if (kind == UNREAD_REFUSED)
		ret = sd_bus_message_append(m, "uta{sv}", (uint32_t)w.victims[0], UINT64_C(1), 0);
	assert_true(ret >= 0);
	return m;
}

static void send_unread(sd_bus *bus, sd_bus_message *m)
{
	uint64_t cookie;

	/* Without the cookie, sd-bus would ask for no reply. */
	assert_true(sd_bus_send(bus, m, &cookie) >= 0);
	assert_true(sd_bus_flush(bus) >= 0);
	sd_bus_message_unref(m);
}

/* Read what has arrived. Counts what does not come from dbus-daemon itself. */
static unsigned int count_arrived(sd_bus *bus)
{
	unsigned int count = 0;
	sd_bus_message *m;
	uint64_t last = 0;
	int ret;

	/* dbus-daemon keeps the order, so its own answer comes after all others. */
	assert_true(sd_bus_message_new_method_call(bus, &m, "org.freedesktop.DBus",
						   "/org/freedesktop/DBus", "org.freedesktop.DBus",
						   "GetId") >= 0);
	assert_true(sd_bus_send(bus, m, &last) >= 0);
	sd_bus_message_unref(m);
	for (;;) {
		uint64_t cookie = 0;
		const char *sender;

		m = NULL;
		ret = sd_bus_process(bus, &m);
		assert_true(ret >= 0);
		if (!ret)
			assert_true(sd_bus_wait(bus, PATIENCE_USEC) > 0);
		if (!m)
			continue;
		sender = sd_bus_message_get_sender(m);
		count += sender && sender[0] == ':';
		sd_bus_message_get_reply_cookie(m, &cookie);
		sd_bus_message_unref(m);
		if (cookie == last)
			return count;
	}
}

static unsigned int count_answers(sd_bus *bus)
{
	/* dbus-daemon has read all calls when this returns. */
	const unsigned int first = count_arrived(bus);

	settle(bystander);
	return first + count_arrived(bus);
}

/*
 * dbus-daemon keeps the answers for a client that does not read. They count for panthor-memd,
 * to which dbus-daemon does not listen any more when they are too many.
 */
static void test_unread(void **state)
{
	const enum unread_kind *kind = *state;
	unsigned int count;
	sd_bus *bus;
	int i, j;

	NEEDS_USERS();
	start("", "");
	bus = world_client(&w, world_me());
	for (i = 0; i < UNREAD_ROUNDS; i++) {
		for (j = 0; j < UNREAD_AT_ONCE; j++)
			send_unread(bus, unread_message(bus, *kind));
		settle(bystander);
	}
	check_bystander();
	count = count_answers(bus);
	print_message("# %u answers\n", count);
	assert_in_range(count, 1, UNREAD_ANSWERS);
	world_disconnect(&w, bus);
}

/* An answer must not repeat a long text of the client. */
static void test_unread_long(void **state)
{
	/*
	 * With 16 MiB, nine answers would be more than dbus-daemon keeps. sd-bus calls realloc()
	 * for the whole message at each read, and the allocators of a sanitizer and of valgrind copy
	 * it each time, which takes minutes on a busy machine.
	 */
	const size_t size = other_allocator() ? MIB : 16 * MIB;
	char *text = malloc(size);
	sd_bus *bus;
	int i;

	(void)state;
	NEEDS_USERS();
	start("", "");
	memset(text, 'x', size - 1);
	text[size - 1] = '\0';
	bus = world_client(&w, world_me());
	for (i = 0; i < 9; i++) {
		sd_bus_message *m = NULL;

		assert_true(sd_bus_message_new_method_call(bus, &m, BROKER_NAME, BROKER_PATH,
							   "org.freedesktop.DBus.Properties",
							   "GetAll") >= 0);
		assert_true(sd_bus_message_append(m, "s", text) >= 0);
		send_unread(bus, m);
		settle(bystander);
	}
	check_bystander();
	free(text);
	assert_int_equal(count_answers(bus), 9);
	world_disconnect(&w, bus);
	/* The allocator keeps what a large message needed. */
	rss_before = rss_kib();
}

/*
 * Over a long time, any rate is too much. panthor-memd ends before dbus-daemon stops to listen
 * to it, so that the bus starts it again with a new connection.
 */
static void test_unread_for_long(void **state)
{
	/* Two, because dbus-daemon keeps no more for one connection than it accepts from one. */
	sd_bus *buses[2], *pacer;
	int i;

	(void)state;
	NEEDS_USERS();
	/* valgrind would need minutes for this. */
	if (world_wrapped())
		skip();
	start("", "");
	/* Only root can do this in a short time. */
	pacer = world_client(&w, 0);
	for (i = 0; i < 2; i++) {
		buses[i] = world_client(&w, 0);
		send_unread(buses[i], unread_message(buses[i], UNREAD_PING));
	}
	settle(pacer);
	do {
		for (i = 0; i < UNREAD_AT_ONCE; i++)
			send_unread(buses[i % 2], unread_message(buses[i % 2], UNREAD_INTROSPECT));
	} while (sd_bus_call_method(pacer, BROKER_NAME, BROKER_PATH, "org.freedesktop.DBus.Peer",
				    "Ping", NULL, NULL, NULL) >= 0);
	/* There is no answer because panthor-memd has ended, not because nobody listens to it. */
	world_wait_log(&w, "stopping");
	world_end_memd(&w, 0);
	assert_int_equal(w.memd_status, 0);
	world_start_memd(&w, &(struct setup){ .words = "" });
	/* The answers are still unread. */
	remember();
	for (i = 0; i < 10; i++)
		check_bystander();
}

/* dbus-daemon has freed the answers to connections that are closed. */
static void test_closed_connections(void **state)
{
	int i, j;

	(void)state;
	NEEDS_USERS();
	start("", LENIENT);
	/* Together, they get more than one panthor-memd sends, and are more than it can serve. */
	for (i = 0; i < times(4200); i++) {
		sd_bus *bus = world_client(&w, 0);

		for (j = 0; j < 4; j++)
			send_unread(bus, unread_message(bus, UNREAD_INTROSPECT));
		assert_string_equal(plain_call(bus, "Unsubscribe"), "");
		world_disconnect(&w, bus);
	}
}

/* --- before the user of a connection is known ----------------------------- */

#define UNKNOWN_CALLS 100

/* Keep panthor-memd from reading. */
static void stop_memd(void)
{
	int status;

	kill(w.memd, SIGSTOP);
	assert_int_equal(waitpid(w.memd, &status, WUNTRACED), w.memd);
	assert_true(WIFSTOPPED(status));
}

/* What dbus-daemon says to panthor-memd comes after all that @bus has sent. */
static void continue_memd(sd_bus *bus)
{
	assert_int_equal(count_arrived(bus), 0);
	kill(w.memd, SIGCONT);
}

static void test_answers_to_unknown(void **state)
{
	sd_bus *bus;
	int i;

	(void)state;
	start("", "");
	stop_memd();
	bus = world_client(&w, world_me());
	for (i = 0; i < UNKNOWN_CALLS; i++)
		send_unread(bus, unread_message(bus, UNREAD_PING));
	continue_memd(bus);
	assert_int_equal(count_answers(bus), 32);
}

static void test_requests_of_unknown(void **state)
{
	struct call calls[UNKNOWN_CALLS];
	int i, refused = 0;
	sd_bus *bus;

	(void)state;
	start("", UNLIMITED);
	stop_memd();
	bus = world_client(&w, world_me());
	for (i = 0; i < UNKNOWN_CALLS; i++)
		call_start_id(&calls[i], bus, "Claim", w.victims[0], 1, NULL);
	continue_memd(bus);
	for (i = 0; i < UNKNOWN_CALLS; i++)
		refused += !strcmp(call_finish(&calls[i])->error, "LimitsExceeded");
	assert_int_equal(refused, UNKNOWN_CALLS - 64);
}

static void test_connections(void **state)
{
	sd_bus *buses[200];
	int i, refused = 0;

	(void)state;
	start("", "");
	for (i = 0; i < 200; i++) {
		buses[i] = world_client(&w, world_me());
		refused += !strcmp(plain_call(buses[i], "Subscribe"), "LimitsExceeded");
	}
	assert_in_range(refused, 150, 200);
	if (world_many_users())
		check_bystander();
	for (i = 0; i < 200; i++)
		world_disconnect(&w, buses[i]);
	if (!world_many_users())
		w.memd = (world_end_memd(&w, SIGTERM), 0);
}

/* A queue that one user has filled does not block the claim of another user. */
static void test_full_queue(void **state)
{
	struct call calls[129];
	/* Two connections, because the bus limits the pending replies of each. */
	sd_bus *roots[2], *user;
	int held = -1, i;

	(void)state;
	NEEDS_USERS();
	start("", UNLIMITED);
	world_end_memd(&w, SIGTERM);
	world_start_memd(&w, &(struct setup){ .words = "held aside", .config = UNLIMITED });
	roots[0] = world_client(&w, 0);
	roots[1] = world_client(&w, 0);
	user = world_client(&w, UID_A);
	for (i = 0; i < 128; i++) {
		/* The requests must differ, because equal ones are merged. */
		call_start(&calls[i], roots[i % 2], "Reclaim", w.victims[0],
			   &(struct options){ .max_bytes = 1 + (uint64_t)i });
		if (!i)
			held = world_wait_held(&w);
	}
	settle(roots[0]);
	settle(roots[1]);
	check_bystander();
	check_error(reclaim(roots[0], w.victims[3], NULL), "LimitsExceeded", "try again later");
	call_start(&calls[128], user, "Claim", w.victims[0], NULL);
	settle(user);
	world_release(held);
	for (i = 0; i < 129; i++)
		check_ok(call_finish(&calls[i]));
	assert_int_equal(calls[5].reply.status & INTERRUPTED, INTERRUPTED);
	settle(bystander);
	files_before = world_count_files(&w);
}

/* --- many repetitions ----------------------------------------------------- */

static void test_cycles(void **state)
{
	const int cycles = times(*getenv("SANITIZER") ? 10000 : 50000);
	sd_bus *bus;
	int i;

	(void)state;
	start("bos=1 mib=1", UNLIMITED);
	bus = world_client(&w, world_me());
	for (i = 0; i < cycles; i++) {
		check_ok(reclaim(bus, w.victims[0], NULL));
		check_ok(claim(bus, w.victims[0], NULL));
	}
}

/* Many short-lived processes and connections. */
static void test_visitors(void **state)
{
	int i;

	(void)state;
	start("", UNLIMITED);
	for (i = 0; i < times(300); i++) {
		sd_bus *bus = world_client(&w, world_me());
		pid_t pid = world_process(world_me());
		struct call c;

		check_error(reclaim(bus, pid, NULL), "NoGpuMemory", "");
		call_start(&c, bus, i % 2 ? "Claim" : "Reclaim", w.victims[0], NULL);
		call_forget(&c);
		world_disconnect(&w, bus);
		world_end_process(pid);
	}
}

static void test_subscribe_again_and_again(void **state)
{
	sd_bus *bus;
	int i;

	(void)state;
	start("", UNLIMITED);
	bus = world_client(&w, world_me());
	for (i = 0; i < times(2000); i++) {
		assert_string_equal(plain_call(bus, "Subscribe"), "");
		if (i % 2)
			assert_string_equal(plain_call(bus, "Unsubscribe"), "");
	}
}

/* A new connection does not refill the token bucket of its user. */
static void test_new_connections(void **state)
{
	sd_bus *bus;
	int i, refused = 0;

	(void)state;
	NEEDS_USERS();
	start("", "[Limits]\nRequestsPerMinute=1\n");
	for (i = 0; i < 60; i++) {
		bus = world_client(&w, UID_A);
		refused += !strcmp(reclaim_id(bus, w.victims[0], 1)->error, "LimitsExceeded");
		world_disconnect(&w, bus);
	}
	assert_in_range(refused, 15, 20);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
#define FLOOD_OF(what, kind) \
	{ "flood of " what, test_flood_of, NULL, stop, &(enum flood_kind){ kind } }
#define UNREAD(what, kind) \
	{ "unread answers to " what, test_unread, NULL, stop, &(enum unread_kind){ kind } }
	const struct CMUnitTest tests[] = {
		TEST(test_thread),
		TEST(test_kernel_thread),
		TEST(test_ids_are_no_oracle),
		TEST(test_invalid_requests_count),
		TEST(test_number_is_given_again),
		TEST(test_exits_later),
		TEST(test_descriptor),
		TEST(test_large_dictionary),
		TEST(test_deep_variants),
		TEST(test_long_names),
		TEST(test_flood),
		FLOOD_OF("requests", FLOOD_REQUESTS),
		FLOOD_OF("invalid requests", FLOOD_INVALID),
		FLOOD_OF("cancels", FLOOD_CANCEL),
		FLOOD_OF("other calls", FLOOD_OTHERS),
		FLOOD_OF("signals", FLOOD_SIGNALS),
		TEST(test_stopped_client),
		UNREAD("Introspect", UNREAD_INTROSPECT),
		UNREAD("GetAll", UNREAD_PROPERTIES),
		UNREAD("Ping", UNREAD_PING),
		UNREAD("Cancel", UNREAD_CANCEL),
		UNREAD("Unsubscribe", UNREAD_UNSUBSCRIBE),
		UNREAD("unknown methods", UNREAD_UNKNOWN),
		UNREAD("wrong types", UNREAD_TYPES),
		UNREAD("unknown objects", UNREAD_PATH),
		UNREAD("invalid requests", UNREAD_INVALID),
		UNREAD("refused requests", UNREAD_REFUSED),
		TEST(test_unread_long),
		TEST(test_unread_for_long),
		TEST(test_closed_connections),
		TEST(test_answers_to_unknown),
		TEST(test_requests_of_unknown),
		TEST(test_connections),
		TEST(test_full_queue),
		TEST(test_cycles),
		TEST(test_visitors),
		TEST(test_subscribe_again_and_again),
		TEST(test_new_connections),
	};

	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
