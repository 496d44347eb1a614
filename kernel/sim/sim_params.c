// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: parameters.
 *
 * All of them are module parameters. Those that describe the machine are fixed
 * at load time (mode 0444); the others can be changed while it runs (0644).
 */

#include <linux/log2.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "sim.h"

/*
 * The default is what dmesg of an RK3588 board shows: Mali-G610 r0p0 with four
 * cores. Interface 1.1.0 is what its public firmware reports.
 */
struct sim_params sim_par = {
	.gpu_id = 0xa8670005,
	.as_present = 0xff,
	.shader_present = 0x50005,
	.group_num = 8,
	.stream_num = 8,
	.fw_version = 0x01010000,
	.fw_section_size = 0x20000,
	.tlb_size = 64,
	.fifo = true,
	.irq_base = 60,
	.irq_delay_us = 1,
	.use_tlb = true,
	.tlb_check = 1,
	.sync_acks = true,
	.pseudo = true,
	.read_resources = true,
	.slice_instr = 128,
	.slice_bytes = 0x10000,
};

module_param_named(gpu_id, sim_par.gpu_id, uint, 0444);
MODULE_PARM_DESC(gpu_id, "GPU_ID register; the firmware path follows it (arch 10 to 13)");
module_param_named(as_present, sim_par.as_present, uint, 0444);
MODULE_PARM_DESC(as_present, "address-space slots as a mask, contiguous from bit 0, 2 to 16 bits");
module_param_named(shader_present, sim_par.shader_present, ulong, 0444);
MODULE_PARM_DESC(shader_present, "shader cores as a mask");
module_param_named(group_num, sim_par.group_num, uint, 0444);
MODULE_PARM_DESC(group_num, "CSG slots, 3 to 31 (more than 12 need a larger fw_section_size)");
module_param_named(stream_num, sim_par.stream_num, uint, 0444);
MODULE_PARM_DESC(stream_num, "CS slots in each CSG slot, 8 to 15");
module_param_named(fw_version, sim_par.fw_version, uint, 0444);
MODULE_PARM_DESC(fw_version, "firmware interface version, major 31:24, minor 23:16, patch 15:0");
module_param_named(fw_section_size, sim_par.fw_section_size, uint, 0444);
MODULE_PARM_DESC(fw_section_size, "size of the shared section in the firmware image");
module_param_named(tlb_size, sim_par.tlb_size, uint, 0444);
MODULE_PARM_DESC(tlb_size, "TLB entries for each address space, a power of two, 1 to 4096");
module_param_named(coherent, sim_par.coherent, bool, 0444);
MODULE_PARM_DESC(coherent, "the device is I/O coherent (ACE-Lite)");
module_param_named(cpu_cache, sim_par.cpu_cache, bool, 0444);
MODULE_PARM_DESC(cpu_cache, "model the CPU caches: DMA syncs matter (not with coherent)");
module_param_named(fifo, sim_par.fifo, bool, 0444);
MODULE_PARM_DESC(fifo, "run the model's thread as SCHED_FIFO");
module_param_named(irq_base, sim_par.irq_base, uint, 0444);
MODULE_PARM_DESC(irq_base, "first of three interrupt numbers: job, mmu, gpu");
module_param_named(irq_delay_us, sim_par.irq_delay_us, uint, 0644);
MODULE_PARM_DESC(irq_delay_us, "interrupt latency in microseconds");
module_param_named(hold_mmu_irq, sim_par.hold_mmu_irq, bool, 0644);
MODULE_PARM_DESC(hold_mmu_irq, "deliver no MMU interrupt; off = with the next interrupt");
module_param_named(use_tlb, sim_par.use_tlb, bool, 0644);
MODULE_PARM_DESC(use_tlb, "keep translations in the TLB");
module_param_named(tlb_noinval, sim_par.tlb_noinval, bool, 0644);
MODULE_PARM_DESC(tlb_noinval, "self-test: UNLOCK does not invalidate the TLB (user AS only)");
module_param_named(tlb_check, sim_par.tlb_check, uint, 0644);
MODULE_PARM_DESC(tlb_check, "compare 1 in N TLB hits with the page tables, 0 = never");
module_param_named(drop_acks, sim_par.drop_acks, bool, 0644);
MODULE_PARM_DESC(drop_acks, "the firmware does not answer CSG and GLB requests");
module_param_named(ack_lost, sim_par.ack_lost, uint, 0644);
MODULE_PARM_DESC(ack_lost, "counts down: the Nth doorbell is not answered");
module_param_named(lock_stuck, sim_par.lock_stuck, uint, 0644);
MODULE_PARM_DESC(lock_stuck, "counts down: the Nth LOCK of a user AS stays active until a reset");
module_param_named(flush_lost, sim_par.flush_lost, uint, 0644);
MODULE_PARM_DESC(flush_lost, "counts down: the Nth cache flush is never answered");
module_param_named(boot_fails, sim_par.boot_fails, uint, 0644);
MODULE_PARM_DESC(boot_fails, "counts down: the Nth boot of the microcontroller fails");
module_param_named(sync_acks, sim_par.sync_acks, bool, 0644);
MODULE_PARM_DESC(sync_acks, "answer requests in the doorbell write; off = in the thread (except HALT)");
module_param_named(no_bus_fatal, sim_par.no_bus_fatal, bool, 0644);
MODULE_PARM_DESC(no_bus_fatal, "no CS_FATAL after a translation fault");
module_param_named(pseudo, sim_par.pseudo, bool, 0644);
MODULE_PARM_DESC(pseudo, "pseudo-instructions 0xE0-0xEF; off = invalid as on hardware");
module_param_named(read_resources, sim_par.read_resources, bool, 0644);
MODULE_PARM_DESC(read_resources, "read what resource tables name; off = shaders use none of it");
module_param_named(slice_instr, sim_par.slice_instr, uint, 0644);
MODULE_PARM_DESC(slice_instr, "instructions that a CS executes at a stretch");
module_param_named(slice_bytes, sim_par.slice_bytes, uint, 0644);
MODULE_PARM_DESC(slice_bytes, "bytes that a CS's pseudo-instructions touch at a stretch");
module_param_named(trace, sim_par.trace, bool, 0644);
MODULE_PARM_DESC(trace, "log what the firmware model does");

/**
 * sim_countdown() - Check whether this is the event that is to fail
 * @param: parameter that counts the events until then, 0 = none
 *
 * A test writes N to the parameter, and reads 0 once the event has happened.
 *
 * Return: true once, for the Nth call.
 */
bool sim_countdown(uint *param)
{
	uint n = READ_ONCE(*param);

	do {
		if (!n)
			return false;
	} while (!try_cmpxchg(param, &n, n - 1));
	return n == 1;
}

static bool sim_param_bad(bool bad, const char *name, ulong value, const char *want)
{
	if (bad)
		pr_err("mali_sim: %s=%#lx: %s\n", name, value, want);
	return bad;
}

/**
 * sim_params_check() - Refuse what the model or the driver cannot work with
 *
 * Return: 0 or -EINVAL, after a message that names the parameter.
 */
int sim_params_check(void)
{
	const struct sim_params *p = &sim_par;
	uint arch = p->gpu_id >> 28;
	uint as_num = hweight32(p->as_present);
	u64 section = SIM_SECTION_END(p->group_num) - SIM_SECTION_VA;
	bool bad = false;

	bad |= sim_param_bad(arch < 10 || arch > 13, "gpu_id", p->gpu_id,
			     "the architecture (bits 31:28) must be 10 to 13");
	bad |= sim_param_bad(as_num < 2 || as_num > SIM_MAX_AS ||
			     p->as_present != GENMASK(as_num - 1, 0),
			     "as_present", p->as_present,
			     "must be 2 to 16 bits, contiguous from bit 0");
	bad |= sim_param_bad(!p->shader_present, "shader_present", p->shader_present,
			     "at least one core is needed");
	bad |= sim_param_bad(p->group_num < 3 || p->group_num > SIM_MAX_CSG,
			     "group_num", p->group_num, "must be 3 to 31");
	bad |= sim_param_bad(p->stream_num < 8 || p->stream_num > SIM_MAX_CS,
			     "stream_num", p->stream_num, "must be 8 to 15");
	bad |= sim_param_bad(!p->fw_version, "fw_version", p->fw_version, "must not be 0");
	bad |= sim_param_bad(p->tlb_size < 1 || p->tlb_size > 4096 ||
			     !is_power_of_2(p->tlb_size), "tlb_size", p->tlb_size,
			     "must be a power of two, at most 4096");
	bad |= sim_param_bad(p->cpu_cache && !IS_ENABLED(CONFIG_UML_TEST_CACHE),
			     "cpu_cache", p->cpu_cache,
			     "this kernel was built without CONFIG_UML_TEST_CACHE");
	bad |= sim_param_bad(p->cpu_cache && p->coherent, "cpu_cache", p->cpu_cache,
			     "a coherent device sees what the caches hold");
	bad |= sim_param_bad(p->group_num <= SIM_MAX_CSG && section > p->fw_section_size,
			     "fw_section_size", p->fw_section_size,
			     "too small for group_num groups (0x8000 + 0x2000 each)");
	return bad ? -EINVAL : 0;
}
