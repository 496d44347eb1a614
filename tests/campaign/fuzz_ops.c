/* SPDX-License-Identifier: MIT */
/*
 * fuzz: the calls, and how their arguments are made from random words. Most arguments are
 * valid, or nearly so: a handle is usually one that exists, an address is usually near others.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "gpu/cs.h"
#include "gpu/cs_sim.h"
#include "gpu/device.h"
#include "gpu/mem.h"
#include "gpu/sysmem.h"

#define PAGE UINT64_C(4096)
#define FIRST_VA UINT64_C(0x1000000)
#define POOL 32
#define ARRAY_MAX 6
#define BUFFER_WORDS 256
#define SHRINK "/sys/kernel/debug/dri/panthor/shrink"

/* The latest objects of one kind. Threads race here on purpose, so a handle can be stale. */
struct pool {
	_Atomic(uint32_t) id[POOL];
	atomic_uint next;
};

static struct pool bos, vms, groups, heaps, syncs;
static atomic_int device_fd = -1;
static atomic_int dmabuf = -1;
static int cgroup_fd = -1;
static char node[64];

int fuzz_objects_open(void)
{
	struct gpu_device dev;
	char path[64];
	ssize_t length;
	int ret = gpu_device_open(&dev);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dev.fd);
	length = readlink(path, node, sizeof(node) - 1);
	node[length < 0 ? 0 : length] = '\0';
	cgroup_fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	atomic_store(&device_fd, dev.fd);
	return 0;
}

static int dev_fd(void)
{
	return atomic_load(&device_fd);
}

static int call(unsigned long request, void *arg)
{
	return ioctl(dev_fd(), request, arg) ? -errno : 0;
}

/* --- arguments ----------------------------------------------------------------- */

static void put(struct pool *pool, uint32_t id)
{
	atomic_store(&pool->id[atomic_fetch_add(&pool->next, 1) % POOL], id);
}

static uint32_t get(struct pool *pool)
{
	uint64_t which = fuzz_draw();

	if (which % 32 == 31)
		return (uint32_t)(which >> 32);
	return atomic_load(&pool->id[(which >> 8) % POOL]);
}

static uint64_t odd_number(void)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 255, 256, 4095, 4096, 4097,
		INT32_MAX, UINT32_C(1) << 31, UINT32_MAX, UINT64_C(1) << 32,
		UINT64_C(1) << 47, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 4095,
	};
	uint64_t which = fuzz_draw();

	if (which % 4 == 3)
		return which >> 2;
	return numbers[(which >> 2) % (sizeof(numbers) / sizeof(numbers[0]))];
}

/* Usually @usual, sometimes anything. */
static uint64_t mostly(uint64_t usual)
{
	return fuzz_below(24) ? usual : odd_number();
}

static uint64_t some_size(void)
{
	return mostly(PAGE * (1 + (fuzz_below(8) ? fuzz_below(32) : fuzz_below(700))));
}

static uint64_t some_va(void)
{
	return mostly(FIRST_VA + PAGE * fuzz_below(2048));
}

static uint32_t some_flags(unsigned int bits)
{
	uint64_t r = fuzz_draw();

	return (uint32_t)(r % 4 ? r >> 8 & r >> 40 & ((1u << bits) - 1) : 0);
}

static int64_t some_deadline(void)
{
	struct timespec now;

	switch (fuzz_below(8)) {
	case 0:
		clock_gettime(CLOCK_MONOTONIC, &now);
		return now.tv_sec * INT64_C(1000000000) + now.tv_nsec +
		       (int64_t)fuzz_below(20000000);
	case 1:
		return (int64_t)odd_number();
	default:
		return 0;
	}
}

static pid_t some_pid(void)
{
	uint64_t which = fuzz_below(FUZZ_PROCESSES + 4);

	if (which < FUZZ_PROCESSES)
		return atomic_load(&fuzz->pid[which]);
	if (which == FUZZ_PROCESSES)
		return atomic_load(&fuzz->witness);
	if (which == FUZZ_PROCESSES + 1)
		return (pid_t)odd_number();
	return 0;
}

/* @pidfd is closed by the caller. */
static void some_target(uint32_t *flags, uint32_t *tgid, __u64 *target, int *pidfd)
{
	*pidfd = -1;
	*tgid = 0;
	*target = 0;
	switch (fuzz_below(8)) {
	case 0:
		*pidfd = (int)syscall(SYS_pidfd_open, some_pid(), 0);
		*target = mostly((uint64_t)(int64_t)*pidfd);
		*flags |= DRM_PANTHOR_MEM_TARGET_PIDFD;
		break;
	case 1:
		*target = mostly(fuzz_below(2) ? atomic_load(&fuzz->witness_client) :
				 fuzz_below(64));
		*flags |= DRM_PANTHOR_MEM_TARGET_CLIENT;
		break;
	case 2:
		*target = mostly((uint64_t)cgroup_fd);
		*flags |= DRM_PANTHOR_MEM_TARGET_CGROUP;
		break;
	default:
		*tgid = (uint32_t)some_pid();
		break;
	}
	if (!fuzz_below(32))
		*flags |= some_flags(32 - 1);
	if (!fuzz_below(64))
		*tgid = (uint32_t)odd_number();
}

/* An array of @count elements, with a stride that can be wrong. */
static struct drm_panthor_obj_array array(void *elements, uint32_t size, uint32_t count)
{
	struct drm_panthor_obj_array result = {
		.stride = (uint32_t)mostly(size),
		.count = count,
		.array = (uintptr_t)elements,
	};

	if (!fuzz_below(64)) {
		result.array = odd_number();
		result.count = (uint32_t)fuzz_below(64);
	}
	/* The kernel reads no further than the elements. */
	if (result.stride > size)
		result.count = 1;
	return result;
}

static uint32_t some_syncs(struct drm_panthor_sync_op *ops)
{
	uint32_t count = (uint32_t)(fuzz_below(3) ? 0 : fuzz_below(3));

	for (uint32_t i = 0; i < count; i++)
		ops[i] = (struct drm_panthor_sync_op) {
			.flags = (uint32_t)mostly(fuzz_below(2) ? DRM_PANTHOR_SYNC_OP_WAIT :
						  (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL),
			.handle = get(&syncs),
			.timeline_value = mostly(0),
		};
	return count;
}

/* --- the two ioctls ------------------------------------------------------------ */

/* Arguments are checked first, then the capability, and then the rest. */
static bool is_documented(int ret, bool claim)
{
	if (ret == -EINVAL || !fuzz_privileged)
		return ret == -EINVAL || ret == -EPERM;
	switch (ret) {
	case 0:
	case -EBADF:
	case -ESRCH:
	case -EOPNOTSUPP:
	case -ENOMEM:
	case -ETIMEDOUT:
	case -EINTR:
	case -ENODEV:
		return true;
	case -ENOSPC:
		return !claim;
	case -EIO:
		return claim;
	default:
		return false;
	}
}

static bool are_outputs_valid(int ret)
{
	return !ret || ret == -ENOMEM || ret == -EIO || ret == -ETIMEDOUT;
}

static int run_reclaim(void)
{
	struct drm_panthor_mem_reclaim in = { .flags = some_flags(2) }, out;
	int pidfd, ret;

	some_target(&in.flags, &in.tgid, &in.target, &pidfd);
	in.max_bytes = fuzz_below(3) ? 0 : fuzz_below(4) ? fuzz_below(1 << 20) : odd_number();
	in.deadline_ns = some_deadline();
	in.pad = (uint32_t)(fuzz_below(128) ? 0 : fuzz_draw());
	in.freed_bytes = in.evicted_bytes = in.skipped_bytes = in.status = 0;
	if (!fuzz_below(16))
		in.freed_bytes = in.evicted_bytes = in.skipped_bytes = fuzz_draw();
	out = in;
	ret = call(DRM_IOCTL_PANTHOR_MEM_RECLAIM, &out);
	if (pidfd >= 0)
		close(pidfd);
	if (!is_documented(ret, false))
		fuzz_bad("MEM_RECLAIM returns %s", strerror(-ret));
	if (in.flags != out.flags || in.tgid != out.tgid || in.target != out.target ||
	    in.max_bytes != out.max_bytes || in.deadline_ns != out.deadline_ns ||
	    in.pad != out.pad)
		fuzz_bad("MEM_RECLAIM changes its inputs");
	if (are_outputs_valid(ret) && out.freed_bytes > out.evicted_bytes)
		fuzz_bad("MEM_RECLAIM frees more than it evicts");
	if (!are_outputs_valid(ret) && ret != -EINTR &&
	    (out.freed_bytes || out.evicted_bytes || out.skipped_bytes || out.status))
		fuzz_bad("MEM_RECLAIM refuses with %s, and has counts", strerror(-ret));
	if (!ret && out.status >= DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED << 1)
		fuzz_bad("MEM_RECLAIM returns status %#x", out.status);
	return ret;
}

static int run_claim(void)
{
	struct drm_panthor_mem_claim in = { .flags = some_flags(2) }, out;
	int pidfd, ret;

	some_target(&in.flags, &in.tgid, &in.target, &pidfd);
	in.max_bytes = fuzz_below(3) ? 0 : fuzz_below(4) ? fuzz_below(1 << 20) : odd_number();
	in.deadline_ns = some_deadline();
	in.pad = (uint32_t)(fuzz_below(128) ? 0 : fuzz_draw());
	if (!fuzz_below(16))
		in.claimed_bytes = in.remaining_bytes = fuzz_draw();
	out = in;
	ret = call(DRM_IOCTL_PANTHOR_MEM_CLAIM, &out);
	if (pidfd >= 0)
		close(pidfd);
	if (!is_documented(ret, true))
		fuzz_bad("MEM_CLAIM returns %s", strerror(-ret));
	if (in.flags != out.flags || in.tgid != out.tgid || in.target != out.target ||
	    in.max_bytes != out.max_bytes || in.deadline_ns != out.deadline_ns ||
	    in.pad != out.pad)
		fuzz_bad("MEM_CLAIM changes its inputs");
	if (!are_outputs_valid(ret) && ret != -EINTR &&
	    (out.claimed_bytes || out.remaining_bytes || out.status))
		fuzz_bad("MEM_CLAIM refuses with %s, and has counts", strerror(-ret));
	return ret;
}

static int run_sysfs(void)
{
	char path[128], text[64];
	struct stat st;
	int fd, ret = 0;

	if (fstat(dev_fd(), &st))
		return -errno;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device/%s", major(st.st_rdev),
		 minor(st.st_rdev), fuzz_below(2) ? "mem_reclaim" : "mem_claim");
	snprintf(text, sizeof(text), fuzz_below(16) ? "%" PRId64 : "%#" PRIx64 " x",
		 (int64_t)some_pid());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, fuzz_below(16) ? strlen(text) : fuzz_below(sizeof(text))) < 0)
		ret = -errno;
	close(fd);
	if (ret == -EAGAIN)
		fuzz_bad("a sysfs attribute returns EAGAIN");
	return ret;
}

/* --- VMs ----------------------------------------------------------------------- */

static int run_vm_create(void)
{
	struct drm_panthor_vm_create args = {
		.flags = (uint32_t)mostly(0), .user_va_range = mostly(0),
	};
	int ret = call(DRM_IOCTL_PANTHOR_VM_CREATE, &args);

	if (!ret)
		put(&vms, args.id);
	return ret;
}

static int run_vm_destroy(void)
{
	struct drm_panthor_vm_destroy args = { .id = get(&vms), .pad = (uint32_t)mostly(0) };

	return call(DRM_IOCTL_PANTHOR_VM_DESTROY, &args);
}

static int run_vm_state(void)
{
	struct drm_panthor_vm_get_state args = { .vm_id = get(&vms) };

	return call(DRM_IOCTL_PANTHOR_VM_GET_STATE, &args);
}

static int run_vm_bind(void)
{
	static const uint32_t types[] = {
		DRM_PANTHOR_VM_BIND_OP_TYPE_MAP, DRM_PANTHOR_VM_BIND_OP_TYPE_MAP,
		DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP, DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
	};
	struct drm_panthor_vm_bind_op ops[ARRAY_MAX] = { 0 };
	struct drm_panthor_sync_op sync[ARRAY_MAX][2] = { 0 };
	uint32_t count = (uint32_t)(fuzz_below(4) ? 1 : fuzz_below(3));
	struct drm_panthor_vm_bind args = {
		.vm_id = get(&vms),
		.flags = (uint32_t)mostly(fuzz_below(3) ? 0 : DRM_PANTHOR_VM_BIND_ASYNC),
	};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = types[fuzz_below(4)];
		bool map = type == DRM_PANTHOR_VM_BIND_OP_TYPE_MAP;

		ops[i] = (struct drm_panthor_vm_bind_op) {
			.flags = type | (map ? some_flags(4) : 0),
			.va = mostly(type == DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY ? 0 : some_va()),
			.size = type == DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY ? 0 : some_size(),
		};
		if (map) {
			ops[i].bo_handle = ops[i].flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE ?
					   0 : get(&bos);
			ops[i].bo_offset = mostly(fuzz_below(2) ? 0 : PAGE * fuzz_below(16));
		}
		if (args.flags & DRM_PANTHOR_VM_BIND_ASYNC)
			ops[i].syncs = array(sync[i], sizeof(sync[i][0]), some_syncs(sync[i]));
	}
	args.ops = array(ops, sizeof(ops[0]), count);
	return call(DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

/* --- BOs ----------------------------------------------------------------------- */

static int run_bo_create(void)
{
	struct drm_panthor_bo_create args = {
		.size = some_size(),
		.flags = (uint32_t)mostly(some_flags(2)),
		.exclusive_vm_id = fuzz_below(3) ? get(&vms) : 0,
	};
	int ret = call(DRM_IOCTL_PANTHOR_BO_CREATE, &args);

	if (!ret)
		put(&bos, args.handle);
	return ret;
}

/* Write a command stream that does something, or anything. */
static void write_stream(uint64_t *words)
{
	struct gpu_cs cs;

	cs_init(&cs, words, BUFFER_WORDS);
	cs_move48(&cs, 0, some_va());
	cs_move48(&cs, 2, PAGE * (1 + fuzz_below(8)));
	cs_move48(&cs, 6, some_va());
	switch (fuzz_below(6)) {
	case 0:
		cs_fill_count(&cs, 4, 0, 2);
		break;
	case 1:
		cs_checksum(&cs, 4, 0, 2);
		cs_store_multiple(&cs, 4, 6, 3, 0);
		break;
	case 2:
		cs_copy(&cs, 6, 0, 2);
		break;
	case 3:
		cs_delay(&cs, (uint32_t)fuzz_below(3000));
		break;
	case 4:
		cs_emit(&cs, fuzz_draw());
		break;
	default:
		cs_flush_caches(&cs, 8);
		break;
	}
	cs_wait_all(&cs);
}

static int run_bo_mmap(void)
{
	struct drm_panthor_bo_mmap_offset args = {
		.handle = get(&bos), .pad = (uint32_t)mostly(0),
	};
	int ret = call(DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);
	uint64_t *mem;

	if (ret)
		return ret;
	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dev_fd(),
		   (off_t)args.offset);
	if (mem == MAP_FAILED)
		return -errno;
	if (fuzz_below(4)) {
		uint64_t words[BUFFER_WORDS] = { 0 };

		write_stream(words);
		memcpy(mem, words, sizeof(words));
	}
	munmap(mem, PAGE);
	return 0;
}

static int run_bo_close(void)
{
	struct drm_gem_close args = { .handle = get(&bos) };

	return call(DRM_IOCTL_GEM_CLOSE, &args);
}

static int run_bo_sync(void)
{
	struct drm_panthor_bo_sync_op op = {
		.handle = get(&bos), .type = (uint32_t)mostly(fuzz_below(2)),
		.offset = mostly(PAGE * fuzz_below(4)), .size = some_size(),
	};
	struct drm_panthor_bo_sync args = { .ops = array(&op, sizeof(op), 1) };

	return call(DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}

static int run_bo_query(void)
{
	struct drm_panthor_bo_query_info args = {
		.handle = get(&bos), .pad = (uint32_t)mostly(0),
	};

	return call(DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &args);
}

static int run_bo_label(void)
{
	char label[8] = "fuzz";
	struct drm_panthor_bo_set_label args = {
		.handle = get(&bos), .pad = (uint32_t)mostly(0),
		.label = mostly((uintptr_t)label),
	};

	return call(DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args);
}

static int run_export(void)
{
	struct drm_prime_handle args = {
		.handle = get(&bos), .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1,
	};
	int ret = call(DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);
	int old;

	if (ret)
		return ret;
	old = atomic_exchange(&dmabuf, args.fd);
	if (old >= 0)
		close(old);
	return 0;
}

static int run_import(void)
{
	struct drm_prime_handle args = { .fd = (int)mostly((uint64_t)atomic_load(&dmabuf)) };
	int ret = call(DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	if (!ret)
		put(&bos, args.handle);
	return ret;
}

/* --- groups -------------------------------------------------------------------- */

static int run_group_create(void)
{
	struct drm_panthor_queue_create queue[ARRAY_MAX] = { 0 };
	uint32_t count = (uint32_t)(fuzz_below(4) ? 1 : fuzz_below(ARRAY_MAX));
	struct drm_panthor_group_create args = {
		.max_compute_cores = (uint8_t)mostly(1), .max_fragment_cores = (uint8_t)mostly(1),
		.max_tiler_cores = (uint8_t)mostly(1), .priority = (uint8_t)mostly(fuzz_below(4)),
		.compute_core_mask = mostly(1), .fragment_core_mask = mostly(1),
		.tiler_core_mask = mostly(1), .vm_id = get(&vms),
	};
	int ret;

	for (uint32_t i = 0; i < count; i++)
		queue[i] = (struct drm_panthor_queue_create) {
			.priority = (uint8_t)mostly(fuzz_below(16)),
			.ringbuf_size = (uint32_t)mostly(PAGE << fuzz_below(3)),
		};
	args.queues = array(queue, sizeof(queue[0]), count);
	ret = call(DRM_IOCTL_PANTHOR_GROUP_CREATE, &args);
	if (!ret)
		put(&groups, args.group_handle);
	return ret;
}

static int run_group_destroy(void)
{
	struct drm_panthor_group_destroy args = {
		.group_handle = get(&groups), .pad = (uint32_t)mostly(0),
	};

	return call(DRM_IOCTL_PANTHOR_GROUP_DESTROY, &args);
}

static int run_group_state(void)
{
	struct drm_panthor_group_get_state args = {
		.group_handle = get(&groups), .pad = (uint32_t)mostly(0),
	};

	return call(DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &args);
}

static int run_submit(void)
{
	struct drm_panthor_queue_submit job[ARRAY_MAX] = { 0 };
	struct drm_panthor_sync_op sync[ARRAY_MAX][2] = { 0 };
	uint32_t count = (uint32_t)(fuzz_below(4) ? 1 : fuzz_below(ARRAY_MAX));
	struct drm_panthor_group_submit args = {
		.group_handle = get(&groups), .pad = (uint32_t)mostly(0),
	};

	for (uint32_t i = 0; i < count; i++) {
		bool empty = !fuzz_below(6);

		job[i] = (struct drm_panthor_queue_submit) {
			.queue_index = (uint32_t)mostly(0),
			.stream_size = (uint32_t)mostly(empty ? 0 : 64),
			.stream_addr = mostly(empty ? 0 : some_va()),
			.latest_flush = (uint32_t)mostly(0),
			.syncs = array(sync[i], sizeof(sync[i][0]), some_syncs(sync[i])),
		};
	}
	args.queue_submits = array(job, sizeof(job[0]), count);
	return call(DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

static int run_heap_create(void)
{
	struct drm_panthor_tiler_heap_create args = {
		.vm_id = get(&vms), .initial_chunk_count = (uint32_t)mostly(fuzz_below(3)),
		.chunk_size = (uint32_t)mostly(128u << 10), .max_chunks = (uint32_t)mostly(4),
		.target_in_flight = (uint32_t)mostly(1),
	};
	int ret;

	/* What fits into the memory of this cgroup. */
	if (args.initial_chunk_count > 16)
		args.chunk_size = (uint32_t)odd_number() & 0xfffff;
	ret = call(DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &args);
	if (!ret)
		put(&heaps, args.handle);
	return ret;
}

static int run_heap_destroy(void)
{
	struct drm_panthor_tiler_heap_destroy args = {
		.handle = get(&heaps), .pad = (uint32_t)mostly(0),
	};

	return call(DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &args);
}

/* --- the rest ------------------------------------------------------------------ */

static int run_query(void)
{
	uint8_t data[512];
	struct drm_panthor_dev_query args = {
		.type = (uint32_t)mostly(fuzz_below(5)),
		.size = (uint32_t)fuzz_below(sizeof(data)),
		.pointer = mostly((uintptr_t)data),
	};

	/* The kernel writes what it knows, and reads the flags of some. */
	memset(data, 0, sizeof(data));
	return call(DRM_IOCTL_PANTHOR_DEV_QUERY, &args);
}

static int run_sync_create(void)
{
	struct drm_syncobj_create args = { .flags = (uint32_t)fuzz_below(2) };
	int ret = call(DRM_IOCTL_SYNCOBJ_CREATE, &args);

	if (!ret)
		put(&syncs, args.handle);
	return ret;
}

static int run_sync_destroy(void)
{
	struct drm_syncobj_destroy args = { .handle = get(&syncs) };

	return call(DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

static int run_sync_signal(void)
{
	uint32_t handle = get(&syncs);
	struct drm_syncobj_array args = { .handles = (uintptr_t)&handle, .count_handles = 1 };

	return call(fuzz_below(2) ? DRM_IOCTL_SYNCOBJ_SIGNAL : DRM_IOCTL_SYNCOBJ_RESET, &args);
}

static int run_fdinfo(void)
{
	char path[64], text[4096];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dev_fd());
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
	int fd = open(node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* Replaces the file behind the number, so that no other file gets it. */
	if (dup3(fd, dev_fd(), O_CLOEXEC) < 0) {
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

		call(DRM_IOCTL_PANTHOR_VM_GET_STATE, &args);
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
		words[i] = odd_number();
	return call(_IOC(_IOC_READ | _IOC_WRITE, 'd', 0x40 + fuzz_below(0x20), size), words);
}

const struct fuzz_op fuzz_ops[] = {
	{ "MEM_RECLAIM", 10, run_reclaim },
	{ "MEM_CLAIM", 10, run_claim },
	{ "sysfs", 3, run_sysfs },
	{ "VM_CREATE", 3, run_vm_create },
	{ "VM_DESTROY", 1, run_vm_destroy },
	{ "VM_GET_STATE", 1, run_vm_state },
	{ "VM_BIND", 12, run_vm_bind },
	{ "BO_CREATE", 8, run_bo_create },
	{ "BO_MMAP_OFFSET", 6, run_bo_mmap },
	{ "GEM_CLOSE", 4, run_bo_close },
	{ "BO_SYNC", 2, run_bo_sync },
	{ "BO_QUERY_INFO", 1, run_bo_query },
	{ "BO_SET_LABEL", 1, run_bo_label },
	{ "PRIME_HANDLE_TO_FD", 2, run_export },
	{ "PRIME_FD_TO_HANDLE", 2, run_import },
	{ "GROUP_CREATE", 3, run_group_create },
	{ "GROUP_DESTROY", 1, run_group_destroy },
	{ "GROUP_GET_STATE", 1, run_group_state },
	{ "GROUP_SUBMIT", 10, run_submit },
	{ "TILER_HEAP_CREATE", 1, run_heap_create },
	{ "TILER_HEAP_DESTROY", 1, run_heap_destroy },
	{ "DEV_QUERY", 1, run_query },
	{ "SYNCOBJ_CREATE", 2, run_sync_create },
	{ "SYNCOBJ_DESTROY", 1, run_sync_destroy },
	{ "SYNCOBJ_SIGNAL", 3, run_sync_signal },
	{ "fdinfo", 1, run_fdinfo },
	{ "shrinker", 2, run_shrink },
	{ "open, close", 1, run_reopen },
	{ "fork, exit, SIGKILL", 1, run_fork },
	{ "anything", 1, run_garbage },
};

const unsigned int fuzz_op_count = sizeof(fuzz_ops) / sizeof(fuzz_ops[0]);
