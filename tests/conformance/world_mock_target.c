/* SPDX-License-Identifier: MIT */
/* The world on the mock: targets other than a TGID. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mock_fd.h"
#include "world_mock.h"

/* --- processes -------------------------------------------------------------- */

/*
 * The reading end of a pipe whose other end is closed when the process exits, so that poll()
 * works as for a pidfd.
 */
int world_pidfd(struct world *w, struct world_app *app)
{
	int ends[2];

	(void)w;
	if (app->pidfd >= 0)
		return app->pidfd;
	if (!app->proc->tgid.alive || pipe(ends))
		fail_msg("no pidfd of a process that has exited");
	app->pidfd = mock_fd_add(ends[0], MOCK_FD_PID, &app->proc->tgid);
	app->alive = ends[1];
	return app->pidfd;
}

void mock_exited(struct world_app *app)
{
	if (app->alive >= 0)
		close(app->alive);
	app->alive = -1;
}

/* --- files ------------------------------------------------------------------- */

uint64_t world_client_id(struct world *w, struct world_app *app, unsigned int file)
{
	(void)w;
	if (file >= app->n_files || !app->files[file])
		fail_msg("the app has no file %u", file);
	return app->files[file]->id;
}

uint64_t world_foreign_client_id(struct world *w)
{
	struct model_file *file = model_file_new(w->model, w->manager, 0);

	file->elsewhere = true;
	return file->id;
}

void world_keep_file(struct world *w, struct world_app *app, unsigned int file)
{
	(void)w;
	if (file >= app->n_files || !app->files[file])
		fail_msg("the app has no file %u", file);
	app->files[file]->kept = true;
}

void world_child_uses_file(struct world *w, struct world_app *app)
{
	struct model_proc *child = model_proc_new(w->model, app->proc->ns);

	child->tgid.cgroup = app->proc->tgid.cgroup;
	model_file_use(mock_use_file(app, 0), child);
	model_proc_kill(w->model, child);
}

/* --- cgroups ------------------------------------------------------------------- */

/* In the model, every cgroup is charged and may have processes. */
struct world_cgroup *world_cgroup(struct world *w, struct world_cgroup *parent, bool charged)
{
	struct world_cgroup *cgroup = calloc(1, sizeof(*cgroup));

	(void)charged;
	if (!cgroup)
		abort();
	cgroup->model = model_cgroup_new(w->model, parent ? parent->model : NULL);
	cgroup->fd = mock_fd_add(memfd_create("cgroup", MFD_CLOEXEC), MOCK_FD_CGROUP,
				 cgroup->model);
	cgroup->next = w->cgroups;
	w->cgroups = cgroup;
	return cgroup;
}

int world_cgroup_fd(struct world_cgroup *cgroup)
{
	return cgroup->fd;
}

/* Descriptors of the cgroup stay valid, but no process can be in it any more. */
void world_cgroup_remove(struct world *w, struct world_cgroup *cgroup)
{
	const struct model_proc *proc;

	for (proc = w->model->procs; proc; proc = proc->next) {
		if (proc->tgid.alive && model_cgroup_has(cgroup->model, proc->tgid.cgroup))
			fail_msg("the case removes a cgroup that has a process");
	}
}

void world_swap_max(struct world *w, struct world_cgroup *cgroup, uint64_t bytes)
{
	(void)w;
	cgroup->model->swap_max = bytes == WORLD_NO_LIMIT ? MODEL_NO_LIMIT : bytes;
}

void world_hold_up(struct world *w, struct world_app *app, struct world_cgroup *cgroup)
{
	(void)w;
	(void)cgroup;
	mock_use_file(app, 0)->vms[0].locked = true;
	/* A case that uses it from now on has a bug. */
	app->proc->stopped = true;
}

void mock_close_targets(struct world *w)
{
	struct world_app *app;

	for (app = w->apps; app; app = app->next) {
		mock_exited(app);
		if (app->pidfd >= 0)
			close(app->pidfd);
	}
	while (w->cgroups) {
		struct world_cgroup *cgroup = w->cgroups;

		w->cgroups = cgroup->next;
		close(cgroup->fd);
		free(cgroup);
	}
}
