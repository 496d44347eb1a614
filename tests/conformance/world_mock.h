/* SPDX-License-Identifier: MIT */
/* What the files of the world on the mock share. */
#ifndef WORLD_MOCK_H
#define WORLD_MOCK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drm_core.h"
#include "model.h"
#include "world.h"

#define MAX_BOS 2048

struct app_bo {
	struct model_bo *bo; /* NULL once freed */
	unsigned int file;
	struct model_vm *vm; /* NULL if not bound */
	bool unbound;
};

struct world_app {
	struct world_app *next;
	struct model_proc *proc;
	/* By their number in this app; NULL once given away. */
	struct model_file *files[MODEL_MAX_FILES];
	int fds[MODEL_MAX_FILES];
	unsigned int n_files;
	struct app_bo bos[MAX_BOS];
	int n_bos;
	int pidfd; /* in the manager, or -1 */
	int alive; /* the other end of its pipe, closed on exit, or -1 */
	bool looping;
	long frames;
	int frame_error;
};

struct world_cgroup {
	struct world_cgroup *next;
	struct model_cgroup *model;
	int fd;
};

struct world {
	struct model *model;
	struct drm_core core;
	struct model_proc *manager;
	struct world_app *apps;
	struct world_cgroup *cgroups;
	int fd;
};

/* Get a file of an app, which must be alive and running, and make the app its last caller. */
struct model_file *mock_use_file(struct world_app *app, unsigned int file);

/* For the descriptors of world_pidfd() and world_cgroup_fd(). */
void mock_exited(struct world_app *app);
void mock_close_targets(struct world *w);

/* Run one frame of each frame loop. */
void mock_tick(struct world *w);

#endif /* WORLD_MOCK_H */
