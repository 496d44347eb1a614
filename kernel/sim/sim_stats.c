// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: counters.
 *
 * debugfs mali_sim/stats holds one "name value" line for each. They only grow;
 * a test takes the difference of two readings.
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "sim.h"

atomic64_t sim_stats[SIM_STAT_COUNT];

static const char * const sim_stat_names[SIM_STAT_COUNT] = {
	[SIM_STAT_INSTRUCTIONS] = "instructions",
	[SIM_STAT_PSEUDO_BYTES] = "pseudo_bytes",
	[SIM_STAT_WALKS] = "walks",
	[SIM_STAT_TLB_HITS] = "tlb_hits",
	[SIM_STAT_STALE_TLB_HITS] = "stale_tlb_hits",
	[SIM_STAT_LOCKS] = "locks",
	[SIM_STAT_LOCK_STALLS] = "lock_stalls",
	[SIM_STAT_UNLOCKS_WITHOUT_FLUSH] = "unlocks_without_flush",
	[SIM_STAT_FAULTS] = "faults",
	[SIM_STAT_IRQS_JOB] = "irqs_job",
	[SIM_STAT_IRQS_MMU] = "irqs_mmu",
	[SIM_STAT_IRQS_GPU] = "irqs_gpu",
	[SIM_STAT_BOOTS] = "boots",
	[SIM_STAT_HALTS] = "halts",
	[SIM_STAT_STOPS] = "stops",
	[SIM_STAT_RESETS] = "resets",
	[SIM_STAT_FLUSHES] = "flushes",
	[SIM_STAT_DOORBELLS] = "doorbells",
	[SIM_STAT_DOORBELL_MAX_US] = "doorbell_max_us",
	[SIM_STAT_GROUP_STARTS] = "group_starts",
	[SIM_STAT_GROUP_RESUMES] = "group_resumes",
	[SIM_STAT_GROUP_SUSPENDS] = "group_suspends",
	[SIM_STAT_GROUP_TERMINATES] = "group_terminates",
	[SIM_STAT_SYNC_UPDATES] = "sync_updates",
	[SIM_STAT_IDLE_EVENTS] = "idle_events",
	[SIM_STAT_JOBS] = "jobs",
	[SIM_STAT_CS_FATALS] = "cs_fatals",
	[SIM_STAT_CS_FAULTS] = "cs_faults",
	[SIM_STAT_TILER_OOMS] = "tiler_ooms",
	[SIM_STAT_DISPATCHES] = "dispatches",
	[SIM_STAT_DRAWS] = "draws",
	[SIM_STAT_FRAGMENTS] = "fragments",
	[SIM_STAT_WORK_PAGES] = "work_pages",
	[SIM_STAT_WORK_CAPPED] = "work_capped",
	[SIM_STAT_HEAP_CHUNKS] = "heap_chunks",
	[SIM_STAT_HEAP_RETURNS] = "heap_returns",
	[SIM_STAT_OOM_HANDLERS] = "oom_handlers",
	[SIM_STAT_MCU_FATALS] = "mcu_fatals",
	[SIM_STAT_DROPPED_ACKS] = "dropped_acks",
	[SIM_STAT_STUCK_LOCKS] = "stuck_locks",
	[SIM_STAT_LOST_FLUSHES] = "lost_flushes",
	[SIM_STAT_FAILED_BOOTS] = "failed_boots",
	[SIM_STAT_UNKNOWN_ACCESSES] = "unknown_accesses",
	[SIM_STAT_LINES_CLEANED] = "lines_cleaned",
	[SIM_STAT_LINES_LOST] = "lines_lost",
};

static int stats_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < SIM_STAT_COUNT; i++)
		seq_printf(m, "%s %lld\n", sim_stat_names[i],
			   atomic64_read(&sim_stats[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/**
 * sim_stats_init() - Create the debugfs directory mali_sim
 */
void sim_stats_init(void)
{
	struct dentry *dir = debugfs_create_dir("mali_sim", NULL);

	debugfs_create_file("stats", 0444, dir, NULL, &stats_fops);
}
