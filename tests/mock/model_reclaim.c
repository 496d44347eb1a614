/* SPDX-License-Identifier: MIT */
/* MEM_RECLAIM, on the model. */
#include <errno.h>
#include <limits.h>

#include <panthor_mem.h>

#include "model.h"

#define FLAGS (DRM_PANTHOR_MEM_RECLAIM_DRY_RUN | DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT)

struct reclaim {
	struct model *m;
	struct drm_panthor_mem_reclaim *arg;
	struct model_pid *target;
	/* This call's number, and the target's counts when it began. */
	unsigned long call;
	unsigned int claims;
	unsigned int jobs;
	bool dry_run;
	/* The call is over: 0, or the error that ended it. */
	bool over;
	int ret;
};

static void end(struct reclaim *r, int ret, uint32_t status)
{
	r->over = true;
	r->ret = ret;
	r->arg->status |= status;
}

/* Between any two steps: is there a reason to stop? */
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
	} else if (r->target->claims != r->claims) {
		end(r, 0, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	} else if (r->target->jobs != r->jobs) {
		end(r, 0, DRM_PANTHOR_MEM_STATUS_BUSY);
	}
	return r->over;
}

/* Wait for the VM's work until the deadline, or until something happens. */
static void wait_idle(struct reclaim *r, const struct model_vm *vm)
{
	struct model *m = r->m;

	while (!stopped(r) && model_vm_busy(m, vm) && m->now < r->arg->deadline_ns) {
		int64_t until = vm->busy_until;

		if (until > r->arg->deadline_ns)
			until = r->arg->deadline_ns;
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

/* Why the BO has to stay: a bit of the status, or 0. */
static uint32_t why_not(const struct reclaim *r, const struct model_bo *bo)
{
	unsigned int i;

	if (bo->pins)
		return DRM_PANTHOR_MEM_STATUS_PINNED;
	for (i = 0; i < bo->n_bindings; i++) {
		const struct model_binding *b = &bo->bindings[i];

		if (!b->evicted && !model_is_target(b->vm->file, r->target))
			return DRM_PANTHOR_MEM_STATUS_SHARED;
	}
	for (i = 0; i < bo->n_bindings; i++) {
		if (model_vm_busy(r->m, bo->bindings[i].vm))
			return DRM_PANTHOR_MEM_STATUS_BUSY;
	}
	return 0;
}

static void page_out(struct reclaim *r, struct model_bo *bo)
{
	size_t i;

	for (i = 0; i < bo->size / MODEL_PAGE && !stopped(r); i++) {
		if (bo->pages[i].state != MODEL_PAGE_RAM)
			continue;
		/* Someone took the BO back meanwhile. */
		if (bo->resident)
			return;
		if (model_page_out(r->m, &bo->pages[i])) {
			end(r, 0, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
			return;
		}
		r->arg->freed_bytes += MODEL_PAGE;
	}
}

/* The cap counts what the call is for. */
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
	}
	r->arg->evicted_bytes += bo->size;
	if (!r->dry_run && !(r->arg->flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT))
		page_out(r, bo);
}

/*
 * Evicted before, and still in RAM or back in it: by a NO_PAGEOUT, a prefetch,
 * or a call that was interrupted. Counted as evicted, once more, for what goes.
 */
static void reclaim_cached(struct reclaim *r, struct model_bo *bo)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < bo->size / MODEL_PAGE; i++) {
		if (bo->pages[i].state == MODEL_PAGE_RAM)
			bytes += MODEL_PAGE;
	}
	if (!bytes || r->arg->flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT || capped(r))
		return;
	for (i = 0; i < bo->n_bindings; i++) {
		if (!model_is_target(bo->bindings[i].vm->file, r->target))
			return;
	}

	r->arg->evicted_bytes += bytes;
	if (!r->dry_run)
		page_out(r, bo);
}

static void reclaim_bo(struct reclaim *r, struct model_bo *bo)
{
	/* A BO can be in several VMs and files of the target: once is enough. */
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

	/* What is in no VM, and only the CPU uses. */
	for (bo = r->m->bos; bo && !stopped(r); bo = bo->next) {
		if (model_bo_has_handle(bo, file))
			reclaim_bo(r, bo);
	}
}

static int check(struct model *m, const struct drm_panthor_mem_reclaim *arg,
		 struct model_pid **target)
{
	struct model_counters c;
	int ret;

	if (arg->flags & ~(uint32_t)FLAGS || arg->pad || arg->tgid > INT_MAX)
		return -EINVAL;
	ret = model_find_target(m, arg->tgid, target);
	if (ret)
		return ret;
	model_counters(m, &c);
	return c.swap_free ? 0 : -ENOSPC;
}

int model_mem_reclaim(struct model *m, struct drm_panthor_mem_reclaim *arg)
{
	struct reclaim r = { .m = m, .arg = arg };
	struct model_file *file;
	int ret;

	ret = check(m, arg, &r.target);
	if (ret)
		return ret;

	arg->freed_bytes = 0;
	arg->evicted_bytes = 0;
	arg->skipped_bytes = 0;
	arg->status = 0;
	r.call = m->calls;
	r.claims = r.target->claims;
	r.jobs = r.target->jobs;
	r.dry_run = arg->flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;

	for (file = m->files; file && !stopped(&r); file = file->next) {
		if (model_is_target(file, r.target))
			reclaim_file(&r, file);
	}
	return r.ret;
}
