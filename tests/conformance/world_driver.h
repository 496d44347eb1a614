/* SPDX-License-Identifier: MIT */
/* What the files of the guest's world share. */
#ifndef WORLD_DRIVER_H
#define WORLD_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/app.h"
#include "gpu/device.h"
#include "machine/bind.h"
#include "machine/klog.h"
#include "machine/swap.h"
#include "world.h"

struct world_app {
	struct world_app *next;
	struct gpu_app app;
	bool child_pidns;
	bool has_device;
	bool stopped;
	bool dead;
	bool frames;
	int pins;		/* a file of another device that has its BOs, or -1 */
	int pidfd;		/* or -1 */
};

#define WORLD_MAX_KEPT 8

/* A knob of the simulated GPU that is to strike, and the counters before it. */
struct guest_knob {
	const char *name;	/* NULL: none */
	bool resets_gpu;
	int64_t resets;
	int64_t boots;
};

struct world {
	struct gpu_device dev;
	struct gpu_binding binding;
	struct world_app *apps;
	struct world_cgroup *cgroups;
	unsigned int n_cgroups;	/* so far */
	int kept[WORLD_MAX_KEPT];	/* files, for nothing but to be open */
	unsigned int n_kept;
	struct swap swap;
	bool swap_changed;
	struct klog log;
	int64_t troubles;	/* -1: nobody counts them */
	pid_t pidns_init;	/* first process of the child namespace, or 0 */
	int pidns;
	int may_sleep;		/* the device, at first */
	bool power_changed;
	/* What the cases have asked for. */
	struct guest_knob knob;
	bool faults;		/* any: the driver has a right to complain */
	bool faults_uncounted;	/* and the GPU to have more than one reset */
	bool unplugged;
	bool limited;		/* there is a cgroup for limited apps */
	bool swap_refuses;
};

/* --- world_driver_env.c ---------------------------------------------- */

/* Somebody's machine, and not a guest that exists for the suite. */
bool guest_is_board(void);

/* --- world_driver.c -------------------------------------------------- */

/* End the case if @ret says that something went wrong. */
void guest_check(int64_t ret, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* One request to an app that must be able to answer. */
int64_t guest_ask(struct world_app *app, struct app_request req, uint64_t *value, int *fd);

/* --- world_driver_fault.c: everything -errno, also from a thread ----- */

/* A folder of cgroup2 whose memory can run out. */
int guest_limited_cgroup(struct world *w, const char **folder);

int guest_fault(struct world *w, enum world_fault fault, unsigned int nth);
/* *@struck: whether a knob that was turned has had its effect. */
int guest_recover(struct world *w, bool *struck);

/* After the apps are gone: the device is back, and nothing is left of a fault. */
int guest_restore(struct world *w);

/* --- world_driver_target.c ------------------------------------------- */

/* NULL for NULL. */
const char *guest_cgroup_folder(const struct world_cgroup *cgroup);

/* After the apps are gone: 0, or -errno if something is left. */
int guest_close_targets(struct world *w);

/* --- world_driver_gpu.c ---------------------------------------------- */

/* Power management as the world found it. */
int guest_restore_power(struct world *w);

#endif /* WORLD_DRIVER_H */
