/* SPDX-License-Identifier: MIT */
/*
 * fuzz: VMs, and the BOs that are bound in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz_args.h"
#include "fuzz_ops.h"
#include "gpu/cs.h"
#include "gpu/cs_sim.h"

#define BUFFER_WORDS 256

static atomic_int dmabuf = -1;

int fuzz_run_vm_create(void)
{
	struct drm_panthor_vm_create args = {
		.flags = (uint32_t)fuzz_mostly(0), .user_va_range = fuzz_mostly(0),
	};
	int ret = fuzz_ioctl(DRM_IOCTL_PANTHOR_VM_CREATE, &args);

	if (!ret)
		fuzz_put(&fuzz_vms, args.id);
	return ret;
}

int fuzz_run_vm_destroy(void)
{
	struct drm_panthor_vm_destroy args = {
		.id = fuzz_get(&fuzz_vms), .pad = (uint32_t)fuzz_mostly(0),
	};

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_VM_DESTROY, &args);
}

int fuzz_run_vm_state(void)
{
	struct drm_panthor_vm_get_state args = { .vm_id = fuzz_get(&fuzz_vms) };

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_VM_GET_STATE, &args);
}

int fuzz_run_vm_bind(void)
{
	static const uint32_t types[] = {
		DRM_PANTHOR_VM_BIND_OP_TYPE_MAP, DRM_PANTHOR_VM_BIND_OP_TYPE_MAP,
		DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP, DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
	};
	struct drm_panthor_vm_bind_op ops[FUZZ_ARRAY] = { 0 };
	struct drm_panthor_sync_op sync[FUZZ_ARRAY][2] = { 0 };
	uint32_t count = (uint32_t)(fuzz_below(4) ? 1 : fuzz_below(3));
	struct drm_panthor_vm_bind args = {
		.vm_id = fuzz_get(&fuzz_vms),
		.flags = (uint32_t)fuzz_mostly(fuzz_below(3) ? 0 : DRM_PANTHOR_VM_BIND_ASYNC),
	};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = types[fuzz_below(4)];
		bool map = type == DRM_PANTHOR_VM_BIND_OP_TYPE_MAP;

		ops[i] = (struct drm_panthor_vm_bind_op) {
			.flags = type | (map ? fuzz_flags(4) : 0),
			.va = fuzz_mostly(type == DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY ?
					  0 : fuzz_va()),
			.size = type == DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY ? 0 : fuzz_size(),
		};
		if (map) {
			ops[i].bo_handle = ops[i].flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE ?
					   0 : fuzz_get(&fuzz_bos);
			ops[i].bo_offset = fuzz_mostly(fuzz_below(2) ?
						       0 : FUZZ_PAGE * fuzz_below(16));
		}
		if (args.flags & DRM_PANTHOR_VM_BIND_ASYNC)
			ops[i].syncs = fuzz_array(sync[i], sizeof(sync[i][0]),
						  fuzz_sync_ops(sync[i]));
	}
	args.ops = fuzz_array(ops, sizeof(ops[0]), count);
	return fuzz_ioctl(DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

/* --- BOs ----------------------------------------------------------------------- */

int fuzz_run_bo_create(void)
{
	struct drm_panthor_bo_create args = {
		.size = fuzz_size(),
		.flags = (uint32_t)fuzz_mostly(fuzz_flags(2)),
		.exclusive_vm_id = fuzz_below(3) ? fuzz_get(&fuzz_vms) : 0,
	};
	int ret = fuzz_ioctl(DRM_IOCTL_PANTHOR_BO_CREATE, &args);

	if (!ret)
		fuzz_put(&fuzz_bos, args.handle);
	return ret;
}

/* Write a command stream that does something, or anything. */
static void write_stream(uint64_t *words)
{
	struct gpu_cs cs;

	cs_init(&cs, words, BUFFER_WORDS);
	cs_move48(&cs, 0, fuzz_va());
	cs_move48(&cs, 2, FUZZ_PAGE * (1 + fuzz_below(8)));
	cs_move48(&cs, 6, fuzz_va());
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

int fuzz_run_bo_mmap(void)
{
	struct drm_panthor_bo_mmap_offset args = {
		.handle = fuzz_get(&fuzz_bos), .pad = (uint32_t)fuzz_mostly(0),
	};
	int ret = fuzz_ioctl(DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);
	uint64_t *mem;

	if (ret)
		return ret;
	mem = mmap(NULL, FUZZ_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fuzz_dev_fd(),
		   (off_t)args.offset);
	if (mem == MAP_FAILED)
		return -errno;
	if (fuzz_below(4)) {
		uint64_t words[BUFFER_WORDS] = { 0 };

		write_stream(words);
		memcpy(mem, words, sizeof(words));
	}
	munmap(mem, FUZZ_PAGE);
	return 0;
}

int fuzz_run_bo_close(void)
{
	struct drm_gem_close args = { .handle = fuzz_get(&fuzz_bos) };

	return fuzz_ioctl(DRM_IOCTL_GEM_CLOSE, &args);
}

int fuzz_run_bo_sync(void)
{
	struct drm_panthor_bo_sync_op op = {
		.handle = fuzz_get(&fuzz_bos), .type = (uint32_t)fuzz_mostly(fuzz_below(2)),
		.offset = fuzz_mostly(FUZZ_PAGE * fuzz_below(4)), .size = fuzz_size(),
	};
	struct drm_panthor_bo_sync args = { .ops = fuzz_array(&op, sizeof(op), 1) };

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}

int fuzz_run_bo_query(void)
{
	struct drm_panthor_bo_query_info args = {
		.handle = fuzz_get(&fuzz_bos), .pad = (uint32_t)fuzz_mostly(0),
	};

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &args);
}

int fuzz_run_bo_label(void)
{
	char label[8] = "fuzz";
	struct drm_panthor_bo_set_label args = {
		.handle = fuzz_get(&fuzz_bos), .pad = (uint32_t)fuzz_mostly(0),
		.label = fuzz_mostly((uintptr_t)label),
	};

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_BO_SET_LABEL, &args);
}

int fuzz_run_export(void)
{
	struct drm_prime_handle args = {
		.handle = fuzz_get(&fuzz_bos), .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1,
	};
	int ret = fuzz_ioctl(DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);
	int old;

	if (ret)
		return ret;
	old = atomic_exchange(&dmabuf, args.fd);
	if (old >= 0)
		close(old);
	return 0;
}

int fuzz_run_import(void)
{
	struct drm_prime_handle args = { .fd = (int)fuzz_mostly((uint64_t)atomic_load(&dmabuf)) };
	int ret = fuzz_ioctl(DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	if (!ret)
		fuzz_put(&fuzz_bos, args.handle);
	return ret;
}
