/* SPDX-License-Identifier: MIT */
/* The world on the mock: buffers, GPU work, and counters. */
#include <errno.h>
#include <string.h>

#include "world_mock.h"

/* End the case on an error that no case asked for. */
static void must(int ret, const char *what)
{
	if (ret)
		fail_msg("%s: %s", what, strerror(-ret));
}

static struct model_vm *use_vm(struct world_app *app, unsigned int file, unsigned int vm)
{
	struct model_file *f = mock_use_file(app, file);

	if (vm >= f->n_vms)
		fail_msg("the file has no VM %u", vm);
	return &f->vms[vm];
}

static struct app_bo *use_bo(struct world_app *app, int bo)
{
	if (bo < 0 || bo >= app->n_bos || !app->bos[bo].bo)
		fail_msg("the app has no BO %d", bo);
	mock_use_file(app, app->bos[bo].file);
	return &app->bos[bo];
}

static int run_job(struct world *w, struct model_vm *vm)
{
	int ret = model_submit(w->model, vm, MODEL_NS_JOB);

	if (!ret)
		model_advance(w->model, vm->busy_until - w->model->now);
	return ret;
}

static int add_bo(struct world_app *app, struct model_bo *bo, unsigned int file,
		  struct model_vm *vm, bool unbound)
{
	if (app->n_bos == MAX_BOS)
		fail_msg("more BOs than an app may have");
	app->bos[app->n_bos] = (struct app_bo){ bo, file, vm, unbound };
	return app->n_bos++;
}

/* --- buffers ------------------------------------------------------------ */

int world_alloc(struct world *w, struct world_app *app, const struct world_alloc *how)
{
	struct model_vm *vm = use_vm(app, how->file, how->vm);
	unsigned int count = how->count ? how->count : 1;
	int first = app->n_bos;
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct model_bo *bo = model_bo_new(w->model, vm->file, how->size);

		if (!bo)
			fail_msg("the model has no memory left");
		model_bo_fill(bo, how->seed + ((uint64_t)i << 32));
		if (!how->unbound)
			must(model_bo_bind(w->model, bo, vm), "bind");
		add_bo(app, bo, how->file, how->unbound ? NULL : vm, how->unbound);
	}
	if (!how->unbound)
		must(run_job(w, vm), "fill");
	return first;
}

int world_share(struct world *w, struct world_app *from, int bo, struct world_app *to,
		unsigned int file, unsigned int vm, bool bind)
{
	struct app_bo *shared = use_bo(from, bo);
	struct model_vm *to_vm = use_vm(to, file, vm);

	if (!model_bo_has_handle(shared->bo, to_vm->file))
		model_bo_add_handle(shared->bo, to_vm->file);
	if (bind) {
		must(model_bo_bind(w->model, shared->bo, to_vm), "bind");
		must(run_job(w, to_vm), "use");
	}
	return add_bo(to, shared->bo, file, bind ? to_vm : NULL, !bind);
}

void world_free(struct world *w, struct world_app *app, int bo)
{
	struct app_bo *b = use_bo(app, bo);

	model_bo_drop_handle(w->model, b->bo, app->files[b->file]);
	b->bo = NULL;
}

static void bring(struct world *w, struct app_bo *b, enum world_unit by)
{
	if (by == WORLD_BY_CPU) {
		must(model_cpu_fault(w->model, b->bo), "CPU fault");
		return;
	}
	if (b->unbound)
		fail_msg("the case lets the GPU use a BO that is not bound");
	must(run_job(w, b->vm), "job");
	/* A BO that the submit did not map causes a translation fault. */
	must(model_gpu_check(b->bo, b->vm), "GPU access");
}

void world_fill(struct world *w, struct world_app *app, int bo, enum world_unit by, uint64_t seed)
{
	struct app_bo *b = use_bo(app, bo);

	bring(w, b, by);
	model_bo_fill(b->bo, seed);
}

uint64_t world_sum(struct world *w, struct world_app *app, int bo, enum world_unit by)
{
	struct app_bo *b = use_bo(app, bo);

	bring(w, b, by);
	return model_bo_sum(b->bo);
}

int world_try_sum(struct world *w, struct world_app *app, int bo, uint64_t *sum)
{
	struct app_bo *b = use_bo(app, bo);
	int ret = model_cpu_fault(w->model, b->bo);

	if (!ret)
		*sum = model_bo_sum(b->bo);
	return ret;
}

void world_pin(struct world *w, struct world_app *app, int bo)
{
	(void)w;
	use_bo(app, bo)->bo->pins++;
}

/* --- GPU work ----------------------------------------------------------- */

int world_frame(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	struct model_vm *v = use_vm(app, file, vm);
	int ret;

	if (w->core.unplugged)
		return -ENODEV;
	ret = run_job(w, v);
	mock_tick(w);
	return ret;
}

void world_busy(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		int64_t ns)
{
	must(model_submit(w->model, use_vm(app, file, vm), ns), "submit");
}

void world_idle(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	(void)w;
	use_vm(app, file, vm)->busy_until = 0;
}

void mock_tick(struct world *w)
{
	struct world_app *app;

	for (app = w->apps; app; app = app->next) {
		if (!app->looping || app->proc->stopped || app->frame_error)
			continue;
		app->frame_error = run_job(w, use_vm(app, 0, 0));
		if (!app->frame_error)
			app->frames++;
	}
}

void world_frames_start(struct world *w, struct world_app *app)
{
	app->looping = true;
	app->frames = 0;
	app->frame_error = 0;
	mock_tick(w);
}

long world_frames_stop(struct world *w, struct world_app *app)
{
	(void)w;
	app->looping = false;
	return app->frame_error ? app->frame_error : app->frames;
}

void world_press(struct world *w, uint64_t bytes)
{
	model_press(w->model, bytes);
}

/* The mock does nothing by itself and has no GPU that sleeps. */
void world_quiet(struct world *w)
{
	(void)w;
}

void world_keep_awake(struct world *w)
{
	(void)w;
}

/* --- functions that need a GPU ------------------------------------------------- */

static void no_gpu(struct world *w)
{
	(void)w;
	fail_msg("the mock has no GPU");
}

void world_heap(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		unsigned int chunks, uint64_t seed)
{
	(void)app;
	(void)file;
	(void)vm;
	(void)chunks;
	(void)seed;
	no_gpu(w);
}

void world_heap_check(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	(void)app;
	(void)file;
	(void)vm;
	no_gpu(w);
}

void world_sparse(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		  uint64_t size)
{
	(void)app;
	(void)file;
	(void)vm;
	(void)size;
	no_gpu(w);
}

void world_sparse_use(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	(void)app;
	(void)file;
	(void)vm;
	no_gpu(w);
}

void world_new_queue(struct world *w, struct world_app *app, unsigned int file, unsigned int vm)
{
	(void)app;
	(void)file;
	(void)vm;
	no_gpu(w);
}

void world_gpu(struct world *w, struct world_gpu *gpu)
{
	(void)gpu;
	no_gpu(w);
}

/* --- counters ------------------------------------------------------------ */

void world_memory(struct world *w, struct world_app *app, struct world_memory *m)
{
	struct model_bo *bo;
	unsigned int i;

	memset(m, 0, sizeof(*m));
	for (bo = w->model->bos; bo; bo = bo->next) {
		for (i = 0; i < app->n_files; i++) {
			if (!app->files[i] || !model_bo_has_handle(bo, app->files[i]))
				continue;
			m->total += bo->size;
			if (bo->resident)
				m->resident += bo->size;
		}
	}
	m->evicted = m->total - m->resident;
}

void world_counters(struct world *w, struct world_counters *c)
{
	struct model_counters mc;

	model_counters(w->model, &mc);
	c->free = mc.free;
	c->swap_used = mc.swap_used;
	c->swap_free = mc.swap_free;
	c->zram_used = mc.zram_used;
}
