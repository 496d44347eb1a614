/* SPDX-License-Identifier: MIT */
/*
 * Functions that the hostile-* programs share.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "gpu/fdinfo.h"
#include "gpu/held_disk.h"
#include "gpu/swap.h"
#include "gpu/sysmem.h"
#include "gpu/tracefs.h"
#include "hostile.h"

#define POLL_MS 1
#define CALLS_MAX 8
#define GEMS "/sys/kernel/debug/dri/panthor/gems"
#define SHRINK "/sys/kernel/debug/dri/panthor/shrink"
#define MEM_LIMIT "/sys/block/zram0/mem_limit"
#define SECTOR 512

struct gpu_app app = { .sock = -1 }, other = { .sock = -1 };

static struct swap swap;
static struct disk disk;
static struct held_disk held;

/* --- calls ------------------------------------------------------------------- */

/* Not on the stack of a case, because the calls of a failed case are still running. */
static struct thread {
	struct call call;
	pthread_t thread;
	int fd;
	bool used;
	atomic_bool done;
} threads[CALLS_MAX];

static void *run_call(void *arg)
{
	struct thread *t = arg;
	int ret;

	/* Not with drmIoctl(), which repeats the call after a signal. */
	if (t->call.claims)
		ret = ioctl(t->fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, &t->call.claim);
	else
		ret = ioctl(t->fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &t->call.reclaim);
	t->call.ret = ret ? -errno : 0;
	atomic_store(&t->done, true);
	return NULL;
}

static struct call *begin_call(const struct call *call)
{
	for (struct thread *t = threads; t < &threads[CALLS_MAX]; t++) {
		if (t->used)
			continue;
		t->call = *call;
		t->fd = guest.dev.fd;
		atomic_store(&t->done, false);
		t->used = true;
		if (pthread_create(&t->thread, NULL, run_call, t)) {
			t->used = false;
			fail_msg("no thread for a call");
		}
		return &t->call;
	}
	fail_msg("more than %d calls", CALLS_MAX);
	return NULL;
}

struct call *begin_reclaim(const struct drm_panthor_mem_reclaim *args)
{
	return begin_call(&(struct call) { .reclaim = *args });
}

struct call *begin_claim(const struct drm_panthor_mem_claim *args)
{
	return begin_call(&(struct call) { .claims = true, .claim = *args });
}

static struct thread *thread_of(const struct call *call)
{
	for (struct thread *t = threads; t < &threads[CALLS_MAX]; t++)
		if (&t->call == call)
			return t;
	return NULL;
}

bool call_runs(const struct call *call)
{
	return !atomic_load(&thread_of(call)->done);
}

void signal_call(const struct call *call)
{
	pthread_kill(thread_of(call)->thread, SIGUSR1);
}

void end_call(struct call *call)
{
	struct thread *t = thread_of(call);
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += HANG_MS / 1000;
	if (pthread_timedjoin_np(t->thread, NULL, &end))
		fail_msg("a %s does not return within %d s", call->claims ? "claim" : "reclaim",
			 HANG_MS / 1000);
	t->used = false;
}

/* When this is called, their target has been killed. */
static void end_calls(void)
{
	for (struct thread *t = threads; t < &threads[CALLS_MAX]; t++) {
		if (!t->used)
			continue;
		pthread_kill(t->thread, SIGUSR1);
		pthread_join(t->thread, NULL);
		t->used = false;
	}
}

struct drm_panthor_mem_reclaim reclaim_all(const struct gpu_app *which, uint32_t flags)
{
	struct drm_panthor_mem_reclaim args;

	ok(gpu_mem_reclaim_all(guest.dev.fd, (uint32_t)which->pid, flags, &args), "MEM_RECLAIM");
	assert_true(args.evicted_bytes >= args.freed_bytes);
	return args;
}

struct drm_panthor_mem_claim claim_all(const struct gpu_app *which)
{
	struct drm_panthor_mem_claim args;

	ok(gpu_mem_claim_all(guest.dev.fd, (uint32_t)which->pid, &args), "MEM_CLAIM");
	return args;
}

bool on_debug_kernel(void)
{
	const char *flavour = getenv("PANTHOR_GUEST");

	return flavour && !strcmp(flavour, "debug");
}

unsigned int many(unsigned int count)
{
	return on_debug_kernel() ? count / 4 : count;
}

/* --- processes under test ---------------------------------------------------- */

void start_app(struct gpu_app *which, unsigned int files, unsigned int vms, const char *cgroup)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = files, .vms = vms, .pidns = -1, .cgroup = cgroup,
	};

	ok(gpu_app_start(which, &setup), "starting a process");
}

void alloc_lot(struct lot *lot)
{
	int64_t first = gpu_app_ask(lot->of, &(struct app_request) {
		.op = APP_ALLOC, .file = lot->file, .vm = lot->vm, .count = lot->count,
		.size = lot->size, .seed = lot->seed, .exclusive = !lot->shareable,
		.unbound = lot->unbound }, NULL, NULL, NULL);

	ok(first, "allocating");
	lot->first = (unsigned int)first;
}

uint64_t lot_bytes(const struct lot *lot)
{
	return lot->count * lot->size;
}

void check_lot(const struct lot *lot)
{
	for (unsigned int i = 0; i < lot->count; i++) {
		struct app_reply reply;

		ok(gpu_app_ask(lot->of, &(struct app_request) {
			.op = APP_SUM, .bo = lot->first + i, .by_gpu = !lot->unbound },
			&reply, NULL, NULL), "reading a BO");
		if (reply.value != pattern_expected(lot->seed + ((uint64_t)i << 32), lot->size))
			fail_msg("BO %u has lost its content", i);
	}
}

uint64_t resident_of(const struct gpu_app *which)
{
	struct gpu_fdinfo info;

	ok(gpu_fdinfo_read(which->pid, &info), "fdinfo");
	return info.resident;
}

void run_frame(struct gpu_app *which, unsigned int file, unsigned int vm)
{
	ok(gpu_app_ask(which, &(struct app_request) { .op = APP_FRAME, .file = file, .vm = vm },
		       NULL, NULL, NULL), "a frame");
}

/* --- waiting for something --------------------------------------------------- */

void wait_until(bool (*check)(void *arg), void *arg, const char *what)
{
	int64_t end = now_ns() + HANG_MS * INT64_C(1000000);

	while (!check(arg)) {
		if (now_ns() > end)
			fail_msg("%s within %d s", what, HANG_MS / 1000);
		sleep_ms(POLL_MS);
	}
}

/* --- swap -------------------------------------------------------------------- */

static void swap_on_disk(int ret)
{
	ok(ret, "a disk");
	ok(swapon(disk.device, 0) ? -errno : 0, "swapon");
}

void swap_on_slow_disk(unsigned int mib, unsigned int ns, unsigned int mbps)
{
	ok(swap_none(&swap), "swapoff");
	swap_on_disk(disk_create_slow(&disk, mib, ns, mbps));
}

void swap_on_refusing_disk(unsigned int mib, unsigned int good_mib)
{
	ok(swap_none(&swap), "swapoff");
	swap_on_disk(disk_create_refusing(&disk, mib, good_mib));
}

void swap_on_fast_disk(unsigned int mib)
{
	swap_on_slow_disk(mib, 0, 0);
}

void swap_on_held_disk(unsigned int mib)
{
	ok(swap_none(&swap), "swapoff");
	ok(held_disk_create(&held, mib), "a disk");
	ok(swapon(held.device, 0) ? -errno : 0, "swapon");
}

void hold_reads(bool hold)
{
	held_disk_hold(&held, hold);
}

unsigned int held_reads(void)
{
	return held_disk_waiting(&held);
}

void fail_page(uint64_t page)
{
	ok(disk_fail_page(&disk, page), "marking a page of the disk as bad");
}

void swap_on_slow_disk_behind_zram(uint64_t bytes)
{
	ok(swap_slow_disk_behind(&swap, bytes), "a disk behind zram");
}

void heal_disk(void)
{
	ok(disk_heal(&disk), "healing the disk");
}

static void set_queue(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%s/queue/%s", strrchr(disk.device, '/') + 1, name);
	ok(sysmem_write_file(path, value), path);
}

void queue_little(void)
{
	set_queue("max_sectors_kb", "64");
	set_queue("nr_requests", "4");
}

static const char *disk_device(void)
{
	return swap.disk.device[0] ? swap.disk.device : disk.device;
}

/* /sys/block/NAME/stat: reads, merged, sectors, ms, the same for writes, in flight. */
static uint64_t disk_stat(unsigned int field)
{
	uint64_t value = 0;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/stat", strrchr(disk_device(), '/') + 1);
	f = fopen(path, "re");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	for (unsigned int i = 0; i <= field; i++)
		if (fscanf(f, "%" SCNu64, &value) != 1)
			fail_msg("%s has no field %u", path, i);
	fclose(f);
	return value;
}

uint64_t disk_read(void)
{
	return disk_stat(2) * SECTOR;
}

uint64_t disk_written(void)
{
	return disk_stat(6) * SECTOR;
}

unsigned int disk_in_flight(void)
{
	return (unsigned int)disk_stat(8);
}

void disk_number(char text[32])
{
	struct stat st;

	ok(stat(disk_device(), &st) ? -errno : 0, disk_device());
	snprintf(text, 32, "%u,%u", major(st.st_rdev), minor(st.st_rdev));
}

static bool disk_is_idle(void *arg)
{
	(void)arg;
	return !disk_in_flight();
}

void wait_disk_idle(void)
{
	wait_until(disk_is_idle, NULL, "the disk does not come to rest");
}

void limit_zram(uint64_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	ok(sysmem_write_file(MEM_LIMIT, text), MEM_LIMIT);
}

uint64_t swap_used(void)
{
	struct sysmem mem;

	ok(sysmem_read(&mem), "counters of memory");
	return mem.swap_used;
}

uint64_t swap_cached(void)
{
	struct sysmem mem;

	ok(sysmem_read(&mem), "counters of memory");
	return mem.swap_cached;
}

static int restore_swap(void)
{
	int ret;

	sysmem_write_file(MEM_LIMIT, "0");
	if (disk.device[0]) {
		disk_heal(&disk);
		if (swapoff(disk.device) && errno != EINVAL)
			return -errno;
		disk_destroy(&disk);
	}
	if (held.device[0]) {
		hold_reads(false);
		if (swapoff(held.device) && errno != EINVAL)
			return -errno;
		held_disk_destroy(&held);
	}
	/* Switch it off and on again, to change its priority. */
	ret = swap_none(&swap);
	return ret ? ret : swap_normal(&swap);
}

/* --- cgroups ----------------------------------------------------------------- */

void make_cgroups(void)
{
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		fail_msg("mkdir " CGROUP ": %s", strerror(errno));
	ok(sysmem_write_file(CGROUP "/cgroup.subtree_control", "+memory"), "subtree_control");
	if (mkdir(CGROUP_CHILD, 0755) && errno != EEXIST)
		fail_msg("mkdir " CGROUP_CHILD ": %s", strerror(errno));
}

void set_limit(const char *cgroup, const char *file, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	ok(sysmem_write_file(path, value), path);
}

/* --- the driver, through debugfs --------------------------------------------- */

void driver_totals(uint64_t *bytes, uint64_t *evictable)
{
	FILE *f = fopen(GEMS, "re");
	bool found = false;
	char line[512];

	if (!f)
		fail_msg(GEMS ": %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		const char *total = strstr(line, "Total resident:");

		if (total)
			found = sscanf(total, "Total resident: %" SCNu64
				       ", Total reclaimable: %" SCNu64, bytes, evictable) == 2;
	}
	fclose(f);
	assert_true(found);
}

void run_shrinker(unsigned int pages)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", pages);
	ok(sysmem_write_file(SHRINK, text), SHRINK);
}

/* --- a case ------------------------------------------------------------------ */

static void on_signal(int sig)
{
	(void)sig;
}

int hostile_begin(void **state)
{
	/* Without a restart, so that the signal ends the call. */
	struct sigaction action = { .sa_handler = on_signal };
	int ret = guest_open(state);

	sigaction(SIGUSR1, &action, NULL);
	return ret ? ret : swap_open(&swap);
}

int hostile_end(void **state)
{
	int ret;

	trace_reset(0);
	/* A process that reads from it cannot be killed. */
	if (held.device[0])
		hold_reads(false);
	gpu_app_kill(&app);
	gpu_app_kill(&other);
	end_calls();
	ret = restore_swap();
	if (ret)
		fprintf(stderr, "restoring swap: %s\n", strerror(-ret));
	rmdir(CGROUP_CHILD);
	rmdir(CGROUP);
	return guest_close(state) ? -1 : ret;
}
