/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

#define SEED 0x5eed000000000000ull

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct model_file *file;
	unsigned int i;

	if (!f)
		return -1;
	f->model = model_new();
	drm_core_start(&f->core, f->model);

	f->manager = model_proc_new(f->model, MODEL_NS_INIT);
	f->manager->cap_sys_resource = true;
	f->model->current = f->manager;
	f->fd = drm_core_open(model_file_new(f->model, f->manager, 0));

	f->app = model_proc_new(f->model, MODEL_NS_INIT);
	file = model_file_new(f->model, f->app, 1);
	f->vm = &file->vms[0];
	for (i = 0; i < APP_BOS; i++) {
		f->bo[i] = model_bo_new(f->model, file, BO_SIZE);
		model_bo_fill(f->bo[i], SEED + i);
		if (model_bo_bind(f->model, f->bo[i], f->vm))
			return -1;
	}
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	drm_core_stop();
	if (f->fd >= 0)
		close(f->fd);
	model_free(f->model);
	free(f);
	return 0;
}

pid_t app_tgid(const struct fixture *f)
{
	return f->app->tgid.nr[MODEL_NS_INIT];
}

uint64_t app_resident(const struct fixture *f)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < APP_BOS; i++) {
		if (f->bo[i]->resident)
			bytes += f->bo[i]->size;
	}
	return bytes;
}

void script_signals(struct fixture *f, unsigned int n, const int *pages)
{
	unsigned int i;

	assert_true(n <= MODEL_MAX_SCRIPT);
	for (i = 0; i < n; i++)
		f->model->script[i] = pages[i];
	f->model->script_len = n;
	f->model->script_at = 0;
}

void check_content(struct fixture *f)
{
	struct model_bo like = { .size = BO_SIZE };
	struct model_page pages[BO_SIZE / MODEL_PAGE];
	unsigned int i;

	like.pages = pages;
	for (i = 0; i < APP_BOS; i++) {
		model_bo_fill(&like, SEED + i);
		assert_true(model_bo_sum(f->bo[i]) == model_bo_sum(&like));
	}
}

unsigned int open_descriptors(void)
{
	unsigned int count = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}
