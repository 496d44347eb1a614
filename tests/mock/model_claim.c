/* SPDX-License-Identifier: MIT */
/* MEM_CLAIM, on the model. */
#include <errno.h>
#include <stdlib.h>

#include <panthor_mem.h>

#include "model.h"

#define FLAGS (DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY | DRM_PANTHOR_MEM_CLAIM_DRY_RUN)

struct claim {
	struct model *m;
	struct drm_panthor_mem_claim *arg;
	struct model_target target;
	unsigned long call; /* number of the call */
	bool dry_run;
	uint64_t read; /* bytes read from swap */
	bool over;
	int ret;
};

static void end(struct claim *c, int ret, uint32_t status)
{
	c->over = true;
	c->ret = ret;
	c->arg->status |= status;
}

/* The amount that the cap limits, and that a signal must not lose. */
static uint64_t done_bytes(const struct claim *c)
{
	return c->arg->flags & DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY ? c->read
								    : c->arg->claimed_bytes;
}

static bool stopped(struct claim *c)
{
	if (!c->over && c->m->unplugged)
		end(c, -ENODEV, 0);
	if (!c->over && c->m->signal) {
		if (done_bytes(c))
			end(c, 0, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
		else
			end(c, -EINTR, 0);
	}
	return c->over;
}

/* Wait for the VM's lock until the deadline or an event. */
static void wait_unlocked(struct claim *c, const struct model_vm *vm)
{
	const int64_t deadline = c->arg->deadline_ns;
	struct model *m = c->m;

	while (!stopped(c) && vm->locked && (!deadline || m->now < deadline)) {
		const bool due = m->event && !m->event->done;
		int64_t until = deadline;

		/* Nothing would end the wait. */
		if (!deadline && !due)
			abort();
		if (due && (!deadline || m->event->at < deadline))
			until = m->event->at;
		model_advance(m, until > m->now ? until - m->now : 0);
	}
}

static void read_pages(struct claim *c, struct model_bo *bo)
{
	size_t i;
	int ret;

	for (i = 0; i < bo->size / MODEL_PAGE && !stopped(c); i++) {
		if (bo->pages[i].state != MODEL_PAGE_SWAP && bo->pages[i].state != MODEL_PAGE_LOST)
			continue;
		ret = c->dry_run ? 0 : model_page_in(c->m, &bo->pages[i]);
		if (ret)
			end(c, ret, 0);
		else
			c->read += MODEL_PAGE;
	}
}

/* Search the binding again: it can disappear during a read, which takes time. */
static void map(struct model_bo *bo, const struct model_vm *vm)
{
	unsigned int i;

	for (i = 0; i < bo->n_bindings; i++) {
		if (bo->bindings[i].vm == vm)
			bo->bindings[i].evicted = false;
	}
}

/* May the VM be changed? If not, its BOs stay evicted. */
static bool may_map(struct claim *c, const struct model_vm *vm)
{
	if (!c->dry_run)
		wait_unlocked(c, vm);
	if (vm->locked)
		c->arg->status |= DRM_PANTHOR_MEM_STATUS_BUSY;
	return !c->over && !vm->locked;
}

/* The BO may already be resident, because the CPU uses it. */
static void take(struct claim *c, struct model_bo *bo)
{
	if (!bo->resident)
		c->arg->claimed_bytes += bo->size;
	bo->resident = bo->resident || !c->dry_run;
}

/* @vm: where to map the BO, or NULL if only the CPU uses it. */
static void claim_bo(struct claim *c, struct model_bo *bo, const struct model_vm *vm)
{
	const bool prefetch = c->arg->flags & DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;

	if (c->arg->max_bytes && done_bytes(c) >= c->arg->max_bytes) {
		end(c, 0, DRM_PANTHOR_MEM_STATUS_CAPPED);
		return;
	}
	if (!prefetch && vm && !may_map(c, vm))
		return;

	read_pages(c, bo);
	if (c->over || prefetch || !bo->n_handles)
		return;
	if (vm && !c->dry_run && model_countdown(&c->m->fail_mmu))
		end(c, -ETIMEDOUT, 0);
	else if (vm && !c->dry_run)
		map(bo, vm);
	take(c, bo);
}

/* A dry run changes nothing, and must count each BO once. */
static bool is_due(struct claim *c, struct model_bo *bo)
{
	if (c->dry_run && bo->seen == c->call)
		return false;
	bo->seen = c->call;
	return true;
}

static void claim_vm(struct claim *c, struct model_vm *vm)
{
	struct model_bo *bo;
	unsigned int i;

	for (bo = c->m->bos; bo; bo = bo->next) {
		for (i = 0; i < bo->n_bindings && !stopped(c); i++) {
			if (bo->bindings[i].vm == vm && bo->bindings[i].evicted && is_due(c, bo))
				claim_bo(c, bo, vm);
		}
	}
	if (!c->dry_run)
		model_vm_use(c->m, vm);
}

static void claim_file(struct claim *c, struct model_file *file)
{
	struct model_bo *bo;
	unsigned int i;

	for (i = 0; i < file->n_vms; i++)
		claim_vm(c, &file->vms[i]);
	for (bo = c->m->bos; bo && !stopped(c); bo = bo->next) {
		if (!bo->n_bindings && !bo->resident && model_bo_has_handle(bo, file))
			claim_bo(c, bo, NULL);
	}
}

/* End every reclaim of one of these files. */
static void end_reclaims(struct claim *c)
{
	struct model_file *file;

	for (file = c->m->files; file; file = file->next) {
		if (model_is_target(file, &c->target))
			file->claimed = c->call;
	}
}

/* Claim each BO once, even if several files of the target have it. */
static uint64_t evicted_bytes(struct claim *c)
{
	struct model_bo *bo;
	uint64_t bytes = 0;
	unsigned int i;

	for (bo = c->m->bos; bo; bo = bo->next) {
		for (i = 0; i < bo->n_handles; i++) {
			if (!bo->resident && model_is_target(bo->handles[i], &c->target)) {
				bytes += bo->size;
				break;
			}
		}
	}
	return bytes;
}

static void clear_outputs(struct drm_panthor_mem_claim *arg)
{
	arg->claimed_bytes = 0;
	arg->remaining_bytes = 0;
	arg->status = 0;
}

static int begin(struct claim *c)
{
	const struct model_args args = {
		c->arg->flags, FLAGS, c->arg->tgid, c->arg->pad, c->arg->target,
	};

	clear_outputs(c->arg);
	c->call = c->m->calls;
	c->dry_run = c->arg->flags & DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
	return model_find_target(c->m, &args, &c->target);
}

int model_mem_claim(struct model *m, struct drm_panthor_mem_claim *arg)
{
	struct claim c = { .m = m, .arg = arg };
	struct model_file *file;
	int ret;

	ret = begin(&c);
	if (ret)
		return ret;
	if (!c.dry_run)
		end_reclaims(&c);
	for (file = m->files; file && !stopped(&c); file = file->next) {
		if (model_is_target(file, &c.target))
			claim_file(&c, file);
	}
	arg->remaining_bytes = evicted_bytes(&c);
	/* Nothing was brought back yet. */
	if (c.dry_run)
		arg->remaining_bytes -= arg->claimed_bytes;
	if (!model_outputs_valid(c.ret))
		clear_outputs(arg);
	return c.ret;
}
