/* SPDX-License-Identifier: MIT */
/*
 * The part of the mock that stands for the DRM core: what drm_ioctl() does with sizes,
 * unknown numbers and bad addresses. The tests make direct ioctls, like a program that does
 * not use the library.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "fixture.h"

static int direct(struct fixture *f, unsigned long request, void *arg)
{
	return drmIoctl(f->fd, request, arg) ? -errno : 0;
}

static void two_passes_of_version(void **state)
{
	struct fixture *f = *state;
	struct drm_version raw = { 0 };
	char name[3] = "xyz";
	drmVersionPtr v;

	f->core.minor = 9;
	v = drmGetVersion(f->fd);
	assert_non_null(v);
	assert_string_equal(v->name, "panthor");
	assert_int_equal(v->name_len, 7);
	assert_int_equal(v->version_major, 1);
	assert_int_equal(v->version_minor, 9);
	assert_string_equal(v->desc, "model of panthor");
	drmFreeVersion(v);

	/* If the buffer is too short, it gets what fits, and the length is the whole one. */
	raw.name = name;
	raw.name_len = 2;
	assert_int_equal(direct(f, DRM_IOCTL_VERSION, &raw), 0);
	assert_int_equal(raw.name_len, 7);
	assert_memory_equal(name, "paz", 3);
}

static void inputs_are_not_modified(void **state)
{
	struct fixture *f = *state;
	struct drm_panthor_mem_reclaim r = {
		.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
		.tgid = (uint32_t)app_tgid(f),
		.max_bytes = BO_SIZE,
		.deadline_ns = 77,
		.freed_bytes = 1, .evicted_bytes = 2, .skipped_bytes = 3, .status = 4,
	};

	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &r), 0);
	assert_int_equal(r.flags, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT);
	assert_int_equal(r.tgid, app_tgid(f));
	assert_int_equal(r.max_bytes, BO_SIZE);
	assert_int_equal(r.deadline_ns, 77);
	assert_int_equal(r.freed_bytes, 0);
	assert_int_equal(r.evicted_bytes, BO_SIZE);
}

/* A shorter struct of an older header: the kernel takes the rest as 0 and does not write it. */
static void short_struct(void **state)
{
	struct fixture *f = *state;
	struct {
		uint32_t flags, tgid;
		uint64_t target, max_bytes, behind;
	} arg = { .tgid = (uint32_t)app_tgid(f), .max_bytes = 1, .behind = 0x1234 };
	unsigned long request = DRM_IOC(DRM_IOC_READWRITE, DRM_IOCTL_BASE,
					DRM_COMMAND_BASE + DRM_PANTHOR_MEM_RECLAIM, 24);

	assert_int_equal(direct(f, request, &arg), 0);
	assert_int_equal(app_resident(f), APP_SIZE - BO_SIZE);
	assert_int_equal(arg.behind, 0x1234);
	assert_int_equal(arg.max_bytes, 1);
}

static void long_struct(void **state)
{
	struct fixture *f = *state;
	struct {
		struct drm_panthor_mem_claim now;
		uint64_t later;
	} arg = { .now.tgid = (uint32_t)app_tgid(f), .later = 0x1234 };
	unsigned long request = DRM_IOWR(DRM_COMMAND_BASE + DRM_PANTHOR_MEM_CLAIM,
					 uint8_t[sizeof(arg)]);

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(direct(f, request, &arg), 0);
	assert_int_equal(arg.now.claimed_bytes, APP_SIZE);
	/* The kernel does not know this member and returns it unchanged. */
	assert_int_equal(arg.later, 0x1234);
}

static void copied_back_on_error(void **state)
{
	struct fixture *f = *state;
	struct drm_panthor_mem_reclaim r = { .tgid = 999, .freed_bytes = 5 };

	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &r), -ESRCH);
	assert_int_equal(r.freed_bytes, 0);
	assert_int_equal(r.tgid, 999);
}

static void pad_and_tgid_range(void **state)
{
	struct fixture *f = *state;
	struct drm_panthor_mem_reclaim r = { .pad = 1 };
	struct drm_panthor_mem_claim c = { .pad = 0x80000000 };

	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &r), -EINVAL);
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_CLAIM, &c), -EINVAL);
	r = (struct drm_panthor_mem_reclaim){ .tgid = 0x80000000 };
	c = (struct drm_panthor_mem_claim){ .tgid = UINT32_MAX };
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &r), -EINVAL);
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_CLAIM, &c), -EINVAL);
}

static void unknown_numbers(void **state)
{
	struct fixture *f = *state;
	uint64_t arg[8] = { 0 };

	assert_int_equal(direct(f, DRM_IOWR(DRM_COMMAND_BASE + 0x13, uint8_t[56]), arg), -EINVAL);
	assert_int_equal(direct(f, DRM_IOWR(0xff, uint8_t[56]), arg), -EINVAL);
	assert_int_equal(direct(f, _IOWR('x', 0x51, uint8_t[56]), arg), -ENOTTY);
	f->core.has_mem = false;
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_CLAIM, arg), -EINVAL);
}

static void bad_address(void **state)
{
	struct fixture *f = *state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct drm_panthor_mem_reclaim *r;

	assert_true(map != MAP_FAILED);
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, NULL), -EFAULT);

	/* The end of the struct is not mapped. */
	assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
	r = (void *)(map + page - 48);
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, r), -EFAULT);
	assert_int_equal(app_resident(f), APP_SIZE);

	/* The struct is read-only: the work is done, but the result is lost. */
	r = (void *)map;
	r->tgid = (uint32_t)app_tgid(f);
	assert_int_equal(mprotect(map, page, PROT_READ), 0);
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, r), -EFAULT);
	assert_int_equal(app_resident(f), 0);
	munmap(map, 2 * page);
}

/* drmIoctl() repeats on EINTR. A plain ioctl() returns it, and nothing was done. */
static void plain_ioctl_sees_eintr(void **state)
{
	static const int pages[] = { 0 };
	struct fixture *f = *state;
	struct drm_panthor_mem_reclaim r = { .tgid = (uint32_t)app_tgid(f) };

	script_signals(f, 1, pages);
	assert_int_equal(ioctl(f->fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &r), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(app_resident(f), APP_SIZE);
	assert_int_equal(ioctl(f->fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &r), 0);
	assert_int_equal(r.freed_bytes, APP_SIZE);
}

static void unplugged(void **state)
{
	struct fixture *f = *state;
	uint64_t arg[8] = { 0 };

	f->core.unplugged = true;
	/* This is checked before anything else. */
	assert_int_equal(direct(f, _IOWR('x', 0x51, uint8_t[56]), arg), -ENODEV);
	assert_int_equal(direct(f, DRM_IOCTL_PANTHOR_MEM_RECLAIM, NULL), -ENODEV);
}

/* All other fds work as without the mock. */
static void other_fds(void **state)
{
	int fds[2], n = -1;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "12345", 5), 5);
	assert_int_equal(ioctl(fds[0], FIONREAD, &n), 0);
	assert_int_equal(n, 5);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(two_passes_of_version),
		on_fixture(inputs_are_not_modified),
		on_fixture(short_struct),
		on_fixture(long_struct),
		on_fixture(copied_back_on_error),
		on_fixture(pad_and_tgid_range),
		on_fixture(unknown_numbers),
		on_fixture(bad_address),
		on_fixture(plain_ioctl_sees_eintr),
		on_fixture(unplugged),
		on_fixture(other_fds),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
