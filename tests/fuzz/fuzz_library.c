/* SPDX-License-Identifier: MIT */
/*
 * The library on the mock: options and results of any content and size, any target, signals and
 * a target that comes and goes. The driver's contract holds for all that the library returns,
 * and it writes nothing behind a struct.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <panthor_drmif.h>

#include "drm_core.h"
#include "fuzz.h"
#include "model.h"

#define BO_SIZE (16 * MODEL_PAGE)
#define STRUCT_MOST 64

struct input {
	const uint8_t *at;
	size_t left;
};

static uint64_t take(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > in->left)
		bytes = in->left;
	memcpy(&value, in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return value;
}

/* A struct of the program in memory of its own, so that a write behind it is noticed. */
static void *take_struct(struct input *in, size_t usual)
{
	uint32_t size = take(in, 1) % 4 ? (uint32_t)usual : (uint32_t)take(in, 4);
	size_t room = size < 4 ? 4 : size > STRUCT_MOST ? STRUCT_MOST : size;
	uint8_t *bytes = malloc(room);

	if (!bytes)
		abort();
	/* A size that is larger than the memory is the mistake of a program. */
	if (size > STRUCT_MOST)
		size = STRUCT_MOST;
	for (size_t i = 0; i < room; i++)
		bytes[i] = (uint8_t)take(in, 1);
	memcpy(bytes, &size, sizeof(size));
	return bytes;
}

static void check(int ret)
{
	if (ret > 0 || ret == -EAGAIN)
		abort();
}

static void reclaim(struct input *in, int fd, pid_t tgid)
{
	void *options = take_struct(in, sizeof(struct panthor_mem_reclaim_options));
	void *result = take_struct(in, sizeof(struct panthor_mem_reclaim_result));
	uint64_t how = take(in, 1), target = take(in, 8);

	switch (how % 4) {
	case 0:
		check(panthor_mem_reclaim_with(fd, tgid, options, how & 16 ? NULL : result));
		break;
	case 1:
		check(panthor_mem_reclaim_with(fd, (pid_t)target, NULL, result));
		break;
	case 2:
		check(panthor_mem_reclaim_client_with(fd, target, options, result));
		break;
	default:
		check(panthor_mem_reclaim_pidfd_with(fd, (int)target | 1 << 20, options, result));
		break;
	}
	free(options);
	free(result);
}

static void claim(struct input *in, int fd, pid_t tgid)
{
	void *options = take_struct(in, sizeof(struct panthor_mem_claim_options));
	void *result = take_struct(in, sizeof(struct panthor_mem_claim_result));
	uint64_t how = take(in, 1), target = take(in, 8);

	switch (how % 3) {
	case 0:
		check(panthor_mem_claim_with(fd, tgid, options, how & 16 ? NULL : result));
		break;
	case 1:
		check(panthor_mem_claim_with(fd, (pid_t)target, NULL, result));
		break;
	default:
		check(panthor_mem_claim_client_with(fd, target, options, result));
		break;
	}
	free(options);
	free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct model *model = model_new();
	struct model_proc *manager, *app;
	struct drm_core core = { 0 };
	struct model_file *file;
	pid_t tgid;
	int fd;

	/* Larger than the PIDs of real processes. */
	model->next_pid = 5000000;
	drm_core_start(&core, model);
	manager = model_proc_new(model, MODEL_NS_INIT);
	manager->cap_sys_resource = take(&in, 1) % 8 != 7;
	model->current = manager;
	fd = drm_core_open(model_file_new(model, manager, 0));
	app = model_proc_new(model, MODEL_NS_INIT);
	file = model_file_new(model, app, 1);
	for (unsigned int i = 0; i < 4; i++) {
		struct model_bo *bo = model_bo_new(model, file, BO_SIZE);

		model_bo_fill(bo, i);
		if (model_bo_bind(model, bo, &file->vms[0]))
			abort();
	}
	tgid = app->tgid.nr[MODEL_NS_INIT];
	for (unsigned int i = 0; i < MODEL_MAX_SCRIPT && i < 4; i++)
		model->script[i] = take(&in, 1) % 2 ? MODEL_NO_SIGNAL : (int)take(&in, 1);
	model->script_len = (unsigned int)take(&in, 1) % 4;

	while (in.left) {
		if (take(&in, 1) % 2)
			reclaim(&in, fd, tgid);
		else
			claim(&in, fd, tgid);
	}
	close(fd);
	drm_core_stop();
	model_free(model);
	return 0;
}
