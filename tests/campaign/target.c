/* SPDX-License-Identifier: MIT */
/*
 * Another process, whose GPU memory is reclaimed and claimed.
 */
#include <errno.h>

#include "gpu/pattern.h"
#include "target.h"

int target_start(struct target *t)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1, .cgroup = t->cgroup,
	};
	int64_t ret = gpu_app_start(&t->app, &setup);

	if (!ret)
		ret = gpu_app_ask(&t->app, &(struct app_request) {
			.op = APP_ALLOC, .count = t->bos, .size = t->bo_bytes, .seed = t->seed,
			.exclusive = true }, NULL, NULL, NULL);
	return ret < 0 ? (int)ret : 0;
}

int64_t target_ask(struct target *t, enum app_op op, unsigned int bo)
{
	return gpu_app_ask(&t->app, &(struct app_request) { .op = op, .bo = bo },
			   NULL, NULL, NULL);
}

int target_check(struct target *t, unsigned int bo, bool by_gpu)
{
	struct app_reply reply;
	int64_t ret = gpu_app_ask(&t->app, &(struct app_request) {
		.op = APP_SUM, .bo = bo, .by_gpu = by_gpu }, &reply, NULL, NULL);

	if (ret < 0)
		return (int)ret;
	/* APP_ALLOC gives each BO another seed. */
	return reply.value == pattern_expected(t->seed + ((uint64_t)bo << 32), t->bo_bytes) ?
	       0 : -EILSEQ;
}
