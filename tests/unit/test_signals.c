/* SPDX-License-Identifier: MIT */
/*
 * Signals do not make a call lose counts. The library uses the real drmIoctl() here, which
 * repeats the ioctl with the same struct on EINTR.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "mock_fd.h"
#include "process.h"

static void before_anything(void **state)
{
	static const int pages[] = { 0, 0, 0, 0, 0 };
	struct fixture *f = *state;
	uint64_t freed = 0, claimed = 0;

	script_signals(f, 5, pages);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &freed), 0);
	assert_int_equal(freed, APP_SIZE);
	assert_int_equal(f->core.mem_ioctls, 6);

	script_signals(f, 5, pages);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &claimed), 0);
	assert_int_equal(claimed, APP_SIZE);
	assert_int_equal(f->core.mem_ioctls, 12);
	check_content(f);
}

/* Two signals before anything was done, then one in the middle of the second BO. */
static void in_the_middle_of_reclaim(void **state)
{
	static const int pages[] = { 0, 0, 20, MODEL_NO_SIGNAL };
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	script_signals(f, 4, pages);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED,
			 DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.freed_bytes, 20 * MODEL_PAGE);
	assert_int_equal(res.evicted_bytes, 2 * BO_SIZE);
	assert_int_equal(f->core.mem_ioctls, 3);

	/* The caller continues, and the two counts add up to the whole size. */
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED, 0);
	assert_int_equal(res.freed_bytes, APP_SIZE - 20 * MODEL_PAGE);
	assert_int_equal(app_resident(f), 0);
}

static void in_the_middle_of_claim(void **state)
{
	static const int pages[] = { 0, 20, MODEL_NO_SIGNAL };
	struct fixture *f = *state;
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	script_signals(f, 3, pages);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.claimed_bytes, BO_SIZE);
	assert_int_equal(res.remaining_bytes, APP_SIZE - BO_SIZE);

	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status, 0);
	assert_int_equal(res.claimed_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(res.remaining_bytes, 0);
	check_content(f);
}

/* A prefetch maps nothing, but what it has read counts as done. */
static void in_the_middle_of_a_prefetch(void **state)
{
	static const int pages[] = { 0, 20, MODEL_NO_SIGNAL };
	struct fixture *f = *state;
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;

	opts.flags = DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	f->core.mem_ioctls = 0;
	script_signals(f, 3, pages);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.claimed_bytes, 0);
	assert_int_equal(res.remaining_bytes, APP_SIZE);
	assert_int_equal(f->core.mem_ioctls, 2);
}

/* The same for a signal at each page: each byte is counted exactly once. */
static void at_every_page(void **state)
{
	struct fixture *f = *state;
	const int n = APP_SIZE / MODEL_PAGE;
	int at;

	for (at = 0; at <= n; at++) {
		const int pages[] = { at };
		uint64_t one = 0, two = 0;

		script_signals(f, 1, pages);
		assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
		assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
		assert_int_equal(app_resident(f), APP_SIZE);

		script_signals(f, 1, pages);
		assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &one), 0);
		assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &two), 0);
		assert_int_equal(app_resident(f), 0);
		assert_int_equal(one, at ? (uint64_t)at * MODEL_PAGE : APP_SIZE);
		assert_int_equal(one + two, APP_SIZE);
	}
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	check_content(f);
}

static void ring_bell(struct model *m, void *arg)
{
	(void)arg;
	m->signal = true;
}

/* The deadline is a point in time: repeating the call does not move it. */
static void deadline_stays(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int64_t start = f->model->now;
	struct model_event event = { .at = start + 600000000, .fn = ring_bell };

	assert_int_equal(model_submit(f->model, f->vm, 5000000000), 0);
	f->model->event = &event;
	opts.deadline_ns = start + 1000000000;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.evicted_bytes, 0);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_BUSY, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_int_equal(f->core.mem_ioctls, 2);
	assert_true(f->model->now == opts.deadline_ns);
}

/* --- PANTHOR_MEM_INTERRUPTIBLE ---------------------------------------------- */

enum how { BY_TGID, BY_PIDFD, BY_CLIENT, BY_CGROUP, HOWS };

static int reclaim_by(struct fixture *f, enum how how, int fd,
		      const struct panthor_mem_reclaim_options *opts,
		      struct panthor_mem_reclaim_result *res)
{
	switch (how) {
	case BY_PIDFD:
		return panthor_mem_reclaim_pidfd_with(f->fd, fd, opts, res);
	case BY_CLIENT:
		return panthor_mem_reclaim_client_with(f->fd, f->vm->file->id, opts, res);
	case BY_CGROUP:
		return panthor_mem_reclaim_cgroup_with(f->fd, fd, opts, res);
	default:
		return panthor_mem_reclaim_with(f->fd, app_tgid(f), opts, res);
	}
}

static int claim_by(struct fixture *f, enum how how, int fd,
		    const struct panthor_mem_claim_options *opts,
		    struct panthor_mem_claim_result *res)
{
	switch (how) {
	case BY_PIDFD:
		return panthor_mem_claim_pidfd_with(f->fd, fd, opts, res);
	case BY_CLIENT:
		return panthor_mem_claim_client_with(f->fd, f->vm->file->id, opts, res);
	case BY_CGROUP:
		return panthor_mem_claim_cgroup_with(f->fd, fd, opts, res);
	default:
		return panthor_mem_claim_with(f->fd, app_tgid(f), opts, res);
	}
}

/* One ioctl, which does nothing: the result is 0, and errno is unchanged. */
static void cancels_reclaim(struct fixture *f, enum how how, int fd)
{
	static const int pages[] = { 0, 0 };
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = { sizeof(res), 9, 9, 9, 9 };
	const unsigned int before = f->core.mem_ioctls;

	opts.flags = PANTHOR_MEM_INTERRUPTIBLE;
	script_signals(f, 2, pages);
	errno = EXDEV;
	assert_int_equal(reclaim_by(f, how, fd, &opts, &res), -EINTR);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(f->core.mem_ioctls, before + 1);
	assert_int_equal(res.size, sizeof(res));
	assert_int_equal(res.freed_bytes + res.evicted_bytes + res.skipped_bytes, 0);
	assert_int_equal(res.status, 0);
	assert_int_equal(app_resident(f), APP_SIZE);

	/* Without the flag, the second signal makes the call start over. */
	opts.flags = 0;
	assert_int_equal(reclaim_by(f, how, fd, &opts, &res), 0);
	assert_int_equal(f->core.mem_ioctls, before + 3);
	assert_int_equal(res.freed_bytes, APP_SIZE);
}

static void cancels_claim(struct fixture *f, enum how how, int fd)
{
	static const int pages[] = { 0, 0 };
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = { sizeof(res), 9, 9, 9 };
	const unsigned int before = f->core.mem_ioctls;

	opts.flags = PANTHOR_MEM_INTERRUPTIBLE;
	script_signals(f, 2, pages);
	errno = EXDEV;
	assert_int_equal(claim_by(f, how, fd, &opts, &res), -EINTR);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(f->core.mem_ioctls, before + 1);
	assert_int_equal(res.size, sizeof(res));
	assert_int_equal(res.claimed_bytes + res.remaining_bytes, 0);
	assert_int_equal(res.status, 0);
	assert_int_equal(app_resident(f), 0);

	opts.flags = 0;
	assert_int_equal(claim_by(f, how, fd, &opts, &res), 0);
	assert_int_equal(f->core.mem_ioctls, before + 3);
	assert_int_equal(res.claimed_bytes, APP_SIZE);
}

static void interruptible(void **state)
{
	int fds[HOWS] = { [BY_TGID] = -1, [BY_CLIENT] = -1 };
	struct fixture *f = *state;
	struct process p;
	enum how how;

	assert_int_equal(process_start(&p), 0);
	f->app->tgid.nr[MODEL_NS_INIT] = p.pid;
	f->app->tgid.cgroup = model_cgroup_new(f->model, NULL);
	fds[BY_PIDFD] = p.pidfd;
	fds[BY_CGROUP] = mock_fd_add(memfd_create("cgroup", MFD_CLOEXEC), MOCK_FD_CGROUP,
				     f->app->tgid.cgroup);
	for (how = BY_TGID; how < HOWS; how++) {
		cancels_reclaim(f, how, fds[how]);
		cancels_claim(f, how, fds[how]);
	}
	check_content(f);
	close(fds[BY_CGROUP]);
	process_reap(&p);
	close(p.pidfd);
}

/* On a kernel that takes only PIDs, the second ioctl is not repeated either. */
static void interruptible_by_number(void **state)
{
	static const int pages[] = { 0 };
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct process p;

	assert_int_equal(process_start(&p), 0);
	f->app->tgid.nr[MODEL_NS_INIT] = p.pid;
	f->core.no_targets = true;
	ro.flags = co.flags = PANTHOR_MEM_INTERRUPTIBLE;
	script_signals(f, 1, pages);
	assert_int_equal(panthor_mem_reclaim_pidfd_with(f->fd, p.pidfd, &ro, NULL), -EINTR);
	assert_int_equal(f->core.mem_ioctls, 2);
	assert_int_equal(app_resident(f), APP_SIZE);
	assert_int_equal(panthor_mem_reclaim_pidfd_with(f->fd, p.pidfd, &ro, NULL), 0);
	assert_int_equal(app_resident(f), 0);
	script_signals(f, 1, pages);
	assert_int_equal(panthor_mem_claim_pidfd_with(f->fd, p.pidfd, &co, NULL), -EINTR);
	assert_int_equal(f->core.mem_ioctls, 6);
	assert_int_equal(app_resident(f), 0);
	process_reap(&p);
	close(p.pidfd);
}

/* Once something was done, the call returns a short count with the flag, too. */
static void interruptible_in_the_middle(void **state)
{
	static const int pages[] = { 20, 20 };
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;

	ro.flags = co.flags = PANTHOR_MEM_INTERRUPTIBLE;
	script_signals(f, 1, pages);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &ro, &rr), 0);
	assert_true(rr.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(rr.freed_bytes, 20 * MODEL_PAGE);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	script_signals(f, 1, pages);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co, &cr), 0);
	assert_int_equal(cr.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(cr.claimed_bytes, BO_SIZE);
}

/* The call waits for a busy GPU until a late deadline: the signal ends it. */
static void interruptible_while_waiting(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	const int64_t start = f->model->now;
	struct model_event event = { .at = start + 600000000, .fn = ring_bell };

	assert_int_equal(model_submit(f->model, f->vm, 5000000000), 0);
	f->model->event = &event;
	opts.flags = PANTHOR_MEM_INTERRUPTIBLE;
	opts.deadline_ns = start + 4000000000;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, NULL), -EINTR);
	assert_true(f->model->now == event.at);
	assert_int_equal(app_resident(f), APP_SIZE);
	f->model->event = NULL;
}

/* It can be combined with flags of the kernel, which does not see it. */
static void interruptible_with_others(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;

	ro.flags = PANTHOR_MEM_INTERRUPTIBLE | DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &ro, NULL), 0);
	assert_int_equal(app_resident(f), 0);
	assert_int_equal(f->model->slots_used, 0);
	co.flags = PANTHOR_MEM_INTERRUPTIBLE | DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co, NULL), 0);
	assert_int_equal(app_resident(f), 0);
	/* An unknown flag beside it is still rejected. */
	ro.flags = PANTHOR_MEM_INTERRUPTIBLE | 1u << 30;
	co.flags = ro.flags;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &ro, NULL), -EINVAL);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(before_anything),
		on_fixture(in_the_middle_of_reclaim),
		on_fixture(in_the_middle_of_claim),
		on_fixture(in_the_middle_of_a_prefetch),
		on_fixture(at_every_page),
		on_fixture(deadline_stays),
		on_fixture(interruptible),
		on_fixture(interruptible_by_number),
		on_fixture(interruptible_in_the_middle),
		on_fixture(interruptible_while_waiting),
		on_fixture(interruptible_with_others),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
