/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <panthor_drmif.h>

#include "calls.h"

#ifdef WITH_BROKER
/* elogind has a header of this name, too. */
#include <systemd/sd-bus.h>
#define BROKER "org.panthormem.Broker1"
#define BROKER_PATH "/org/panthormem/Broker1"
#endif

#define NS_PER_MS INT64_C(1000000)
/* How long a reclaim waits for unfinished GPU work. */
#define DRAIN_NS (1000 * NS_PER_MS)
#define FIRST_NODE 128
#define LAST_NODE 191

static struct {
	int fd;		/* of the device; -1: panthor-memd makes the calls */
	const char *device;
	int64_t claim_ns;
	int wakeup;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct wl_list targets;
} calls = {
	.fd = -1,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* --- the threads ------------------------------------------------------------- */

static void call_directly(const struct target *t, enum direction direction, struct result *r)
{
	struct panthor_mem_reclaim_options drain = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options locked = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result out = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_result in = PANTHOR_MEM_CLAIM_RESULT_INIT;

	if (direction == RECLAIM) {
		drain.deadline_ns = now_ns() + DRAIN_NS;
		r->error = panthor_mem_reclaim_pidfd_with(calls.fd, t->pidfd, &drain, &out);
		r->bytes = out.freed_bytes;
		r->status = out.status;
	} else {
		locked.deadline_ns = now_ns() + calls.claim_ns;
		r->error = panthor_mem_claim_pidfd_with(calls.fd, t->pidfd, &locked, &in);
		r->bytes = in.claimed_bytes;
	}
}

#ifdef WITH_BROKER
static int code_of(const sd_bus_error *error, int ret)
{
	const char *reason = error->name ? strrchr(error->name, '.') : NULL;

	if (!reason)
		return ret;
	if (!strcmp(reason, ".TooSoon"))
		return -EALREADY;
	if (!strcmp(reason, ".NoSuchProcess") || !strcmp(reason, ".NoGpuMemory"))
		return -ESRCH;
	return -EIO;
}

static int read_reply(sd_bus_message *reply, enum direction direction, struct result *r)
{
	if (direction == RECLAIM)
		return sd_bus_message_read(reply, "tttu", &r->bytes, NULL, NULL, &r->status);
	return sd_bus_message_read(reply, "t", &r->bytes);
}

/* panthor-memd replies within 24 s; sd-bus waits for 25. */
static void call_broker(const struct target *t, enum direction direction, struct result *r)
{
	const char *method = direction == RECLAIM ? "Reclaim" : "Claim";
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	sd_bus *bus = NULL;
	int ret;

	ret = sd_bus_open_system(&bus);
	if (ret >= 0 && calls.device)
		ret = sd_bus_call_method(bus, BROKER, BROKER_PATH, BROKER, method, &error, &reply,
					 "uta{sv}", (uint32_t)t->pid, t->id, 1,
					 "device", "s", calls.device);
	else if (ret >= 0)
		ret = sd_bus_call_method(bus, BROKER, BROKER_PATH, BROKER, method, &error, &reply,
					 "uta{sv}", (uint32_t)t->pid, t->id, 0);
	if (ret >= 0)
		ret = read_reply(reply, direction, r);
	r->error = ret < 0 ? code_of(&error, ret) : 0;
	if (error.message)
		snprintf(r->text, sizeof(r->text), "%s", error.message);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	sd_bus_flush_close_unref(bus);
}
#else
static void call_broker(const struct target *t, enum direction direction, struct result *r)
{
	(void)t;
	(void)direction;
	r->error = -EOPNOTSUPP;
}
#endif

/* A reclaim waits for a running claim of the same process; a claim never waits. */
static struct target *next_target(enum direction direction)
{
	struct target *t;

	wl_list_for_each(t, &calls.targets, link) {
		if (t->due[direction] && !(direction == RECLAIM && t->running[CLAIM]))
			return t;
	}
	return NULL;
}

static void *thread(void *arg)
{
	const enum direction direction = *(const enum direction *)arg;

	pthread_mutex_lock(&calls.lock);
	for (;;) {
		struct target *t = next_target(direction);
		struct result r = { .is_new = true };
		int64_t start;

		if (!t) {
			pthread_cond_wait(&calls.work, &calls.lock);
			continue;
		}
		t->due[direction] = false;
		t->running[direction] = true;
		pthread_mutex_unlock(&calls.lock);

		start = now_ns();
		if (calls.fd >= 0)
			call_directly(t, direction, &r);
		else
			call_broker(t, direction, &r);
		r.ns = now_ns() - start;

		pthread_mutex_lock(&calls.lock);
		t->running[direction] = false;
		t->results[direction] = r;
		/*
		 * If the application was shown just before this reclaim entered the kernel,
		 * its claim may have run first. Claim again.
		 */
		if (direction == RECLAIM && t->wanted == CLAIM)
			t->due[CLAIM] = true;
		pthread_cond_broadcast(&calls.work);
		eventfd_write(calls.wakeup, 1);
	}
	return NULL;
}

/* --- the main thread --------------------------------------------------------- */

static bool idle(const struct target *t)
{
	return !t->due[RECLAIM] && !t->due[CLAIM] && !t->running[RECLAIM] && !t->running[CLAIM];
}

void calls_add(struct target *t)
{
	t->wanted = CLAIM;
	pthread_mutex_lock(&calls.lock);
	wl_list_insert(calls.targets.prev, &t->link);
	pthread_mutex_unlock(&calls.lock);
}

bool calls_remove(struct target *t)
{
	bool is_idle;

	pthread_mutex_lock(&calls.lock);
	t->due[RECLAIM] = t->due[CLAIM] = false;
	/* A reclaim that is running is not followed by a claim. */
	t->wanted = RECLAIM;
	is_idle = idle(t);
	if (is_idle)
		wl_list_remove(&t->link);
	pthread_mutex_unlock(&calls.lock);
	return is_idle;
}

void calls_want(struct target *t, enum direction direction)
{
	pthread_mutex_lock(&calls.lock);
	t->wanted = direction;
	t->due[RECLAIM] = direction == RECLAIM;
	t->due[CLAIM] = direction == CLAIM;
	pthread_cond_broadcast(&calls.work);
	pthread_mutex_unlock(&calls.lock);
}

bool calls_take(struct target *t, struct result results[DIRECTIONS])
{
	bool is_idle;

	pthread_mutex_lock(&calls.lock);
	memcpy(results, t->results, sizeof(t->results));
	t->results[RECLAIM].is_new = t->results[CLAIM].is_new = false;
	is_idle = idle(t);
	pthread_mutex_unlock(&calls.lock);
	return is_idle;
}

/* --- start ------------------------------------------------------------------- */

/* Opens @path, and keeps it if calls can be made on it. */
static int try_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int ret = fd < 0 ? -errno : panthor_mem_probe(fd);

	/* Without free swap nothing can be reclaimed now, but there may be some later. */
	if (ret == -ENOSPC)
		ret = 0;
	if (!ret)
		calls.fd = fd;
	else if (fd >= 0)
		close(fd);
	return ret == -EACCES ? -EPERM : ret;
}

static int find_device(void)
{
	bool refused = false;
	char path[32];
	int i, ret;

	if (calls.device)
		return try_device(calls.device);
	for (i = FIRST_NODE; i <= LAST_NODE; i++) {
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", i);
		ret = try_device(path);
		if (!ret)
			return 0;
		refused = refused || ret == -EPERM;
	}
	return refused ? -EPERM : -ENODEV;
}

/* Nothing waits for the threads: they end with the process, also in the middle of a call. */
static int start_threads(void)
{
	static const enum direction directions[DIRECTIONS] = { RECLAIM, CLAIM };
	sigset_t all, before;
	pthread_t id;
	int i, ret = 0;

	/* A signal would end a call early: let the main thread handle signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 0; i < DIRECTIONS && !ret; i++) {
		ret = pthread_create(&id, NULL, thread, (void *)&directions[i]);
		if (!ret)
			pthread_detach(id);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -ret;
}

int calls_start(const char *device, int32_t claim_ms, bool *by_broker)
{
	int ret;

	calls.device = device;
	calls.claim_ns = claim_ms * NS_PER_MS;
	wl_list_init(&calls.targets);
	ret = find_device();
	*by_broker = ret == -EPERM;
#ifdef WITH_BROKER
	if (ret == -EPERM)
		ret = 0;
#endif
	if (ret)
		return ret;
	calls.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (calls.wakeup < 0)
		return -errno;
	ret = start_threads();
	return ret ? ret : calls.wakeup;
}
