/* SPDX-License-Identifier: MIT */
/*
 * A GPU fault ends the group that has it, and no other one: not even one that got its address
 * space before the interrupt arrived.
 *
 * Run this with one address space for processes, so that they have it one after the other:
 * run-guest --gpu as_present=0x3.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/buffers.h"
#include "gpu/sim.h"
#include "guest.h"

#define SEED UINT64_C(0xfa0175000000000)
#define NOWHERE UINT64_C(0x123456789000)
#define READS 8

static struct gpu_buffers buffers;

/* A process whose job reads what is not mapped. Does not return. */
static void have_a_fault(void)
{
	static struct gpu_ctx ctx;
	struct gpu_device dev;
	struct gpu_cs *cs;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&dev) || gpu_ctx_init(&ctx, &dev, 1))
		_exit(1);
	cs = gpu_ctx_begin(&ctx);
	cs_move48(cs, 0, NOWHERE);
	cs_load_multiple(cs, 2, 0, 3, 0);
	cs_wait_all(cs);
	if (gpu_ctx_submit(&ctx, 0, 0, 0))
		_exit(1);
	for (;;)
		pause();
}

/* The interrupt of the fault arrives when another process has the address space. */
static void a_late_interrupt(void **state)
{
	int64_t before = stat_of("faults");
	int status;
	pid_t pid;

	(void)state;
	ok(sim_param_set("hold_mmu_irq", 1), "hold_mmu_irq");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		have_a_fault();
	ok(stat_wait("faults", before, GPU_JOB_TIMEOUT_MS), "the fault");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	ok(gpu_buffers_create(&buffers, 1, SEED), "buffers");
	assert_true(gpu_buffers_gpu_reads(&buffers, 0, NULL));
	ok(sim_param_set("hold_mmu_irq", 0), "hold_mmu_irq");
	for (unsigned int i = 0; i < READS; i++)
		assert_true(gpu_buffers_gpu_reads(&buffers, 0, NULL));
	assert_int_equal(stat_of("faults"), before + 1);
}

static int end(void **state)
{
	int ret = sim_param_set("hold_mmu_irq", 0);

	gpu_buffers_destroy(&buffers);
	return ret ? ret : guest_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_late_interrupt, guest_open, end),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
