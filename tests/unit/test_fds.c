/* SPDX-License-Identifier: MIT */
/* The fd of a call: it stays open, need not be valid, and decides whose memory is meant. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fixture.h"

static void stays_open(void **state)
{
	struct fixture *f = *state;
	int flags = fcntl(f->fd, F_GETFD);

	/* The mock also sets it, so that no program that a test starts inherits the fd. */
	assert_true(flags & FD_CLOEXEC);
	assert_int_equal(panthor_mem_probe(f->fd), 0);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(fcntl(f->fd, F_GETFD), flags);
}

/* The calls leave no descriptor open. */
static void opens_none(void **state)
{
	struct fixture *f = *state;
	const unsigned int before = open_descriptors();

	assert_int_equal(panthor_mem_probe(f->fd), 0);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(open_descriptors(), before);
}

static void duplicate(void **state)
{
	struct fixture *f = *state;
	int fd = dup(f->fd);
	uint64_t freed = 0;

	assert_true(fd >= 0);
	assert_int_equal(panthor_mem_reclaim(fd, app_tgid(f), &freed), 0);
	assert_int_equal(freed, APP_SIZE);
	close(fd);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(app_resident(f), APP_SIZE);
}

static void closed(void **state)
{
	struct fixture *f = *state;
	uint64_t bytes = 1;

	close(f->fd);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &bytes), -EBADF);
	assert_int_equal(bytes, 0);
	bytes = 1;
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &bytes), -EBADF);
	assert_int_equal(bytes, 0);
	f->fd = -1;
	assert_int_equal(panthor_mem_reclaim(-1, app_tgid(f), NULL), -EBADF);
	assert_int_equal(app_resident(f), APP_SIZE);
}

static void number_taken_by_another(void **state)
{
	struct fixture *f = *state;
	int fd = f->fd;

	close(fd);
	f->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(f->fd, fd);
	assert_int_equal(panthor_mem_reclaim(fd, app_tgid(f), NULL), -ENOTTY);
	assert_int_equal(panthor_mem_claim(fd, app_tgid(f), NULL), -ENOTTY);
}

/* Why a caller must use a file that it opened itself: the last caller becomes the owner. */
static void of_another_process(void **state)
{
	struct fixture *f = *state;
	int fd = drm_core_open(f->app->files[0]);

	assert_int_equal(panthor_mem_reclaim(fd, app_tgid(f), NULL), -ESRCH);
	assert_int_equal(panthor_mem_reclaim(fd, 0, NULL), 0);
	assert_int_equal(app_resident(f), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(stays_open),
		on_fixture(opens_none),
		on_fixture(duplicate),
		on_fixture(closed),
		on_fixture(number_taken_by_another),
		on_fixture(of_another_process),
	};

	return cmocka_run_group_tests_name("fds", tests, NULL, NULL);
}
