/* SPDX-License-Identifier: MIT */
/*
 * fuzz: all operations, and those that have no file of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz_args.h"
#include "fuzz_ops.h"
#include "gpu/sysmem.h"

#define SHRINK "/sys/kernel/debug/dri/panthor/shrink"

static int run_query(void)
{
	uint8_t data[512];
	struct drm_panthor_dev_query args = {
		.type = (uint32_t)fuzz_mostly(fuzz_below(5)),
		.size = (uint32_t)fuzz_below(sizeof(data)),
		.pointer = fuzz_mostly((uintptr_t)data),
	};

	/* The kernel writes what it knows, and reads the flags of some. */
	memset(data, 0, sizeof(data));
	return fuzz_ioctl(DRM_IOCTL_PANTHOR_DEV_QUERY, &args);
}

static int run_mmio_offset(void)
{
	struct drm_panthor_set_user_mmio_offset args = {
		.offset = fuzz_mostly(fuzz_below(2) ? DRM_PANTHOR_USER_MMIO_OFFSET_32BIT :
				      DRM_PANTHOR_USER_MMIO_OFFSET_64BIT),
	};

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET, &args);
}

static int run_fdinfo(void)
{
	char path[64], text[4096];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fuzz_dev_fd());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text));
	close(fd);
	return length < 0 ? -errno : 0;
}

static int run_shrink(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", (unsigned int)fuzz_below(512) + 1);
	return sysmem_write_file(SHRINK, text);
}

/* A new file. The old one is closed while other threads use it. */
static int run_reopen(void)
{
	int fd = open(fuzz_node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* Replaces the file behind the number, so that no other file gets it. */
	if (dup3(fd, fuzz_dev_fd(), O_CLOEXEC) < 0) {
		close(fd);
		return -errno;
	}
	close(fd);
	return 0;
}

/*
 * A child that uses the file, and so becomes its owner, and exits or is killed. The choice is
 * made before the fork, because the child of a process with threads may do little.
 */
static int run_fork(void)
{
	bool killed = fuzz_below(2);
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		struct drm_panthor_vm_get_state args = { .vm_id = 1 };

		fuzz_ioctl(DRM_IOCTL_PANTHOR_VM_GET_STATE, &args);
		if (killed)
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int run_garbage(void)
{
	uint64_t words[32];
	unsigned int size = (unsigned int)fuzz_below(sizeof(words) + 1);

	for (unsigned int i = 0; i < 32; i++)
		words[i] = fuzz_odd();
	return fuzz_ioctl(_IOC(_IOC_READ | _IOC_WRITE, 'd', 0x40 + fuzz_below(0x20), size), words);
}

const struct fuzz_op fuzz_ops[] = {
	{ "MEM_RECLAIM", 10, fuzz_run_reclaim },
	{ "MEM_CLAIM", 10, fuzz_run_claim },
	{ "sysfs", 3, fuzz_run_sysfs },
	{ "VM_CREATE", 3, fuzz_run_vm_create },
	{ "VM_DESTROY", 1, fuzz_run_vm_destroy },
	{ "VM_GET_STATE", 1, fuzz_run_vm_state },
	{ "VM_BIND", 12, fuzz_run_vm_bind },
	{ "BO_CREATE", 8, fuzz_run_bo_create },
	{ "BO_MMAP_OFFSET", 6, fuzz_run_bo_mmap },
	{ "GEM_CLOSE", 4, fuzz_run_bo_close },
	{ "BO_SYNC", 2, fuzz_run_bo_sync },
	{ "BO_QUERY_INFO", 1, fuzz_run_bo_query },
	{ "BO_SET_LABEL", 1, fuzz_run_bo_label },
	{ "PRIME_HANDLE_TO_FD", 2, fuzz_run_export },
	{ "PRIME_FD_TO_HANDLE", 2, fuzz_run_import },
	{ "GROUP_CREATE", 3, fuzz_run_group_create },
	{ "GROUP_DESTROY", 1, fuzz_run_group_destroy },
	{ "GROUP_GET_STATE", 1, fuzz_run_group_state },
	{ "GROUP_SUBMIT", 10, fuzz_run_submit },
	{ "TILER_HEAP_CREATE", 1, fuzz_run_heap_create },
	{ "TILER_HEAP_DESTROY", 1, fuzz_run_heap_destroy },
	{ "DEV_QUERY", 1, run_query },
	{ "SET_USER_MMIO_OFFSET", 1, run_mmio_offset },
	{ "SYNCOBJ_CREATE", 2, fuzz_run_sync_create },
	{ "SYNCOBJ_DESTROY", 1, fuzz_run_sync_destroy },
	{ "SYNCOBJ_SIGNAL", 3, fuzz_run_sync_signal },
	{ "fdinfo", 1, run_fdinfo },
	{ "shrinker", 2, run_shrink },
	{ "open, close", 1, run_reopen },
	{ "fork, exit, SIGKILL", 1, run_fork },
	{ "anything", 1, run_garbage },
};

_Static_assert(sizeof(fuzz_ops) / sizeof(fuzz_ops[0]) <= FUZZ_OPS_MAX, "FUZZ_OPS_MAX");

const unsigned int fuzz_op_count = sizeof(fuzz_ops) / sizeof(fuzz_ops[0]);
