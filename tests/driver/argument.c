/* SPDX-License-Identifier: MIT */
/*
 * An argument that the kernel cannot read or write. Both ioctls then fail with EFAULT: before
 * anything is done if it cannot be read, and after the work if it cannot be written. A correct
 * program meets this if the page of its argument is in swap and its memory cgroup is full.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/buffers.h"
#include "gpu/mem.h"
#include "gpu/sysmem.h"
#include "guest.h"

#define CGROUP "/sys/fs/cgroup/argument"
#define BOS 4
#define SEED UINT64_C(0xa26000000000)
#define PAGE 4096

static struct gpu_buffers buffers;
static void *page;

/* Bytes of this process that are evicted. */
static uint64_t evicted(void)
{
	struct drm_panthor_mem_claim args = { .flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN };

	ok(gpu_mem_claim(guest.dev.fd, &args), "MEM_CLAIM, dry run");
	return args.claimed_bytes + args.remaining_bytes;
}

static void check_content(void)
{
	for (unsigned int i = 0; i < BOS; i++)
		assert_true(gpu_buffers_gpu_reads(&buffers, i, NULL));
}

static int call(unsigned long request)
{
	return ioctl(guest.dev.fd, request, page) ? -errno : 0;
}

static void an_argument_that_cannot_be_read(void **state)
{
	(void)state;
	ok(mprotect(page, PAGE, PROT_NONE) ? -errno : 0, "mprotect");
	assert_int_equal(call(DRM_IOCTL_PANTHOR_MEM_RECLAIM), -EFAULT);
	assert_int_equal(evicted(), 0);
	assert_int_equal(call(DRM_IOCTL_PANTHOR_MEM_CLAIM), -EFAULT);
	check_content();
}

/* What was done stays done, and the outputs are as the caller left them. */
static void results_that_cannot_be_written(void **state)
{
	struct drm_panthor_mem_reclaim *reclaim = page;
	struct drm_panthor_mem_claim *claim = page;

	(void)state;
	*reclaim = (struct drm_panthor_mem_reclaim) { .freed_bytes = 1 };
	ok(mprotect(page, PAGE, PROT_READ) ? -errno : 0, "mprotect");
	assert_int_equal(call(DRM_IOCTL_PANTHOR_MEM_RECLAIM), -EFAULT);
	assert_int_equal(reclaim->freed_bytes, 1);
	assert_true(evicted() >= BOS * MIB);

	ok(mprotect(page, PAGE, PROT_READ | PROT_WRITE) ? -errno : 0, "mprotect");
	*claim = (struct drm_panthor_mem_claim) { .claimed_bytes = 1 };
	ok(mprotect(page, PAGE, PROT_READ) ? -errno : 0, "mprotect");
	assert_int_equal(call(DRM_IOCTL_PANTHOR_MEM_CLAIM), -EFAULT);
	assert_int_equal(claim->claimed_bytes, 1);
	assert_int_equal(evicted(), 0);
	check_content();
}

/* --- a full cgroup -------------------------------------------------------------- */

/* A child has its own fd, and no GPU memory. */
static int call_in_full_cgroup(int wait_fd, int ready_fd)
{
	struct drm_panthor_mem_claim *claim = page;
	char c = 0;

	if (sysmem_write_file("/proc/self/oom_score_adj", "-1000") ||
	    sysmem_write_file(CGROUP "/cgroup.procs", "0"))
		return 1;
	/* Everything that the child needs stays in memory, except for the argument. */
	if (mlockall(MCL_CURRENT) || munlock(page, PAGE))
		return 2;
	*claim = (struct drm_panthor_mem_claim) { .tgid = (uint32_t)getppid() };
	if (madvise(page, PAGE, MADV_PAGEOUT))
		return 3;
	if (write(ready_fd, &c, 1) != 1 || read(wait_fd, &c, 1) != 1)
		return 4;
	return call(DRM_IOCTL_PANTHOR_MEM_CLAIM) == -EFAULT ? 0 : 5;
}

static void an_argument_without_memory(void **state)
{
	int go[2], ready[2], status;
	char c = 0;
	pid_t pid;

	(void)state;
	ok(mkdir(CGROUP, 0755) && errno != EEXIST ? -errno : 0, "mkdir " CGROUP);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(call_in_full_cgroup(go[0], ready[1]));
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &c, 1) == 1) {
		ok(sysmem_write_file(CGROUP "/memory.max", "0"), "memory.max");
		assert_int_equal(write(go[1], &c, 1), 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(ready[0]);
	close(go[1]);
	rmdir(CGROUP);
	assert_int_equal(status, 0);
	assert_int_equal(evicted(), 0);
}

static int begin(void **state)
{
	int ret = guest_open(state);

	if (!ret)
		ret = gpu_buffers_create(&buffers, BOS, SEED);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return ret ? ret : page == MAP_FAILED ? -errno : 0;
}

static int end(void **state)
{
	munmap(page, PAGE);
	gpu_buffers_destroy(&buffers);
	return guest_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_argument_that_cannot_be_read, begin, end),
		cmocka_unit_test_setup_teardown(results_that_cannot_be_written, begin, end),
		cmocka_unit_test_setup_teardown(an_argument_without_memory, begin, end),
	};

	return cmocka_run_group_tests_name("argument", tests, NULL, NULL);
}
