/* SPDX-License-Identifier: MIT */
/* MEM_RECLAIM, on the model. */
#include <errno.h>

#include <panthor_mem.h>

#include "model.h"

#define FLAGS (DRM_PANTHOR_MEM_RECLAIM_DRY_RUN | DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT)

struct reclaim {
	struct model *m;
	struct drm_panthor_mem_reclaim *arg;
	struct model_target target;
	unsigned long call; /* number of the call */
	bool dry_run;
	/* The call has ended, with 0 or this error. */
	bool over;
	int ret;
};

static void end(struct reclaim *r, int ret, uint32_t status)
{
	r->over = true;
	r->ret = ret;
	r->arg->status |= status;
}

/* Was a file of the target claimed since the call began? */
static bool claimed(const struct reclaim *r)
{
	const struct model_file *file;

	for (file = r->m->files; file; file = file->next) {
		if (model_is_target(file, &r->target) && file->claimed > r->call)
			return true;
	}
	return false;
}

/* Did a file of the target get new work? */
static bool worked(const struct reclaim *r)
{
	const struct model_file *file;

	for (file = r->m->files; file; file = file->next) {
		if (model_is_target(file, &r->target) && file->worked >= r->call)
			return true;
	}
	return false;
}

/* Called between two steps: is there a reason to stop? */
static bool stopped(struct reclaim *r)
{
	if (r->over)
		return true;

	if (r->m->unplugged) {
		end(r, -ENODEV, 0);
	} else if (r->m->signal) {
		if (r->arg->evicted_bytes)
			end(r, 0, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
		else
			end(r, -EINTR, 0);
	} else if (claimed(r)) {
		end(r, 0, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	} else if (worked(r)) {
		end(r, 0, DRM_PANTHOR_MEM_STATUS_BUSY);
	}
	return r->over;
}

/* Wait for the VM's work and its lock, until the deadline or an event. */
static void wait_idle(struct reclaim *r, const struct model_vm *vm)
{
	struct model *m = r->m;

	while (!stopped(r) && (vm->locked || model_vm_busy(m, vm)) &&
	       m->now < r->arg->deadline_ns) {
		int64_t until = r->arg->deadline_ns;

		if (!vm->locked && vm->busy_until < until)
			until = vm->busy_until;
		if (m->event && !m->event->done && m->event->at > m->now && m->event->at < until)
			until = m->event->at;
		model_advance(m, until - m->now);
	}
}

static void skip(struct reclaim *r, uint64_t bytes, uint32_t status)
{
	r->arg->skipped_bytes += bytes;
	r->arg->status |= status;
}

/* The reason why the BO has to stay, as a bit of the status, or 0. */
static uint32_t why_not(const struct reclaim *r, const struct model_bo *bo)
{
	unsigned int i;

	if (bo->pins)
		return DRM_PANTHOR_MEM_STATUS_PINNED;
	for (i = 0; i < bo->n_bindings; i++) {
		const struct model_binding *b = &bo->bindings[i];

		if (!b->evicted && !model_is_target(b->vm->file, &r->target))
			return DRM_PANTHOR_MEM_STATUS_SHARED;
	}
	for (i = 0; i < bo->n_bindings; i++) {
		const struct model_vm *vm = bo->bindings[i].vm;

		if (vm->locked || model_vm_busy(r->m, vm))
			return DRM_PANTHOR_MEM_STATUS_BUSY;
	}
	/* Swap would not accept the pages, so evicting the BO would be in vain. */
	if (model_cgroup_room(bo->cgroup) < bo->size)
		return DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED;
	return 0;
}

/* A limit keeps one BO in RAM; full swap or a failing device all that follow as well. */
static void not_paged_out(struct reclaim *r, int why)
{
	if (why == -EDQUOT)
		r->arg->status |= DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED;
	else
		end(r, 0, why == -EIO ? DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED :
					DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
}

static void page_out(struct reclaim *r, struct model_bo *bo)
{
	int ret = 0;
	size_t i;

	bo->paging = true;
	for (i = 0; i < bo->size / MODEL_PAGE && !stopped(r); i++) {
		if (bo->pages[i].state != MODEL_PAGE_RAM)
			continue;
		/* Another process has taken the BO back meanwhile. */
		if (bo->resident)
			break;
		ret = model_page_out(r->m, bo, &bo->pages[i]);
		if (ret)
			break;
		r->arg->freed_bytes += MODEL_PAGE;
	}
	bo->paging = false;
	if (ret)
		not_paged_out(r, ret);
}

/* The cap counts what was freed, or evicted if nothing is paged out. */
static bool capped(struct reclaim *r)
{
	const uint32_t evict_only = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN |
				    DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	uint64_t done = r->arg->flags & evict_only ? r->arg->evicted_bytes : r->arg->freed_bytes;

	if (!r->arg->max_bytes || done < r->arg->max_bytes)
		return false;
	end(r, 0, DRM_PANTHOR_MEM_STATUS_CAPPED);
	return true;
}

static void reclaim_resident(struct reclaim *r, struct model_bo *bo)
{
	uint32_t reason = why_not(r, bo);

	if (reason) {
		skip(r, bo->size, reason);
		return;
	}
	if (capped(r))
		return;

	if (!r->dry_run) {
		if (model_countdown(&r->m->fail_mmu)) {
			end(r, -ETIMEDOUT, 0);
			return;
		}
		model_evict(r->m, bo);
		bo->evicted_by = r->call;
		bo->evicted_at = r->m->calls;
	}
	r->arg->evicted_bytes += bo->size;
	if (r->dry_run || r->arg->flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT)
		model_cgroup_promise(bo->cgroup, bo->size);
	else
		page_out(r, bo);
}

static uint64_t cached_bytes(const struct model_bo *bo)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < bo->size / MODEL_PAGE; i++) {
		if (bo->pages[i].state == MODEL_PAGE_RAM)
			bytes += MODEL_PAGE;
	}
	return bytes;
}

/* What page_out() would do with a BO that was evicted before. */
static uint64_t would_page_out(struct reclaim *r, struct model_bo *bo, uint64_t cached)
{
	uint64_t room = model_cgroup_room(bo->cgroup);

	if (cached > room)
		not_paged_out(r, -EDQUOT);
	else
		room = cached;
	model_cgroup_promise(bo->cgroup, room);
	return room;
}

/*
 * BOs that were evicted before and are still in RAM, or there again: because of a
 * NO_PAGEOUT, a prefetch, or an interrupted call. The part that is paged out counts as
 * evicted. BOs that another call has evicted since this one began, or is paging out now,
 * are left to that call.
 */
static void reclaim_cached(struct reclaim *r, struct model_bo *bo)
{
	uint64_t before = r->arg->freed_bytes, cached = cached_bytes(bo);
	size_t i;

	if (!cached || r->arg->flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT || capped(r))
		return;
	if (bo->paging || (bo->evicted_by != r->call && bo->evicted_at > r->call))
		return;
	for (i = 0; i < bo->n_bindings; i++) {
		if (!model_is_target(bo->bindings[i].vm->file, &r->target))
			return;
	}

	if (r->dry_run) {
		r->arg->evicted_bytes += would_page_out(r, bo, cached);
	} else {
		page_out(r, bo);
		if (bo->evicted_by != r->call)
			r->arg->evicted_bytes += r->arg->freed_bytes - before;
	}
}

static void reclaim_bo(struct reclaim *r, struct model_bo *bo)
{
	/* Several VMs and files of the target can have the BO: reclaim it once. */
	if (bo->seen == r->call)
		return;
	bo->seen = r->call;

	if (bo->resident)
		reclaim_resident(r, bo);
	else
		reclaim_cached(r, bo);
}

static void reclaim_vm(struct reclaim *r, struct model_vm *vm)
{
	struct model_bo *bo;

	if (!r->dry_run)
		wait_idle(r, vm);

	skip(r, MODEL_RING_BYTES, DRM_PANTHOR_MEM_STATUS_PINNED);
	for (bo = r->m->bos; bo && !stopped(r); bo = bo->next) {
		if (model_bo_bound(bo, vm))
			reclaim_bo(r, bo);
	}
}

static void reclaim_file(struct reclaim *r, struct model_file *file)
{
	struct model_bo *bo;
	unsigned int i;

	for (i = 0; i < file->n_vms && !stopped(r); i++)
		reclaim_vm(r, &file->vms[i]);

	/* BOs that no VM maps, and only the CPU uses. */
	for (bo = r->m->bos; bo && !stopped(r); bo = bo->next) {
		if (model_bo_has_handle(bo, file))
			reclaim_bo(r, bo);
	}
}

static void clear_outputs(struct drm_panthor_mem_reclaim *arg)
{
	arg->freed_bytes = 0;
	arg->evicted_bytes = 0;
	arg->skipped_bytes = 0;
	arg->status = 0;
}

static int begin(struct reclaim *r)
{
	const struct model_args args = {
		r->arg->flags, FLAGS, r->arg->tgid, r->arg->pad, r->arg->target,
	};
	struct model_counters c;
	int ret;

	clear_outputs(r->arg);
	ret = model_find_target(r->m, &args, &r->target);
	if (ret)
		return ret;
	model_counters(r->m, &c);
	if (!c.swap_free)
		return -ENOSPC;
	r->call = r->m->calls;
	r->dry_run = r->arg->flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	return 0;
}

int model_mem_reclaim(struct model *m, struct drm_panthor_mem_reclaim *arg)
{
	struct reclaim r = { .m = m, .arg = arg };
	struct model_file *file;
	int ret;

	ret = begin(&r);
	if (ret)
		return ret;
	for (file = m->files; file && !stopped(&r); file = file->next) {
		if (model_is_target(file, &r.target))
			reclaim_file(&r, file);
	}
	if (!model_outputs_valid(r.ret))
		clear_outputs(arg);
	return r.ret;
}
