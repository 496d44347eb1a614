/* SPDX-License-Identifier: MIT */
/* panthor_mem_probe(): one test for each result. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <xf86drm.h>

#include "fixture.h"

/* Free swap as the library sees it: it calls this sysinfo() instead of the one of libc. */
static unsigned long free_swap = 1;

int sysinfo(struct sysinfo *info)
{
	*info = (struct sysinfo){ .totalswap = 1, .freeswap = free_swap, .mem_unit = 4096 };
	return 0;
}

static bool no_memory;

/* The library calls this one, too. On a lack of memory, the real one does not set errno. */
drmVersionPtr drmGetVersion(int fd)
{
	drmVersionPtr (*real)(int);

	*(void **)&real = dlsym(RTLD_NEXT, "drmGetVersion");
	if (!no_memory)
		return real(fd);
	errno = 0;
	return NULL;
}

static unsigned int versions_freed;

void drmFreeVersion(drmVersionPtr version)
{
	void (*real)(drmVersionPtr);

	*(void **)&real = dlsym(RTLD_NEXT, "drmFreeVersion");
	versions_freed++;
	real(version);
}

static void out_of_memory(void **state)
{
	struct fixture *f = *state;

	no_memory = true;
	assert_int_equal(panthor_mem_probe(f->fd), -ENOMEM);
	no_memory = false;
}

/* On success and on failure. */
static void frees_the_version(void **state)
{
	struct fixture *f = *state;

	versions_freed = 0;
	assert_int_equal(panthor_mem_probe(f->fd), 0);
	f->core.driver = "other";
	assert_int_equal(panthor_mem_probe(f->fd), -ENODEV);
	f->core.driver = "panthor";
	f->core.has_mem = false;
	assert_int_equal(panthor_mem_probe(f->fd), -ENOSYS);
	assert_int_equal(versions_freed, 3);
}

static void ready(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(panthor_mem_probe(f->fd), 0);
	/* The probe makes the ioctl, instead of concluding from the version that it exists. */
	assert_int_equal(f->core.mem_ioctls, 1);
}

static void changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct model_file *file = model_file_new(f->model, f->manager, 1);
	struct model_bo *bo = model_bo_new(f->model, file, BO_SIZE);
	int64_t before = f->model->now;

	assert_int_equal(panthor_mem_probe(f->fd), 0);
	assert_true(bo->resident);
	assert_int_equal(app_resident(f), APP_SIZE);
	assert_true(f->model->now == before);
}

static void driver_1_8_with_ioctls(void **state)
{
	struct fixture *f = *state;

	f->core.minor = 8;
	assert_int_equal(panthor_mem_probe(f->fd), 0);
}

static void driver_1_8_without(void **state)
{
	struct fixture *f = *state;

	f->core.minor = 8;
	f->core.has_mem = false;
	assert_int_equal(panthor_mem_probe(f->fd), -ENOSYS);
}

static void driver_1_9_without(void **state)
{
	struct fixture *f = *state;

	f->core.minor = 9;
	f->core.has_mem = false;
	assert_int_equal(panthor_mem_probe(f->fd), -ENOSYS);
}

static void driver_2(void **state)
{
	struct fixture *f = *state;

	f->core.major = 2;
	assert_int_equal(panthor_mem_probe(f->fd), -ENOSYS);
	/* The number can be any other ioctl in that version. */
	assert_int_equal(f->core.mem_ioctls, 0);
}

/*
 * Other ioctls with the same number, as another version of panthor might have them. A strict
 * one rejects the inputs of the probe. A careless one must find no handle in them, and the
 * probe must not take it for ours.
 */
struct foreign {
	uint32_t handle;
	uint32_t pad;
	uint64_t size;
	uint64_t address;
	uint8_t more[64];
};

static unsigned int acted;

static int foreign_destroy(struct drm_core *core, void *data)
{
	const struct foreign *arg = data;

	(void)core;
	if (arg->pad)
		return -EINVAL;
	acted++;
	return 0;
}

static int foreign_careless(struct drm_core *core, void *data)
{
	(void)core;
	(void)data;
	return 0;
}

static int foreign_zeroes(struct drm_core *core, void *data)
{
	memset(data, 0, core->foreign_size);
	return 0;
}

static int foreign_counts(struct drm_core *core, void *data)
{
	struct drm_panthor_mem_reclaim *arg = data;

	(void)core;
	arg->skipped_bytes++;
	return 0;
}

static void same_number_elsewhere(void **state)
{
	static int (*const fns[])(struct drm_core *, void *) = {
		foreign_destroy, foreign_careless, foreign_zeroes, foreign_counts,
	};
	static const size_t sizes[] = { 4, 8, 16, 24, 40, 56, 64, sizeof(struct foreign) };
	struct fixture *f = *state;
	unsigned int i, j;

	for (i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
		for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			f->core.foreign = fns[i];
			f->core.foreign_size = sizes[j];
			assert_int_equal(panthor_mem_probe(f->fd), -ENOSYS);
		}
	}
	assert_int_equal(acted, 0);
}

/* An ioctl that behaves like ours except for this one member. 0: no difference. */
static unsigned int odd;

static int foreign_nearly(struct drm_core *core, void *data)
{
	struct drm_panthor_mem_reclaim *arg = data;

	(void)core;
	arg->freed_bytes = odd == 1;
	arg->evicted_bytes -= odd != 2;
	arg->skipped_bytes -= odd != 3;
	arg->status = odd == 4 ? arg->status : 0;
	arg->flags += odd == 5;
	arg->tgid += odd == 6;
	arg->target += odd == 7;
	arg->max_bytes -= odd == 8;
	arg->deadline_ns -= odd == 9;
	return 0;
}

static void nearly_the_same(void **state)
{
	struct fixture *f = *state;

	f->core.foreign = foreign_nearly;
	f->core.foreign_size = sizeof(struct drm_panthor_mem_reclaim);
	for (odd = 0; odd <= 9; odd++)
		assert_int_equal(panthor_mem_probe(f->fd), odd ? -ENOSYS : 0);
}

static void other_driver(void **state)
{
	static const char *const names[] = { "panfrost", "pan", "panthor2", "amdgpu" };
	struct fixture *f = *state;
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		f->core.driver = names[i];
		assert_int_equal(panthor_mem_probe(f->fd), -ENODEV);
	}
	assert_int_equal(f->core.mem_ioctls, 0);
}

static void not_permitted(void **state)
{
	struct fixture *f = *state;

	f->manager->cap_sys_resource = false;
	assert_int_equal(panthor_mem_probe(f->fd), -EPERM);
	f->manager->cap_in_child_userns = true;
	assert_int_equal(panthor_mem_probe(f->fd), -EPERM);
}

static void no_swap(void **state)
{
	struct fixture *f = *state;

	model_swap_resize(f->model, 0);
	assert_int_equal(panthor_mem_probe(f->fd), -ENOSPC);
}

static void full_swap(void **state)
{
	struct fixture *f = *state;

	f->model->slots_reserved = f->model->n_slots;
	assert_int_equal(panthor_mem_probe(f->fd), -ENOSPC);
	f->model->slots_reserved--;
	assert_int_equal(panthor_mem_probe(f->fd), 0);
}

static void kernel_without_swap(void **state)
{
	struct fixture *f = *state;

	f->model->swap_supported = false;
	assert_int_equal(panthor_mem_probe(f->fd), -EOPNOTSUPP);
}

static void unplugged(void **state)
{
	struct fixture *f = *state;

	f->core.unplugged = true;
	assert_int_equal(panthor_mem_probe(f->fd), -ENODEV);
}

static void not_drm(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(panthor_mem_probe(fd), -ENOTTY);
	close(fd);
}

static void no_fd(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(panthor_mem_probe(-1), -EBADF);
	close(f->fd);
	assert_int_equal(panthor_mem_probe(f->fd), -EBADF);
	f->fd = -1;
}

/* The opener of a primary node that was master remains its owner: the caller owns no file. */
static void owns_no_file(void **state)
{
	struct fixture *f = *state;
	struct model_file *file = f->app->files[0];
	int fd = drm_core_open(file);

	close(f->fd);
	f->fd = fd;
	model_file_close(f->model, f->manager->files[0]);
	file->was_master = true;
	assert_int_equal(panthor_mem_reclaim(fd, 0, NULL), -ESRCH);
	assert_int_equal(panthor_mem_probe(fd), 0);
	/* The kernel would check swap after that, so the library does. */
	free_swap = 0;
	assert_int_equal(panthor_mem_probe(fd), -ENOSPC);
	free_swap = 1;
}

static void signals(void **state)
{
	static const int pages[] = { 0, 0, 0 };
	struct fixture *f = *state;

	script_signals(f, 3, pages);
	assert_int_equal(panthor_mem_probe(f->fd), 0);
	assert_int_equal(f->core.mem_ioctls, 4);
}

static void errno_is_kept(void **state)
{
	struct fixture *f = *state;

	errno = EXDEV;
	assert_int_equal(panthor_mem_probe(f->fd), 0);
	assert_int_equal(errno, EXDEV);
	f->core.has_mem = false;
	assert_int_equal(panthor_mem_probe(f->fd), -ENOSYS);
	assert_int_equal(panthor_mem_probe(-1), -EBADF);
	assert_int_equal(errno, EXDEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(ready),
		on_fixture(changes_nothing),
		on_fixture(driver_1_8_with_ioctls),
		on_fixture(driver_1_8_without),
		on_fixture(driver_1_9_without),
		on_fixture(driver_2),
		on_fixture(same_number_elsewhere),
		on_fixture(nearly_the_same),
		on_fixture(other_driver),
		on_fixture(not_permitted),
		on_fixture(no_swap),
		on_fixture(full_swap),
		on_fixture(kernel_without_swap),
		on_fixture(unplugged),
		on_fixture(not_drm),
		on_fixture(no_fd),
		on_fixture(owns_no_file),
		on_fixture(signals),
		on_fixture(errno_is_kept),
		on_fixture(out_of_memory),
		on_fixture(frees_the_version),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
