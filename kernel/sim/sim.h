/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * Simulated Mali CSF GPU: what the parts of the model share.
 *
 * The parts are: registers and interrupt lines (sim_regs.c), address spaces
 * (sim_mmu.c), the CPU caches (sim_cache.c), the microcontroller with its
 * firmware interface (sim_mcu.c, sim_csg.c), the command-stream interpreter
 * (see sim_cs.h), the thread that drives it (sim_thread.c), parameters and
 * counters (sim_params.c, sim_stats.c). A platform connects through struct
 * sim_glue_ops; nothing else depends on what the model runs on.
 *
 * Locks, in the order in which they nest, all taken with interrupts off:
 *   sim.exec_lock	the microcontroller and all CSG and CS state
 *   sim_as.lock	one address space; held over translation *and* access
 *   sim.reg_lock	register words and interrupt lines (raw: hard IRQ)
 * sim_cache.c has a lock of its own, inside which none of these is taken.
 * Nothing sleeps or allocates memory after sim_init(): the model runs the jobs
 * that memory reclaim waits for.
 */

#ifndef MALI_SIM_H
#define MALI_SIM_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "mali_sim_isa.h"

#define SIM_MAX_AS		16
#define SIM_MAX_CSG		31
#define SIM_MAX_CS		15
#define SIM_PAGE_SHIFT		12	/* the GPU's granule, not the CPU's */
#define SIM_PAGE_SIZE		BIT_ULL(SIM_PAGE_SHIFT)
#define SIM_PAGE_MASK		(~(SIM_PAGE_SIZE - 1))
#define SIM_WINDOW_SIZE		0x200000	/* MMIO window */
#define SIM_FLUSH_ID_OFFSET	0x10000		/* page that userland may map */

/* --- Platform glue ------------------------------------------------------- */

enum sim_irq_line {
	SIM_IRQ_JOB,
	SIM_IRQ_MMU,
	SIM_IRQ_GPU,
	SIM_IRQ_COUNT,
};

/**
 * struct sim_glue_ops - what a platform offers to the model
 */
struct sim_glue_ops {
	/**
	 * @set_irq: change the level of an interrupt line; called with
	 * spinlocks held, delivers later and in hard-IRQ context
	 */
	void (*set_irq)(unsigned int line, bool level);
	/** @pa_to_kva: kernel pointer for a physical address or NULL */
	void *(*pa_to_kva)(u64 pa);
	/** @flush_id: first word of the page behind LATEST_FLUSH */
	u32 *flush_id;
};

/* --- Counters ------------------------------------------------------------ */

enum sim_stat {
	SIM_STAT_INSTRUCTIONS,
	SIM_STAT_PSEUDO_BYTES,
	SIM_STAT_WALKS,
	SIM_STAT_TLB_HITS,
	SIM_STAT_STALE_TLB_HITS,
	SIM_STAT_LOCKS,
	SIM_STAT_LOCK_STALLS,
	SIM_STAT_UNLOCKS_WITHOUT_FLUSH,
	SIM_STAT_FAULTS,
	SIM_STAT_IRQS_JOB,
	SIM_STAT_IRQS_MMU,
	SIM_STAT_IRQS_GPU,
	SIM_STAT_BOOTS,
	SIM_STAT_HALTS,
	SIM_STAT_STOPS,
	SIM_STAT_RESETS,
	SIM_STAT_FLUSHES,
	SIM_STAT_DOORBELLS,
	SIM_STAT_DOORBELL_MAX_US,
	SIM_STAT_GROUP_STARTS,
	SIM_STAT_GROUP_RESUMES,
	SIM_STAT_GROUP_SUSPENDS,
	SIM_STAT_GROUP_TERMINATES,
	SIM_STAT_SYNC_UPDATES,
	SIM_STAT_IDLE_EVENTS,
	SIM_STAT_JOBS,
	SIM_STAT_CS_FATALS,
	SIM_STAT_CS_FAULTS,
	SIM_STAT_TILER_OOMS,
	SIM_STAT_DISPATCHES,
	SIM_STAT_DRAWS,
	SIM_STAT_FRAGMENTS,
	SIM_STAT_WORK_PAGES,
	SIM_STAT_WORK_CAPPED,
	SIM_STAT_HEAP_CHUNKS,
	SIM_STAT_HEAP_RETURNS,
	SIM_STAT_OOM_HANDLERS,
	SIM_STAT_MCU_FATALS,
	SIM_STAT_DROPPED_ACKS,
	SIM_STAT_STUCK_LOCKS,
	SIM_STAT_LOST_FLUSHES,
	SIM_STAT_FAILED_BOOTS,
	SIM_STAT_UNKNOWN_ACCESSES,
	SIM_STAT_LINES_CLEANED,
	SIM_STAT_LINES_LOST,
	SIM_STAT_COUNT,
};

extern atomic64_t sim_stats[SIM_STAT_COUNT];

static inline void sim_count_n(enum sim_stat stat, u64 n)
{
	atomic64_add(n, &sim_stats[stat]);
}

static inline void sim_count(enum sim_stat stat)
{
	sim_count_n(stat, 1);
}

static inline void sim_count_max(enum sim_stat stat, u64 value)
{
	if (value > atomic64_read(&sim_stats[stat]))
		atomic64_set(&sim_stats[stat], value);
}

void sim_stats_init(void);

/* --- Parameters (sim_params.c documents each) ---------------------------- */

struct sim_params {
	uint gpu_id;
	uint as_present;
	ulong shader_present;
	uint group_num;
	uint stream_num;
	uint fw_version;
	uint fw_section_size;
	uint tlb_size;
	bool coherent;
	bool cpu_cache;
	bool fifo;
	uint irq_base;
	/* Can change at run time; read with READ_ONCE(). */
	uint irq_delay_us;
	bool hold_mmu_irq;
	bool use_tlb;
	bool tlb_noinval;
	uint tlb_check;
	bool drop_acks;
	/* Countdowns, see sim_countdown(). */
	uint ack_lost;
	uint lock_stuck;
	uint flush_lost;
	uint boot_fails;
	bool sync_acks;
	bool no_bus_fatal;
	bool pseudo;
	bool read_resources;
	uint slice_instr;
	uint slice_bytes;
	bool trace;
};

extern struct sim_params sim_par;

int sim_params_check(void);
bool sim_countdown(uint *param);

#define sim_param(name)		READ_ONCE(sim_par.name)
#define sim_trace(fmt, ...) \
do { \
	if (sim_param(trace)) \
		pr_info("mali_sim: " fmt, ##__VA_ARGS__); \
} while (0)

/* --- Address spaces ------------------------------------------------------ */

/* AS_FAULTSTATUS 9:8, kbase and panthor_mmu_regs.h. */
#define SIM_ACCESS_READ		2
#define SIM_ACCESS_WRITE	3

struct sim_tlb_entry {
	u64 tag;	/* VA >> 12, plus 1 so that 0 is "empty" */
	u64 desc;	/* leaf descriptor */
	u32 level;
};

struct sim_as {
	/** @lock: protects the members below, and accesses through this AS */
	spinlock_t lock;
	/* Staged registers, taken over by commands; written under reg_lock. */
	u64 transtab;
	u64 memattr;
	u64 transcfg;
	u64 lockaddr;
	/* Effective configuration. */
	u64 root;
	u32 mode;
	u32 va_bits;
	/* Region lock; the end is inclusive. */
	bool locked;
	bool stalled;
	/* The LOCK never ends: busy until a reset. */
	bool stuck;
	u64 lock_start;
	u64 lock_end;
	u64 lock_flushes;
	/* Faults. */
	bool faulted;
	u32 fault_gen;
	u32 seen_gen;
	u32 fault_status;
	u64 fault_addr;
	/* TLB. */
	u32 check_count;
	struct sim_tlb_entry *tlb;
};

int sim_mmu_init(void);
void sim_mmu_reset(void);
u32 sim_mmu_read(u32 offset);
void sim_mmu_write(u32 offset, u32 value);
bool sim_mmu_is_enabled(struct sim_as *as);
bool sim_mmu_is_locked(struct sim_as *as, u64 va, u64 size);
int sim_mmu_map(struct sim_as *as, u64 va, u32 access, void **kva);
int sim_mmu_read_words(struct sim_as *as, u64 va, u32 *words, unsigned int count);
int sim_mmu_write_words(struct sim_as *as, u64 va, const u32 *words, unsigned int count);

/* --- CPU caches ---------------------------------------------------------- */

/* How the CPU maps a page that the driver gives to the GPU. */
enum sim_cache_use {
	SIM_CACHE_NONE,		/* the driver has taken it back */
	SIM_CACHE_CACHED,
	SIM_CACHE_UNCACHED,
	SIM_CACHE_UNCACHED_MAP,	/* a process gets an uncached mapping of it */
};

int sim_cache_init(unsigned long pages, void *mem);
void sim_cache_for_device(u64 pa, u64 size);
void sim_cache_for_cpu(u64 pa, u64 size, bool written);
void sim_cache_use(unsigned long pfn, enum sim_cache_use use);
void *sim_cache_memory(u64 pa);

/* --- Registers ----------------------------------------------------------- */

#define SIM_GPU_IRQ_FAULT	BIT(0)
#define SIM_GPU_IRQ_RESET	BIT(8)
#define SIM_GPU_IRQ_FLUSH	BIT(17)
#define SIM_JOB_IRQ_GLB		BIT(31)

u32 sim_mmio_read32(u32 offset);
void sim_mmio_write32(u32 offset, u32 value);
void sim_irq_raise(enum sim_irq_line line, u32 bits);
void sim_flush_caches(bool command);
u64 sim_flush_count(void);
void sim_gpu_fault(u32 status, u64 addr);
u64 sim_timestamp(void);
u64 sim_cycle_count(void);

/* --- Command streams ----------------------------------------------------- */

struct sim_frame {
	u64 pc;
	u64 end;
};

/* The registers that RUN_* read: it takes a copy of them. */
#define SIM_OP_REGS		66
/* Instructions that a CS has begun and not yet completed. */
#define SIM_MAX_OPS		4

/**
 * struct sim_op - an instruction that completes later than it is issued
 */
struct sim_op {
	/** @instr: the instruction */
	u64 instr;
	/** @sb: scoreboard entry that counts it */
	u32 sb;
	/** @pad: unused */
	u32 pad;
	union {
		/** @regs: RUN_*: the registers when it was issued */
		u32 regs[SIM_OP_REGS];
		/** @arg: others: the values of its two operands */
		u64 arg[2];
	};
};

/**
 * struct sim_progress - how far a struct sim_op has got
 */
struct sim_progress {
	/** @item: descriptors, buffers and the like that are done */
	u32 item;
	/** @range: parts of the next item that are done, e.g. planes */
	u32 range;
	/** @page: pages of the next part that are done */
	u32 page;
	/** @total: pages and descriptors so far, at most SIM_WORK_MAX */
	u32 total;
	/** @raised: an event has been raised and not answered */
	u32 raised;
	/** @fault: type of the fault that ends this, or 0 */
	u32 fault;
	/** @tiles: all has been read, now memory is taken from the heap */
	u32 tiles;
	/** @refused: the driver gave no chunk */
	u32 refused;
	/** @handled: the exception handler has run, and no chunk came since */
	u32 handled;
	/** @seen: fragment jobs completed when the driver gave no chunk */
	u32 seen;
	/** @bytes: still to be taken from the heap */
	u64 bytes;
	/** @chunk: given by the driver, not yet used */
	u64 chunk;
};

/**
 * struct sim_cs_ctx - what a CS keeps over a suspend; the layout of one CS's
 * part of the suspend buffer (our choice: the driver never reads it)
 */
struct sim_cs_ctx {
	/** @magic: distinguishes a saved context from fresh memory */
	u64 magic;
	/** @regs: work registers */
	u32 regs[SIM_MAX_REGS];
	/** @extract: byte position in the ring, free running */
	u64 extract;
	/** @frame: CALL frames; the innermost is frame[depth - 1] */
	struct sim_frame frame[SIM_CALL_DEPTH + 1];
	/** @depth: number of frames, 0 = at ring level */
	u32 depth;
	/** @handler: number of frames up to the exception handler's, 0 = it does not run */
	u32 handler;
	/** @error: error state, see ERROR_BARRIER */
	u32 error;
	/** @busy: a long instruction has begun and keeps its progress below */
	u32 busy;
	/** @done: bytes done */
	u64 done;
	/** @acc: running checksum */
	u64 acc;
	/** @delay_ns: what is left of a DELAY, filled at suspend */
	u64 delay_ns;
	/** @heap: address of the heap context, see HEAP_SET */
	u64 heap;
	/** @handler_va: code of the exception handler for TILER_OOM */
	u64 handler_va;
	/** @handler_len: its length in bytes, 0 = there is none */
	u32 handler_len;
	/** @sb_endpoint: scoreboard entry that counts RUN_* */
	u8 sb_endpoint;
	/** @sb_other: entry that would count loads and stores */
	u8 sb_other;
	/** @sb_deferred: entry that counts indirectly deferred instructions */
	u8 sb_deferred;
	/** @sb_last: entry that NEXT_SB_ENTRY returned last */
	u8 sb_last;
	/** @sb_stream: entries among which NEXT_SB_ENTRY selects */
	u16 sb_stream;
	/** @sb_wait: entries for indirect waits */
	u16 sb_wait;
	/** @op_count: number of elements of @op that are in use */
	u32 op_count;
	/** @shared_sb: shared scoreboard of the group, the same in each of its CSs */
	u8 shared_sb[SIM_SHARED_SB];
	/** @progress: of op[0], and of an instruction that completes at once */
	struct sim_progress progress[2];
	/** @op: begun and not completed, oldest first */
	struct sim_op op[SIM_MAX_OPS];
};

/* Slot of one CS in the suspend buffer; does not straddle pages. */
#define SIM_CTX_SLOT		2048
#define SIM_CTX_MAGIC		0x4d53494d43545832ULL

enum sim_cs_state {
	SIM_CS_OFF,	/* not started */
	SIM_CS_RUN,	/* started, see enum sim_cs_wait */
	SIM_CS_DEAD,	/* stopped by a CS_FATAL */
};

/* Why a started CS makes no progress. */
enum sim_cs_wait {
	SIM_WAIT_NONE,
	SIM_WAIT_EMPTY,	/* nothing in the ring */
	SIM_WAIT_SYNC,	/* SYNC_WAIT not fulfilled */
	SIM_WAIT_LOCK,	/* access hit a locked region, UNLOCK wakes */
	SIM_WAIT_FAULT,	/* the address space has faulted, UPDATE wakes */
	SIM_WAIT_DELAY,	/* DELAY, time wakes */
	SIM_WAIT_EVENT,	/* event not yet answered by the driver */
	SIM_WAIT_SB,	/* scoreboard entry of an instruction not yet complete */
	SIM_WAIT_SHARED, /* shared scoreboard entry is 0 */
	SIM_WAIT_HEAP,	/* no heap chunk until a fragment job completes */
};

struct sim_cs {
	enum sim_cs_state state;
	enum sim_cs_wait wait;
	struct sim_cs_ctx ctx;
	/* Ring buffer (group's AS) and its two interface pages (AS0). */
	u64 ring_base;
	u32 ring_size;
	u64 ring_in;
	u64 ring_out;
	u64 insert;
	bool extract_dirty;
	/* SIM_WAIT_SYNC: what is waited for. */
	u64 sync_va;
	u64 sync_ref;
	u32 sync_cond;
	bool sync_64;
	/* SIM_WAIT_FAULT: generation of the AS at the fault. */
	u32 fault_gen;
	/* SIM_WAIT_DELAY */
	ktime_t deadline;
	/* Events to raise and their payload. */
	u32 want;
	u32 fault;
	u32 fatal;
	u64 fault_info;
	u64 fatal_info;
	u32 heap_vt_start;
	u32 heap_vt_end;
	u32 heap_frag_end;
	u64 heap_address;
	/* An instruction that completes at once; one in the exception handler does. */
	struct sim_op inline_op;
};

struct sim_csg {
	bool active;
	bool idle;
	u32 id;
	struct sim_as *as;
	u64 suspend_buf;
	u32 want;
	u8 shared_sb[SIM_SHARED_SB];
	struct sim_cs *cs;
};

/* CS and CSG events (panthor_fw.h; kbase has the same numbers). */
#define SIM_CS_EVT_TILER_OOM		BIT(26)
#define SIM_CS_EVT_PROTM		BIT(27)
#define SIM_CS_EVT_FATAL		BIT(30)
#define SIM_CS_EVT_FAULT		BIT(31)
#define SIM_CS_EVT_MASK \
	(SIM_CS_EVT_TILER_OOM | SIM_CS_EVT_PROTM | SIM_CS_EVT_FATAL | SIM_CS_EVT_FAULT)
#define SIM_CSG_EVT_SYNC_UPDATE		BIT(28)
#define SIM_CSG_EVT_IDLE		BIT(29)
#define SIM_CSG_EVT_PROGRESS		BIT(31)

/* Result of one instruction, besides 0 (done) and -EAGAIN, -EFAULT (MMU). */
enum sim_step {
	SIM_STEP_DONE,		/* continue after this instruction */
	SIM_STEP_JUMPED,	/* the program counter is already set */
	SIM_STEP_AGAIN,		/* partly done, run it again */
	SIM_STEP_WAIT,		/* cs->wait says what it waits for */
	SIM_STEP_DEAD,		/* CS_FATAL */
	SIM_STEP_FAULT,		/* invalid data: CS_FAULT, then continue */
	SIM_STEP_OOM,		/* the tiler heap has no free chunk */
};

void sim_cs_start(struct sim_cs *cs);
bool sim_cs_run(struct sim_csg *csg, struct sim_cs *cs);
bool sim_cs_is_idle(const struct sim_cs *cs);
u64 sim_cs_pc(const struct sim_cs *cs);
int sim_cs_die(struct sim_cs *cs, u32 type, u32 data);
void sim_pseudo_save(struct sim_cs *cs);
void sim_pseudo_restore(struct sim_cs *cs);
u32 sim_sb_busy(const struct sim_cs *cs);
void sim_op_restore(struct sim_cs *cs);

/* --- Microcontroller ----------------------------------------------------- */

/* MCU_STATUS (panthor_fw_regs.h). */
#define SIM_MCU_DISABLED	0
#define SIM_MCU_ENABLED		1
#define SIM_MCU_HALT		2
#define SIM_MCU_FATAL		3

struct sim_mcu {
	u32 control;
	u32 status;
	bool boot_pending;
	/** @broken: an access to the interface failed */
	bool broken;
	/** @attention: there are events to raise */
	bool attention;
	/** @idle: all groups are idle */
	bool idle;
	/** @want: GLB events to raise */
	u32 want;
	/** @rescan: a doorbell rang, look for requests */
	atomic_t rescan;
	/** @rung: when the first of the doorbells not yet handled rang */
	ktime_t rung;
};

/*
 * The shared section in AS0, as addresses. The offsets are our choice; the
 * control blocks of 31 groups end before GLB input.
 */
#define SIM_SECTION_VA		0x04000000ULL
#define SIM_GROUP_STRIDE	0x200
#define SIM_STREAM_STRIDE	0x10
#define SIM_CSG_IO_STRIDE	0x2000
#define SIM_GLB_CTRL		SIM_SECTION_VA
#define SIM_CSG_CTRL(i)		(SIM_SECTION_VA + 0x1000 + (i) * SIM_GROUP_STRIDE)
#define SIM_CS_CTRL(i, j)	(SIM_CSG_CTRL(i) + 0x40 + (j) * SIM_STREAM_STRIDE)
#define SIM_GLB_IN		(SIM_SECTION_VA + 0x6000)
#define SIM_GLB_OUT		(SIM_SECTION_VA + 0x7000)
#define SIM_CSG_IN(i)		(SIM_SECTION_VA + 0x8000 + (i) * SIM_CSG_IO_STRIDE)
#define SIM_CSG_OUT(i)		(SIM_CSG_IN(i) + 0x1000)
#define SIM_CS_IN(i, j)		(SIM_CSG_IN(i) + 0x100 + (j) * 0x100)
#define SIM_CS_OUT(i, j)	(SIM_CSG_OUT(i) + 0x100 + (j) * 0x100)
#define SIM_SECTION_END(groups)	SIM_CSG_IN(groups)

/* Fields of the input and output blocks (struct panthor_fw_*_iface). */
#define SIM_IN_REQ		0x00	/* of all three kinds of blocks */
#define SIM_OUT_ACK		0x00
#define SIM_IN_IRQ_MASK		0x04	/* GLB and CSG */
#define SIM_IN_DOORBELL_REQ	0x08
#define SIM_OUT_DOORBELL_ACK	0x08
#define SIM_CS_IN_IRQ_MASK	0x0c
#define SIM_CS_IN_HEAP_START	0x20

void sim_mcu_reset(void);
void sim_mcu_control(u32 value);
u32 sim_mcu_status(void);
bool sim_mcu_runs(void);
void sim_mcu_doorbell(u32 id);
void sim_mcu_unlocked(void);
void sim_mcu_pass(void);
void *sim_mcu_map(u64 va, u32 access);
u32 sim_mcu_rd32(u64 va);
u64 sim_mcu_rd64(u64 va);
void sim_mcu_wr32(u64 va, u32 value);
void sim_mcu_wr64(u64 va, u64 value);
int sim_mcu_access64(u64 va, u64 *value, u32 access);
u32 sim_mcu_pending(u64 in, u64 out);
u32 sim_mcu_fire(u64 in, u64 out, u32 events);

int sim_csg_init(void);
void sim_csg_reset(void);
void sim_csg_requests(struct sim_csg *csg);
void sim_csg_events(struct sim_csg *csg);
void sim_csg_want(struct sim_csg *csg, u32 events);
void sim_cs_want(struct sim_cs *cs, u32 events);
bool sim_csg_check_idle(struct sim_csg *csg);

/* --- Thread and global state --------------------------------------------- */

struct sim {
	const struct sim_glue_ops *glue;
	/** @exec_lock: see the top of this file */
	spinlock_t exec_lock;
	/** @reg_lock: see the top of this file */
	raw_spinlock_t reg_lock;
	struct sim_as as[SIM_MAX_AS];
	unsigned int as_count;
	struct sim_mcu mcu;
	struct sim_csg csg[SIM_MAX_CSG];
	wait_queue_head_t wq;
	atomic_t kicked;
};

extern struct sim sim;

int sim_init(const struct sim_glue_ops *glue);
void sim_kick(void);

#endif /* MALI_SIM_H */
