/* SPDX-License-Identifier: MIT */
/* The DRM core's ioctl dispatch, as user space sees it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <drm.h>
#include <panthor_mem.h>

#include "drm_core.h"
#include "mock_fd.h"
#include "user_copy.h"

#define TARGETS (DRM_PANTHOR_MEM_TARGET_PIDFD | DRM_PANTHOR_MEM_TARGET_CLIENT | \
		 DRM_PANTHOR_MEM_TARGET_CGROUP)

static struct {
	struct drm_core *core;
	pthread_once_t once;
	/* Recursive, because an event during an ioctl may issue another. */
	pthread_mutex_t lock;
} state = {
	.once = PTHREAD_ONCE_INIT,
};

static void make_lock(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&state.lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

/* Programs may issue ioctls before there is a device. */
static void lock(void)
{
	pthread_once(&state.once, make_lock);
	pthread_mutex_lock(&state.lock);
}

void drm_core_start(struct drm_core *core, struct model *m)
{
	*core = (struct drm_core){
		.model = m,
		.driver = "panthor",
		.major = 1,
		.minor = 10,
		.has_mem = true,
	};
	state.core = core;
}

void drm_core_stop(void)
{
	mock_fd_forget();
	state.core = NULL;
}

int drm_core_open(struct model_file *file)
{
	return mock_fd_add(memfd_create("renderD128", MFD_CLOEXEC), MOCK_FD_FILE, file);
}

/* --- handlers: 0 or -errno; @data is the kernel's copy ------------------- */

/* As with snprintf(): copies what fits, and returns the whole length. */
static int copy_field(char *to, __kernel_size_t *length, const char *value)
{
	size_t room = *length;
	size_t n = strlen(value);

	*length = n;
	if (n > room)
		n = room;
	return n && to ? user_copy_to(to, value, n) : 0;
}

static int version(struct drm_core *core, void *data)
{
	struct drm_version *v = data;
	int ret;

	v->version_major = core->major;
	v->version_minor = core->minor;
	v->version_patchlevel = 0;
	ret = copy_field(v->name, &v->name_len, core->driver);
	if (!ret)
		ret = copy_field(v->date, &v->date_len, "0");
	if (!ret)
		ret = copy_field(v->desc, &v->desc_len, "model of panthor");
	return ret;
}

/*
 * The calling process has a PID in the model and a real one. It may name itself by
 * either.
 */
static uint32_t model_tgid(const struct drm_core *core, uint32_t tgid)
{
	struct model *m = core->model;

	if (tgid != (uint32_t)getpid() || model_find_pid(m, m->current->ns, (pid_t)tgid))
		return tgid;
	return 0;
}

static int mem_reclaim(struct drm_core *core, void *data)
{
	struct drm_panthor_mem_reclaim *arg = data;
	uint32_t tgid = arg->tgid;
	int ret;

	core->mem_ioctls++;
	if (core->no_targets && arg->flags & TARGETS)
		return -EINVAL;
	arg->tgid = model_tgid(core, tgid);
	model_call_begin(core->model);
	ret = model_mem_reclaim(core->model, arg);
	arg->tgid = tgid;
	model_call_end(core->model);
	return ret;
}

static int mem_claim(struct drm_core *core, void *data)
{
	struct drm_panthor_mem_claim *arg = data;
	uint32_t tgid = arg->tgid;
	int ret;

	core->mem_ioctls++;
	if (core->no_targets && arg->flags & TARGETS)
		return -EINVAL;
	arg->tgid = model_tgid(core, tgid);
	model_call_begin(core->model);
	ret = model_mem_claim(core->model, arg);
	arg->tgid = tgid;
	model_call_end(core->model);
	return ret;
}

struct handler {
	unsigned long request;
	int (*fn)(struct drm_core *core, void *data);
	bool mem;
};

static const struct handler handlers[] = {
	{ DRM_IOCTL_VERSION, version, false },
	{ DRM_IOCTL_PANTHOR_MEM_RECLAIM, mem_reclaim, true },
	{ DRM_IOCTL_PANTHOR_MEM_CLAIM, mem_claim, true },
};

/* Only the number identifies an ioctl: another version has another size. */
static const struct handler *find_handler(const struct drm_core *core, unsigned long request)
{
	size_t i;

	for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (_IOC_NR(handlers[i].request) == _IOC_NR(request))
			return handlers[i].mem && !core->has_mem ? NULL : &handlers[i];
	}
	return NULL;
}

static bool is_result_lost(const struct drm_core *core)
{
	return core->first_lost && core->mem_ioctls >= core->first_lost;
}

/*
 * The argument is as long as the longer version of the struct. Missing members are 0 to the
 * kernel, members that it does not know are ignored. The argument is copied back even if the
 * handler failed.
 */
static int dispatch(struct drm_core *core, struct model_file *file, unsigned long request,
		    void *user)
{
	const struct handler *h;
	size_t in, out, size;
	void *data;
	int ret;

	core->ioctls++;
	if (core->last_version && request == DRM_IOCTL_VERSION && !--core->last_version)
		core->unplugged = true;
	if (core->unplugged || file->closed)
		return -ENODEV;
	if (_IOC_TYPE(request) != DRM_IOCTL_BASE)
		return -ENOTTY;
	h = find_handler(core, request);
	if (!h)
		return -EINVAL;

	in = _IOC_DIR(request) & _IOC_WRITE ? _IOC_SIZE(request) : 0;
	out = _IOC_DIR(request) & _IOC_READ ? _IOC_SIZE(request) : 0;
	size = h->mem && core->foreign ? core->foreign_size : _IOC_SIZE(h->request);
	if (size < in)
		size = in;
	if (size < out)
		size = out;

	data = calloc(1, size);
	if (!data)
		abort();
	ret = user_copy_from(data, user, in);
	if (!ret) {
		model_file_use(file, core->model->current);
		ret = h->mem && core->foreign ? core->foreign(core, data) : h->fn(core, data);
		if ((h->mem && is_result_lost(core)) || user_copy_to(user, data, out))
			ret = -EFAULT;
	}
	free(data);
	return ret;
}

bool drm_core_sleep(int64_t ns)
{
	const struct timespec t = { ns / 1000000000, ns % 1000000000 };
	bool slept;

	pthread_mutex_unlock(&state.lock);
	slept = !clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
	pthread_mutex_lock(&state.lock);
	return slept;
}

/* PIDFD_GET_INFO, of any size. */
static bool is_pidfd_info(unsigned long request)
{
	return _IOC_TYPE(request) == 0xFF && _IOC_NR(request) == 11;
}

/* The PID comes after the mask and the id of a cgroup. */
static bool lies(const struct drm_core *core, int fd, unsigned long request, void *arg)
{
	const uint32_t tgid = core ? (uint32_t)core->liar_tgid : 0;

	return core && core->liar && fd == core->liar && is_pidfd_info(request) &&
	       !user_copy_to((char *)arg + 16, &tgid, sizeof(tgid));
}

/* With musl, the request is an int; its bits are what counts. */
#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

int ioctl(int fd, ioctl_request number, ...)
{
	const unsigned long request = (unsigned int)number;
	int refused = 0;
	bool lied;
	struct model_file *file;
	va_list args;
	void *arg;
	int ret = 0;

	va_start(args, number);
	arg = va_arg(args, void *);
	va_end(args);

	lock();
	file = state.core ? mock_fd_thing(fd, MOCK_FD_FILE) : NULL;
	if (file)
		ret = dispatch(state.core, file, request, arg);
	if (state.core && is_pidfd_info(request))
		refused = state.core->old_pidfd ? ENOTTY : state.core->pidfd_error;
	lied = lies(state.core, fd, request, arg);
	pthread_mutex_unlock(&state.lock);

	if (lied)
		return 0;

	if (!file && refused) {
		errno = fcntl(fd, F_GETFD) < 0 ? EBADF : refused;
		return -1;
	}
	if (!file)
		return (int)syscall(SYS_ioctl, fd, (unsigned long)number, arg);
	if (ret < 0) {
		errno = -ret;
		return -1;
	}
	return 0;
}
