/* SPDX-License-Identifier: MIT */
/*
 * Targets other than a process: one file, and the processes of a cgroup. What each form of
 * reclaim and claim passes to the kernel and returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "mock_fd.h"

/* PID_MAX_LIMIT of the kernel */
#define LARGEST_PID 4194304

/* The app is in a cgroup, with another process that has a file and a BO of its own. */
struct group {
	struct fixture *f;
	struct model_cgroup *cgroup;
	struct model_proc *other;
	struct model_bo *bo;
	uint64_t client; /* the app's */
	int fd;
};

static int setup(void **state)
{
	static struct group g;
	struct model_file *file;

	if (fixture_setup((void **)&g.f))
		return -1;
	g.cgroup = model_cgroup_new(g.f->model, NULL);
	g.f->app->tgid.cgroup = model_cgroup_new(g.f->model, g.cgroup);
	g.other = model_proc_new(g.f->model, MODEL_NS_INIT);
	g.other->tgid.cgroup = g.cgroup;
	file = model_file_new(g.f->model, g.other, 1);
	g.bo = model_bo_new(g.f->model, file, BO_SIZE);
	if (!g.bo || model_bo_bind(g.f->model, g.bo, &file->vms[0]))
		return -1;
	g.client = g.f->app->files[0]->id;
	g.fd = mock_fd_add(memfd_create("cgroup", MFD_CLOEXEC), MOCK_FD_CGROUP, g.cgroup);
	*state = &g;
	return 0;
}

static int teardown(void **state)
{
	struct group *g = *state;

	if (g->fd >= 0)
		close(g->fd);
	return fixture_teardown((void **)&g->f);
}

static void client(void **state)
{
	struct group *g = *state;
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int fd = g->f->fd;
	uint64_t bytes = 1;

	assert_int_equal(panthor_mem_reclaim_client(fd, g->client, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE);
	assert_int_equal(panthor_mem_claim_client(fd, g->client, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE);

	ro.max_bytes = co.max_bytes = BO_SIZE;
	assert_int_equal(panthor_mem_reclaim_client_with(fd, g->client, &ro, &rr), 0);
	assert_int_equal(rr.freed_bytes, BO_SIZE);
	assert_true(rr.status & DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(panthor_mem_reclaim_client_with(fd, g->client, NULL, NULL), 0);
	assert_int_equal(panthor_mem_claim_client_with(fd, g->client, &co, &cr), 0);
	assert_int_equal(cr.claimed_bytes, BO_SIZE);
	assert_int_equal(cr.remaining_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(panthor_mem_claim_client_with(fd, g->client, NULL, NULL), 0);
	assert_true(g->bo->resident);
	check_content(g->f);
}

/* The owner does not matter: here it is a process that has exited. */
static void client_without_owner(void **state)
{
	struct group *g = *state;
	uint64_t bytes = 1;

	model_file_use(g->f->app->files[0], g->other);
	model_proc_kill(g->f->model, g->other);
	assert_int_equal(panthor_mem_reclaim(g->f->fd, app_tgid(g->f), NULL), -ESRCH);
	assert_int_equal(panthor_mem_reclaim_client(g->f->fd, g->client, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE);
}

static void cgroup(void **state)
{
	struct group *g = *state;
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int fd = g->f->fd, flags = fcntl(g->fd, F_GETFD);
	uint64_t bytes = 1;

	assert_int_equal(panthor_mem_reclaim_cgroup(fd, g->fd, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE + BO_SIZE);
	assert_int_equal(panthor_mem_claim_cgroup(fd, g->fd, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE + BO_SIZE);

	ro.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	assert_int_equal(panthor_mem_reclaim_cgroup_with(fd, g->fd, &ro, &rr), 0);
	assert_int_equal(rr.evicted_bytes, APP_SIZE + BO_SIZE);
	assert_int_equal(rr.freed_bytes, 0);
	co.max_bytes = 1;
	assert_int_equal(panthor_mem_claim_cgroup_with(fd, g->fd, &co, &cr), 0);
	assert_int_equal(cr.remaining_bytes, APP_SIZE);
	assert_int_equal(panthor_mem_claim_cgroup_with(fd, g->fd, NULL, NULL), 0);
	assert_int_equal(panthor_mem_reclaim_cgroup_with(fd, g->fd, NULL, NULL), 0);
	assert_int_equal(fcntl(g->fd, F_GETFD), flags);
}

/* A BO that two processes of a cgroup share is skipped for each, but not for the cgroup. */
static void shared_inside(void **state)
{
	struct group *g = *state;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	uint64_t bytes = 1;

	model_bo_add_handle(g->bo, g->f->app->files[0]);
	assert_int_equal(model_bo_bind(g->f->model, g->bo, g->f->vm), 0);
	assert_int_equal(panthor_mem_reclaim_client_with(g->f->fd, g->client, NULL, &res), 0);
	assert_true(res.status & DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_int_equal(res.freed_bytes, APP_SIZE);
	assert_int_equal(panthor_mem_reclaim(g->f->fd, g->other->tgid.nr[MODEL_NS_INIT], &bytes), 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(panthor_mem_reclaim_cgroup_with(g->f->fd, g->fd, NULL, &res), 0);
	assert_false(res.status & DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_int_equal(res.freed_bytes, BO_SIZE);
}

/* --- errors ------------------------------------------------------------------ */

static void expect_client(struct group *g, uint64_t id, int error)
{
	struct panthor_mem_reclaim_result rr = { sizeof(rr), 9, 9, 9, 9 };
	struct panthor_mem_claim_result cr = { sizeof(cr), 9, 9, 9 };
	uint64_t freed = 9, claimed = 9;

	assert_int_equal(panthor_mem_reclaim_client(g->f->fd, id, &freed), error);
	assert_int_equal(panthor_mem_claim_client(g->f->fd, id, &claimed), error);
	assert_int_equal(panthor_mem_reclaim_client_with(g->f->fd, id, NULL, &rr), error);
	assert_int_equal(panthor_mem_claim_client_with(g->f->fd, id, NULL, &cr), error);
	assert_int_equal(freed + claimed + rr.status + rr.freed_bytes + rr.evicted_bytes +
			 rr.skipped_bytes + cr.status + cr.claimed_bytes + cr.remaining_bytes, 0);
	assert_int_equal(rr.size, sizeof(rr));
	assert_int_equal(cr.size, sizeof(cr));
	assert_int_equal(app_resident(g->f), APP_SIZE);
}

static void expect_cgroup(struct group *g, int fd, int error)
{
	struct panthor_mem_reclaim_result rr = { sizeof(rr), 9, 9, 9, 9 };
	struct panthor_mem_claim_result cr = { sizeof(cr), 9, 9, 9 };
	uint64_t freed = 9, claimed = 9;

	assert_int_equal(panthor_mem_reclaim_cgroup(g->f->fd, fd, &freed), error);
	assert_int_equal(panthor_mem_claim_cgroup(g->f->fd, fd, &claimed), error);
	assert_int_equal(panthor_mem_reclaim_cgroup_with(g->f->fd, fd, NULL, &rr), error);
	assert_int_equal(panthor_mem_claim_cgroup_with(g->f->fd, fd, NULL, &cr), error);
	assert_int_equal(freed + claimed + rr.status + rr.freed_bytes + rr.evicted_bytes +
			 rr.skipped_bytes + cr.status + cr.claimed_bytes + cr.remaining_bytes, 0);
	assert_int_equal(app_resident(g->f), APP_SIZE);
}

static void expect_both(struct group *g, int error)
{
	expect_client(g, g->client, error);
	expect_cgroup(g, g->fd, error);
}

static void no_client(void **state)
{
	struct group *g = *state;

	expect_client(g, 0, -ESRCH);
	expect_client(g, UINT64_MAX, -ESRCH);
	/* All 64 bits reach the kernel. */
	expect_client(g, g->client | 1ull << 32, -ESRCH);
	model_file_close(g->f->model, g->other->files[0]);
	expect_client(g, g->other->files[0]->id, -ESRCH);
}

static void no_cgroup(void **state)
{
	struct group *g = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int gone = dup(null);

	close(gone);
	expect_cgroup(g, -1, -EBADF);
	expect_cgroup(g, null, -EBADF);
	expect_cgroup(g, gone, -EBADF);
	expect_cgroup(g, g->f->fd, -EBADF);
	close(null);

	/* A cgroup without processes. */
	g->f->app->tgid.cgroup = NULL;
	g->other->tgid.cgroup = NULL;
	expect_cgroup(g, g->fd, -ESRCH);
}

static void other_errors(void **state)
{
	struct group *g = *state;
	struct fixture *f = g->f;

	f->manager->cap_sys_resource = false;
	expect_both(g, -EPERM);
	/* EPERM comes first, so that the error does not reveal which targets exist. */
	expect_client(g, 0, -EPERM);
	expect_cgroup(g, -1, -EPERM);
	f->manager->cap_sys_resource = true;

	f->model->swap_supported = false;
	expect_both(g, -EOPNOTSUPP);
	f->model->swap_supported = true;
	f->model->cgroups_supported = false;
	expect_cgroup(g, g->fd, -EOPNOTSUPP);
	f->model->cgroups_supported = true;

	/* There is no other way to name these targets, so the error of the kernel is returned. */
	f->core.no_targets = true;
	expect_both(g, -EINVAL);
	f->core.no_targets = false;
	f->core.has_mem = false;
	expect_both(g, -EINVAL);
	f->core.has_mem = true;
	f->core.unplugged = true;
	expect_both(g, -ENODEV);
}

static void part_way(void **state)
{
	struct group *g = *state;
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	uint64_t bytes = 0;

	assert_int_equal(panthor_mem_reclaim_client(g->f->fd, g->client, NULL), 0);
	g->f->model->fail_alloc = 2 * BO_SIZE / MODEL_PAGE + 3;
	assert_int_equal(panthor_mem_claim_client_with(g->f->fd, g->client, NULL, &res), -ENOMEM);
	assert_int_equal(res.claimed_bytes, 2 * BO_SIZE);
	g->f->model->fail_alloc = BO_SIZE / MODEL_PAGE + 3;
	assert_int_equal(panthor_mem_claim_client(g->f->fd, g->client, &bytes), -ENOMEM);
	assert_int_equal(bytes, BO_SIZE);
}

/* The function names the target: its flag is not an option. */
static void flags_of_targets(void **state)
{
	struct group *g = *state;
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	int fd = g->f->fd;
	unsigned int bit;

	for (bit = 8; bit < 11; bit++) {
		ro.flags = co.flags = 1u << bit;
		assert_true(ro.flags & TARGET_FLAGS);
		assert_int_equal(panthor_mem_reclaim_with(fd, 0, &ro, NULL), -EINVAL);
		assert_int_equal(panthor_mem_claim_with(fd, 0, &co, NULL), -EINVAL);
		assert_int_equal(panthor_mem_reclaim_pidfd_with(fd, -1, &ro, NULL), -EINVAL);
		assert_int_equal(panthor_mem_claim_pidfd_with(fd, -1, &co, NULL), -EINVAL);
		assert_int_equal(panthor_mem_reclaim_client_with(fd, g->client, &ro, NULL),
				 -EINVAL);
		assert_int_equal(panthor_mem_claim_client_with(fd, g->client, &co, NULL), -EINVAL);
		assert_int_equal(panthor_mem_reclaim_cgroup_with(fd, g->fd, &ro, NULL), -EINVAL);
		assert_int_equal(panthor_mem_claim_cgroup_with(fd, g->fd, &co, NULL), -EINVAL);
	}
	assert_int_equal(g->f->core.ioctls, 0);
}

static void signals(void **state)
{
	static const int pages[] = { 0, 0, 20, MODEL_NO_SIGNAL };
	struct group *g = *state;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	script_signals(g->f, 4, pages);
	assert_int_equal(panthor_mem_reclaim_client_with(g->f->fd, g->client, NULL, &res), 0);
	assert_true(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.freed_bytes, 20 * MODEL_PAGE);
}

static void errno_is_kept(void **state)
{
	struct group *g = *state;

	errno = EXDEV;
	assert_int_equal(panthor_mem_reclaim_client(g->f->fd, 0, NULL), -ESRCH);
	assert_int_equal(panthor_mem_claim_cgroup(g->f->fd, -1, NULL), -EBADF);
	assert_int_equal(panthor_mem_reclaim_cgroup(g->f->fd, g->fd, NULL), 0);
	assert_int_equal(errno, EXDEV);
}

/* Tests name processes of the model by real PIDs. */
static void numbers(void **state)
{
	struct group *g = *state;
	const struct model_proc *proc;

	for (proc = g->f->model->procs; proc; proc = proc->next) {
		assert_true(proc->tgid.nr[MODEL_NS_INIT] > LARGEST_PID);
		assert_true(proc->thread.nr[MODEL_NS_INIT] > LARGEST_PID);
	}
}

#define on_group(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_group(client),
		on_group(client_without_owner),
		on_group(cgroup),
		on_group(shared_inside),
		on_group(no_client),
		on_group(no_cgroup),
		on_group(other_errors),
		on_group(part_way),
		on_group(flags_of_targets),
		on_group(signals),
		on_group(errno_is_kept),
		on_group(numbers),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
