/* SPDX-License-Identifier: MIT */
/*
 * sim-jobs: jobs that fail, and the jobs after them. They make the driver print messages to
 * the kernel log.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gpu/cs_sim.h"
#include "gpu/data.h"
#include "gpu/group.h"
#include "gpu/pattern.h"
#include "gpu/power.h"
#include "gpu/sim.h"
#include "gpu/sync.h"
#include "guest.h"
#include "sim_jobs.h"

static struct gpu_ctx bad, good;

/* After a failure, a new VM and group must work, and so must existing ones. */
static void works(struct gpu_ctx *ctx)
{
	struct gpu_bo bo;
	uint64_t sum;

	ok(gpu_ctx_alloc(ctx, MIB, GPU_BO_PRIVATE, &bo), "BO");
	ok(gpu_fill(ctx, &bo, 1234), "FILL after the trouble");
	ok(gpu_checksum(ctx, &bo, &sum), "CHECKSUM after the trouble");
	assert_true(sum == pattern_expected(1234, MIB));
	gpu_ctx_free(ctx, &bo);
}

static void new_context_works(void)
{
	struct gpu_ctx fresh;

	ok(gpu_ctx_init(&fresh, &guest.dev, 1), "context after the trouble");
	works(&fresh);
	gpu_ctx_fini(&fresh);
}

static void begin(void)
{
	ok(gpu_ctx_init(&good, &guest.dev, 1), "context");
	ok(gpu_ctx_init(&bad, &guest.dev, 1), "context");
	works(&good);
}

static void end(void)
{
	gpu_ctx_fini(&bad);
	works(&good);
	new_context_works();
	gpu_ctx_fini(&good);
}

/* Run the job that was built, which must leave its group in this state. */
static void must_end_with(uint32_t expected)
{
	struct gpu_group_state state;

	ok(gpu_sync_reset(guest.dev.fd, bad.sync), "sync object");
	ok(gpu_ctx_submit(&bad, 0, 0, bad.sync), "submit");
	ok(gpu_sync_wait(guest.dev.fd, bad.sync, GPU_JOB_TIMEOUT_MS),
	   "the bad job does not end");
	ok(gpu_group_get_state(&guest.dev, bad.group, &state), "group state");
	if (!(state.state & expected))
		fail_msg("the group's state is %#x, without %#x", state.state,
			 expected);
	/* The group accepts no more jobs. */
	cs_nop(gpu_ctx_begin(&bad));
	assert_true(gpu_ctx_submit(&bad, 0, 0, 0) == -EINVAL);
}

void translation_fault(void **state)
{
	int64_t faults = stat_of("faults");

	(void)state;
	begin();
	gpu_emit_store64(gpu_ctx_begin(&bad), 0x66600000, 1);
	must_end_with(DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	assert_true(stat_of("faults") > faults);
	end();
}

void invalid_instruction(void **state)
{
	int64_t fatals = stat_of("cs_fatals");

	(void)state;
	begin();
	cs_emit(gpu_ctx_begin(&bad), SIM_OP(0xfe));
	must_end_with(DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	assert_true(stat_of("cs_fatals") > fatals);
	end();
}

void endless_loop(void **state)
{
	struct gpu_cs *cs;

	(void)state;
	begin();
	cs = gpu_ctx_begin(&bad);
	cs_move32(cs, 0, 0);
	cs_branch_to(cs, 0, SIM_COND_ALWAYS, cs->count);
	must_end_with(DRM_PANTHOR_GROUP_STATE_TIMEDOUT);
	end();
}

/*
 * The driver notices that a request is not answered, and resets the GPU. Running jobs may
 * be lost; later ones must work.
 */
void firmware_stops_answering(void **state)
{
	int64_t resets = stat_of("resets");
	int64_t dropped = stat_of("dropped_acks");
	int64_t boots;

	(void)state;
	/* Keep the device awake, so that the reset causes the only boot. */
	ok(gpu_power_allow_sleep(guest.dev.fd, false), "power/control");
	ok(gpu_ctx_init(&bad, &guest.dev, 1), "context");
	boots = stat_of("boots");
	ok(sim_param_set("drop_acks", 1), "parameter drop_acks");
	cs_nop(gpu_ctx_begin(&bad));
	ok(gpu_sync_reset(guest.dev.fd, bad.sync), "sync object");
	ok(gpu_ctx_submit(&bad, 0, 0, bad.sync), "submit");
	if (stat_wait("dropped_acks", dropped, 20000))
		fail_msg("the firmware was asked nothing");
	/* Wait longer than the driver waits for an answer. */
	sleep_ms(150);
	ok(sim_param_set("drop_acks", 0), "parameter drop_acks");
	ok(stat_wait("resets", resets, 30000), "the driver does not reset");
	ok(gpu_sync_wait(guest.dev.fd, bad.sync, GPU_JOB_TIMEOUT_MS),
	   "the job of then does not end");
	/*
	 * While the firmware is being reloaded, the driver reads a size of 0 for the
	 * suspend buffers, and would refuse a new group with ENOSPC.
	 */
	ok(stat_wait("boots", boots, 30000), "the firmware does not boot");
	gpu_ctx_fini(&bad);
	new_context_works();
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
}
