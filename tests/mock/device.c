/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "drm_core.h"
#include "model.h"

#define MIB (1024ull * 1024)
#define STEP_NS 1000000

static struct {
	struct model *model;
	struct model_proc *self;
	struct drm_core core;
	struct model_event step;
	int64_t slow;
} device;

static long number(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value ? atol(value) : otherwise;
}

/* Called at every millisecond of the model's clock. */
static void step(struct model *m, void *arg)
{
	struct model_event *event = arg;

	drm_core_sleep(STEP_NS * device.slow);
	event->at = m->now + STEP_NS;
	event->done = false;
}

static void add_app(int pid, unsigned long mib)
{
	struct model_proc *proc = model_proc_new(device.model, MODEL_NS_INIT);
	struct model_file *file;

	proc->tgid.nr[MODEL_NS_INIT] = pid;
	file = model_file_new(device.model, proc, 1);
	for (; mib; mib--) {
		struct model_bo *bo = model_bo_new(device.model, file, MIB);

		if (!bo || model_bo_bind(device.model, bo, &file->vms[0]))
			abort();
	}
}

static void stop(void)
{
	drm_core_stop();
	model_free(device.model);
	device.model = NULL;
}

static void start(const char *apps)
{
	struct timespec t;
	unsigned long mib;
	int pid, n;

	device.model = model_new();
	/* Callers calculate deadlines from the real clock. */
	clock_gettime(CLOCK_MONOTONIC, &t);
	device.model->now = t.tv_sec * 1000000000ll + t.tv_nsec;
	model_swap_resize(device.model, (size_t)number("MOCK_SWAP", 128) * MIB / MODEL_PAGE);
	device.slow = number("MOCK_SLOW", 0);
	if (device.slow) {
		device.step = (struct model_event){
			.at = device.model->now, .fn = step, .arg = &device.step,
		};
		device.model->event = &device.step;
	}

	drm_core_start(&device.core, device.model);
	device.self = model_proc_new(device.model, MODEL_NS_INIT);
	device.self->cap_sys_resource = true;
	device.model->current = device.self;
	for (; sscanf(apps, "%d:%lu%n", &pid, &mib, &n) == 2; apps += apps[n] ? n + 1 : n)
		add_app(pid, mib);
	atexit(stop);
}

int open(const char *path, int flags, ...)
{
	const char *apps = getenv("MOCK_APPS");
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (!apps || strcmp(path, DEVICE_PATH))
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (!device.model)
		start(apps);
	return drm_core_open(model_file_new(device.model, device.self, 0));
}

int sysinfo(struct sysinfo *info)
{
	struct model_counters c;

	if (!device.model)
		return (int)syscall(SYS_sysinfo, info);
	model_counters(device.model, &c);
	*info = (struct sysinfo){
		.totalswap = c.swap_used + c.swap_free,
		.freeswap = c.swap_free,
		.mem_unit = 1,
	};
	return 0;
}
