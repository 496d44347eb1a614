// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: address spaces.
 *
 * Page tables have the ARM LPAE stage-1 format with a 4 KiB granule. Only UNLOCK
 * (its region), UPDATE and reset empty the TLB: if a driver forgets an
 * invalidation, the model keeps using the old page, as hardware does.
 */

#include <linux/kernel.h>
#include <linux/ratelimit.h>
#include <linux/vmalloc.h>

#include "sim.h"

/* Offsets in one AS block (panthor_mmu_regs.h). */
#define AS_SHIFT		6
#define AS_TRANSTAB		0x00
#define AS_MEMATTR		0x08
#define AS_LOCKADDR		0x10
#define AS_COMMAND		0x18
#define AS_FAULTSTATUS		0x1c
#define AS_FAULTADDRESS		0x20
#define AS_STATUS		0x28
#define AS_STATUS_ACTIVE	BIT(0)
#define AS_TRANSCFG		0x30
#define AS_FAULTEXTRA		0x38

#define AS_COMMAND_NOP		0
#define AS_COMMAND_UPDATE	1
#define AS_COMMAND_LOCK		2
#define AS_COMMAND_UNLOCK	3
#define AS_COMMAND_FLUSH_PT	4
#define AS_COMMAND_FLUSH_MEM	5

#define AS_MODE_UNMAPPED	1
#define AS_MODE_AARCH64_4K	6
#define AS_MODE(cfg)		((cfg) & 0xf)
#define AS_VA_BITS(cfg)		(55 - (((cfg) >> 6) & 0x1f))

/* Exception types (public: kbase headers). */
#define EXC_TRANSLATION		0xc0	/* + level */
#define EXC_PERMISSION		0xc8	/* + level */
#define EXC_ACCESS_FLAG		0xd8	/* + level */
#define EXC_ADDRESS_SIZE	0xe0
#define FAULT_SOURCE		0x12	/* any number; only printed */

/* Descriptors (ARM ARM, VMSAv8-64). */
#define PTE_TYPE		0x3ULL
#define PTE_TABLE		0x3ULL	/* levels 0 to 2; a page at level 3 */
#define PTE_BLOCK		0x1ULL	/* levels 1 and 2 */
#define PTE_READ_ONLY		BIT_ULL(7)
#define PTE_AF			BIT_ULL(10)
#define PTE_ADDR		GENMASK_ULL(47, 12)
#define LAST_LEVEL		3

static unsigned int level_shift(u32 level)
{
	return SIM_PAGE_SHIFT + 9 * (LAST_LEVEL - level);
}

/**
 * sim_mmu_init() - Set up the address spaces and allocate their TLBs
 *
 * Return: 0 or -ENOMEM.
 */
int sim_mmu_init(void)
{
	struct sim_tlb_entry *tlb;
	unsigned int i;

	sim.as_count = hweight32(sim_par.as_present);
	tlb = vcalloc(sim.as_count * sim_par.tlb_size, sizeof(*tlb));
	if (!tlb)
		return -ENOMEM;

	for (i = 0; i < SIM_MAX_AS; i++) {
		spin_lock_init(&sim.as[i].lock);
		sim.as[i].mode = AS_MODE_UNMAPPED;
		if (i < sim.as_count)
			sim.as[i].tlb = tlb + i * sim_par.tlb_size;
	}
	return 0;
}

static void tlb_flush(struct sim_as *as)
{
	memset(as->tlb, 0, sim_par.tlb_size * sizeof(*as->tlb));
}

static void tlb_flush_region(struct sim_as *as)
{
	unsigned int i;

	/* The self-test must break data only, so the interface memory stays valid. */
	if (sim_param(tlb_noinval) && as != &sim.as[0])
		return;

	for (i = 0; i < sim_par.tlb_size; i++) {
		u64 va = (as->tlb[i].tag - 1) << SIM_PAGE_SHIFT;

		if (as->tlb[i].tag && va >= (as->lock_start & SIM_PAGE_MASK) &&
		    va <= as->lock_end)
			as->tlb[i].tag = 0;
	}
}

/* A new generation shows the stalled command streams that the fault is over. */
static void fault_clear(struct sim_as *as)
{
	if (as->faulted)
		as->fault_gen++;
	as->faulted = false;
}

static void as_reset(struct sim_as *as)
{
	as->transtab = 0;
	as->memattr = 0;
	as->transcfg = 0;
	as->lockaddr = 0;
	as->root = 0;
	as->mode = AS_MODE_UNMAPPED;
	as->locked = false;
	as->stalled = false;
	as->stuck = false;
	as->fault_status = 0;
	as->fault_addr = 0;
	fault_clear(as);
	tlb_flush(as);
}

/**
 * sim_mmu_reset() - GPU reset: nothing is mapped, locked, faulted or cached
 */
void sim_mmu_reset(void)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < sim.as_count; i++) {
		spin_lock_irqsave(&sim.as[i].lock, flags);
		as_reset(&sim.as[i]);
		spin_unlock_irqrestore(&sim.as[i].lock, flags);
	}
}

/* Returns true if an access waits for the end of this lock. */
static bool lock_drop(struct sim_as *as)
{
	bool stalled = as->stalled;

	as->locked = false;
	as->stalled = false;
	return stalled;
}

static bool as_update(struct sim_as *as)
{
	bool wake = lock_drop(as) || as->faulted;

	as->root = READ_ONCE(as->transtab) & PTE_ADDR;
	as->mode = AS_MODE(as->transcfg);
	as->va_bits = AS_VA_BITS(as->transcfg);
	fault_clear(as);
	tlb_flush(as);
	return wake;
}

/*
 * The low six bits of LOCKADDR are log2(size) - 1 of a naturally aligned
 * region, so it may be much larger than the range that is being edited.
 */
static void as_lock(struct sim_as *as)
{
	unsigned int width = (as->lockaddr & 0x3f) + 1;
	u64 size_m1 = width > 63 ? U64_MAX : BIT_ULL(width) - 1;

	as->lock_start = as->lockaddr & ~size_m1;
	as->lock_end = as->lock_start | size_m1;
	as->lock_flushes = sim_flush_count();
	as->locked = true;
	sim_count(SIM_STAT_LOCKS);
	/* The region is locked, but the command never completes. */
	if (as != &sim.as[0] && sim_countdown(&sim_par.lock_stuck)) {
		WRITE_ONCE(as->stuck, true);
		sim_count(SIM_STAT_STUCK_LOCKS);
	}
}

static bool as_unlock(struct sim_as *as)
{
	if (as->locked && as->lock_flushes == sim_flush_count())
		sim_count(SIM_STAT_UNLOCKS_WITHOUT_FLUSH);
	tlb_flush_region(as);
	return lock_drop(as);
}

static bool as_command(struct sim_as *as, u32 command)
{
	switch (command) {
	case AS_COMMAND_UPDATE:
		return as_update(as);
	case AS_COMMAND_LOCK:
		as_lock(as);
		return false;
	case AS_COMMAND_UNLOCK:
	case AS_COMMAND_FLUSH_PT:
	case AS_COMMAND_FLUSH_MEM:
		return as_unlock(as);
	}
	return false;
}

static u64 *staged(struct sim_as *as, u32 reg)
{
	switch (reg & ~4) {
	case AS_TRANSTAB:
		return &as->transtab;
	case AS_MEMATTR:
		return &as->memattr;
	case AS_LOCKADDR:
		return &as->lockaddr;
	case AS_TRANSCFG:
		return &as->transcfg;
	}
	return NULL;
}

/**
 * sim_mmu_read() - Read a register of an address space
 * @offset: byte offset in the address-space registers
 *
 * AS_FAULTEXTRA reads as 0. So does AS_STATUS, because commands are complete when
 * they return, except after a LOCK that the parameter lock_stuck has hit.
 *
 * Return: the value.
 */
u32 sim_mmu_read(u32 offset)
{
	struct sim_as *as = &sim.as[offset >> AS_SHIFT];
	u32 reg = offset & (BIT(AS_SHIFT) - 1);
	u64 *word = staged(as, reg);
	u64 value;

	if (word)
		value = READ_ONCE(*word);
	else if ((reg & ~4) == AS_FAULTADDRESS)
		value = READ_ONCE(as->fault_addr);
	else if (reg == AS_STATUS)
		return READ_ONCE(as->stuck) ? AS_STATUS_ACTIVE : 0;
	else
		return reg == AS_FAULTSTATUS ? READ_ONCE(as->fault_status) : 0;
	return reg & 4 ? upper_32_bits(value) : lower_32_bits(value);
}

static void write_half(u64 *word, bool high, u32 value)
{
	u64 shifted = high ? (u64)value << 32 : value;
	u64 keep = high ? U32_MAX : ~(u64)U32_MAX;
	unsigned long flags;

	raw_spin_lock_irqsave(&sim.reg_lock, flags);
	WRITE_ONCE(*word, (*word & keep) | shifted);
	raw_spin_unlock_irqrestore(&sim.reg_lock, flags);
}

/**
 * sim_mmu_write() - Write a register of an address space
 * @offset: byte offset in the address-space registers
 * @value: the value
 *
 * Commands are complete on return. Only they take the AS lock, so that a LOCK
 * waits for the access in flight. The other registers are only staged.
 */
void sim_mmu_write(u32 offset, u32 value)
{
	u32 id = offset >> AS_SHIFT, reg = offset & (BIT(AS_SHIFT) - 1);
	struct sim_as *as = &sim.as[id];
	u64 *word = staged(as, reg);
	unsigned long flags;
	bool wake;

	if (id >= sim.as_count)
		return;
	if (word) {
		write_half(word, reg & 4, value);
		return;
	}
	if (reg != AS_COMMAND)
		return;

	spin_lock_irqsave(&as->lock, flags);
	wake = !as->stuck && as_command(as, value);
	spin_unlock_irqrestore(&as->lock, flags);
	if (wake && as == &sim.as[0])
		sim_mcu_unlocked();
	else if (wake)
		sim_kick();
}

/**
 * sim_mmu_is_enabled() - Check whether an address space translates
 * @as: the address space, locked by the caller
 *
 * Return: true if it has page tables.
 */
bool sim_mmu_is_enabled(struct sim_as *as)
{
	lockdep_assert_held(&as->lock);
	return as->mode == AS_MODE_AARCH64_4K;
}

/**
 * sim_mmu_is_locked() - Check whether an access has to wait for an UNLOCK
 * @as: the address space, locked by the caller
 * @va: first byte
 * @size: number of bytes
 *
 * Return: true if so; the UNLOCK will then kick the model's thread.
 */
bool sim_mmu_is_locked(struct sim_as *as, u64 va, u64 size)
{
	lockdep_assert_held(&as->lock);
	if (!as->locked || va > as->lock_end || va + size - 1 < as->lock_start)
		return false;
	as->stalled = true;
	sim_count(SIM_STAT_LOCK_STALLS);
	return true;
}

/* The first fault wins: from here on all accesses stall until an UPDATE. */
static int fault_latch(struct sim_as *as, u32 exception, u64 va, u32 access)
{
	WRITE_ONCE(as->fault_status, exception | access << 8 | FAULT_SOURCE << 16);
	WRITE_ONCE(as->fault_addr, va);
	as->faulted = true;
	as->seen_gen = as->fault_gen;
	sim_count(SIM_STAT_FAULTS);
	sim_irq_raise(SIM_IRQ_MMU, BIT(as - sim.as));
	return -EFAULT;
}

/* Walk the tables. Returns 0 and the leaf, or an exception type. */
static u32 walk(const struct sim_as *as, u64 va, u64 *desc, u32 *leaf)
{
	u32 level = 4 - DIV_ROUND_UP(as->va_bits - SIM_PAGE_SHIFT, 9);
	u64 table = as->root;

	sim_count(SIM_STAT_WALKS);
	for (;; level++) {
		const u64 *entries = sim.glue->pa_to_kva(table);
		u64 entry, type;

		if (!entries)
			return EXC_TRANSLATION + level;
		entry = READ_ONCE(entries[(va >> level_shift(level)) & 0x1ff]);
		type = entry & PTE_TYPE;
		if (type == PTE_TABLE && level < LAST_LEVEL) {
			table = entry & PTE_ADDR;
			continue;
		}
		if (level == LAST_LEVEL ? type != PTE_TABLE :
		    type != PTE_BLOCK || level == 0)
			return EXC_TRANSLATION + level;
		if (!(entry & PTE_AF))
			return EXC_ACCESS_FLAG + level;
		*desc = entry;
		*leaf = level;
		return 0;
	}
}

/*
 * The page tables of an address space in use change only inside a locked
 * region, and accesses to that are refused before the TLB is searched. So a
 * difference here is a missing invalidation. The old entry is used nevertheless,
 * as on hardware.
 */
static void tlb_compare(struct sim_as *as, u64 va, const struct sim_tlb_entry *e)
{
	u64 desc = 0;
	u32 level = 0;

	if (!walk(as, va, &desc, &level) && desc == e->desc && level == e->level)
		return;
	sim_count(SIM_STAT_STALE_TLB_HITS);
	pr_warn_ratelimited("mali_sim: stale TLB entry: AS%td VA %#llx has %#llx (level %u), page tables have %#llx (level %u), last lock %#llx-%#llx\n",
			    as - sim.as, va, e->desc, e->level, desc, level,
			    as->lock_start, as->lock_end);
}

static u32 tlb_lookup(struct sim_as *as, u64 va, u64 *desc, u32 *level)
{
	u64 page = va >> SIM_PAGE_SHIFT;
	struct sim_tlb_entry *e = &as->tlb[page & (sim_par.tlb_size - 1)];
	u32 check = sim_param(tlb_check), exception;

	if (!sim_param(use_tlb))
		return walk(as, va, desc, level);

	if (e->tag == page + 1) {
		sim_count(SIM_STAT_TLB_HITS);
		if (check && ++as->check_count >= check) {
			as->check_count = 0;
			tlb_compare(as, va, e);
		}
		*desc = e->desc;
		*level = e->level;
		return 0;
	}

	exception = walk(as, va, desc, level);
	if (!exception) {
		e->tag = page + 1;
		e->desc = *desc;
		e->level = *level;
	}
	return exception;
}

/**
 * sim_mmu_map() - Translate one address for immediate use
 * @as: the address space; the caller holds its lock until the access is done
 * @va: the address; the result is valid up to the end of its page
 * @access: SIM_ACCESS_READ or SIM_ACCESS_WRITE
 * @kva: where to put the kernel pointer
 *
 * Return: 0, -EAGAIN if the address is in a locked region, -EFAULT if the
 * address space has faulted, now or before.
 */
int sim_mmu_map(struct sim_as *as, u64 va, u32 access, void **kva)
{
	u32 exception, level;
	u64 desc, mask;

	lockdep_assert_held(&as->lock);
	if (as->faulted) {
		as->seen_gen = as->fault_gen;
		return -EFAULT;
	}
	if (as->locked && sim_mmu_is_locked(as, va, 1))
		return -EAGAIN;
	if (!sim_mmu_is_enabled(as))
		return fault_latch(as, EXC_TRANSLATION, va, access);
	if (va >> as->va_bits)
		return fault_latch(as, EXC_ADDRESS_SIZE, va, access);

	exception = tlb_lookup(as, va, &desc, &level);
	if (exception)
		return fault_latch(as, exception, va, access);
	if (access == SIM_ACCESS_WRITE && desc & PTE_READ_ONLY)
		return fault_latch(as, EXC_PERMISSION + level, va, access);

	mask = BIT_ULL(level_shift(level)) - 1;
	*kva = sim.glue->pa_to_kva((desc & PTE_ADDR & ~mask) | (va & mask));
	if (!*kva)
		return fault_latch(as, EXC_ADDRESS_SIZE, va, access);
	return 0;
}

static int access_words(struct sim_as *as, u64 va, u32 *words, unsigned int count,
			u32 access)
{
	u32 *p = NULL;
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++, va += 4, p++) {
		if (!p || !(va & ~SIM_PAGE_MASK)) {
			ret = sim_mmu_map(as, va, access, (void **)&p);
			if (ret)
				return ret;
		}
		if (access == SIM_ACCESS_WRITE)
			WRITE_ONCE(*p, words[i]);
		else
			words[i] = READ_ONCE(*p);
	}
	return 0;
}

/**
 * sim_mmu_read_words() - Read 32-bit words
 * @as: the address space
 * @va: address, a multiple of 4
 * @words: where to put them
 * @count: how many, at most a page
 *
 * Return: 0 or the error of sim_mmu_map().
 */
int sim_mmu_read_words(struct sim_as *as, u64 va, u32 *words, unsigned int count)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&as->lock, flags);
	ret = access_words(as, va, words, count, SIM_ACCESS_READ);
	spin_unlock_irqrestore(&as->lock, flags);
	return ret;
}

/**
 * sim_mmu_write_words() - Write 32-bit words
 * @as: the address space
 * @va: address, a multiple of 4
 * @words: the words
 * @count: how many, at most a page
 *
 * After an error some words may have been written: the caller repeats all of them.
 *
 * Return: 0 or the error of sim_mmu_map().
 */
int sim_mmu_write_words(struct sim_as *as, u64 va, const u32 *words, unsigned int count)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&as->lock, flags);
	ret = access_words(as, va, (u32 *)words, count, SIM_ACCESS_WRITE);
	spin_unlock_irqrestore(&as->lock, flags);
	return ret;
}
