/* SPDX-License-Identifier: MIT */
/*
 * The world on the mock, in the test process: its start and end, apps, and calls. Ioctls are
 * issued by the process that is the current one in the model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world_mock.h"

/* Any size of swap that is larger than WORLD_MAX_LIVE. */
#define SWAP_SLOTS (2 * WORLD_MAX_LIVE / MODEL_PAGE)

struct world *world_open(void)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->model = model_new();
	model_swap_resize(w->model, SWAP_SLOTS);
	drm_core_start(&w->core, w->model);
	w->manager = model_proc_new(w->model, MODEL_NS_INIT);
	w->manager->cap_sys_resource = true;
	w->model->current = w->manager;
	w->fd = drm_core_open(model_file_new(w->model, w->manager, 0));
	return w;
}

int world_close(struct world *w)
{
	int ret = 0;

	mock_close_targets(w);
	while (w->apps) {
		struct world_app *app = w->apps;
		unsigned int i;

		w->apps = app->next;
		if (app->looping && app->frame_error) {
			print_error("a frame loop failed: %s\n", strerror(-app->frame_error));
			ret = -1;
		}
		for (i = 0; i < app->n_files; i++) {
			if (app->fds[i] >= 0)
				close(app->fds[i]);
		}
		free(app);
	}
	drm_core_stop();
	close(w->fd);
	model_free(w->model);
	free(w);
	return ret;
}

int world_fd(struct world *w)
{
	return w->fd;
}

const char *world_name(void)
{
	return "mock";
}

unsigned int world_features(void)
{
	return WORLD_FEATURES_MOCK;
}

unsigned int world_features_expected(void)
{
	return WORLD_FEATURES_MOCK;
}

const char world_help[] = "The device and all processes are a model: nothing outside is touched.\n";

int world_ready(void)
{
	return 0;
}

int64_t world_now(struct world *w)
{
	return w->model->now;
}

void world_sleep(struct world *w, int64_t ns)
{
	mock_tick(w);
	model_advance(w->model, ns);
	mock_tick(w);
}

/* --- apps --------------------------------------------------------------- */

static void add_file(struct world_app *app, struct model_file *file)
{
	if (app->n_files >= MODEL_MAX_FILES)
		fail_msg("more files than an app may have");
	app->files[app->n_files] = file;
	app->fds[app->n_files] = drm_core_open(file);
	app->n_files++;
}

struct world_app *world_spawn(struct world *w, const struct world_spawn *how)
{
	static const struct world_spawn plain = { .cred = WORLD_CRED_USER };
	struct world_app *app = calloc(1, sizeof(*app));
	unsigned int i;

	if (!app)
		abort();
	if (!how)
		how = &plain;
	app->next = w->apps;
	w->apps = app;
	app->proc = model_proc_new(w->model, how->child_pidns ? MODEL_NS_CHILD : MODEL_NS_INIT);
	app->proc->tgid.cgroup = how->cgroup ? how->cgroup->model : NULL;
	app->pidfd = app->alive = -1;
	app->proc->cap_sys_resource = how->cred == WORLD_CRED_MANAGER;
	app->proc->cap_in_child_userns = how->cred == WORLD_CRED_USERNS_ROOT;
	for (i = 0; i < (how->files ? how->files : 1) && !how->no_device; i++)
		add_file(app, model_file_new(w->model, app->proc, how->vms ? how->vms : 1));
	if (how->master)
		app->files[0]->was_master = true;
	return app;
}

void world_kill(struct world *w, struct world_app *app)
{
	unsigned int i;

	model_proc_kill(w->model, app->proc);
	for (i = 0; i < app->n_files; i++) {
		/* In the model, files that were given to the app do not belong to its process. */
		if (app->files[i] && !app->files[i]->kept)
			model_file_close(w->model, app->files[i]);
		if (app->fds[i] >= 0)
			close(app->fds[i]);
		app->fds[i] = -1;
	}
	app->looping = false;
	mock_exited(app);
}

void world_stop(struct world *w, struct world_app *app)
{
	(void)w;
	app->proc->stopped = true;
}

void world_continue(struct world *w, struct world_app *app)
{
	(void)w;
	app->proc->stopped = false;
}

pid_t world_tgid(struct world *w, struct world_app *app, struct world_app *seen_by)
{
	enum model_ns ns = seen_by ? seen_by->proc->ns : w->manager->ns;

	return app->proc->tgid.nr[ns];
}

pid_t world_thread_id(struct world *w, struct world_app *app)
{
	return app->proc->thread.nr[w->manager->ns];
}

/* The child needs no file in the model, because it issues no ioctl. */
pid_t world_fork(struct world *w, struct world_app *app)
{
	return model_proc_new(w->model, app->proc->ns)->tgid.nr[w->manager->ns];
}

void world_join(struct world *w, struct world_app *app, pid_t child)
{
	struct model_proc *proc;

	(void)app;
	for (proc = w->model->procs; proc; proc = proc->next) {
		if (proc->tgid.nr[w->manager->ns] == child)
			model_proc_kill(w->model, proc);
	}
}

pid_t world_unused_tgid(struct world *w)
{
	return w->model->next_pid + 1000;
}

struct model_file *mock_use_file(struct world_app *app, unsigned int file)
{
	if (app->proc->stopped || !app->proc->tgid.alive)
		fail_msg("the case uses an app that does not run");
	if (file >= app->n_files || !app->files[file])
		fail_msg("the app has no file %u", file);
	model_file_use(app->files[file], app->proc);
	return app->files[file];
}

void world_give_file(struct world *w, struct world_app *from, unsigned int file,
		     struct world_app *to)
{
	struct model_file *given = mock_use_file(from, file);
	unsigned int i;

	(void)w;
	/* Remove it from the process of @from, whose end would close it. */
	for (i = 0; i < from->proc->n_files; i++) {
		if (from->proc->files[i] == given)
			from->proc->files[i] = NULL;
	}
	from->files[file] = NULL;
	close(from->fds[file]);
	from->fds[file] = -1;
	add_file(to, given);
	mock_use_file(to, to->n_files - 1);
}

/* --- calls -------------------------------------------------------------- */

struct running {
	struct world *w;
	struct world_during *during;
};

static void happen(struct model *m, void *arg)
{
	struct running *r = arg;
	struct world_during *d = r->during;

	switch (d->event) {
	case WORLD_EVENT_SIGNAL:
	case WORLD_EVENT_SIGNALS:
		m->signal = true;
		break;
	case WORLD_EVENT_KILL:
		world_kill(r->w, d->app);
		break;
	case WORLD_EVENT_CALL:
		d->ret = world_call(r->w, d->app, d->fn, d->arg, d->arg_size, NULL);
		break;
	case WORLD_EVENT_BUSY:
		world_busy(r->w, d->app, 0, 0, d->busy_ns);
		break;
	case WORLD_EVENT_UNPLUG:
		world_fault(r->w, WORLD_FAULT_UNPLUG, 1);
		break;
	}
}

/* Copy @arg to the heap, because another process would have a copy, too. */
static int call_as(struct world *w, struct model_proc *proc, int fd, world_fn fn, void *arg,
		   size_t arg_size)
{
	struct model_proc *before = w->model->current;
	void *copy = malloc(arg_size ? arg_size : 1);
	int ret;

	if (!copy)
		abort();
	if (arg_size)
		memcpy(copy, arg, arg_size);
	w->model->current = proc;
	ret = fn(fd, copy);
	w->model->current = before;
	if (arg_size)
		memcpy(arg, copy, arg_size);
	free(copy);
	return ret;
}

int world_call(struct world *w, struct world_app *app, world_fn fn, void *arg, size_t arg_size,
	       struct world_during *during)
{
	struct running running = { .w = w, .during = during };
	struct model_event event = { .fn = happen, .arg = &running };
	int fd = w->fd;
	int ret;

	if (app && (app->proc->stopped || !app->proc->tgid.alive))
		fail_msg("the case calls from an app that does not run");
	if (app)
		fd = app->n_files ? app->fds[0] : -1;

	mock_tick(w);
	if (during) {
		event.at = w->model->now + during->after_ns;
		w->model->event = &event;
	}
	ret = call_as(w, app ? app->proc : w->manager, fd, fn, arg, arg_size);
	if (during) {
		if (!event.done)
			model_advance(w->model, event.at - w->model->now);
		w->model->event = NULL;
		/* Drop a signal that came after the call. */
		w->model->signal = false;
	}
	mock_tick(w);
	return ret;
}

/* --- swap, faults ------------------------------------------------------ */

void world_set_swap(struct world *w, uint64_t free_bytes)
{
	struct model *m = w->model;

	if (free_bytes == WORLD_SWAP_NONE)
		model_swap_resize(m, 0);
	else if (free_bytes < WORLD_SWAP_SLOW)
		m->slots_reserved = m->n_slots - m->slots_used - free_bytes / MODEL_PAGE;
	else if (m->n_slots)
		m->slots_reserved = 0;
	else
		model_swap_resize(m, SWAP_SLOTS);
}

void world_fault(struct world *w, enum world_fault fault, unsigned int nth)
{
	switch (fault) {
	case WORLD_FAULT_UNPLUG:
		w->core.unplugged = true;
		w->model->unplugged = true;
		break;
	case WORLD_FAULT_SWAP_READ:
		w->model->fail_swap_read = nth;
		break;
	case WORLD_FAULT_SWAP_WRITE:
		w->model->fail_swap_write = true;
		break;
	case WORLD_FAULT_NO_MEMORY:
		w->model->fail_alloc = nth;
		break;
	case WORLD_FAULT_MMU_TIMEOUT:
		w->model->fail_mmu = nth;
		break;
	case WORLD_FAULT_NO_SWAP_SUPPORT:
		w->model->swap_supported = false;
		break;
	case WORLD_FAULT_FLUSH_TIMEOUT:
	case WORLD_FAULT_BOOT:
		fail_msg("the mock has no GPU");
		break;
	}
}

void world_recover(struct world *w)
{
	w->model->fail_swap_write = false;
	w->model->fail_swap_read = 0;
	w->model->fail_alloc = 0;
	w->model->fail_mmu = 0;
}
