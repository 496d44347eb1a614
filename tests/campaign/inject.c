/* SPDX-License-Identifier: MIT */
/*
 * faults: ways to make the Nth event from now on fail.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "faults.h"
#include "gpu/sim.h"
#include "gpu/swap.h"
#include "gpu/sync.h"
#include "inject.h"

/* Give up waiting for a reset after this many tries. */
#define RESET_TRIES 6000
#define RESET_PAUSE_US 10000

/* --- allocations and DMA maps -------------------------------------------------- */

static int nth_begin(unsigned int number)
{
	failnth_begin(number);
	return 0;
}

static bool allows_no_memory(int ret)
{
	return ret == -ENOMEM || ret == -EIO;
}

/* --- the simulated GPU --------------------------------------------------------- */

static const char *param;
static int64_t resets, boots;

static int open_param(const char *name)
{
	int64_t value;

	param = name;
	return sim_param_get(name, &value);
}

static int open_lock_stuck(void)
{
	return open_param("lock_stuck");
}

static int open_flush_lost(void)
{
	return open_param("flush_lost");
}

static int begin_param(unsigned int number)
{
	int ret = sim_stat("resets", &resets);

	if (!ret)
		ret = sim_stat("boots", &boots);
	return ret ? ret : sim_param_set(param, number);
}

/* Wait until the driver has reset the GPU. The boot of the firmware ends a reset. */
static void wait_for_reset(void)
{
	for (int i = 0; i < RESET_TRIES; i++) {
		int64_t resets_now, boots_now;

		if (sim_stat("resets", &resets_now) || sim_stat("boots", &boots_now))
			break;
		if (resets_now > resets && boots_now > boots)
			return;
		usleep(RESET_PAUSE_US);
	}
	wrong("the driver does not reset the GPU");
	exit(1);
}

/* A group that was on the GPU does not survive the reset. */
static bool end_param(void)
{
	int64_t left = 0;
	bool hit;
	int ret = sim_param_get(param, &left);

	hit = !ret && !left;
	sim_param_set(param, 0);
	if (hit) {
		wait_for_reset();
		ret = subject_new_group(&subject);
		if (ret)
			wrong("a new group: %s", strerror(-ret));
	}
	return hit;
}

/* --- the firmware -------------------------------------------------------------- */

static int open_ack_lost(void)
{
	return open_param("ack_lost");
}

/* The group is off the GPU, so that the job needs all kinds of requests. */
static int begin_ack(unsigned int number)
{
	int ret = subject_new_group(&subject);

	return ret ? ret : sim_param_set(param, number);
}

/* Returns when the job is over, done or killed. */
static bool end_ack(void)
{
	int64_t left = 1;
	int ret = gpu_sync_wait(subject.dev.fd, subject.ctx.sync, GPU_JOB_TIMEOUT_MS);

	if (ret)
		wrong("the job does not end: %s", strerror(-ret));
	sim_param_get(param, &left);
	sim_param_set(param, 0);
	return !left;
}

static bool allows_timeout(int ret)
{
	return ret == -ETIMEDOUT;
}

static const char *const param_steps[] = {
	"reclaim", "reclaim-no-pageout", "claim", "claim-capped", NULL
};

/* --- writes to swap ------------------------------------------------------------ */

static int open_swap(void)
{
	struct swap swap;
	int ret = swap_open(&swap);

	return ret ? ret : failio_open(swap.device);
}

static int begin_write(unsigned int number)
{
	return failio_begin(number, 1);
}

static bool allows_nothing(int ret)
{
	(void)ret;
	return false;
}

static const char *const write_steps[] = { "reclaim", NULL };

static const char *const ack_steps[] = { "submit", "submit-resident", NULL };

const struct injector injectors[] = {
	{
		.name = "nth", .open = failnth_open, .begin = nth_begin, .end = failnth_end,
		.allows = allows_no_memory,
	}, {
		.name = "spread", .open = failspread_open, .begin = failspread_begin,
		.end = failspread_end, .allows = allows_no_memory, .random = true,
		.helpers = true,
	}, {
		.name = "lock", .open = open_lock_stuck, .begin = begin_param, .end = end_param,
		.allows = allows_timeout, .awake = true, .steps = param_steps,
	}, {
		.name = "flush", .open = open_flush_lost, .begin = begin_param, .end = end_param,
		.allows = allows_timeout, .awake = true, .steps = param_steps,
	}, {
		.name = "ack", .open = open_ack_lost, .begin = begin_ack, .end = end_ack,
		.allows = allows_nothing, .loses_jobs = true, .steps = ack_steps,
	}, {
		.name = "swap-write", .open = open_swap, .begin = begin_write, .end = failio_end,
		.allows = allows_nothing, .steps = write_steps,
	},
	{ 0 },
};
