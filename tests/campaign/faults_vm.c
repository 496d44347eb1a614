/* SPDX-License-Identifier: MIT */
/*
 * faults: binds, submits and page faults, of what is resident and of what is evicted.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "faults.h"
#include "gpu/data.h"
#include "gpu/pattern.h"
#include "gpu/sync.h"
#include "gpu/vm.h"

#define KIB UINT64_C(1024)
#define SPARE_BYTES (16 * KIB)
#define SPARE_SEED UINT64_C(0x5ba4e00000000)

/* In the middle of a BO, so that its mapping has to be split. */
#define HOLE (20 * KIB)

static struct gpu_bo spare;
static uint64_t spare_va;	/* free addresses */
static uint32_t sync_object;

/* The state of the memory before an action, for prepare(). */
enum { RESIDENT, EVICTED };

static int prepare_memory(uint32_t state)
{
	return state == EVICTED ? prepare_evicted() : prepare_resident();
}

static const struct gpu_bo *large(void)
{
	return &subject.bo[SUBJECT_LARGE];
}

/* --- binds --------------------------------------------------------------------- */

static int bind(uint32_t flags, uint32_t type, uint32_t handle, uint64_t offset, uint64_t va,
		uint64_t size)
{
	struct drm_panthor_sync_op sync = {
		.flags = DRM_PANTHOR_SYNC_OP_SIGNAL, .handle = sync_object,
	};
	struct drm_panthor_vm_bind_op op = {
		.flags = type, .bo_handle = handle, .bo_offset = offset, .va = va, .size = size,
	};
	struct drm_panthor_vm_bind args = {
		.vm_id = subject.ctx.vm, .flags = flags, .ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	if (flags & DRM_PANTHOR_VM_BIND_ASYNC)
		op.syncs = (struct drm_panthor_obj_array)DRM_PANTHOR_OBJ_ARRAY(1, &sync);
	return raw_ioctl(subject.dev.fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

static int map(uint32_t handle, uint64_t offset, uint64_t va, uint64_t size)
{
	return bind(0, DRM_PANTHOR_VM_BIND_OP_TYPE_MAP, handle, offset, va, size);
}

static int unmap(uint64_t va, uint64_t size)
{
	return bind(0, DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP, 0, 0, va, size);
}

/* The BO to bind is not bound between the tries. */
static int prepare_bind(uint32_t state)
{
	static const struct gpu_bo none;
	int ret = 0;

	/* The subject may be another one than at the last call. */
	if (spare.handle && gpu_vm_map(subject.dev.fd, subject.ctx.vm, spare.handle, 0,
				       spare_va, spare.size, 0))
		spare = none;
	if (!spare.handle) {
		ret = gpu_ctx_alloc(&subject.ctx, SPARE_BYTES, GPU_BO_PRIVATE, &spare);
		spare_va = spare.va;
		if (!ret)
			ret = gpu_fill(&subject.ctx, &spare, SPARE_SEED);
		if (!ret)
			ret = gpu_sync_create(subject.dev.fd, false, &sync_object);
	}
	if (!ret)
		ret = unmap(spare_va, SPARE_BYTES);
	if (!ret)
		ret = gpu_sync_reset(subject.dev.fd, sync_object);
	if (ret)
		return wrong("a BO to bind: %s", strerror(-ret));
	return prepare_memory(state);
}

static int check_spare(uint64_t va)
{
	struct gpu_bo bo = spare;
	uint64_t sum;
	int ret;

	bo.va = va;
	ret = gpu_checksum(&subject.ctx, &bo, &sum);
	if (!ret && sum != pattern_expected(SPARE_SEED, SPARE_BYTES))
		ret = -EILSEQ;
	return ret ? wrong("the BO that was bound: %s", strerror(-ret)) : 0;
}

static int act_map(void)
{
	return map(spare.handle, 0, spare_va, SPARE_BYTES);
}

static int judge_map(int ret)
{
	if (!ret)
		ret = check_spare(spare_va);
	else
		ret = 0;
	if (!ret)
		ret = unmap(spare_va, SPARE_BYTES);
	return ret;
}

static int act_map_async(void)
{
	return bind(DRM_PANTHOR_VM_BIND_ASYNC, DRM_PANTHOR_VM_BIND_OP_TYPE_MAP, spare.handle, 0,
		    spare_va, SPARE_BYTES);
}

static int judge_map_async(int ret)
{
	int err = 0;

	if (!ret)
		err = gpu_sync_wait(subject.dev.fd, sync_object, GPU_JOB_TIMEOUT_MS);
	return err ? wrong("the queued bind: %s", strerror(-err)) : judge_map(ret);
}

static int act_map_over(void)
{
	return map(spare.handle, 0, large()->va + HOLE, SPARE_BYTES);
}

static int act_unmap_middle(void)
{
	return unmap(large()->va + HOLE, SPARE_BYTES);
}

/* If the call failed, the old mapping is there. */
static int repair_large(int ret)
{
	if (ret)
		return 0;
	ret = map(large()->handle, HOLE, large()->va + HOLE, SPARE_BYTES);
	return ret ? wrong("binding again: %s", strerror(-ret)) : 0;
}

static int judge_map_over(int ret)
{
	int err = ret ? 0 : check_spare(large()->va + HOLE);

	return err ? err : repair_large(ret);
}

/* --- submits ------------------------------------------------------------------- */

static int prepare_submit(uint32_t state)
{
	struct gpu_cs *cs = gpu_ctx_begin(&subject.ctx);
	int ret;

	gpu_emit_checksum(cs, &subject.bo[SUBJECT_PRIVATE], gpu_ctx_result_va(&subject.ctx));
	*gpu_ctx_result(&subject.ctx) = 0;
	ret = gpu_sync_reset(subject.dev.fd, subject.ctx.sync);
	return ret ? ret : prepare_memory(state);
}

static int act_submit(void)
{
	return gpu_ctx_submit(&subject.ctx, 0, 0, subject.ctx.sync);
}

static int judge_submit(int ret)
{
	const struct gpu_bo *bo = &subject.bo[SUBJECT_PRIVATE];

	if (ret)
		return 0;
	ret = gpu_sync_wait(subject.dev.fd, subject.ctx.sync, GPU_JOB_TIMEOUT_MS);
	if (ret)
		return wrong("the job: %s", strerror(-ret));
	if (*gpu_ctx_result(&subject.ctx) !=
	    pattern_expected(subject.seed[SUBJECT_PRIVATE], bo->size))
		return wrong("the job has read other words than were written");
	return 0;
}

/* --- page faults --------------------------------------------------------------- */

static sigjmp_buf bus_error;
static struct gpu_bo touched;

static void on_bus_error(int sig)
{
	(void)sig;
	siglongjmp(bus_error, 1);
}

static int prepare_touch(uint32_t state)
{
	int ret;

	signal(SIGBUS, on_bus_error);
	touched = subject.bo[SUBJECT_SHAREABLE];
	touched.map = NULL;
	ret = gpu_bo_map(subject.dev.fd, &touched);
	return ret ? ret : prepare_memory(state);
}

/* The kernel repeats a page fault that had no memory. */
static int act_touch(void)
{
	const volatile char *mem = touched.map;

	if (sigsetjmp(bus_error, 1))
		return -EFAULT;
	for (uint64_t at = 0; at < touched.size; at += 4096)
		(void)mem[at];
	return 0;
}

static int judge_touch(int ret)
{
	(void)ret;
	signal(SIGBUS, SIG_DFL);
	gpu_bo_unmap(&touched);
	return 0;
}

const struct step vm_steps[] = {
	{ "map", prepare_bind, act_map, judge_map, RESIDENT },
	{ "map-evicted", prepare_bind, act_map, judge_map, EVICTED },
	{ "map-async", prepare_bind, act_map_async, judge_map_async, RESIDENT },
	{ "map-async-evicted", prepare_bind, act_map_async, judge_map_async, EVICTED },
	{ "map-over", prepare_bind, act_map_over, judge_map_over, RESIDENT },
	{ "map-over-evicted", prepare_bind, act_map_over, judge_map_over, EVICTED },
	{ "unmap-middle", prepare_bind, act_unmap_middle, repair_large, RESIDENT },
	{ "unmap-middle-evicted", prepare_bind, act_unmap_middle, repair_large, EVICTED },
	{ "submit", prepare_submit, act_submit, judge_submit, EVICTED },
	{ "submit-resident", prepare_submit, act_submit, judge_submit, RESIDENT },
	{ "page-fault", prepare_touch, act_touch, judge_touch, EVICTED },
	{ 0 },
};
