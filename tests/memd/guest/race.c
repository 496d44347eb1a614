/* SPDX-License-Identifier: MIT */
/*
 * usage: memd-race race PID COUNT
 *        memd-race latency|flood PID COUNT [json]
 *
 * race: repeatedly start a reclaim and a claim of the process at about the same time. After the
 * reply to the claim, nothing may be evicted.
 *
 * latency: compare the time of a claim through panthor-memd with that of the ioctl, and with that
 * of a call that does nothing. There is nothing to claim, so that only the overhead is measured.
 *
 * flood: compare the time of a claim while another user floods panthor-memd with requests with
 * that of a claim in between. The same is done for a call that dbus-daemon answers by itself.
 *
 * With "json", all times are printed, for run-bench.
 *
 * The program runs as root to query the driver, and connects to the bus as the user of the
 * process.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <panthor_drmif.h>

#include "name.h"
#include "sdbus.h"

/* nobody and games, who have to exist */
#define USER 65534
#define FLOODER 5
#define WAIT_USEC UINT64_C(60000000)
#define CLAIMS_MAX 10

static sd_bus *bus;
static int device = -1;
static uint32_t pid;
static uint64_t id;
static int pidfd;
static bool json;

static void fail(const char *what, int ret)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void open_device(void)
{
	glob_t nodes;
	size_t i;

	if (glob("/dev/dri/renderD*", 0, NULL, &nodes))
		fail("no device", -ENODEV);
	for (i = 0; i < nodes.gl_pathc && device < 0; i++) {
		device = open(nodes.gl_pathv[i], O_RDWR | O_CLOEXEC);
		if (device >= 0 && panthor_mem_probe(device)) {
			close(device);
			device = -1;
		}
	}
	globfree(&nodes);
	if (device < 0)
		fail("no panthor device", -ENODEV);
}

static void connect_bus(uid_t user)
{
	const char *name;
	int ret;

	if (seteuid(user))
		fail("seteuid", -errno);
	ret = sd_bus_open_system(&bus);
	if (ret >= 0)
		ret = sd_bus_get_unique_name(bus, &name);
	/* The guest may stall for a while if the host is busy. */
	if (ret >= 0)
		ret = sd_bus_set_method_call_timeout(bus, WAIT_USEC);
	if (seteuid(0))
		fail("seteuid", -errno);
	if (ret < 0)
		fail("the bus", ret);
}

static uint64_t evicted(void)
{
	struct panthor_mem_query_result result = PANTHOR_MEM_QUERY_RESULT_INIT;
	int ret = panthor_mem_query_pidfd(device, pidfd, &result);

	if (ret)
		fail("query", ret);
	return result.evicted_bytes;
}

/* --- race ------------------------------------------------------------------------------ */

struct call {
	bool done;
	bool failed;
	uint32_t status;
	int64_t begin, end;
};

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct call *c = data;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	uint64_t a, b, d;

	(void)unused;
	c->done = true;
	c->end = now_ns();
	c->failed = e;
	if (e)
		fprintf(stderr, "%s: %s\n", e->name, e->message);
	else if (sd_bus_message_has_signature(m, "ttus"))
		sd_bus_message_read(m, "ttu", &a, &b, &c->status);
	else if (sd_bus_message_has_signature(m, "tttus"))
		sd_bus_message_read(m, "tttu", &a, &b, &d, &c->status);
	return 0;
}

static void start(struct call *c, const char *method)
{
	int ret;

	*c = (struct call){ .begin = now_ns() };
	ret = sd_bus_call_method_async(bus, NULL, BROKER_NAME, BROKER_PATH, BROKER_NAME, method,
				       on_reply, c, "uta{sv}", pid, id, 0);
	if (ret >= 0)
		ret = sd_bus_flush(bus);
	if (ret < 0)
		fail(method, ret);
}

static void finish(struct call *c)
{
	int ret;

	while (!c->done) {
		ret = sd_bus_process(bus, NULL);
		if (!ret)
			ret = sd_bus_wait(bus, WAIT_USEC);
		if (ret < 0)
			fail("the bus", ret);
	}
	if (c->failed)
		exit(1);
}

static void wait_a_bit(unsigned int usec)
{
	const struct timespec t = { .tv_nsec = (long)usec * 1000 };

	nanosleep(&t, NULL);
}

static void check(unsigned int round, const char *when)
{
	const uint64_t bytes = evicted();

	if (!bytes)
		return;
	fprintf(stderr, "round %u: %" PRIu64 " bytes are evicted %s\n", round, bytes, when);
	exit(1);
}

/* Report a call that took long or has an unusual status. */
static void show_if_odd(unsigned int round, const char *what, const struct call *c,
			uint32_t usual)
{
	const uint32_t pinned = DRM_PANTHOR_MEM_STATUS_PINNED;
	const int64_t ms = (c->end - c->begin) / 1000000;

	if (ms > 2000 || c->status & ~(usual | pinned))
		fprintf(stderr, "round %u: %s took %" PRId64 " ms, status 0x%x\n", round, what, ms,
			c->status);
}

/*
 * On a busy host MaxTimeSec= can end a claim early. Its status then says that something may
 * still be evicted, so a client asks again.
 */
static unsigned int claim_all(unsigned int round)
{
	unsigned int calls;

	for (calls = 1; calls <= CLAIMS_MAX; calls++) {
		struct call in;

		start(&in, "Claim");
		finish(&in);
		show_if_odd(round, "claim", &in, 0);
		if (!in.status)
			return calls;
	}
	fprintf(stderr, "round %u: %d claims did not bring everything back\n", round, CLAIMS_MAX);
	exit(1);
}

static void race(unsigned int count)
{
	unsigned int i, overtaken = 0, again = 0;

	srand(1);
	for (i = 0; i < count; i++) {
		struct call out;

		start(&out, "Reclaim");
		wait_a_bit((unsigned int)rand() % 20000);
		again += claim_all(i) - 1;
		check(i, "when the claim is answered");
		finish(&out);
		check(i, "when the reclaim is answered");
		show_if_odd(i, "reclaim", &out, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
		overtaken += !!(out.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	}
	printf("%u races, %u reclaims were overtaken, %u claims were repeated\n", count, overtaken,
	       again);
}

/* --- latency ----------------------------------------------------------------------------- */

/* A call without arguments, of a method that does next to nothing. */
struct null_call {
	const char *service, *path, *interface, *method;
};

/* The answer of panthor-memd, which does not look at who asks. */
static const struct null_call ping = { BROKER_NAME, BROKER_PATH, "org.freedesktop.DBus.Peer",
				       "Ping" };
/* The answer of dbus-daemon. */
static const struct null_call get_id = { "org.freedesktop.DBus", "/org/freedesktop/DBus",
					 "org.freedesktop.DBus", "GetId" };

static int64_t time_null_call(const struct null_call *n)
{
	struct call c = { .begin = now_ns() };
	int ret = sd_bus_call_method_async(bus, NULL, n->service, n->path, n->interface, n->method,
					   on_reply, &c, NULL);

	if (ret >= 0)
		ret = sd_bus_flush(bus);
	if (ret < 0)
		fail(n->method, ret);
	finish(&c);
	return c.end - c.begin;
}

static int64_t *new_times(unsigned int count)
{
	int64_t *times = calloc(count, sizeof(*times));

	if (!times)
		fail("memory", -ENOMEM);
	return times;
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void show_json(const char *what, const int64_t *times, unsigned int count)
{
	unsigned int i;

	printf("{\"arm\":\"%s\",\"call_ns\":[", what);
	for (i = 0; i < count; i++)
		printf("%s%" PRId64, i ? "," : "", times[i]);
	printf("]}\n");
}

static void show(const char *what, int64_t *times, unsigned int count)
{
	if (json) {
		show_json(what, times, count);
		return;
	}
	qsort(times, count, sizeof(*times), by_size);
	printf("%s: median %.3f ms, p99 %.3f ms\n", what, (double)times[count / 2] / 1e6,
	       (double)times[count * 99 / 100] / 1e6);
}

static void latency(unsigned int count)
{
	int64_t *direct = new_times(count), *broker = new_times(count), *empty = new_times(count);
	uint64_t bytes;
	unsigned int i;

	/* Alternate them, so that all run under the same load. */
	for (i = 0; i < count; i++) {
		struct call c;
		int64_t t = now_ns();
		int ret = panthor_mem_claim_pidfd(device, pidfd, &bytes);

		direct[i] = now_ns() - t;
		if (ret)
			fail("claim", ret);
		t = now_ns();
		start(&c, "Claim");
		finish(&c);
		broker[i] = now_ns() - t;
		empty[i] = time_null_call(&ping);
	}
	show("ioctl", direct, count);
	show("panthor-memd", broker, count);
	show("Ping", empty, count);
	free(direct);
	free(broker);
	free(empty);
}

/* --- flood ------------------------------------------------------------------------------- */

#define BLOCKS 20
/* The flooder sends this many first, until its bucket is empty. */
#define FLOOD_FIRST 10000

/* Send requests without a pause, some for this process itself, and read no reply. */
static void __attribute__((noreturn)) flood_memd(volatile uint64_t *sent)
{
	const int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	sd_bus_message *m;
	struct stat st;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (self < 0 || fstat(self, &st))
		fail("the flooder", -errno);
	connect_bus(FLOODER);
	for (;;) {
		ret = sd_bus_message_new_method_call(bus, &m, BROKER_NAME, BROKER_PATH, BROKER_NAME,
						     *sent % 2 ? "Reclaim" : "Claim");
		if (ret >= 0)
			ret = sd_bus_message_append(m, "uta{sv}", (uint32_t)getpid(),
						    (uint64_t)st.st_ino + *sent % 3, 0);
		if (ret >= 0)
			ret = sd_bus_message_set_expect_reply(m, 0);
		if (ret >= 0)
			ret = sd_bus_send(bus, m, NULL);
		if (ret >= 0)
			ret = sd_bus_flush(bus);
		if (ret < 0)
			fail("the flood", ret);
		sd_bus_message_unref(m);
		++*sent;
	}
}

/* The times of claims, and of calls that only dbus-daemon sees. */
struct flood_times {
	int64_t *claim, *bus;
};

static void time_calls(struct flood_times *times, unsigned int first, unsigned int count)
{
	unsigned int i;

	for (i = first; i < first + count; i++) {
		struct call c;

		start(&c, "Claim");
		finish(&c);
		times->claim[i] = c.end - c.begin;
		times->bus[i] = time_null_call(&get_id);
	}
}

/* Alternate between flood and quiet, so that both run under the same load of the host. */
static void flood(unsigned int count)
{
	const unsigned int each = count / BLOCKS + 1, total = each * BLOCKS;
	struct flood_times quiet = { new_times(total), new_times(total) };
	struct flood_times busy = { new_times(total), new_times(total) };
	volatile uint64_t *sent = mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t before, during = 0;
	unsigned int i;
	pid_t flooder;

	if (sent == MAP_FAILED)
		fail("memory", -ENOMEM);
	flooder = fork();
	if (flooder < 0)
		fail("fork", -errno);
	if (!flooder)
		flood_memd(sent);
	for (i = 0; i < BLOCKS; i++) {
		kill(flooder, SIGCONT);
		for (before = *sent; *sent < before + (i ? 100 : FLOOD_FIRST);) {
			if (waitpid(flooder, NULL, WNOHANG))
				fail("the flooder has ended", -ESRCH);
			wait_a_bit(1000);
		}
		before = *sent;
		time_calls(&busy, i * each, each);
		during += *sent - before;
		kill(flooder, SIGSTOP);
		/* The bus keeps the order, so what the flooder has sent is handled by then. */
		time_calls(&quiet, i * each, 1);
		time_calls(&quiet, i * each, each);
	}
	kill(flooder, SIGKILL);
	if (!during)
		fail("no request of the flood", -ENODATA);
	show("idle", quiet.claim, total);
	show("flood", busy.claim, total);
	show("dbus-daemon, idle", quiet.bus, total);
	show("dbus-daemon, flood", busy.bus, total);
	if (!json)
		printf("p99 is %.2f times as long; %" PRIu64 " requests of the flood for %u "
		       "claims\n",
		       (double)busy.claim[total * 99 / 100] / (double)quiet.claim[total * 99 / 100],
		       during, total);
	free(quiet.claim);
	free(quiet.bus);
	free(busy.claim);
	free(busy.bus);
}

int main(int argc, char **argv)
{
	unsigned int count;
	struct stat st;

	json = argc == 5 && !strcmp(argv[4], "json");
	if (argc != 4 + json)
		return 2;
	pid = (uint32_t)strtoul(argv[2], NULL, 10);
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (pidfd < 0 || fstat(pidfd, &st))
		fail("the process", -errno);
	id = st.st_ino;
	/* A flood is also measured without the driver. */
	if (strcmp(argv[1], "flood"))
		open_device();
	connect_bus(USER);
	count = (unsigned int)strtoul(argv[3], NULL, 10);
	if (!strcmp(argv[1], "race"))
		race(count);
	else if (!strcmp(argv[1], "latency"))
		latency(count);
	else
		flood(count);
	sd_bus_flush_close_unref(bus);
	return 0;
}
