/* SPDX-License-Identifier: MIT */
/*
 * What memory cgroups can and cannot do with GPU memory.
 *
 * An application runs in a cgroup of its own. memory.reclaim of this cgroup frees none of
 * its GPU memory while the driver holds the pages: they are unevictable, and panthor's
 * shrinker is not called for cgroups. After MEM_RECLAIM has evicted the memory, the same
 * write frees it, because it now is in ordinary pages charged to the cgroup. So a cgroup
 * alone cannot free GPU memory, but works together with the driver.
 *
 * What is read back from swap is charged to the cgroup that it was charged to before. If that was
 * removed, it is charged to the cgroup of the application, whoever reads it.
 *
 * While the cgroup of an application is full, its submits fail, and its page faults wait for memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/app.h"
#include "gpu/buffers.h"
#include "gpu/fdinfo.h"
#include "gpu/group.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sysmem.h"
#include "guest.h"

#define CGROUP "gpu-app"
#define CGROUP_PATH "/sys/fs/cgroup/" CGROUP
#define NEW_CGROUP_PATH "/sys/fs/cgroup/gpu-app-new"
#define BOS 16
#define BO_SIZE (2 * MIB)
#define TOTAL (BOS * BO_SIZE)
#define SEED UINT64_C(0xabcd000000000000)
#define TRIES 20

/*
 * Memory other than GPU memory: that of the application, its libraries, and the test's
 * reading of /proc. It is far less than the buffers.
 */
#define SLACK (3 * MIB)

struct look {
	struct sysmem mem;
	struct gpu_fdinfo gpu;
};

static struct gpu_app app = { .sock = -1 };

static void look(struct look *at)
{
	ok(sysmem_read_settled(&at->mem), "counters of memory");
	ok(gpu_fdinfo_read(app.pid, &at->gpu), "fdinfo");
}

/* RAM that became free, including what zram uses for the compressed copy. */
static int64_t freed(const struct look *from, const struct look *to)
{
	return (int64_t)(to->mem.free + to->mem.zram_used) -
	       (int64_t)(from->mem.free + from->mem.zram_used);
}

static void show(const char *what, const struct look *from,
		 const struct look *to)
{
	print_message("%-34s resident %3" PRIu64 " MiB, freed %+5.1f MiB, "
		      "swapped %+5.1f MiB\n", what, to->gpu.resident / MIB,
		      (double)freed(from, to) / MIB,
		      ((double)to->mem.swap_used -
		       (double)from->mem.swap_used) / MIB);
}

static void reclaim_cgroup(void)
{
	/*
	 * One write may end early, for instance because pages were used recently. Several
	 * writes would find everything that can be reclaimed.
	 */
	for (int i = 0; i < TRIES; i++)
		ok(sysmem_reclaim(CGROUP, TOTAL), "memory.reclaim");
}

static void start_app(void)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT,
		.files = 1,
		.vms = 1,
		.pidns = -1,
		.cgroup = CGROUP_PATH,
	};

	if (mkdir(CGROUP_PATH, 0755) && errno != EEXIST)
		fail_msg("mkdir " CGROUP_PATH ": %s", strerror(errno));
	ok(gpu_app_start(&app, &setup), "starting the application");
	ok(gpu_app_ask(&app, &(struct app_request) {
		.op = APP_ALLOC, .count = BOS, .size = BO_SIZE, .seed = SEED,
		.exclusive = true }, NULL, NULL, NULL), "allocating");
}

static void check_content(void)
{
	for (unsigned int i = 0; i < BOS; i++) {
		struct app_reply reply;

		ok(gpu_app_ask(&app, &(struct app_request) {
			.op = APP_SUM, .bo = i, .by_gpu = true },
			&reply, NULL, NULL), "reading by the GPU");
		assert_true(reply.value ==
			    pattern_expected(SEED + ((uint64_t)i << 32),
					     BO_SIZE));
	}
}

static void evict(void)
{
	struct drm_panthor_mem_reclaim result;

	ok(gpu_mem_reclaim_all(guest.dev.fd, (uint32_t)app.pid,
			       DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, &result),
	   "MEM_RECLAIM with NO_PAGEOUT");
	assert_true(result.evicted_bytes >= TOTAL);
	assert_true(result.freed_bytes == 0);
}

static void memcg_frees_only_what_is_evicted(void **state)
{
	struct look start, alone, evicted, both;

	(void)state;
	start_app();
	/* First reclaim everything that is not GPU memory, because it would count as well. */
	reclaim_cgroup();
	look(&start);
	assert_true(start.gpu.resident >= TOTAL);

	reclaim_cgroup();
	look(&alone);
	show("memory.reclaim alone:", &start, &alone);
	assert_int_equal(alone.gpu.resident, start.gpu.resident);
	assert_true(freed(&start, &alone) < (int64_t)SLACK);

	evict();
	look(&evicted);
	show("evict alone:", &alone, &evicted);
	assert_true(evicted.gpu.resident < SLACK);
	assert_true(freed(&alone, &evicted) < (int64_t)SLACK);

	reclaim_cgroup();
	look(&both);
	show("memory.reclaim after the evict:", &evicted, &both);
	assert_true(freed(&evicted, &both) > (int64_t)(TOTAL * 9 / 10));

	check_content();
}

/* The application is reclaimed, and moves to another cgroup. The one that it was in is removed. */
static void move_evicted(void)
{
	struct drm_panthor_mem_reclaim result;
	char pid[16];

	start_app();
	ok(gpu_mem_reclaim_all(guest.dev.fd, (uint32_t)app.pid, 0, &result), "MEM_RECLAIM");
	assert_true(result.freed_bytes + SLACK >= TOTAL);
	if (mkdir(NEW_CGROUP_PATH, 0755) && errno != EEXIST)
		fail_msg("mkdir " NEW_CGROUP_PATH ": %s", strerror(errno));
	snprintf(pid, sizeof(pid), "%d", (int)app.pid);
	ok(sysmem_write_file(NEW_CGROUP_PATH "/cgroup.procs", pid), "moving the application");
	ok(rmdir(CGROUP_PATH) ? -errno : 0, "removing its cgroup");
}

static void check_charged(void)
{
	int64_t charged;

	ok(sysmem_read_number(NEW_CGROUP_PATH "/memory.current", &charged), "memory.current");
	print_message("%" PRId64 " KiB are charged to the new cgroup\n", charged >> 10);
	assert_true((uint64_t)charged >= TOTAL);
	check_content();
}

static void a_claim_charges_the_application(void **state)
{
	struct drm_panthor_mem_claim result;

	(void)state;
	move_evicted();
	ok(gpu_mem_claim_all(guest.dev.fd, (uint32_t)app.pid, &result), "MEM_CLAIM");
	assert_int_equal(result.remaining_bytes, 0);
	check_charged();
}

static void a_job_charges_the_application(void **state)
{
	(void)state;
	move_evicted();
	ok(gpu_app_ask(&app, &(struct app_request) { .op = APP_FRAME }, NULL, NULL, NULL), "a frame");
	check_charged();
}

/* --- a full cgroup ---------------------------------------------------------------- */

/* Attempts to charge a page that fail while one page fault is tried, at most. */
#define FAILURES_OF_A_FAULT 100
#define PATIENCE_MS 60000

enum stage { STARTED, ALLOCATED, FULL, SUBMITTED, TOUCHING };

/* A process of which nothing but the buffers can leave memory. It shares its stage with the test. */
static pid_t child;
static _Atomic enum stage *child_stage;

static bool child_ended(void)
{
	int status;
	pid_t pid = waitpid(child, &status, WNOHANG);

	if (!pid)
		return false;
	assert_int_equal(pid, child);
	child = 0;
	if (status)
		fail_msg("the process has ended with status %#x", (unsigned int)status);
	return true;
}

/* The child does not end before it gets there. */
static void await_stage(enum stage stage)
{
	for (unsigned int ms = 0; atomic_load(child_stage) != stage; ms++) {
		assert_false(child_ended());
		assert_true(ms < PATIENCE_MS);
		sleep_ms(1);
	}
}

static int live_in_full_cgroup(void)
{
	static struct gpu_buffers b;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Without the handler of cmocka. */
	signal(SIGBUS, SIG_DFL);
	if (sysmem_write_file("/proc/self/oom_score_adj", "-1000") ||
	    sysmem_write_file(CGROUP_PATH "/cgroup.procs", "0") ||
	    gpu_buffers_create(&b, BOS, SEED))
		return 1;
	for (unsigned int i = 0; i < BOS; i++) {
		if (gpu_bo_map(b.dev.fd, &b.bos[i]) || !gpu_buffers_cpu_reads(&b, i, NULL))
			return 2;
	}
	if (mlockall(MCL_CURRENT))
		return 3;
	atomic_store(child_stage, ALLOCATED);
	while (atomic_load(child_stage) != FULL)
		sleep_ms(1);
	/* The stream does not matter. A real one would have to be written to memory first. */
	if (gpu_group_submit(b.ctx.dev, b.ctx.group, 0, b.bos[0].va, 8, 0, 0) != -ENOMEM)
		return 4;
	atomic_store(child_stage, SUBMITTED);
	while (atomic_load(child_stage) != TOUCHING)
		sleep_ms(1);
	for (unsigned int i = 0; i < BOS; i++) {
		if (!gpu_buffers_cpu_reads(&b, i, NULL))
			return 5;
	}
	for (unsigned int i = 0; i < BOS; i++) {
		if (!gpu_buffers_gpu_reads(&b, i, NULL))
			return 6;
	}
	return 0;
}

/* How often the cgroup had no room for a page. */
static uint64_t failures(void)
{
	uint64_t count = 0;

	ok(sysmem_read_key(CGROUP_PATH "/memory.events", "max", &count), "memory.events");
	return count;
}

static void only_submits_fail_in_a_full_cgroup(void **state)
{
	struct drm_panthor_mem_reclaim result;
	unsigned int ms;
	uint64_t before;

	(void)state;
	if (mkdir(CGROUP_PATH, 0755) && errno != EEXIST)
		fail_msg("mkdir " CGROUP_PATH ": %s", strerror(errno));
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(live_in_full_cgroup());
	await_stage(ALLOCATED);
	ok(gpu_mem_reclaim_all(guest.dev.fd, (uint32_t)child, 0, &result), "MEM_RECLAIM");
	assert_true(result.freed_bytes >= BOS * MIB);
	ok(sysmem_write_file(CGROUP_PATH "/memory.max", "0"), "memory.max");
	atomic_store(child_stage, FULL);
	await_stage(SUBMITTED);

	before = failures();
	atomic_store(child_stage, TOUCHING);
	for (ms = 0; failures() < before + FAILURES_OF_A_FAULT; ms++) {
		assert_false(child_ended());
		assert_true(ms < PATIENCE_MS);
		sleep_ms(1);
	}
	assert_false(child_ended());

	ok(sysmem_write_file(CGROUP_PATH "/memory.max", "max"), "memory.max");
	for (ms = 0; !child_ended(); ms++) {
		assert_true(ms < PATIENCE_MS);
		sleep_ms(1);
	}
}

static int begin_child(void **state)
{
	child_stage = mmap(NULL, sizeof(*child_stage), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return child_stage == MAP_FAILED ? -errno : guest_open(state);
}

static int end_child(void **state)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	munmap(child_stage, sizeof(*child_stage));
	rmdir(CGROUP_PATH);
	return guest_close(state);
}

static int end_app(void **state)
{
	gpu_app_kill(&app);
	rmdir(CGROUP_PATH);
	rmdir(NEW_CGROUP_PATH);
	return guest_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memcg_frees_only_what_is_evicted,
						guest_open, end_app),
		cmocka_unit_test_setup_teardown(a_claim_charges_the_application,
						guest_open, end_app),
		cmocka_unit_test_setup_teardown(a_job_charges_the_application,
						guest_open, end_app),
		cmocka_unit_test_setup_teardown(only_submits_fail_in_a_full_cgroup,
						begin_child, end_child),
	};

	return cmocka_run_group_tests_name("memcg", tests, NULL, NULL);
}
