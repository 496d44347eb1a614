/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * A panthor device without a GPU, for tests of what needs no GPU: VMs that are
 * bound to no address space slot are mapped and evicted without access to
 * registers.
 */

#ifndef __PANTHOR_KUNIT_H__
#define __PANTHOR_KUNIT_H__

#include <linux/types.h>

struct drm_file;
struct kunit;
struct panthor_device;
struct panthor_gem_object;
struct panthor_vm;
struct pid;

struct panthor_device *panthor_kunit_device(struct kunit *test);
struct pid *panthor_kunit_process(struct kunit *test);

struct drm_file *panthor_kunit_open(struct kunit *test, struct panthor_device *ptdev,
				    struct pid *owner);
void panthor_kunit_close(struct kunit *test, struct drm_file *file);
void panthor_kunit_set_owner(struct drm_file *file, struct pid *owner);

struct panthor_vm *panthor_kunit_vm(struct kunit *test, struct drm_file *file);
struct panthor_gem_object *panthor_kunit_bo(struct kunit *test, struct drm_file *file,
					    struct panthor_vm *exclusive_vm, u64 size);
void panthor_kunit_map(struct kunit *test, struct panthor_vm *vm,
		       struct panthor_gem_object *bo, u64 va);
struct panthor_gem_object *panthor_kunit_mapped_bo(struct kunit *test, struct drm_file *file,
						   struct panthor_vm *vm, u64 size);
void panthor_kunit_evict(struct kunit *test, struct panthor_gem_object *bo);
void panthor_kunit_show_page_size(struct kunit *test);

/* panthor_mmu_test.c */
void panthor_kunit_mmu_init(struct kunit *test, struct panthor_device *ptdev);
bool panthor_kunit_vm_is_last(struct panthor_vm *vm);
void panthor_kunit_submit(struct panthor_vm *vm);
void panthor_kunit_op_lock(struct panthor_vm *vm);
void panthor_kunit_op_unlock(struct panthor_vm *vm);

#endif /* __PANTHOR_KUNIT_H__ */
