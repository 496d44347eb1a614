/* SPDX-License-Identifier: MIT */
/*
 * A world is a device and the processes that use it. All conformance cases run in one.
 *
 * The cases (cases_*.c) use only this header, libdrm_panthor and raw ioctls. They do not
 * know how processes, buffers and GPU work are implemented. There are two back ends:
 *
 *   world_mock.c    a model inside the test process, on the host
 *   world_driver.c  real processes and the real driver: in a guest, which runs nothing
 *                   else, or on a board, where other programs may run
 *
 * If the two disagree on a case, one of them is wrong.
 *
 * Conventions
 *
 * - The test process is "the manager": root of the initial namespaces, with
 *   CAP_SYS_RESOURCE. world_fd() is its own file of the device, which the cases
 *   pass to the library and to ioctl(). Every other process is an app.
 * - A function that returns int returns 0 or a count, or -errno if its comment
 *   names errors. It must not return an error that no case asked for (a fork
 *   that fails, a job that faults, a guest without memory), but end the case
 *   with cmocka's fail_msg().
 * - Functions that act *inside* an app (alloc, share, frame, sum, fill, busy,
 *   call) need a running app. If the app is stopped, the case has a bug, and
 *   they call fail_msg().
 * - Sizes are in bytes and multiples of WORLD_PAGE. Times are in nanoseconds
 *   on the clock of world_now().
 * - An app is one process. It has files of the device (fds of its own), each
 *   file has VMs, and each VM has one queue to run jobs on. Files and BOs are
 *   numbered from 0 in their app, VMs from 0 in their file.
 * - Memory that the app needs besides what the case asked for (command buffers,
 *   sync objects, results) is small and real memory of that app: world_memory()
 *   counts it, a reclaim may evict it, and the cases allow for it. world_spawn()
 *   must allocate it in advance, so that memory changes only by what a case does.
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
 * Called after each case, whether it passed or not, even after a longjmp from the
 * middle of one.
 *
 * Returns 0, or -1 after it printed what went wrong without the case noticing (a
 * WARN in the kernel log, a GPU fault or reset that no case asked for, a frame
 * loop that failed and was not stopped). The case then counts as failed.
 */
int world_close(struct world *w);

/* The manager's fd of the device (a render node). Valid until world_close(). */
int world_fd(struct world *w);

/* "mock", "guest" or "board", for messages. */
const char *world_name(void);

/* The part of --help that says what the suite needs and does here. */
extern const char world_help[];

/*
 * Called once, before everything else. Returns 0, or -1 after it printed what is missing and
 * what to do about it.
 */
int world_ready(void);

/*
 * What a back end may lack. Every back end must implement the rest of this header. A case
 * that needs a missing feature is skipped, and the feature is printed.
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
	/* A reclaim that waits for work ends at once when the device is unplugged. */
	WORLD_UNPLUG_ENDS_WAIT = 1 << 9,
	/*
	 * No other programs run: world_counters() show only what the case has done, and
	 * world_set_swap(), world_press(), world_quiet() and world_keep_awake() do no
	 * harm
	 */
	WORLD_IS_ALONE = 1 << 10,
	/* world_gpu() */
	WORLD_HAS_GPU_COUNTERS = 1 << 11,
	/* The faults that are about the GPU's firmware and caches */
	WORLD_CAN_BREAK_GPU = 1 << 12,
	/* world_cgroup() */
	WORLD_HAS_CGROUPS = 1 << 13,
	/* The cgroups are charged for memory: world_swap_max(), world_hold_up() */
	WORLD_HAS_MEMCG = 1 << 14,
	/* world_fault() with WORLD_FAULT_SWAP_WRITE */
	WORLD_CAN_SWAP_WRITE_ERROR = 1 << 15,
	/* A client id or a cgroup can name a target. The first parts of the series lack this. */
	WORLD_HAS_TARGETS = 1 << 16,
	/* Many buffers share an update of the GPU's MMU. The first parts lack this, too. */
	WORLD_HAS_BATCHES = 1 << 17,
};

/*
 * What each back end must offer. A test of the suite itself checks this, so that no case is
 * skipped forever without notice. The mock has no GPU, and one kernel of the guest cannot
 * swap. On a board, other programs may run, and some features depend on its kernel.
 */
#define WORLD_FEATURES_MOCK (0xffu | WORLD_UNPLUG_ENDS_WAIT | WORLD_IS_ALONE | \
			     WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG | WORLD_CAN_SWAP_WRITE_ERROR | \
			     WORLD_HAS_TARGETS)
#define WORLD_FEATURES_GUEST (0xffffu & ~WORLD_CAN_NO_SWAP_SUPPORT)
#define WORLD_FEATURES_BOARD (WORLD_CAN_GIVE_FILE | WORLD_HAS_GPU)

unsigned int world_features(void);
/* The one of these three that applies here. */
unsigned int world_features_expected(void);

/* CLOCK_MONOTONIC; the mock has a virtual one that only moves when told. */
int64_t world_now(struct world *w);

/* Let time pass. GPU work and frame loops continue. */
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
	 * Live in the child pid namespace of the world, which is created when it is
	 * first needed, instead of the manager's.
	 */
	bool child_pidns;
	/* Open no file of the device; world_call() then passes fd -1. */
	bool no_device;
	/* WORLD_FAULT_NO_MEMORY limits the memory of this app. */
	bool limited;
	/* Live in this cgroup from the start; NULL: in the manager's. Not if limited. */
	struct world_cgroup *cgroup;
	/*
	 * WORLD_IS_ALONE: file 0 is of the device's primary node, and the app becomes
	 * DRM master, as the first opener of the node does. One app at a time.
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
 * No app may have the same PID in the child pid namespace that any app has in the manager's,
 * so that the cases can find out in which of the two the driver looked up a PID.
 */
struct world_app *world_spawn(struct world *w, const struct world_spawn *how);

/* SIGKILL, and return when the process is reaped and its files are closed. */
void world_kill(struct world *w, struct world_app *app);

/* SIGSTOP, and return when it has stopped; SIGCONT. GPU work goes on. */
void world_stop(struct world *w, struct world_app *app);
void world_continue(struct world *w, struct world_app *app);

/*
 * The app's TGID as @seen_by sees it (NULL: the manager). 0 if @seen_by cannot
 * see it. Still returns the old number after world_kill().
 */
pid_t world_tgid(struct world *w, struct world_app *app, struct world_app *seen_by);

/*
 * The id of a second thread of the app, as the manager sees it. The thread
 * lives as long as the app and does nothing.
 */
pid_t world_thread_id(struct world *w, struct world_app *app);

/*
 * Fork a child of the app. It inherits the app's fds of the device, and does nothing until
 * world_join() ends it. Returns its TGID as the manager sees it; the app must be in the
 * manager's pid namespace.
 */
pid_t world_fork(struct world *w, struct world_app *app);
void world_join(struct world *w, struct world_app *app, pid_t child);

/* A TGID that no process has in the manager's or the child pid namespace. */
pid_t world_unused_tgid(struct world *w);

/* --- what names a target -------------------------------------------------- */

/*
 * A pidfd of the app's process in the manager, valid until world_close(). Call this while the
 * process lives; the pidfd still names it after its end.
 */
int world_pidfd(struct world *w, struct world_app *app);

/* The drm-client-id of a file of the app, which must run. */
uint64_t world_client_id(struct world *w, struct world_app *app, unsigned int file);

/* WORLD_CAN_PIN and WORLD_IS_ALONE: the id of a file of another device, which stays open. */
uint64_t world_foreign_client_id(struct world *w);

/* The manager keeps a file of the app open until world_close(), and does nothing with it. */
void world_keep_file(struct world *w, struct world_app *app, unsigned int file);

/*
 * Fork a child of the app, which issues one ioctl on file 0 that changes nothing, and exits.
 * It is the owner until the app uses the file again.
 */
void world_child_uses_file(struct world *w, struct world_app *app);

/*
 * WORLD_HAS_CGROUPS: a new cgroup without a process, in @parent, or at the top (NULL). If
 * @charged, the memory controller charges it, and no process can be in @parent; otherwise
 * only cgroups at the top are charged. world_close() removes it. world_cgroup_fd() returns
 * a descriptor of its directory, valid until world_close().
 */
struct world_cgroup *world_cgroup(struct world *w, struct world_cgroup *parent, bool charged);
int world_cgroup_fd(struct world_cgroup *cgroup);

/* Remove a cgroup that has no process any more. */
void world_cgroup_remove(struct world *w, struct world_cgroup *cgroup);

/* WORLD_HAS_MEMCG: set memory.swap.max of a charged cgroup. WORLD_NO_LIMIT: none. */
#define WORLD_NO_LIMIT UINT64_MAX

void world_swap_max(struct world *w, struct world_cgroup *cgroup, uint64_t bytes);

/*
 * WORLD_HAS_MEMCG: block the app, which is alone in a charged cgroup, in the middle of
 * changing VM 0 of file 0. It holds the locks of that VM until world_kill() and can do
 * nothing else.
 */
void world_hold_up(struct world *w, struct world_app *app, struct world_cgroup *cgroup);

/* --- buffers ------------------------------------------------------------ */

/*
 * Content of a BO: 64-bit word number i is seed + i. Pages therefore differ from each other,
 * can be compressed, and are neither zero nor same-filled. Its checksum:
 * s = 0xcbf29ce484222325; for each word s = (s ^ word) * 0x100000001b3.
 * pattern.c has both for the cases and the back ends.
 */
uint64_t pattern_sum(uint64_t seed, uint64_t size);

struct world_alloc {
	unsigned int file;
	unsigned int vm;
	/* 0 means 1. BO number n of the lot is filled with seed + (n << 32). */
	unsigned int count;
	uint64_t size;
	uint64_t seed;
	/* Create with exclusive_vm_id, as most drivers do. Such a BO cannot be shared. */
	bool exclusive;
	/*
	 * Do not bind it to the GPU. The CPU fills it, and maps it until the app
	 * ends. If false, it is bound in @vm, a GPU job has filled it, and the
	 * CPU does not map it.
	 */
	bool unbound;
};

/* Returns the number of the first BO; the others of the lot follow. */
int world_alloc(struct world *w, struct world_app *app, const struct world_alloc *how);

/*
 * Export BO @bo of @from as a dma-buf and import it into @file of @to. If @bind, map it on the
 * GPU in @vm of that file and complete one job that uses it. @from and @to may be the same app,
 * and even the file may be the same; its handle then stays the same. Returns a new number of
 * the BO in @to, with which world_fill() and world_sum() use @vm; with the old number they use
 * the VM that the BO had before. The exporter keeps its own handle and mapping. No dma-buf fd
 * stays open.
 */
int world_share(struct world *w, struct world_app *from, int bo, struct world_app *to,
		unsigned int file, unsigned int vm, bool bind);

/* Unmap from the GPU everywhere in this app, close the handle. */
void world_free(struct world *w, struct world_app *app, int bo);

enum world_unit { WORLD_BY_CPU, WORLD_BY_GPU };

/*
 * Fill the whole BO with another seed, or read the whole of it and return its checksum. The
 * CPU does this through an mmap that ends with the call, or through the one that an unbound BO
 * has. The GPU does it by a job in the VM that the BO is bound in, and the call waits for the
 * job. WORLD_BY_GPU on an unbound BO is a bug of the case.
 */
void world_fill(struct world *w, struct world_app *app, int bo, enum world_unit by, uint64_t seed);
uint64_t world_sum(struct world *w, struct world_app *app, int bo, enum world_unit by);

/*
 * world_sum() by the CPU that may fail. Returns 0 and the checksum, or -EIO if a page of the BO
 * cannot be read.
 */
int world_try_sum(struct world *w, struct world_app *app, int bo, uint64_t *sum);

/* WORLD_CAN_PIN: pin the pages of a BO until the app ends. */
void world_pin(struct world *w, struct world_app *app, int bo);

/*
 * WORLD_CAN_GIVE_FILE: pass @file of @from to @to (SCM_RIGHTS or pidfd_getfd),
 * close it in @from, and issue one ioctl that changes nothing (VERSION) from
 * @to, which makes @to the owner. The file keeps its BOs, VMs and content, but
 * @from may not use them any more.
 */
void world_give_file(struct world *w, struct world_app *from, unsigned int file,
		     struct world_app *to);

/*
 * WORLD_HAS_GPU: create a tiler heap in a VM, at most one for each VM. The driver allocates its
 * memory in chunks, which have no handle and are not counted by world_memory(). The GPU writes
 * to all of them.
 */
#define WORLD_HEAP_CHUNK (256ull * 1024)

void world_heap(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		unsigned int chunks, uint64_t seed);

/* End the case unless the GPU reads what it wrote to the heap. */
void world_heap_check(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * WORLD_HAS_GPU: create a sparse mapping in a VM, which no BO of the app backs; at most one for
 * each VM. world_sparse_use() makes the GPU write to it and read it, which must not fail.
 */
void world_sparse(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		  uint64_t size);
void world_sparse_use(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/* --- GPU work ----------------------------------------------------------- */

/*
 * Submit a job that does nothing and wait for its end, at most 4 s. Returns 0, or the error of
 * the submit (-ENODEV, -ENOMEM, -EIO...), -ETIME if the job did not end, or -EFAULT if its group
 * is dead.
 */
int world_frame(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * Keep a VM busy: submit a job that ends @ns from now, at most 3 s because panthor's job timeout
 * is 5 s, and return when the GPU has started it. world_idle() ends the job early if it can, or
 * waits for it; afterwards the VM is idle.
 */
void world_busy(struct world *w, struct world_app *app, unsigned int file, unsigned int vm,
		int64_t ns);
void world_idle(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * Run frames in a loop on VM 0 of file 0, from a thread of the app, until world_frames_stop().
 * That returns how many succeeded, which the case must check to be > 0, or the error of the
 * first that did not.
 */
void world_frames_start(struct world *w, struct world_app *app);
long world_frames_stop(struct world *w, struct world_app *app);

/* WORLD_HAS_GPU: replace a queue that a reset has killed. */
void world_new_queue(struct world *w, struct world_app *app, unsigned int file, unsigned int vm);

/*
 * WORLD_IS_ALONE. Wait until the GPU is idle and asleep. From then on, only what the case does
 * changes who used memory last. The case must have stopped its frame loops.
 */
void world_quiet(struct world *w);

/*
 * WORLD_IS_ALONE. Keep the GPU awake, with the VMs that had work last in its MMU, until
 * world_quiet() or the end.
 */
void world_keep_awake(struct world *w);

/* --- calls -------------------------------------------------------------- */

/*
 * Code of a case that runs as some process. @fd is that process's own fd of the device
 * (file 0), or -1. It may use constants and @arg only, because it runs in another process in
 * the guest. world_call() returns its value.
 */
typedef int (*world_fn)(int fd, void *arg);

/* What else happens while a call runs. */
enum world_event {
	/* A signal, caught by a handler without SA_RESTART, to the caller's thread. */
	WORLD_EVENT_SIGNAL,
	/* The same repeatedly until the call has returned. Only for calls of the manager. */
	WORLD_EVENT_SIGNALS,
	/* @app is killed as by world_kill(). */
	WORLD_EVENT_KILL,
	/* @app runs @fn(its fd, @arg) to its end; @ret gets its value. */
	WORLD_EVENT_CALL,
	/* @app submits a job of @busy_ns to VM 0 of file 0, as world_busy(). */
	WORLD_EVENT_BUSY,
	/* world_fault() with WORLD_FAULT_UNPLUG. */
	WORLD_EVENT_UNPLUG,
};

struct world_during {
	enum world_event event;
	/* How long after the start of the call. It happens even if the call is over by then. */
	int64_t after_ns;
	/* Unused by WORLD_EVENT_SIGNAL, _SIGNALS and _UNPLUG. NULL, for CALL only: the manager. */
	struct world_app *app;
	world_fn fn;
	void *arg;
	size_t arg_size;
	int64_t busy_ns;
	int ret;
};

/*
 * Run @fn(fd, arg) as @app (NULL: the manager, that is, in the test process itself) and return
 * its value. @arg, @arg_size bytes without pointers, is copied there and back. @during may be
 * NULL.
 */
int world_call(struct world *w, struct world_app *app, world_fn fn, void *arg, size_t arg_size,
	       struct world_during *during);

/* --- counters ------------------------------------------------------------ */

/*
 * Memory of the BOs that an app has handles of in all its files, as fdinfo shows it in
 * drm-total-memory and drm-resident-memory. A BO with handles in two files counts twice, and the
 * driver's own BOs do not count. Works on stopped apps.
 */
struct world_memory {
	uint64_t total;
	uint64_t resident;
	uint64_t evicted; /* total - resident */
};

void world_memory(struct world *w, struct world_app *app, struct world_memory *m);

/*
 * Counters of the whole system. Without WORLD_IS_ALONE they are all 0 or meaningless. They are
 * read after deferred work, such as RCU-freed pages, has settled, and per-CPU page lists count
 * as free.
 */
struct world_counters {
	uint64_t free;	     /* MemFree + per-CPU lists */
	uint64_t swap_used;  /* SwapTotal - SwapFree, without the swap cache */
	uint64_t swap_free;
	uint64_t zram_used;  /* memory that the compressed store takes */
};

void world_counters(struct world *w, struct world_counters *c);

/* WORLD_HAS_GPU_COUNTERS: the state of the GPU and what it has done. */
struct world_gpu {
	bool asleep;
	int64_t boots;	   /* of its firmware, one each time it wakes up */
	int64_t resets;
	int64_t locks;	   /* of the MMU, one for each change of an active VM */
	int64_t off_slots; /* how often a queue group left its slot on the GPU */
};

void world_gpu(struct world *w, struct world_gpu *gpu);

/* --- swap, memory pressure, faults ------------------------------------------------------ */

#define WORLD_SWAP_NONE UINT64_MAX	    /* swapoff: no swap at all */
#define WORLD_SWAP_NORMAL (UINT64_MAX - 1)  /* as world_open() made it */
#define WORLD_SWAP_DISK (UINT64_MAX - 2)    /* for WORLD_FAULT_SWAP_READ */
#define WORLD_SWAP_SLOW (UINT64_MAX - 3)    /* a disk that completes later */

/*
 * WORLD_IS_ALONE. Use WORLD_SWAP_NONE, DISK and SLOW only while nothing that matters is in swap.
 * With any other number, occupy swap until at most that many bytes, and at least half of them,
 * are free. With 0, none are free.
 */
void world_set_swap(struct world *w, uint64_t free_bytes);

/*
 * WORLD_IS_ALONE. Memory pressure: make the shrinker evict about @bytes of the BOs that are
 * next. It may evict less, or nothing.
 */
void world_press(struct world *w, uint64_t bytes);

enum world_fault {
	/* Unplug the device until world_close(). */
	WORLD_FAULT_UNPLUG,
	/*
	 * The content of the @nth page that was written to swap since
	 * WORLD_SWAP_DISK, counted from 1, is lost. The first read gets an I/O
	 * error. Linux remembers this and never returns other data for the page.
	 */
	WORLD_FAULT_SWAP_READ,
	/*
	 * The swap device accepts almost no more writes, although it has room. @nth
	 * is not used.
	 */
	WORLD_FAULT_SWAP_WRITE,
	/*
	 * Memory for BOs of limited apps runs out: about @nth more pages can be
	 * allocated, and nothing can be paged out instead.
	 */
	WORLD_FAULT_NO_MEMORY,
	/*
	 * The GPU's MMU does not answer when the @nth BO from now on, counted from
	 * 1, is unmapped or mapped. The GPU must have been kept awake since the
	 * VM's last work.
	 */
	WORLD_FAULT_MMU_TIMEOUT,
	/* The kernel is built without swap. */
	WORLD_FAULT_NO_SWAP_SUPPORT,
	/*
	 * WORLD_CAN_BREAK_GPU: the GPU does not answer a cache flush when the @nth BO from
	 * now on is unmapped or mapped. Queues that are on the GPU are lost.
	 */
	WORLD_FAULT_FLUSH_TIMEOUT,
	/* WORLD_CAN_BREAK_GPU: the firmware does not boot the @nth time from now on. */
	WORLD_FAULT_BOOT,
};

void world_fault(struct world *w, enum world_fault fault, unsigned int nth);

/*
 * End all faults except UNPLUG and NO_SWAP_SUPPORT, which last, and wait until the device has
 * recovered from them. What is lost stays lost. If a fault of the GPU has not happened by now,
 * the case fails.
 */
void world_recover(struct world *w);

#endif /* WORLD_H */
