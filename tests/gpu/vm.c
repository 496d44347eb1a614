/* SPDX-License-Identifier: MIT */
/*
 * GPU address spaces and their bindings.
 */
#include <errno.h>

#include "gpu/device.h"
#include "gpu/sync.h"
#include "gpu/vm.h"

int gpu_vm_create(int fd, uint64_t *user_va_range, uint32_t *vm)
{
	struct drm_panthor_vm_create create = {
		.user_va_range = user_va_range ? *user_va_range : 0,
	};
	int ret = gpu_ioctl(fd, DRM_IOCTL_PANTHOR_VM_CREATE, &create);

	if (ret)
		return ret;
	if (user_va_range)
		*user_va_range = create.user_va_range;
	*vm = create.id;
	return 0;
}

int gpu_vm_destroy(int fd, uint32_t vm)
{
	struct drm_panthor_vm_destroy destroy = { .id = vm };

	return gpu_ioctl(fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &destroy);
}

int gpu_vm_check(int fd, uint32_t vm)
{
	struct drm_panthor_vm_get_state state = { .vm_id = vm };
	int ret = gpu_ioctl(fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &state);

	if (ret)
		return ret;
	return state.state == DRM_PANTHOR_VM_STATE_USABLE ? 0 : -EIO;
}

static int bind_one(int fd, uint32_t vm, uint32_t flags,
		    struct drm_panthor_vm_bind_op *op)
{
	struct drm_panthor_vm_bind bind = {
		.vm_id = vm,
		.flags = flags,
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, op),
	};

	return gpu_ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, &bind);
}

static int bind_one_async(int fd, uint32_t vm, uint32_t in_sync,
			  uint32_t out_sync, struct drm_panthor_vm_bind_op *op)
{
	struct drm_panthor_sync_op syncs[2];
	uint32_t count = gpu_sync_ops(syncs, in_sync, out_sync);

	op->syncs = (struct drm_panthor_obj_array)
		DRM_PANTHOR_OBJ_ARRAY(count, syncs);
	return bind_one(fd, vm, DRM_PANTHOR_VM_BIND_ASYNC, op);
}

int gpu_vm_map(int fd, uint32_t vm, uint32_t handle, uint64_t offset,
	       uint64_t va, uint64_t size, uint32_t flags)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP | flags,
		.bo_handle = handle,
		.bo_offset = offset,
		.va = va,
		.size = size,
	};

	return bind_one(fd, vm, 0, &op);
}

int gpu_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = va,
		.size = size,
	};

	return bind_one(fd, vm, 0, &op);
}

int gpu_vm_map_async(int fd, uint32_t vm, uint32_t handle, uint64_t offset,
		     uint64_t va, uint64_t size, uint32_t flags,
		     uint32_t in_sync, uint32_t out_sync)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP | flags,
		.bo_handle = handle,
		.bo_offset = offset,
		.va = va,
		.size = size,
	};

	return bind_one_async(fd, vm, in_sync, out_sync, &op);
}

int gpu_vm_unmap_async(int fd, uint32_t vm, uint64_t va, uint64_t size,
		       uint32_t in_sync, uint32_t out_sync)
{
	struct drm_panthor_vm_bind_op op = {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP,
		.va = va,
		.size = size,
	};

	return bind_one_async(fd, vm, in_sync, out_sync, &op);
}
