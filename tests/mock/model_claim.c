/* SPDX-License-Identifier: MIT */
/* MEM_CLAIM, on the model. */
#include <errno.h>
#include <limits.h>

#include <panthor_mem.h>

#include "model.h"

#define FLAGS DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY

struct claim {
	struct model *m;
	struct drm_panthor_mem_claim *arg;
	struct model_pid *target;
	uint64_t read; /* bytes that came from swap */
	bool over;
	int ret;
};

static void end(struct claim *c, int ret, uint32_t status)
{
	c->over = true;
	c->ret = ret;
	c->arg->status |= status;
}

/* What the cap counts, and what a signal must not lose. */
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

static void read_pages(struct claim *c, struct model_bo *bo)
{
	size_t i;
	int ret;

	for (i = 0; i < bo->size / MODEL_PAGE && !stopped(c); i++) {
		if (bo->pages[i].state != MODEL_PAGE_SWAP && bo->pages[i].state != MODEL_PAGE_LOST)
			continue;
		ret = model_page_in(c->m, &bo->pages[i]);
		if (ret)
			end(c, ret, 0);
		else
			c->read += MODEL_PAGE;
	}
}

/* Not by a pointer to the binding: reading takes time, in which it can go. */
static void map(struct model_bo *bo, const struct model_vm *vm)
{
	unsigned int i;

	for (i = 0; i < bo->n_bindings; i++) {
		if (bo->bindings[i].vm == vm)
			bo->bindings[i].evicted = false;
	}
}

/* @vm: where to map it, or NULL for a BO that the CPU alone uses. */
static void claim_bo(struct claim *c, struct model_bo *bo, const struct model_vm *vm)
{
	if (c->arg->max_bytes && done_bytes(c) >= c->arg->max_bytes) {
		end(c, 0, DRM_PANTHOR_MEM_STATUS_CAPPED);
		return;
	}

	read_pages(c, bo);
	if (c->over || c->arg->flags & DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY || !bo->n_handles)
		return;
	if (vm && model_countdown(&c->m->fail_mmu))
		end(c, -ETIMEDOUT, 0);
	else if (vm)
		map(bo, vm);
	/* It may have been resident already, because the CPU uses it. */
	if (!bo->resident) {
		bo->resident = true;
		c->arg->claimed_bytes += bo->size;
	}
}

static void claim_file(struct claim *c, struct model_file *file)
{
	struct model_bo *bo;
	unsigned int i;

	for (bo = c->m->bos; bo; bo = bo->next) {
		for (i = 0; i < bo->n_bindings && !stopped(c); i++) {
			if (bo->bindings[i].vm->file == file && bo->bindings[i].evicted)
				claim_bo(c, bo, bo->bindings[i].vm);
		}
	}
	for (i = 0; i < file->n_vms; i++)
		model_vm_use(c->m, &file->vms[i]);
	for (bo = c->m->bos; bo && !stopped(c); bo = bo->next) {
		if (!bo->n_bindings && !bo->resident && model_bo_has_handle(bo, file))
			claim_bo(c, bo, NULL);
	}
}

/* Each BO once, whoever of the target's files has it. */
static uint64_t evicted_bytes(struct claim *c)
{
	struct model_bo *bo;
	uint64_t bytes = 0;
	unsigned int i;

	for (bo = c->m->bos; bo; bo = bo->next) {
		for (i = 0; i < bo->n_handles; i++) {
			if (!bo->resident && model_is_target(bo->handles[i], c->target)) {
				bytes += bo->size;
				break;
			}
		}
	}
	return bytes;
}

int model_mem_claim(struct model *m, struct drm_panthor_mem_claim *arg)
{
	struct claim c = { .m = m, .arg = arg };
	struct model_file *file;
	int ret;

	if (arg->flags & ~(uint32_t)FLAGS || arg->pad || arg->tgid > INT_MAX)
		return -EINVAL;
	ret = model_find_target(m, arg->tgid, &c.target);
	if (ret)
		return ret;

	arg->claimed_bytes = 0;
	arg->remaining_bytes = 0;
	arg->status = 0;
	c.target->claims++;
	for (file = m->files; file && !stopped(&c); file = file->next) {
		if (model_is_target(file, c.target))
			claim_file(&c, file);
	}
	arg->remaining_bytes = evicted_bytes(&c);
	return c.ret;
}
