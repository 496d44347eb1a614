/* SPDX-License-Identifier: MIT */
/*
 * The functions of world.h that need a GPU, on the real driver.
 */
#include <errno.h>

#include "gpu/heap.h"
#include "gpu/power.h"
#include "gpu/sim.h"
#include "world_driver.h"

#define SLEEP_TRIES 6000
#define SLEEP_PAUSE (10 * WORLD_MS)

/* --- power ------------------------------------------------------------------ */

static int allow_sleep(struct world *w, bool allow)
{
	w->power_changed = true;
	return gpu_power_allow_sleep(w->dev.fd, allow);
}

void world_quiet(struct world *w)
{
	guest_check(allow_sleep(w, true), "power management");
	for (int i = 0; i < SLEEP_TRIES; i++) {
		int asleep = gpu_power_asleep(w->dev.fd);

		guest_check(asleep, "power management");
		if (asleep)
			return;
		world_sleep(w, SLEEP_PAUSE);
	}
	fail_msg("the GPU does not fall asleep");
}

void world_keep_awake(struct world *w)
{
	guest_check(allow_sleep(w, false), "power management");
}

int guest_restore_power(struct world *w)
{
	return w->power_changed ? gpu_power_allow_sleep(w->dev.fd, w->may_sleep) : 0;
}

/* --- what the GPU has done ---------------------------------------------------- */

static int64_t counter(const char *name)
{
	int64_t value = 0;

	guest_check(sim_stat(name, &value), "the GPU's counter %s", name);
	return value;
}

void world_gpu(struct world *w, struct world_gpu *gpu)
{
	int asleep = gpu_power_asleep(w->dev.fd);

	guest_check(asleep, "power management");
	*gpu = (struct world_gpu) {
		.asleep = asleep,
		.boots = counter("boots"),
		.resets = counter("resets"),
		.locks = counter("locks"),
		.off_slots = counter("group_suspends") + counter("group_terminates") +
			     counter("resets"),
	};
}

/* --- memory without a handle ---------------------------------------------------- */

void world_heap(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		unsigned int chunks, uint64_t seed)
{
	_Static_assert(WORLD_HEAP_CHUNK == GPU_HEAP_CHUNK_BYTES, "the same size");
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_HEAP, .file = file, .vm = vm, .count = chunks, .seed = seed,
		}, NULL, NULL), "a tiler heap of %u chunks", chunks);
}

void world_heap_check(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	int64_t ret = guest_ask(app, (struct app_request) {
		.op = APP_HEAP_CHECK, .file = file, .vm = vm }, NULL, NULL);

	(void)w;
	if (ret == -EILSEQ)
		fail_msg("a chunk of a tiler heap has lost its content");
	guest_check(ret, "reading a tiler heap");
}

void world_sparse(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		  uint64_t size)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_SPARSE, .file = file, .vm = vm, .size = size }, NULL, NULL),
		    "a sparse mapping");
}

void world_sparse_use(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_SPARSE_USE, .file = file, .vm = vm }, NULL, NULL),
		    "using a sparse mapping");
}

void world_new_queue(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_NEW_GROUP, .file = file, .vm = vm }, NULL, NULL), "a new queue");
}
