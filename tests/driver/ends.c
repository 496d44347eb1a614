/* SPDX-License-Identifier: MIT */
/*
 * Processes that end while the GPU works for them. The driver takes their groups off the GPU
 * before it unmaps their memory, so there is no GPU fault.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/buffers.h"
#include "gpu/sim.h"
#include "guest.h"
#include "mali_sim_isa.h"

#define KILLERS 3
#define KILLS 200		/* by each of them */
#define BUSY 3
#define SEED UINT64_C(0xe2d5000000000)

static struct shared {
	atomic_bool stop;
	atomic_bool at_work[KILLERS];	/* the job of the killer's last process has begun */
} *shared;

/* A job without an end: it reads its command stream over and over. */
static int loop_forever(struct gpu_ctx *ctx)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	size_t loop;

	cs_move48(cs, 0, gpu_ctx_result_va(ctx));
	cs_move64(cs, 2, 1);
	cs_store_multiple(cs, 2, 0, 3, 0);
	cs_wait_all(cs);
	loop = cs->count;
	cs_branch_to(cs, 2, SIM_COND_NE, loop);
	return gpu_ctx_submit(ctx, 0, 0, 0);
}

/* Does not return. */
static void work_until_killed(atomic_bool *at_work)
{
	static struct gpu_ctx ctx;
	struct gpu_device dev;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&dev) || gpu_ctx_init(&ctx, &dev, 1) || loop_forever(&ctx))
		_exit(1);
	for (unsigned int ms = 0; !*gpu_ctx_result(&ctx); ms++) {
		if (ms == GPU_JOB_TIMEOUT_MS)
			_exit(1);
		usleep(1000);
	}
	atomic_store(at_work, true);
	for (;;)
		pause();
}

/* The status of the child: 0, or 1 if a process could not work. */
static int kill_many(atomic_bool *at_work)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < KILLS; i++) {
		pid_t pid;
		int status;

		atomic_store(at_work, false);
		pid = fork();
		if (!pid)
			work_until_killed(at_work);
		if (pid < 0)
			return 1;
		while (!atomic_load(at_work) && waitpid(pid, &status, WNOHANG) == 0)
			usleep(100);
		if (!atomic_load(at_work))
			return 1;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return 0;
}

/* Short jobs, each of which the driver has to schedule. */
static int work_until_stopped(uint64_t seed)
{
	static struct gpu_buffers buffers;
	int ret = gpu_buffers_create(&buffers, 1, seed);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!ret && !atomic_load(&shared->stop)) {
		ret = !gpu_buffers_gpu_reads(&buffers, 0, NULL);
		usleep(500);
	}
	return ret != 0;
}

static void killed_at_work(void **state)
{
	pid_t killer[KILLERS], busy[BUSY];
	int64_t before[SIM_TROUBLES];
	char text[128];
	int status;

	(void)state;
	ok(sim_troubles(before), "counters of the simulated GPU");
	for (int i = 0; i < BUSY; i++) {
		busy[i] = fork();
		assert_true(busy[i] >= 0);
		if (!busy[i])
			_exit(work_until_stopped(SEED + ((uint64_t)i << 48)));
	}
	for (int i = 0; i < KILLERS; i++) {
		killer[i] = fork();
		assert_true(killer[i] >= 0);
		if (!killer[i])
			_exit(kill_many(&shared->at_work[i]));
	}
	for (int i = 0; i < KILLERS; i++) {
		assert_int_equal(waitpid(killer[i], &status, 0), killer[i]);
		assert_int_equal(status, 0);
	}
	atomic_store(&shared->stop, true);
	for (int i = 0; i < BUSY; i++) {
		assert_int_equal(waitpid(busy[i], &status, 0), busy[i]);
		assert_int_equal(status, 0);
	}
	if (sim_troubles_since(before, text, sizeof(text)))
		fail_msg("%s", text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_CASE(killed_at_work),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED) {
		perror("ends: memory");
		return 1;
	}
	return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
