/* SPDX-License-Identifier: MIT */
/* What the files of the world on the real driver share. */
#ifndef WORLD_DRIVER_H
#define WORLD_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/app.h"
#include "gpu/bind.h"
#include "gpu/device.h"
#include "gpu/klog.h"
#include "gpu/sim.h"
#include "gpu/swap.h"
#include "world.h"

struct world_app {
	struct world_app *next;
	struct gpu_app app;
	bool child_pidns;
	bool has_device;
	bool stopped;
	bool dead;
	bool frames;
	int pins;		/* file of another device that pins its BOs, or -1 */
	int pidfd;		/* or -1 */
};

#define WORLD_MAX_KEPT 8

/* A fault that the simulated GPU is to have, and the counters before it. */
struct armed_fault {
	const char *parameter;	/* NULL: none */
	bool resets_gpu;
	int64_t resets;
	int64_t boots;
};

struct world {
	struct gpu_device dev;
	struct gpu_binding binding;
	struct world_app *apps;
	struct world_cgroup *cgroups;
	unsigned int n_cgroups;	/* created so far */
	int kept[WORLD_MAX_KEPT];	/* files of world_keep_file() */
	unsigned int n_kept;
	struct swap swap;
	bool swap_changed;
	struct klog log;
	bool troubles_counted;
	int64_t troubles[SIM_TROUBLES];
	pid_t pidns_init;	/* first process of the child namespace, or 0 */
	int pidns;
	int may_sleep;		/* the device, when the world was opened */
	bool power_changed;
	/* The faults that the case asked for. */
	struct armed_fault armed;
	bool faults;		/* any: messages of the driver are no errors */
	bool faults_uncounted;	/* nor is any number of resets */
	bool unplugged;
	bool limited;		/* the cgroup for limited apps exists */
	bool swap_refuses;
};

/* --- world_driver_env.c ---------------------------------------------- */

/* True on a board, false in a guest. */
bool guest_is_board(void);

/* --- world_driver.c -------------------------------------------------- */

/* End the case if @ret is an error. */
void guest_check(int64_t ret, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Send one request to an app, which must be running, and wait for the reply. */
int64_t guest_ask(struct world_app *app, struct app_request req, uint64_t *value, int *fd);

/* --- world_driver_fault.c: all return 0 or -errno, even in a thread -- */

/* The directory of the cgroup for limited apps. */
int guest_limited_cgroup(struct world *w, const char **folder);

int guest_fault(struct world *w, enum world_fault fault, unsigned int nth);
/* After the end of the apps: bind the device again and end all faults. */
int guest_restore(struct world *w);

/* --- world_driver_target.c ------------------------------------------- */

/* Returns NULL for NULL. */
const char *guest_cgroup_folder(const struct world_cgroup *cgroup);

/* After the end of the apps. Returns 0, or -errno if something cannot be removed. */
int guest_close_targets(struct world *w);

/* --- world_driver_gpu.c ---------------------------------------------- */

/* Restore the state of power management. */
int guest_restore_power(struct world *w);

#endif /* WORLD_DRIVER_H */
