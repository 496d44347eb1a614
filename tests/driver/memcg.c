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
 * While the cgroup of an application is full, its page faults wait for memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
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

/* --- a page fault in a full cgroup ----------------------------------------------- */

/* Attempts to charge a page that fail while one page fault is tried, at most. */
#define FAILURES_OF_A_FAULT 100
#define PATIENCE_MS 60000

static struct child {
	pid_t pid;
	int go, ready;		/* pipes */
} child;

/* Everything that the process needs stays in memory, except for the buffers. */
static int touch_when_told(int go, int ready)
{
	struct gpu_buffers buffers;
	char c = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Without the handler of cmocka. */
	signal(SIGBUS, SIG_DFL);
	if (sysmem_write_file("/proc/self/oom_score_adj", "-1000") ||
	    sysmem_write_file(CGROUP_PATH "/cgroup.procs", "0") ||
	    gpu_buffers_create(&buffers, BOS, SEED))
		return 1;
	for (unsigned int i = 0; i < BOS; i++) {
		if (gpu_bo_map(buffers.dev.fd, &buffers.bos[i]) ||
		    !gpu_buffers_cpu_reads(&buffers, i, NULL))
			return 1;
	}
	if (mlockall(MCL_CURRENT))
		return 1;
	if (write(ready, &c, 1) != 1 || read(go, &c, 1) != 1)
		return 2;
	for (unsigned int i = 0; i < BOS; i++) {
		if (!gpu_buffers_cpu_reads(&buffers, i, NULL))
			return 3;
	}
	for (unsigned int i = 0; i < BOS; i++) {
		if (!gpu_buffers_gpu_reads(&buffers, i, NULL))
			return 4;
	}
	return 0;
}

static void start_child(void)
{
	int go[2], ready[2];
	char c;

	if (mkdir(CGROUP_PATH, 0755) && errno != EEXIST)
		fail_msg("mkdir " CGROUP_PATH ": %s", strerror(errno));
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (!child.pid)
		_exit(touch_when_told(go[0], ready[1]));
	close(go[0]);
	close(ready[1]);
	child.go = go[1];
	child.ready = ready[0];
	assert_int_equal(read(child.ready, &c, 1), 1);
}

/* How often the cgroup had no room for a page. */
static uint64_t failures(void)
{
	uint64_t count = 0;

	ok(sysmem_read_key(CGROUP_PATH "/memory.events", "max", &count), "memory.events");
	return count;
}

/* Return whether the child has ended. Fails the case unless it has done all of its work. */
static bool child_ended(void)
{
	int status;
	pid_t pid = waitpid(child.pid, &status, WNOHANG);

	if (!pid)
		return false;
	assert_int_equal(pid, child.pid);
	child.pid = 0;
	if (status)
		fail_msg("the process has ended with status %#x", (unsigned int)status);
	return true;
}

static void a_page_fault_waits_for_memory(void **state)
{
	struct drm_panthor_mem_reclaim result;
	unsigned int ms;
	uint64_t before;

	(void)state;
	start_child();
	ok(gpu_mem_reclaim_all(guest.dev.fd, (uint32_t)child.pid, 0, &result), "MEM_RECLAIM");
	assert_true(result.freed_bytes >= BOS * MIB);
	ok(sysmem_write_file(CGROUP_PATH "/memory.max", "0"), "memory.max");
	before = failures();
	assert_int_equal(write(child.go, "", 1), 1);
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

static int end_child(void **state)
{
	if (child.pid > 0) {
		kill(child.pid, SIGKILL);
		waitpid(child.pid, NULL, 0);
	}
	close(child.go);
	close(child.ready);
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
		cmocka_unit_test_setup_teardown(a_page_fault_waits_for_memory,
						guest_open, end_child),
	};

	return cmocka_run_group_tests_name("memcg", tests, NULL, NULL);
}
