// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: the thread that is the GPU.
 *
 * It sleeps until something kicks it (a register write, an UNLOCK) or a DELAY
 * ends, and runs all command streams in turn while any of them makes progress.
 */

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "sim.h"

struct sim sim;

/* How long to run without giving up the CPU. */
#define BUSY_US		4000

/**
 * sim_kick() - Make the thread check everything
 *
 * Callable in any context.
 */
void sim_kick(void)
{
	atomic_set(&sim.kicked, 1);
	wake_up(&sim.wq);
}

static void pass(void)
{
	unsigned long flags;

	spin_lock_irqsave(&sim.exec_lock, flags);
	sim_mcu_pass();
	spin_unlock_irqrestore(&sim.exec_lock, flags);
}

/* Runs one slice, then raises its events at once, without the slices of others. */
static bool run_cs(struct sim_csg *csg, struct sim_cs *cs, ktime_t *next)
{
	bool progress = false;
	unsigned long flags;

	spin_lock_irqsave(&sim.exec_lock, flags);
	if (sim_mcu_runs() && csg->active)
		progress = sim_cs_run(csg, cs);
	if (cs->state == SIM_CS_RUN && cs->wait == SIM_WAIT_DELAY)
		*next = min(*next, cs->deadline);
	if (sim.mcu.attention || sim.mcu.broken || atomic_read(&sim.mcu.rescan))
		sim_mcu_pass();
	spin_unlock_irqrestore(&sim.exec_lock, flags);
	return progress;
}

/* Returns true if another round makes sense at once; otherwise @next is when. */
static bool round_trip(ktime_t *next)
{
	bool progress = false;
	unsigned int i, j;

	*next = KTIME_MAX;
	pass();
	for (i = 0; i < sim_par.group_num; i++) {
		struct sim_csg *csg = &sim.csg[i];

		for (j = 0; READ_ONCE(csg->active) && j < sim_par.stream_num; j++) {
			if (READ_ONCE(csg->cs[j].state) == SIM_CS_RUN)
				progress |= run_cs(csg, &csg->cs[j], next);
		}
	}
	return progress;
}

static void sleep_until(ktime_t next)
{
	ktime_t timeout = KTIME_MAX;

	if (next != KTIME_MAX) {
		timeout = ktime_sub(next, ktime_get());
		if (timeout <= 0)
			return;
	}
	wait_event_interruptible_hrtimeout(sim.wq, atomic_read(&sim.kicked), timeout);
}

/*
 * A real GPU takes no CPU time, and this thread is SCHED_FIFO: during an endless
 * job it must leave CPU time for the driver to notice. On one CPU that is half.
 */
static ktime_t take_a_break(ktime_t since)
{
	s64 us = ktime_us_delta(ktime_get(), since);

	if (us < BUSY_US)
		return since;
	if (num_online_cpus() == 1)
		usleep_range(us, us + 1000);
	else
		usleep_range(50, 100);
	return ktime_get();
}

static int sim_thread(void *unused)
{
	ktime_t since = ktime_get(), next;

	while (!kthread_should_stop()) {
		atomic_set(&sim.kicked, 0);
		/* Clear the flag before anything is checked. */
		smp_mb();
		if (round_trip(&next) || atomic_read(&sim.kicked)) {
			since = take_a_break(since);
			cond_resched();
			continue;
		}
		sleep_until(next);
		since = ktime_get();
	}
	return 0;
}

/**
 * sim_init() - Check the parameters, set up the model and start its thread
 * @glue: the platform
 *
 * All memory that the model will ever need is allocated here.
 *
 * Return: 0 or a negative error code.
 */
int sim_init(const struct sim_glue_ops *glue)
{
	struct task_struct *task;
	int ret;

	ret = sim_params_check();
	if (ret)
		return ret;

	sim.glue = glue;
	spin_lock_init(&sim.exec_lock);
	raw_spin_lock_init(&sim.reg_lock);
	init_waitqueue_head(&sim.wq);
	ret = sim_mmu_init();
	if (!ret)
		ret = sim_csg_init();
	if (ret)
		return ret;

	/* Writes the flush counter, which is never 0, to the page that userland maps. */
	sim_flush_caches(false);
	sim_stats_init();

	task = kthread_create(sim_thread, NULL, "mali-sim");
	if (IS_ERR(task))
		return PTR_ERR(task);
	if (sim_par.fifo)
		sched_set_fifo(task);
	wake_up_process(task);
	return 0;
}
