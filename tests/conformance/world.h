/* SPDX-License-Identifier: MIT */
/*
 * A device with processes on it: what the conformance cases stand on.
 *
 * The cases (cases_*.c) know nothing about how processes, buffers and GPU work
 * come to be. They see this header, libdrm_panthor and raw ioctls. Two back
 * ends implement it:
 *
 *   world_mock.c    a model inside the test process, on the host
 *   world_driver.c  real processes and the real driver: in a guest, where a case
 *                  may have all of it to itself, or on a board among others
 *
 * Where the two disagree on a case, one of them is wrong.
 *
 * Conventions
 *
 * - The test process is "the manager": root of the initial namespaces, with
 *   CAP_SYS_RESOURCE. world_fd() is its own file of the device, and is what the
 *   cases give to the library and to ioctl(). Every other process is an app.
 * - A function that returns int returns 0 or a count, or -errno where failing
 *   is part of what is described at it. Trouble that no case asked for (a fork
 *   that fails, a job that faults, a guest short of memory) must not be
 *   returned: end the case with cmocka's fail_msg().
 * - Functions that act *inside* an app (alloc, share, frame, sum, fill, busy,
 *   call) need the app to run. On a stopped app they are a mistake of the case:
 *   fail_msg().
 * - Sizes are in bytes and multiples of WORLD_PAGE. Times are in nanoseconds
 *   on the clock of world_now().
 * - An app is one process. It has files of the device (fds of its own), each
 *   file has VMs, each VM has one queue to run jobs on. Files, VMs and BOs are
 *   small integers that count from 0 within their app (a BO number is unique in
 *   its app, not in its file). VMs count within their file.
 * - Memory that the app needs besides what the case asked for (command buffers,
 *   sync objects, results) is kept small and is real memory of that app: it
 *   shows in world_memory(), may be reclaimed, and the cases allow for it.
 *   Nothing may be allocated between two looks of a case but by what the case
 *   calls: set queues, command buffers and result buffers up in world_spawn().
 * - All cases together hold at most WORLD_MAX_LIVE bytes of BOs at a time.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WORLD_PAGE 4096ull
#define WORLD_MIB (1024ull * 1024)
#define WORLD_MAX_LIVE (64 * WORLD_MIB)
#define WORLD_MS 1000000ll
#define WORLD_SECOND 1000000000ll

struct world;
struct world_app;
struct world_cgroup;

/* --- life --------------------------------------------------------------- */

/*
 * A fresh world for one case: the device present and idle, swap on and empty
 * enough for WORLD_MAX_LIVE, no app. Called before each case.
 */
struct world *world_open(void);

/*
 * Ends all apps, undoes world_set_swap() and world_fault(), closes the file.
 * Called after each case, whether it passed or not, also by longjmp from the
 * middle of one.
 *
 * Returns 0, or -1 after it printed what went wrong behind the cases' back (a
 * WARN in the kernel log, a GPU fault or reset that no case asked for, a frame
 * loop that failed and that nobody stopped). The case then counts as failed.
 */
int world_close(struct world *w);

/* The manager's fd of the device (a render node). Valid until world_close(). */
int world_fd(struct world *w);

/* "mock", "guest" or "board", for messages. */
const char *world_name(void);

/* What the suite needs and does here, for people who ask before they start it. */
extern const char world_help[];

/*
 * Once, before everything else: 0, or -1 after it printed what is missing and what
 * to do about it.
 */
int world_ready(void);

/*
 * What a back end can do beyond the rest of this header, all of which each
 * must do. A case that needs a missing one is skipped, with the name printed.
 */
enum world_feature {
	/* world_pin() */
	WORLD_CAN_PIN = 1 << 0,
	/* world_give_file() */
	WORLD_CAN_GIVE_FILE = 1 << 1,
	/* world_set_swap() with a number of bytes */
	WORLD_CAN_FILL_SWAP = 1 << 2,
	/* world_fault() with the fault of that name */
	WORLD_CAN_UNPLUG = 1 << 3,
	WORLD_CAN_SWAP_READ_ERROR = 1 << 4,
	WORLD_CAN_NO_MEMORY = 1 << 5,
	WORLD_CAN_MMU_TIMEOUT = 1 << 6,
	WORLD_CAN_NO_SWAP_SUPPORT = 1 << 7,
	/*
	 * There is a GPU: world_heap(), world_sparse(), world_new_queue()
	 */
	WORLD_HAS_GPU = 1 << 8,
	/* A reclaim that waits for work learns at once that the device went away. */
	WORLD_UNPLUG_ENDS_WAIT = 1 << 9,
	/*
	 * Nobody else is there: world_counters() tell what the case has done, and
	 * world_set_swap(), world_press(), world_quiet() and world_keep_awake()
	 * harm nobody
	 */
	WORLD_IS_ALONE = 1 << 10,
	/* world_gpu() */
	WORLD_HAS_GPU_COUNTERS = 1 << 11,
	/* The faults that are about the GPU's firmware and caches */
	WORLD_CAN_BREAK_GPU = 1 << 12,
	/* world_cgroup() */
	WORLD_HAS_CGROUPS = 1 << 13,
	/* With it: they are charged for memory. world_swap_max(), world_hold_up() */
	WORLD_HAS_MEMCG = 1 << 14,
	/* world_fault() with WORLD_FAULT_SWAP_WRITE */
	WORLD_CAN_SWAP_WRITE_ERROR = 1 << 15,
	/* A client id or a cgroup can name a target: not in the first parts of the series. */
	WORLD_HAS_TARGETS = 1 << 16,
	/* Many buffers share an update of the GPU's MMU: not in the first parts, either. */
	WORLD_HAS_BATCHES = 1 << 17,
};

/*
 * What each back end must offer, so that nothing is skipped silently for ever:
 * a test of the suite itself compares. The mock has no GPU to speak of; whether the
 * guest's kernel can swap depends on the kernel. A board is used by others, too,
 * and has what it has.
 */
#define WORLD_FEATURES_MOCK (0xffu | WORLD_UNPLUG_ENDS_WAIT | WORLD_IS_ALONE | \
			     WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG | WORLD_CAN_SWAP_WRITE_ERROR | \
			     WORLD_HAS_TARGETS)
#define WORLD_FEATURES_GUEST (0xffffu & ~WORLD_CAN_NO_SWAP_SUPPORT)
#define WORLD_FEATURES_BOARD (WORLD_CAN_GIVE_FILE | WORLD_HAS_GPU)

unsigned int world_features(void);
/* Those of the three that are for this back end, here. */
unsigned int world_features_expected(void);

/* CLOCK_MONOTONIC; the mock has a virtual one that only moves when told. */
int64_t world_now(struct world *w);

/* Let time pass; GPU work and frame loops go on meanwhile. */
void world_sleep(struct world *w, int64_t ns);

/* --- apps --------------------------------------------------------------- */

enum world_cred {
	/* Root of the initial user namespace, as the manager. */
	WORLD_CRED_MANAGER,
	/* An ordinary user without any capability. */
	WORLD_CRED_USER,
	/* Root with every capability, in a user namespace of its own. */
	WORLD_CRED_USERNS_ROOT,
};

struct world_spawn {
	enum world_cred cred;
	/*
	 * Live in *the* child pid namespace of the world (one, made when first
	 * needed), else in the manager's.
	 */
	bool child_pidns;
	/* Open no file of the device; world_call() then passes fd -1. */
	bool no_device;
	/* Its memory is for WORLD_FAULT_NO_MEMORY to limit. */
	bool limited;
	/* Live in this one from the start; NULL: in the manager's. Not if limited. */
	struct world_cgroup *cgroup;
	/*
	 * WORLD_IS_ALONE: file 0 is one of the device's primary node, and the app the
	 * DRM master that every first opener of it is. One app at a time.
	 */
	bool master;
	/* Number of files, and of VMs in each. 0 means 1. At most 4. */
	unsigned int files;
	unsigned int vms;
};

/*
 * A new process, running and idle, with its files, VMs and queues. @how may be
 * NULL: a WORLD_CRED_USER app with one file and one VM. The device must be
 * accessible to every cred (the tests are not about file permissions).
 *
 * No app may have, in the child pid namespace, a number that any app has in the
 * manager's: the cases tell by it which of the two was looked up.
 */
struct world_app *world_spawn(struct world *w, const struct world_spawn *how);

/* SIGKILL, and return when the process is reaped and its files are closed. */
void world_kill(struct world *w, struct world_app *app);

/* SIGSTOP, and return when it has stopped; SIGCONT. GPU work goes on. */
void world_stop(struct world *w, struct world_app *app);
void world_continue(struct world *w, struct world_app *app);

/*
 * The app's TGID as @seen_by sees it (NULL: the manager). 0 if @seen_by cannot
 * see it. Still answers with the old number after world_kill().
 */
pid_t world_tgid(struct world *w, struct world_app *app, struct world_app *seen_by);

/*
 * The id of a second thread of the app, as the manager sees it. The thread
 * lives as long as the app and does nothing.
 */
pid_t world_thread_id(struct world *w, struct world_app *app);

/*
 * A child of the app by fork(): it inherits the app's fds of the device, and does
 * nothing at all until world_join() ends it. Returns its TGID as the manager sees
 * it; the app must be in the manager's pid namespace.
 */
pid_t world_fork(struct world *w, struct world_app *app);
void world_join(struct world *w, struct world_app *app, pid_t child);

/* A TGID that no process has, neither in the manager's nor the child namespace. */
pid_t world_unused_tgid(struct world *w);

/* --- what names a target -------------------------------------------------- */

/*
 * A pidfd of the app's process, for the manager, until world_close(). It must be asked
 * for while the process lives, and names it for ever after that.
 */
int world_pidfd(struct world *w, struct world_app *app);

/* The drm-client-id of a file of the app, which must run. */
uint64_t world_client_id(struct world *w, struct world_app *app, unsigned int file);

/* WORLD_CAN_PIN and WORLD_IS_ALONE: that of a file of another device, which stays open. */
uint64_t world_foreign_client_id(struct world *w);

/* The manager keeps a file of the app open until world_close(), and does nothing with it. */
void world_keep_file(struct world *w, struct world_app *app, unsigned int file);

/*
 * A child of the app by fork() issues one ioctl that changes nothing on file 0, and
 * exits. So it is the owner, until the app uses the file again.
 */
void world_child_uses_file(struct world *w, struct world_app *app);

/*
 * WORLD_HAS_CGROUPS: a new one, without a process, in @parent or on top (NULL). If
 * @charged it is charged for memory itself, and no process can be in @parent; else only
 * those on top are. It ends with the world, if not before. Its descriptor is one of the
 * directory, valid until world_close().
 */
struct world_cgroup *world_cgroup(struct world *w, struct world_cgroup *parent, bool charged);
int world_cgroup_fd(struct world_cgroup *cgroup);

/* Of one that has no process any more. */
void world_cgroup_remove(struct world *w, struct world_cgroup *cgroup);

/* WORLD_HAS_MEMCG: memory.swap.max of one that is charged. WORLD_NO_LIMIT: none. */
#define WORLD_NO_LIMIT UINT64_MAX

void world_swap_max(struct world *w, struct world_cgroup *cgroup, uint64_t bytes);

/*
 * WORLD_HAS_MEMCG: return when the app, which is alone in a cgroup that is charged, is held
 * up in the middle of changing VM 0 of file 0. It has the locks of that VM, and keeps
 * them until world_kill(). It can do nothing else.
 */
void world_hold_up(struct world *w, struct world_app *app, struct world_cgroup *cgroup);

/* --- buffers ------------------------------------------------------------ */

/*
 * Content of a BO: 64-bit word number i is seed + i. (So pages differ from each
 * other, compress, and are neither zero nor same-filled.) Its checksum, for
 * both: s = 0xcbf29ce484222325; for each word s = (s ^ word) * 0x100000001b3.
 * pattern.c has both, for the cases and for the back ends.
 */
uint64_t pattern_word(uint64_t seed, uint64_t i);
uint64_t pattern_sum(uint64_t seed, uint64_t size);
/* The checksum of memory, not of what it should be. */
uint64_t pattern_sum_of(const uint64_t *words, uint64_t size);

struct world_alloc {
	unsigned int file;
	unsigned int vm;
	/* 0 means 1. BO number n of the lot is filled with seed + (n << 32). */
	unsigned int count;
	uint64_t size;
	uint64_t seed;
	/* Create with exclusive_vm_id, as most drivers do: cannot be shared. */
	bool exclusive;
	/*
	 * Never bind it to the GPU: filled by the CPU, and mapped by the CPU
	 * until the app ends. (Without it: bound in @vm, filled by a GPU job
	 * that has completed, and not mapped by the CPU.)
	 */
	bool unbound;
};

/* Returns the number of the first BO; the others of the lot follow. */
int world_alloc(struct world *w, struct world_app *app, const struct world_alloc *how);

/*
 * Export BO @bo of @from as a dma-buf, import it into @file of @to; if @bind,
 * map it on the GPU in @vm of that file and run one job that uses it, to
 * completion. @from and @to may be the same app; the same file (then the handle is
 * the one it has already) or another. Returns the BO's number in @to, a new one
 * also in the same file: by it world_fill() and world_sum() go through @vm, by the old one through
 * the VM that the BO had before. The exporter keeps its own handle and mapping. No
 * dma-buf fd stays open.
 */
int world_share(struct world *w, struct world_app *from, int bo, struct world_app *to,
		unsigned int file, unsigned int vm, bool bind);

/* Unmap from the GPU everywhere in this app, close the handle. */
void world_free(struct world *w, struct world_app *app, int bo);

enum world_unit { WORLD_BY_CPU, WORLD_BY_GPU };

/*
 * Write the whole BO anew with another seed, or read the whole of it and return
 * its checksum. By the CPU: through an mmap that ends with the call (or the one
 * that an unbound BO has). By the GPU: a job, waited for, in the VM that the BO
 * is bound in (WORLD_BY_GPU on an unbound BO is a mistake).
 */
void world_fill(struct world *w, struct world_app *app, int bo, enum world_unit by, uint64_t seed);
uint64_t world_sum(struct world *w, struct world_app *app, int bo, enum world_unit by);

/*
 * The same by the CPU, where it may fail: 0 and the checksum, or -EIO if a page of
 * the BO can never be read again.
 */
int world_try_sum(struct world *w, struct world_app *app, int bo, uint64_t *sum);

/* WORLD_CAN_PIN: make the pages of a BO stay, until the app ends. */
void world_pin(struct world *w, struct world_app *app, int bo);

/*
 * WORLD_CAN_GIVE_FILE: pass @file of @from to @to (SCM_RIGHTS or pidfd_getfd),
 * close it in @from, and issue one ioctl that changes nothing (VERSION) from
 * @to, which so becomes the owner. BOs, VMs and content stay in it; @from may
 * not use them any more. Nothing more is done in @to.
 */
void world_give_file(struct world *w, struct world_app *from, unsigned int file,
		     struct world_app *to);

/*
 * WORLD_HAS_GPU: a tiler heap in a VM, once for each: memory that the driver
 * allocates there by itself, in chunks, and that no handle leads to. The GPU has
 * written to all of them. It is no part of world_memory().
 */
#define WORLD_HEAP_CHUNK (256ull * 1024)

void world_heap(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		unsigned int chunks, uint64_t seed);

/* Ends the case unless the GPU finds in the heap what it has written. */
void world_heap_check(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * WORLD_HAS_GPU: map a range of a VM sparsely, once for each VM: no BO of the app
 * is behind it. world_sparse_use() writes and reads it by the GPU, which must not
 * fail.
 */
void world_sparse(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		  uint64_t size);
void world_sparse_use(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/* --- GPU work ----------------------------------------------------------- */

/*
 * A frame: submit a job that does nothing and wait for its end, at most 4 s.
 * Returns 0, or -errno of the submit (-ENODEV, -ENOMEM, -EIO...), -ETIME if the
 * job did not end, -EFAULT if its group is dead.
 */
int world_frame(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * Keep a VM busy: submit a job that ends @ns from now, and return when the GPU
 * has begun it. At most 3 s (panthor's job timeout is 5 s). world_idle() ends it
 * early if it can, else waits; afterwards the VM is idle.
 */
void world_busy(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		int64_t ns);
void world_idle(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * Frames in a loop on VM 0 of file 0, from a thread of the app, until
 * world_frames_stop(). That returns how many ended well (> 0 is for the case to
 * check), or -errno of the first that did not.
 */
void world_frames_start(struct world *w, struct world_app *app);
long world_frames_stop(struct world *w, struct world_app *app);

/* WORLD_HAS_GPU: another queue, in place of one that a reset has killed. */
void world_new_queue(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * WORLD_IS_ALONE. Return when the GPU has nothing to do and sleeps: from here on nothing but what
 * the case does changes who used memory last. Frame loops are the case's to stop.
 */
void world_quiet(struct world *w);

/*
 * WORLD_IS_ALONE. From here on the GPU stays awake, and has the VMs in its MMU that had work
 * last, until world_quiet() or the end.
 */
void world_keep_awake(struct world *w);

/*
 * WORLD_CAN_UNPLUG: return when the driver has given up a job that ran when the GPU
 * was unplugged. Else it would do so, and say it, in the middle of another case.
 */
void world_work_given_up(struct world *w);

/* --- calls -------------------------------------------------------------- */

/*
 * Code of a case that runs as some process. @fd is that process's own fd of the
 * device (file 0), or -1. It may touch @arg and nothing else that is not
 * constant: in the guest it runs in another process. Its value is passed on.
 */
typedef int (*world_fn)(int fd, void *arg);

/* What happens while a call runs, from outside. */
enum world_event {
	/* A signal, caught by a handler without SA_RESTART, to the caller's thread. */
	WORLD_EVENT_SIGNAL,
	/* Such signals, again and again until the call is over: of the manager alone. */
	WORLD_EVENT_SIGNALS,
	/* @app is killed as by world_kill(). */
	WORLD_EVENT_KILL,
	/* @app runs @fn(its fd, @arg), to the end; its value lands in @ret. */
	WORLD_EVENT_CALL,
	/* @app submits a job of @busy_ns to VM 0 of file 0, as world_busy(). */
	WORLD_EVENT_BUSY,
	/* world_fault() with WORLD_FAULT_UNPLUG. */
	WORLD_EVENT_UNPLUG,
};

struct world_during {
	enum world_event event;
	/* How long after the start of the call. If the call is over: still done. */
	int64_t after_ns;
	/* Not used by WORLD_EVENT_SIGNAL, _SIGNALS and _UNPLUG. May be NULL, the manager, for CALL. */
	struct world_app *app;
	world_fn fn;
	void *arg;
	size_t arg_size;
	int64_t busy_ns;
	int ret;
};

/*
 * Run @fn(fd, arg) as @app (NULL: the manager; then in the test process itself,
 * or a fork of it with the same numbers as far as the driver can tell) and
 * return its value. @arg, @arg_size bytes without pointers, is copied there and
 * back. @during may be NULL.
 */
int world_call(struct world *w, struct world_app *app, world_fn fn, void *arg, size_t arg_size,
	       struct world_during *during);

/* --- looking ------------------------------------------------------------ */

/*
 * Memory of the BOs that an app has handles of, over all of its files; a BO
 * with handles in two files counts twice. (fdinfo: drm-total-memory,
 * drm-resident-memory.) Works on stopped apps. Not the driver's own BOs.
 */
struct world_memory {
	uint64_t total;
	uint64_t resident;
	uint64_t evicted; /* total - resident */
};

void world_memory(struct world *w, struct world_app *app, struct world_memory *m);

/*
 * WORLD_IS_ALONE, else they may be read, and tell nothing. System-wide. Read after
 * everything that trickles has settled (RCU-freed pages, deferred frees), with
 * per-CPU page lists counted as free.
 */
struct world_counters {
	uint64_t free;	     /* MemFree + per-CPU lists */
	uint64_t swap_used;  /* SwapTotal - SwapFree, without the swap cache */
	uint64_t swap_free;
	uint64_t zram_used;  /* memory that the compressed store takes */
};

void world_counters(struct world *w, struct world_counters *c);

/* WORLD_HAS_GPU_COUNTERS: what the GPU is and has done. */
struct world_gpu {
	bool asleep;
	int64_t boots;	   /* of its firmware: each waking is one */
	int64_t resets;
	int64_t locks;	   /* of the MMU, around each change of a VM it has in use */
	int64_t off_slots; /* times that a queue group left its place on the GPU */
};

void world_gpu(struct world *w, struct world_gpu *gpu);

/* --- circumstances ------------------------------------------------------ */

#define WORLD_SWAP_NONE UINT64_MAX	    /* swapoff: no swap at all */
#define WORLD_SWAP_NORMAL (UINT64_MAX - 1)  /* as world_open() made it */
#define WORLD_SWAP_DISK (UINT64_MAX - 2)    /* for WORLD_FAULT_SWAP_READ */
#define WORLD_SWAP_SLOW (UINT64_MAX - 3)    /* a disk that completes later */

/*
 * WORLD_IS_ALONE. WORLD_SWAP_NONE, DISK and SLOW only while nothing that matters is in
 * swap. Any other number: occupy swap until at most
 * that many bytes, and at least half of it, are free. 0 is allowed: then none
 * is free.
 */
void world_set_swap(struct world *w, uint64_t free_bytes);

/*
 * WORLD_IS_ALONE. Memory pressure: have the system take some @bytes back from whoever is next.
 * It may take less, from anything that can be taken, also nothing of any BO.
 */
void world_press(struct world *w, uint64_t bytes);

enum world_fault {
	/* The device goes away, until world_close(). */
	WORLD_FAULT_UNPLUG,
	/*
	 * The content of the @nth page of what was written to swap since
	 * WORLD_SWAP_DISK, from 1, is lost. Whoever reads it first learns that by
	 * an I/O error. Linux remembers that it was: never does anybody read
	 * anything else instead.
	 */
	WORLD_FAULT_SWAP_READ,
	/*
	 * The device of swap takes next to nothing more, though it has room. Has no
	 * @nth.
	 */
	WORLD_FAULT_SWAP_WRITE,
	/*
	 * Memory for BOs of limited apps runs out: about @nth pages more can be
	 * allocated, and nothing can be pushed out in their place.
	 */
	WORLD_FAULT_NO_MEMORY,
	/*
	 * The GPU's MMU does not answer when the @nth BO from now on is unmapped
	 * or mapped, from 1. The GPU must have been kept awake since the VM's
	 * last work.
	 */
	WORLD_FAULT_MMU_TIMEOUT,
	/* The kernel is built without swap. */
	WORLD_FAULT_NO_SWAP_SUPPORT,
	/*
	 * WORLD_CAN_BREAK_GPU: a cache flush is not answered, when the @nth BO from now
	 * on is unmapped or mapped. Queues that are on the GPU are lost.
	 */
	WORLD_FAULT_FLUSH_TIMEOUT,
	/* WORLD_CAN_BREAK_GPU: the firmware does not boot, the @nth time from now on. */
	WORLD_FAULT_BOOT,
};

void world_fault(struct world *w, enum world_fault fault, unsigned int nth);

/*
 * Trouble is over: ends all faults but the two that last, and returns when the
 * device has recovered from them, if it had to. What is lost stays lost. A fault of
 * the GPU that has not struck by now is a mistake of the case, or of somebody else.
 */
void world_recover(struct world *w);

#endif /* WORLD_H */
