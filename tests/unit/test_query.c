/* SPDX-License-Identifier: MIT */
/* panthor_mem_query(), in its four forms. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "mock_fd.h"
#include "process.h"

#define RING MODEL_RING_BYTES

static struct panthor_mem_query_result dirty_result(void)
{
	struct panthor_mem_query_result res;

	memset(&res, 0xff, sizeof(res));
	res.size = sizeof(res);
	return res;
}

static struct panthor_mem_query_result query(struct fixture *f)
{
	struct panthor_mem_query_result res = dirty_result();

	assert_int_equal(panthor_mem_query(f->fd, app_tgid(f), &res), 0);
	assert_int_equal(res.size, sizeof(res));
	assert_int_equal(res.pad, 0);
	return res;
}

static void check_zero(const struct panthor_mem_query_result *res)
{
	const struct panthor_mem_query_result zero = PANTHOR_MEM_QUERY_RESULT_INIT;

	assert_memory_equal(res, &zero, sizeof(zero));
}

/* Another process, with memory of every kind, which must not be counted. */
static void add_other(struct fixture *f)
{
	struct model_proc *proc = model_proc_new(f->model, MODEL_NS_INIT);
	struct model_file *file = model_file_new(f->model, proc, 1);
	const pid_t tgid = proc->tgid.nr[MODEL_NS_INIT];
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	unsigned int i;

	for (i = 0; i < 3; i++)
		assert_int_equal(model_bo_bind(f->model, model_bo_new(f->model, file, BO_SIZE),
					       &file->vms[0]), 0);
	opts.max_bytes = BO_SIZE;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, tgid, &opts, NULL), 0);
	opts.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, tgid, &opts, NULL), 0);
}

static void all_resident(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_query_result res;

	add_other(f);
	f->core.mem_ioctls = 0;
	res = query(f);
	assert_int_equal(f->core.mem_ioctls, 3);
	assert_int_equal(res.resident_bytes, APP_SIZE + RING);
	assert_int_equal(res.evicted_bytes, 0);
	assert_int_equal(res.cached_bytes, 0);
	assert_int_equal(res.reclaimable_bytes, APP_SIZE);
	assert_int_equal(res.claimable_bytes, 0);
	assert_int_equal(res.reclaim_status, DRM_PANTHOR_MEM_STATUS_PINNED);
	assert_int_equal(res.claim_status, 0);
	assert_int_equal(app_resident(f), APP_SIZE);
	check_content(f);
}

static void all_in_swap(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_query_result res;
	size_t slots;

	add_other(f);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	slots = f->model->slots_used;
	res = query(f);
	assert_int_equal(res.resident_bytes, RING);
	assert_int_equal(res.evicted_bytes, APP_SIZE);
	assert_int_equal(res.cached_bytes, 0);
	assert_int_equal(res.reclaimable_bytes, 0);
	assert_int_equal(res.claimable_bytes, APP_SIZE);
	assert_int_equal(app_resident(f), 0);
	assert_int_equal(f->model->slots_used, slots);
}

/* One BO in swap, one that is evicted but in RAM, two resident. */
static void of_each_kind(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_query_result res;

	add_other(f);
	opts.max_bytes = BO_SIZE;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, NULL), 0);
	opts.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, NULL), 0);
	res = query(f);
	assert_int_equal(res.resident_bytes, 2 * BO_SIZE + RING);
	assert_int_equal(res.evicted_bytes, 2 * BO_SIZE);
	assert_int_equal(res.cached_bytes, BO_SIZE);
	assert_int_equal(res.reclaimable_bytes, 3 * BO_SIZE);
	assert_int_equal(res.claimable_bytes, 2 * BO_SIZE);
}

/* Memory that a reclaim or a claim would not move, and the status that says why. */
static void what_stays(void **state)
{
	struct fixture *f = *state;
	struct model_proc *proc = model_proc_new(f->model, MODEL_NS_INIT);
	struct model_file *file = model_file_new(f->model, proc, 1);
	struct panthor_mem_query_result res;

	model_bo_add_handle(f->bo[0], file);
	assert_int_equal(model_bo_bind(f->model, f->bo[0], &file->vms[0]), 0);
	res = query(f);
	assert_int_equal(res.resident_bytes, APP_SIZE + RING);
	assert_int_equal(res.reclaimable_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(res.reclaim_status, DRM_PANTHOR_MEM_STATUS_SHARED |
					     DRM_PANTHOR_MEM_STATUS_PINNED);

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	f->vm->locked = true;
	res = query(f);
	assert_int_equal(res.claim_status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_int_equal(res.claimable_bytes, 0);
	assert_int_equal(res.evicted_bytes, APP_SIZE - BO_SIZE);
	f->vm->locked = false;
}

static void no_swap_is_free(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_query_result res;

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	f->model->slots_reserved = f->model->n_slots - f->model->slots_used;
	res = query(f);
	assert_int_equal(res.reclaim_status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_true(res.resident_bytes == PANTHOR_MEM_UNKNOWN);
	assert_true(res.cached_bytes == PANTHOR_MEM_UNKNOWN);
	assert_int_equal(res.reclaimable_bytes, 0);
	assert_int_equal(res.evicted_bytes, APP_SIZE);
	assert_int_equal(res.claimable_bytes, APP_SIZE);
	f->model->slots_reserved = 0;
}

/* A query during a reclaim does not end it. */
static void ask(struct model *m, void *arg)
{
	struct fixture *f = arg;

	(void)m;
	assert_int_equal(panthor_mem_query(f->fd, app_tgid(f), NULL), 0);
}

static void during_a_reclaim(void **state)
{
	struct fixture *f = *state;
	struct model_event event = { .at = f->model->now + 1, .fn = ask, .arg = f };
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	f->model->event = &event;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_true(event.done);
	assert_int_equal(res.freed_bytes, APP_SIZE);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED, 0);
	f->model->event = NULL;
}

static void by_each_name(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_query_result tgid, res;
	struct model_cgroup *cgroup = model_cgroup_new(f->model, NULL);
	unsigned int kernel;
	struct process p;
	int fd;

	assert_int_equal(process_start(&p), 0);
	f->app->tgid.nr[MODEL_NS_INIT] = p.pid;
	f->app->tgid.cgroup = cgroup;
	add_other(f);
	tgid = query(f);

	/* Kernels whose ioctls take a pidfd, that report its PID, and that do neither. */
	for (kernel = 0; kernel < 3; kernel++) {
		f->core.no_targets = kernel >= 1;
		f->core.old_pidfd = kernel >= 2;
		res = dirty_result();
		assert_int_equal(panthor_mem_query_pidfd(f->fd, p.pidfd, &res), 0);
		assert_memory_equal(&res, &tgid, sizeof(res));
	}
	f->core.no_targets = f->core.old_pidfd = false;

	res = dirty_result();
	assert_int_equal(panthor_mem_query_client(f->fd, f->vm->file->id, &res), 0);
	assert_memory_equal(&res, &tgid, sizeof(res));

	fd = mock_fd_add(memfd_create("cgroup", MFD_CLOEXEC), MOCK_FD_CGROUP, cgroup);
	res = dirty_result();
	assert_int_equal(panthor_mem_query_cgroup(f->fd, fd, &res), 0);
	assert_memory_equal(&res, &tgid, sizeof(res));
	close(fd);

	/* The process has exited: there is no result, although the model has one. */
	process_kill(&p);
	res = dirty_result();
	assert_int_equal(panthor_mem_query_pidfd(f->fd, p.pidfd, &res), -ESRCH);
	check_zero(&res);
	process_reap(&p);
	f->core.no_targets = true;
	assert_int_equal(panthor_mem_query_pidfd(f->fd, p.pidfd, NULL), -ESRCH);
	close(p.pidfd);
}

static void expect(struct fixture *f, pid_t tgid, int error)
{
	struct panthor_mem_query_result res = dirty_result();

	errno = EXDEV;
	assert_int_equal(panthor_mem_query(f->fd, tgid, &res), error);
	assert_int_equal(errno, EXDEV);
	check_zero(&res);
	assert_int_equal(panthor_mem_query(f->fd, tgid, NULL), error);
}

static void errors(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_query_result res = dirty_result();

	expect(f, -1, -EINVAL);
	assert_int_equal(f->core.ioctls, 0);
	expect(f, app_tgid(f) + 1000, -ESRCH);
	f->manager->cap_sys_resource = false;
	expect(f, app_tgid(f), -EPERM);
	f->manager->cap_sys_resource = true;
	f->model->swap_supported = false;
	expect(f, app_tgid(f), -EOPNOTSUPP);
	f->model->swap_supported = true;
	f->core.has_mem = false;
	expect(f, app_tgid(f), -EINVAL);
	f->core.has_mem = true;
	f->core.unplugged = true;
	expect(f, app_tgid(f), -ENODEV);
	f->core.unplugged = false;

	assert_int_equal(panthor_mem_query_client(f->fd, 999, &res), -ESRCH);
	check_zero(&res);
	assert_int_equal(panthor_mem_query_cgroup(f->fd, -1, &res), -EBADF);
	assert_int_equal(panthor_mem_query_pidfd(f->fd, -1, &res), -EBADF);
	f->core.no_targets = true;
	assert_int_equal(panthor_mem_query_pidfd(f->fd, f->fd, &res), -EBADF);
	assert_int_equal(panthor_mem_query_client(f->fd, f->vm->file->id, &res), -EINVAL);
	assert_int_equal(panthor_mem_query(-1, 0, &res), -EBADF);
	assert_int_equal(panthor_mem_query(STDIN_FILENO, 0, NULL), -ENOTTY);
}

/* --- results that only another driver returns ------------------------------------- */

/* The results of the next dry runs. The last claim is repeated from then on. */
static struct {
	struct drm_panthor_mem_claim claim[4];
	struct drm_panthor_mem_reclaim evict, all;
	unsigned int claims, reclaims;
	int error; /* of the reclaim without NO_PAGEOUT */
} said;

static int play(struct drm_core *core, void *data)
{
	const uint32_t flags = *(const uint32_t *)data;
	struct drm_panthor_mem_reclaim *r = data;
	struct drm_panthor_mem_claim *c = data;

	core->mem_ioctls++;
	if (flags == DRM_PANTHOR_MEM_CLAIM_DRY_RUN) {
		*c = said.claim[said.claims < 3 ? said.claims : 3];
		c->flags = flags;
		said.claims++;
		return 0;
	}
	assert_true(flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN);
	*r = flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT ? said.evict : said.all;
	r->flags = flags;
	said.reclaims++;
	return flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT ? 0 : said.error;
}

static void start_play(struct fixture *f)
{
	memset(&said, 0, sizeof(said));
	f->core.foreign = play;
	f->core.foreign_size = sizeof(struct drm_panthor_mem_reclaim);
}

static void interrupted_looks(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_query_result res;
	unsigned int i;

	start_play(f);
	said.claim[0].status = DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	said.claim[1].claimed_bytes = 7;
	said.claim[1].remaining_bytes = 5;
	res = query(f);
	assert_int_equal(said.claims, 2);
	assert_int_equal(said.reclaims, 2);
	assert_int_equal(res.claimable_bytes, 7);
	assert_int_equal(res.evicted_bytes, 12);
	assert_int_equal(res.claim_status, 0);

	/* If it happens every time, the library gives up and the status says so. */
	start_play(f);
	for (i = 0; i < 4; i++)
		said.claim[i].status = DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	said.evict.status = said.all.status = DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	res = query(f);
	assert_int_equal(said.claims, 3);
	assert_int_equal(said.reclaims, 6);
	assert_int_equal(res.claim_status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.reclaim_status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
}

/* The target changes between two dry runs: the amounts stay plausible. */
static void looks_that_differ(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_query_result res;

	start_play(f);
	said.evict.evicted_bytes = 100;
	said.evict.skipped_bytes = 10;
	said.evict.status = DRM_PANTHOR_MEM_STATUS_BUSY;
	said.all.evicted_bytes = 60;
	said.all.status = DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED;
	res = query(f);
	assert_int_equal(res.resident_bytes, 110);
	assert_int_equal(res.reclaimable_bytes, 60);
	assert_int_equal(res.cached_bytes, 0);
	assert_int_equal(res.reclaim_status, DRM_PANTHOR_MEM_STATUS_BUSY |
					     DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);

	start_play(f);
	said.claim[0].remaining_bytes = 20;
	said.all.evicted_bytes = 60;
	res = query(f);
	assert_int_equal(res.evicted_bytes, 20);
	assert_int_equal(res.cached_bytes, 20);
	assert_int_equal(res.reclaimable_bytes, 60);

	/* Swap becomes full between them. */
	start_play(f);
	said.evict.evicted_bytes = 100;
	said.error = -ENOSPC;
	res = query(f);
	assert_true(res.resident_bytes == PANTHOR_MEM_UNKNOWN);
	assert_int_equal(res.reclaimable_bytes, 0);

	/* After an error of the last dry run, nothing of the others is returned. */
	start_play(f);
	said.claim[0].claimed_bytes = 7;
	said.error = -ENOMEM;
	expect(f, app_tgid(f), -ENOMEM);
}

/* --- structs of other versions ---------------------------------------------------- */

static void sizes(void **state)
{
	static const uint32_t bad[] = { 0, 1, 55, 4097, 0x7fffffff, UINT32_MAX };
	struct fixture *f = *state;
	struct panthor_mem_query_result init = PANTHOR_MEM_QUERY_RESULT_INIT;
	struct {
		struct panthor_mem_query_result now;
		uint64_t later, behind;
	} res;
	unsigned int i;

	assert_int_equal(init.size, 56);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&res, 0xff, sizeof(res));
		res.now.size = bad[i];
		assert_int_equal(panthor_mem_query(f->fd, app_tgid(f), &res.now), -EINVAL);
		assert_int_equal(panthor_mem_query_client(f->fd, 1, &res.now), -EINVAL);
		assert_true(res.now.resident_bytes == UINT64_MAX);
	}
	assert_int_equal(f->core.ioctls, 0);

	memset(&res, 0xff, sizeof(res));
	res.now.size = sizeof(res.now) + sizeof(res.later);
	assert_int_equal(panthor_mem_query(f->fd, app_tgid(f), &res.now), 0);
	assert_int_equal(res.now.reclaimable_bytes, APP_SIZE);
	assert_int_equal(res.later, 0);
	assert_true(res.behind == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(all_resident),
		on_fixture(all_in_swap),
		on_fixture(of_each_kind),
		on_fixture(what_stays),
		on_fixture(no_swap_is_free),
		on_fixture(during_a_reclaim),
		on_fixture(by_each_name),
		on_fixture(errors),
		on_fixture(interrupted_looks),
		on_fixture(looks_that_differ),
		on_fixture(sizes),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
