/* SPDX-License-Identifier: MIT */
/*
 * The start of each unit test: a fresh model with an app that has BOs and a manager that
 * may reclaim, and an fd of the manager.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <panthor_drmif.h>

#include "drm_core.h"
#include "model.h"

#define APP_BOS 4
#define BO_SIZE (16 * MODEL_PAGE)
#define APP_SIZE (APP_BOS * BO_SIZE)

/* Flags that the library sets; options must not contain them. */
#define TARGET_FLAGS (DRM_PANTHOR_MEM_TARGET_PIDFD | DRM_PANTHOR_MEM_TARGET_CLIENT | \
		      DRM_PANTHOR_MEM_TARGET_CGROUP)

struct fixture {
	struct model *model;
	struct drm_core core;
	struct model_proc *manager;
	struct model_proc *app;
	struct model_vm *vm; /* the app's */
	struct model_bo *bo[APP_BOS];
	int fd;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The app's PID as the manager sees it. */
pid_t app_tgid(const struct fixture *f);

/* How much of the app's memory the driver holds. */
uint64_t app_resident(const struct fixture *f);

/* The next @n calls get a signal after @pages pages each; MODEL_NO_SIGNAL: none. */
void script_signals(struct fixture *f, unsigned int n, const int *pages);

/* Check that every BO, which must be in RAM, has the content that the setup wrote. */
void check_content(struct fixture *f);

/* The number of open descriptors. The lowest free one says nothing about those above it. */
unsigned int open_descriptors(void);

#define on_fixture(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif /* FIXTURE_H */
