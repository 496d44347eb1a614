/* SPDX-License-Identifier: MIT */
/*
 * Faults below the ioctls on the real driver: a driver is unbound, a disk has a bad sector, a
 * memory cgroup is full. Parameters of the simulated GPU make its MMU, caches and firmware fail.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpu/bo.h"
#include "gpu/sim.h"
#include "gpu/sysmem.h"
#include "world_driver.h"

#define CGROUP "/sys/fs/cgroup/panthor-mem-conformance"
/* Give up waiting for a reset after this many tries. */
#define RECOVERY_TRIES 6000
#define RECOVERY_PAUSE (10 * WORLD_MS)

/* --- memory --------------------------------------------------------------- */

int guest_limited_cgroup(struct world *w, const char **folder)
{
	*folder = CGROUP;
	if (w->limited)
		return 0;
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		return -errno;
	w->limited = true;
	return 0;
}

/* Forbid swap, so that nothing can be paged out, and leave room for @pages more pages. */
static int limit_memory(struct world *w, uint64_t pages)
{
	char text[32];
	int64_t now;
	int ret;

	if (!w->limited)
		return -ENOENT;
	ret = sysmem_write_file(CGROUP "/memory.swap.max", "0");
	if (!ret)
		ret = sysmem_read_number(CGROUP "/memory.current", &now);
	if (ret)
		return ret;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)now + pages * WORLD_PAGE);
	return sysmem_write_file(CGROUP "/memory.max", text);
}

static int unlimit_memory(struct world *w)
{
	int ret;

	if (!w->limited)
		return 0;
	ret = sysmem_write_file(CGROUP "/memory.max", "max");
	return ret ? ret : sysmem_write_file(CGROUP "/memory.swap.max", "max");
}

/* --- the GPU --------------------------------------------------------------- */

/* Set a countdown of the simulated GPU to a fault, after which it may be reset. */
static int arm(struct world *w, const char *name, unsigned int nth, bool resets_gpu)
{
	int ret = sim_stat("resets", &w->armed.resets);

	if (!ret)
		ret = sim_stat("boots", &w->armed.boots);
	if (!ret)
		ret = sim_param_set(name, nth);
	if (!ret) {
		w->armed.parameter = name;
		w->armed.resets_gpu = resets_gpu;
	}
	return ret;
}

/* Wait until both counters have increased. The boot of the firmware ends a reset. */
static int wait_for_reset(struct world *w)
{
	for (int i = 0; i < RECOVERY_TRIES; i++) {
		int64_t resets, boots;
		int ret = sim_stat("resets", &resets);

		if (!ret)
			ret = sim_stat("boots", &boots);
		if (ret)
			return ret;
		if (resets > w->armed.resets && boots > w->armed.boots)
			return 0;
		world_sleep(w, RECOVERY_PAUSE);
	}
	return -ETIME;
}

static int recover_gpu(struct world *w, bool *struck)
{
	const char *name = w->armed.parameter;
	int64_t left;
	int ret;

	if (!name)
		return 0;
	w->armed.parameter = NULL;
	ret = sim_param_get(name, &left);
	if (ret)
		return ret;
	*struck = !left;
	if (left)
		return sim_param_set(name, 0);
	if (!w->armed.resets_gpu)
		return 0;
	ret = wait_for_reset(w);
	/* The case asked for this reset. */
	w->troubles[SIM_RESETS]++;
	return ret;
}

static int unplug(struct world *w)
{
	w->unplugged = true;
	return gpu_unbind(&w->binding);
}

/* --- all faults ------------------------------------------------------------ */

int guest_fault(struct world *w, enum world_fault fault, unsigned int nth)
{
	w->faults = true;
	switch (fault) {
	case WORLD_FAULT_UNPLUG:
		w->faults_uncounted = true;
		return unplug(w);
	case WORLD_FAULT_SWAP_READ:
		return swap_fail_read(&w->swap, nth);
	case WORLD_FAULT_SWAP_WRITE:
		w->swap_refuses = true;
		return swap_refuse_writes(&w->swap, true);
	case WORLD_FAULT_NO_MEMORY:
		return limit_memory(w, nth - 1);
	case WORLD_FAULT_MMU_TIMEOUT:
		return arm(w, "lock_stuck", nth, true);
	case WORLD_FAULT_FLUSH_TIMEOUT:
		return arm(w, "flush_lost", nth, true);
	case WORLD_FAULT_BOOT:
		w->faults_uncounted = true;
		return arm(w, "boot_fails", nth, false);
	case WORLD_FAULT_NO_SWAP_SUPPORT:
		/* The kernel has no swap, or world_features() would not have the bit. */
		return 0;
	}
	return -EINVAL;
}

/* *@struck is false if a parameter was set and its fault has not happened. */
static int guest_recover(struct world *w, bool *struck)
{
	int ret, other;

	*struck = true;
	ret = recover_gpu(w, struck);
	other = unlimit_memory(w);
	if (!ret)
		ret = other;
	other = swap_heal(&w->swap);
	if (!ret)
		ret = other;
	other = w->swap_refuses ? swap_refuse_writes(&w->swap, false) : 0;
	w->swap_refuses = false;
	return ret ? ret : other;
}

static int replug(struct world *w)
{
	int ret;

	if (!w->unplugged)
		return 0;
	gpu_device_close(&w->dev);
	ret = gpu_bind(&w->binding);
	/* Its minor number may have changed. */
	return ret ? ret : gpu_device_open(&w->dev);
}

int guest_restore(struct world *w)
{
	bool struck;
	int ret = guest_recover(w, &struck);
	int other = replug(w);

	if (w->limited && rmdir(CGROUP) && !ret)
		ret = -errno;
	return ret ? ret : other;
}

void world_fault(struct world *w, enum world_fault fault, unsigned int nth)
{
	guest_check(guest_fault(w, fault, nth), "making trouble %d", (int)fault);
}

void world_recover(struct world *w)
{
	bool struck;

	guest_check(guest_recover(w, &struck), "ending the trouble");
	if (!struck)
		fail_msg("the trouble that the case asked for never came");
}

/* --- another device ---------------------------------------------------------- */

/* vgem attaches to the buffer and keeps it until the file is closed. */
void world_pin(struct world *w, struct world_app *app, int bo)
{
	struct gpu_bo theirs;
	int dmabuf = -1;

	(void)w;
	if (app->pins < 0)
		app->pins = gpu_node_open("vgem");
	guest_check(app->pins, "a second device");
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_EXPORT, .bo = (unsigned int)bo }, NULL, &dmabuf),
		    "exporting BO %d", bo);
	guest_check(gpu_bo_import(app->pins, dmabuf, &theirs), "importing BO %d into vgem", bo);
	close(dmabuf);
}
