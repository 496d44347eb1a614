/* SPDX-License-Identifier: MIT */
/*
 * Internals of a process under test: its buffers.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "gpu/app_state.h"
#include "gpu/data.h"
#include "gpu/pattern.h"

/* With this distance of seeds, buffers n and n + 1 of a request share no word. */
#define SEED_STEP (UINT64_C(1) << 32)

/* The size that is mapped at a time, see bo.h. */
#define WINDOW (UINT64_C(4) << 20)

#define PAGE ((size_t)4096)

static struct app_bo *find(struct app_state *state, unsigned int bo)
{
	if (bo >= state->bo_count || !state->bo[bo].bo.handle)
		return NULL;
	return &state->bo[bo];
}

/* Append an entry to the table. This can move all entries. */
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

static struct gpu_ctx *ctx_of(struct app_state *state,
			      const struct app_bo *entry)
{
	return &state->slot[entry->file][entry->vm].ctx;
}

static int bind(struct app_state *state, struct app_bo *entry, unsigned int vm)
{
	entry->vm = vm;
	return gpu_ctx_bind(ctx_of(state, entry), &entry->bo);
}

/* Bind the BO, and use it there once. */
static int bind_and_use(struct app_state *state, struct app_bo *entry,
			unsigned int vm)
{
	uint64_t sum;
	int ret = bind(state, entry, vm);

	return ret ? ret : gpu_checksum(ctx_of(state, entry), &entry->bo, &sum);
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
	/* An unbound BO stays mapped: only the mapping keeps its pages. */
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
	struct gpu_bo gone;
	unsigned int file;
	int ret = 0;

	if (!entry)
		return -ENOENT;
	gone = entry->bo;
	file = entry->file;
	/* If a BO is imported into its own file, two entries have the same handle. */
	for (unsigned int i = 0; !ret && i < state->bo_count; i++) {
		struct app_bo *same = &state->bo[i];

		if (same->file != file || same->bo.handle != gone.handle)
			continue;
		ret = gpu_ctx_unbind(ctx_of(state, same), &same->bo);
		gpu_bo_unmap(&same->bo);
		same->bo.handle = 0;
	}
	gone.map = NULL;
	gpu_bo_destroy(state->dev[file].fd, &gone);
	return ret;
}

int app_bo_fill(struct app_state *state, unsigned int number, bool by_gpu,
		uint64_t seed)
{
	struct app_bo *entry = find(state, number);

	if (!entry)
		return -ENOENT;
	if (!by_gpu)
		return gpu_bo_cpu_fill(state->dev[entry->file].fd, &entry->bo,
				       seed);
	return entry->bo.va ?
		gpu_fill(ctx_of(state, entry), &entry->bo, seed) : -EINVAL;
}

static sigjmp_buf lost_page;

static void on_bus_error(int sig)
{
	siglongjmp(lost_page, sig);
}

/* Touching a page that cannot be read from swap raises SIGBUS. */
static int guarded_sum(const void *map, size_t size, uint64_t *sum)
{
	struct sigaction action = { .sa_handler = on_bus_error };
	struct sigaction before;
	volatile int ret = 0;

	sigaction(SIGBUS, &action, &before);
	if (sigsetjmp(lost_page, 1))
		ret = -EIO;
	else
		*sum = pattern_checksum_add(*sum, map, size);
	sigaction(SIGBUS, &before, NULL);
	return ret;
}

/*
 * Call @look for each mapped part of a BO, from its start to its end. Only the thread that
 * answers requests runs this.
 */
static int for_each_window(struct app_state *state, const struct app_bo *entry,
			   int (*look)(const void *map, size_t size, void *arg), void *arg)
{
	int fd = state->dev[entry->file].fd;
	const struct gpu_bo *bo = &entry->bo;
	int ret = 0;

	if (bo->map)
		return look(bo->map, bo->size, arg);
	for (uint64_t at = 0; !ret && at < bo->size; at += WINDOW) {
		size_t size = bo->size - at < WINDOW ? bo->size - at : WINDOW;
		void *map;

		ret = gpu_bo_map_window(fd, bo, at, size, &map);
		if (ret)
			break;
		ret = look(map, size, arg);
		gpu_bo_unmap_window(map, at, size);
	}
	return ret;
}

static int add_to_sum(const void *map, size_t size, void *arg)
{
	return guarded_sum(map, size, arg);
}

struct lost {
	uint64_t seed;		/* of the next page */
	uint64_t pages;
};

static int count_lost(const void *map, size_t size, void *arg)
{
	struct lost *lost = arg;

	for (size_t at = 0; at < size; at += PAGE, lost->seed += PAGE / sizeof(uint64_t)) {
		uint64_t sum = pattern_checksum(NULL, 0);

		if (guarded_sum((const char *)map + at, PAGE, &sum))
			lost->pages++;
		else if (sum != pattern_expected(lost->seed, PAGE))
			return -EBADMSG;
	}
	return 0;
}

int app_bo_lost(struct app_state *state, unsigned int number, uint64_t seed, uint64_t *pages)
{
	const struct app_bo *entry = find(state, number);
	struct lost lost = { .seed = seed };
	int ret;

	if (!entry)
		return -ENOENT;
	ret = for_each_window(state, entry, count_lost, &lost);
	*pages = lost.pages;
	return ret;
}

int app_bo_sum(struct app_state *state, unsigned int number, bool by_gpu,
	       uint64_t *sum)
{
	struct app_bo *entry = find(state, number);

	if (!entry)
		return -ENOENT;
	if (!by_gpu) {
		*sum = pattern_checksum(NULL, 0);
		return for_each_window(state, entry, add_to_sum, sum);
	}
	return entry->bo.va ?
		gpu_checksum(ctx_of(state, entry), &entry->bo, sum) : -EINVAL;
}

void app_bo_forget_file(struct app_state *state, unsigned int file)
{
	for (unsigned int i = 0; i < state->bo_count; i++) {
		if (state->bo[i].file != file)
			continue;
		gpu_bo_unmap(&state->bo[i].bo);
		state->bo[i].bo.handle = 0;
	}
	for (unsigned int vm = 0; vm < state->vms; vm++) {
		gpu_bo_unmap(&state->slot[file][vm].ctx.streams);
		gpu_bo_unmap(&state->slot[file][vm].ctx.scratch);
	}
}
