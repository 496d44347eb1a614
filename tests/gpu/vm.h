/* SPDX-License-Identifier: MIT */
/*
 * GPU address spaces and their bindings.
 */
#ifndef GPU_VM_H
#define GPU_VM_H

#include <stdint.h>

#include "gpu/bo.h"

/* @user_va_range: in and out as in the ioctl, may be NULL. */
int gpu_vm_create(int fd, uint64_t *user_va_range, uint32_t *vm);
int gpu_vm_destroy(int fd, uint32_t vm);

/* -EIO: the VM became unusable. */
int gpu_vm_check(int fd, uint32_t vm);

/* Bind @size bytes from @offset of a BO at @va; unbind. Both are synchronous. */
int gpu_vm_map(int fd, uint32_t vm, uint32_t handle, uint64_t offset,
	       uint64_t va, uint64_t size, uint32_t flags);
int gpu_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size);

/*
 * The same, queued: starts when @in_sync is signalled, and signals @out_sync.
 * Either may be 0.
 */
int gpu_vm_map_async(int fd, uint32_t vm, uint32_t handle, uint64_t offset,
		     uint64_t va, uint64_t size, uint32_t flags,
		     uint32_t in_sync, uint32_t out_sync);
int gpu_vm_unmap_async(int fd, uint32_t vm, uint64_t va, uint64_t size,
		       uint32_t in_sync, uint32_t out_sync);

#endif
