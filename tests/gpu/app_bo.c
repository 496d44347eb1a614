/* SPDX-License-Identifier: MIT */
/*
 * Inside of a process under test: its buffers.
 */
#include <errno.h>
#include <stdlib.h>

#include "gpu/app_state.h"
#include "gpu/data.h"
#include "gpu/pattern.h"
#include "gpu/vm.h"

/* Like this, buffer n of a lot and buffer n + 1 have no word in common. */
#define SEED_STEP (UINT64_C(1) << 32)

static struct app_bo *find(struct app_state *state, unsigned int bo)
{
	if (bo >= state->bo_count || !state->bo[bo].bo.handle)
		return NULL;
	return &state->bo[bo];
}

/* A new entry in the table, at its end; pointers into it move. */
static struct app_bo *add(struct app_state *state, unsigned int file)
{
	if (state->bo_count == state->bo_room) {
		unsigned int room = state->bo_room ? state->bo_room * 2 : 64;
		struct app_bo *bo = realloc(state->bo, room * sizeof(*bo));

		if (!bo)
			return NULL;
		state->bo = bo;
		state->bo_room = room;
	}
	state->bo[state->bo_count] = (struct app_bo) { .file = file };
	return &state->bo[state->bo_count++];
}

/* Where the GPU finds it: in the first VM that it was bound in. */
static struct gpu_ctx *gpu_view(struct app_state *state,
				const struct app_bo *entry, struct gpu_bo *bo)
{
	if (!entry->bindings)
		return NULL;
	*bo = entry->bo;
	bo->va = entry->binding[0].va;
	return &state->slot[entry->file][entry->binding[0].vm].ctx;
}

static int bind(struct app_state *state, struct app_bo *entry, unsigned int vm)
{
	struct gpu_ctx *ctx = &state->slot[entry->file][vm].ctx;
	struct gpu_bo bo = entry->bo;
	int ret;

	if (entry->bindings == APP_BO_BINDINGS)
		return -ENOSPC;
	ret = gpu_ctx_bind(ctx, &bo);
	if (ret)
		return ret;
	entry->binding[entry->bindings++] =
		(struct app_binding) { .vm = vm, .va = bo.va };
	return 0;
}

/* Bind, then use it there once. */
static int bind_and_use(struct app_state *state, struct app_bo *entry,
			unsigned int vm)
{
	struct gpu_bo bo = entry->bo;
	uint64_t sum;
	int ret = bind(state, entry, vm);

	if (ret)
		return ret;
	bo.va = entry->binding[entry->bindings - 1].va;
	return gpu_checksum(&state->slot[entry->file][vm].ctx, &bo, &sum);
}

int app_bo_bind(struct app_state *state, const struct app_request *req)
{
	struct app_bo *entry = find(state, req->bo);

	if (!entry)
		return -ENOENT;
	if (entry->file != req->file)
		return -EXDEV;
	return req->bind ? bind_and_use(state, entry, req->vm) : 0;
}

int app_bo_export(struct app_state *state, unsigned int bo, int *dmabuf)
{
	struct app_bo *entry = find(state, bo);

	if (!entry)
		return -ENOENT;
	return gpu_bo_export(state->dev[entry->file].fd, &entry->bo, dmabuf);
}

static int alloc_one(struct app_state *state, const struct app_request *req,
		     uint64_t seed)
{
	unsigned int number = state->bo_count;
	uint32_t vm = state->slot[req->file][req->vm].ctx.vm;
	int fd = state->dev[req->file].fd;
	struct app_bo *entry = add(state, req->file);
	int ret;

	if (!entry)
		return -ENOMEM;
	ret = gpu_bo_create(fd, req->size, req->exclusive ? vm : 0, 0,
			    &entry->bo);
	if (ret)
		return ret;
	/* An unbound one stays mapped: that is all that holds its pages. */
	ret = req->unbound ? gpu_bo_map(fd, &entry->bo) :
			     bind(state, entry, req->vm);
	if (!ret)
		ret = app_bo_fill(state, number, !req->unbound, seed);
	return ret;
}

int app_bo_alloc(struct app_state *state, const struct app_request *req)
{
	int first = (int)state->bo_count;

	for (unsigned int i = 0; i < req->count; i++) {
		int ret = alloc_one(state, req, req->seed + i * SEED_STEP);

		if (ret)
			return ret;
	}
	return first;
}

int app_bo_import(struct app_state *state, const struct app_request *req,
		  int dmabuf)
{
	struct app_bo *entry = add(state, req->file);
	int ret;

	if (!entry)
		return -ENOMEM;
	ret = gpu_bo_import(state->dev[req->file].fd, dmabuf, &entry->bo);
	if (!ret && req->bind)
		ret = bind_and_use(state, entry, req->vm);
	return ret ? ret : (int)state->bo_count - 1;
}

int app_bo_free(struct app_state *state, unsigned int bo)
{
	struct app_bo *entry = find(state, bo);
	int fd, ret = 0;

	if (!entry)
		return -ENOENT;
	fd = state->dev[entry->file].fd;
	for (unsigned int i = 0; !ret && i < entry->bindings; i++) {
		struct app_binding *at = &entry->binding[i];

		ret = gpu_vm_unmap(fd, state->slot[entry->file][at->vm].ctx.vm,
				   at->va, entry->bo.size);
	}
	gpu_bo_destroy(fd, &entry->bo);
	return ret;
}

int app_bo_fill(struct app_state *state, unsigned int number, bool by_gpu,
		uint64_t seed)
{
	struct app_bo *entry = find(state, number);
	struct gpu_ctx *ctx;
	struct gpu_bo bo;

	if (!entry)
		return -ENOENT;
	if (!by_gpu)
		return gpu_bo_cpu_fill(state->dev[entry->file].fd, &entry->bo,
				       seed);
	ctx = gpu_view(state, entry, &bo);
	return ctx ? gpu_fill(ctx, &bo, seed) : -EINVAL;
}

int app_bo_sum(struct app_state *state, unsigned int number, bool by_gpu,
	       uint64_t *sum)
{
	struct app_bo *entry = find(state, number);
	struct gpu_ctx *ctx;
	struct gpu_bo bo;

	if (!entry)
		return -ENOENT;
	if (!by_gpu)
		return gpu_bo_cpu_checksum(state->dev[entry->file].fd,
					   &entry->bo, sum);
	ctx = gpu_view(state, entry, &bo);
	return ctx ? gpu_checksum(ctx, &bo, sum) : -EINVAL;
}

void app_bo_forget_file(struct app_state *state, unsigned int file)
{
	for (unsigned int i = 0; i < state->bo_count; i++) {
		if (state->bo[i].file != file)
			continue;
		gpu_bo_unmap(&state->bo[i].bo);
		state->bo[i].bo.handle = 0;
	}
	for (unsigned int vm = 0; vm < state->vms; vm++)
		gpu_bo_unmap(&state->slot[file][vm].ctx.streams);
}
