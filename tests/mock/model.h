/* SPDX-License-Identifier: MIT */
/*
 * A small model of everything that the two ioctls act on: processes, files of the device,
 * VMs, BOs, RAM and swap. It knows nothing about ioctls, which are in drm_core.c, and does
 * not use real time: its clock only advances when an operation of the model takes time.
 *
 * Nothing is freed before model_free(), so pointers stay valid even if an event during a
 * call kills the process that they belong to.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MODEL_PAGE 4096ull
#define MODEL_PAGE_WORDS (MODEL_PAGE / 8)
#define MODEL_MAX_FILES 4
#define MODEL_MAX_VMS 4

/* Size of the ring buffer of a GPU queue: pinned memory of each VM. */
#define MODEL_RING_BYTES (16 * MODEL_PAGE)

/* Virtual time that operations take. */
#define MODEL_NS_EVICT 20000
#define MODEL_NS_PAGE_OUT 10000
#define MODEL_NS_PAGE_IN 8000
#define MODEL_NS_JOB 200000

struct model;

/* --- cgroups (model_cgroup.c) --------------------------------------------- */

#define MODEL_NO_LIMIT UINT64_MAX

struct model_cgroup {
	struct model_cgroup *next;
	struct model_cgroup *parent; /* NULL: the root */
	uint64_t swap_max;
	uint64_t swap_used; /* charged to this cgroup and those below it */
	/* Bytes that a call that pages nothing out has already promised to page out. */
	uint64_t promised;
};

struct model_cgroup *model_cgroup_new(struct model *m, struct model_cgroup *parent);

/* Is it @cgroup, or one below it? */
bool model_cgroup_has(const struct model_cgroup *cgroup, const struct model_cgroup *other);

/* Bytes that may still be swapped out of @cgroup, by its limit and those above it. */
uint64_t model_cgroup_room(const struct model_cgroup *cgroup);

void model_cgroup_charge(struct model_cgroup *cgroup, int64_t bytes);
void model_cgroup_promise(struct model_cgroup *cgroup, uint64_t bytes);
void model_cgroup_forget_promises(struct model *m);

/* --- processes (model_process.c) ---------------------------------------- */

enum model_ns { MODEL_NS_INIT, MODEL_NS_CHILD, MODEL_NS_COUNT };

/* The id of a process or a thread, with its number in each pid namespace. */
struct model_pid {
	pid_t nr[MODEL_NS_COUNT]; /* 0: not visible in this namespace */
	bool alive;
	struct model_cgroup *cgroup; /* NULL: the root */
};

struct model_proc {
	struct model_proc *next;
	struct model_pid tgid;
	struct model_pid thread; /* id of a second thread */
	enum model_ns ns;
	/* Capabilities in the initial user namespace, and in a child one. */
	bool cap_sys_resource;
	bool cap_in_child_userns;
	bool stopped;
	struct model_file *files[MODEL_MAX_FILES];
	unsigned int n_files;
};

struct model_proc *model_proc_new(struct model *m, enum model_ns ns);
void model_proc_kill(struct model *m, struct model_proc *proc);

/* As the kernel's find_get_pid() for @nr in @ns: finds ids of threads, too. */
struct model_pid *model_find_pid(struct model *m, enum model_ns ns, pid_t nr);

/* --- files, VMs, GPU work (model_gpu.c) --------------------------------- */

struct model_vm {
	struct model_file *file;
	int64_t busy_until;
	bool locked;	 /* another process keeps it locked */
	unsigned int id; /* unique in its file */
	unsigned long used; /* time of the last use, counted by model.uses */
};

struct model_file {
	struct model_file *next;
	unsigned long id;	 /* never reused */
	struct model_pid *owner; /* process that issued the last ioctl */
	bool was_master;	 /* then the owner does not change */
	bool kept;		 /* another process has it open, too */
	bool elsewhere;		 /* it belongs to another device */
	bool closed;
	/* Numbers of the last calls that began before or while this happened. */
	unsigned long claimed;
	unsigned long worked;
	struct model_vm vms[MODEL_MAX_VMS];
	unsigned int n_vms;
};

struct model_file *model_file_new(struct model *m, struct model_proc *proc, unsigned int vms);
/* An ioctl by a process makes it the owner of the file. */
void model_file_use(struct model_file *file, struct model_proc *proc);
void model_file_close(struct model *m, struct model_file *file);

/*
 * Submit a job that takes @ns. First brings back every evicted BO of the VM. Does not
 * wait for the job. Returns 0 or -errno.
 */
int model_submit(struct model *m, struct model_vm *vm, int64_t ns);
bool model_vm_busy(const struct model *m, const struct model_vm *vm);

/* Mark the VM as just used: model_press() looks at it last. */
void model_vm_use(struct model *m, struct model_vm *vm);

/* Memory pressure: evict this much, from the least recently used VM first. */
void model_press(struct model *m, uint64_t bytes);

/* --- memory (model_memory.c) -------------------------------------------- */

/* A value for a page that could not be read from swap. No other page has it. */
enum model_page_state { MODEL_PAGE_NONE, MODEL_PAGE_RAM, MODEL_PAGE_SWAP, MODEL_PAGE_LOST };

/* Word i of a page is word + i. While a page is in swap, only the slot has the word. */
struct model_page {
	enum model_page_state state;
	uint64_t word;
	size_t slot;
};

/* The mapping of a BO in one VM. */
struct model_binding {
	struct model_vm *vm;
	bool evicted; /* it is not mapped on the GPU now */
};

struct model_bo {
	struct model_bo *next;
	uint64_t size;
	struct model_page *pages;
	/* The driver holds the pages, and all of them are in RAM. */
	bool resident;
	struct model_cgroup *cgroup; /* the pages are charged to it */
	unsigned int pins;
	unsigned int cpu_maps;
	struct model_binding *bindings;
	unsigned int n_bindings;
	struct model_file **handles;
	unsigned int n_handles;
	unsigned long seen; /* number of the last call that visited it */
	/* The reclaim that evicted it last, and the last call that had begun by then. */
	unsigned long evicted_by, evicted_at;
	bool paging; /* a reclaim is paging it out now */
};

struct model_slot {
	bool used;
	uint64_t word;
	struct model_cgroup *cgroup;
};

struct model_counters {
	uint64_t free;
	uint64_t swap_used;
	uint64_t swap_free;
	uint64_t zram_used;
};

/* Create a BO with a handle in @file and with pages; NULL if memory is short. */
struct model_bo *model_bo_new(struct model *m, struct model_file *file, uint64_t size);
void model_bo_add_handle(struct model_bo *bo, struct model_file *file);
void model_bo_drop_handle(struct model *m, struct model_bo *bo, struct model_file *file);
int model_bo_bind(struct model *m, struct model_bo *bo, struct model_vm *vm);
bool model_bo_has_handle(const struct model_bo *bo, const struct model_file *file);
bool model_bo_bound(const struct model_bo *bo, const struct model_vm *vm);

/*
 * Access a BO. The CPU faults its pages in, and does not change the GPU's mappings. The GPU
 * needs a mapping: reading an evicted BO is a fault (-EFAULT).
 */
int model_cpu_fault(struct model *m, struct model_bo *bo);
int model_gpu_check(const struct model_bo *bo, const struct model_vm *vm);
void model_bo_fill(struct model_bo *bo, uint64_t seed);
uint64_t model_bo_sum(const struct model_bo *bo);

/*
 * Steps of the ioctls. Pages are moved one at a time, and each takes time. Reasons why a
 * page of @bo stays in RAM: -ENOSPC, swap is full; -EDQUOT, the limit of its cgroup; -EIO,
 * the device failed.
 */
void model_evict(struct model *m, struct model_bo *bo);
int model_page_out(struct model *m, struct model_bo *bo, struct model_page *page);
int model_page_in(struct model *m, struct model_page *page);

/* Swap in all pages; the driver holds them afterwards. */
int model_make_resident(struct model *m, struct model_bo *bo);

void model_counters(const struct model *m, struct model_counters *c);
void model_swap_resize(struct model *m, size_t slots);

/* --- the ioctls (model_reclaim.c, model_claim.c) ------------------------- */

struct drm_panthor_mem_reclaim;
struct drm_panthor_mem_claim;

int model_mem_reclaim(struct model *m, struct drm_panthor_mem_reclaim *arg);
int model_mem_claim(struct model *m, struct drm_panthor_mem_claim *arg);

/* Are the outputs of a call that returned @ret valid? Otherwise they are 0. */
bool model_outputs_valid(int ret);

/* --- the target of a call (model_target.c) -------------------------------- */

/* The files of one owner, those of the processes of a cgroup, or one file. */
struct model_target {
	const struct model_pid *owner;
	const struct model_cgroup *cgroup;
	uint64_t client;
};

/* The members that both structs have, and the flags of this ioctl. */
struct model_args {
	uint32_t flags;
	uint32_t known;
	uint32_t tgid;
	uint32_t pad;
	uint64_t target;
};

/* The start of both ioctls: checks arguments, capability, target, swap. 0 or -errno. */
int model_find_target(struct model *m, const struct model_args *args,
		      struct model_target *target);

/* Does the file belong to the target? */
bool model_is_target(const struct model_file *file, const struct model_target *target);

/*
 * Resolve a descriptor (target_fd.c, because the model does not know descriptors): 0, -EBADF,
 * or -ESRCH for a process that the model does not have.
 */
int model_pid_of_fd(struct model *m, uint64_t fd, const struct model_pid **pid);
int model_cgroup_of_fd(uint64_t fd, const struct model_cgroup **cgroup);

/* --- the model as a whole (model.c) --------------------------------------- */

/* Something that happens at a given time, during any call. */
struct model_event {
	int64_t at;
	void (*fn)(struct model *m, void *arg);
	void *arg;
	bool done;
};

#define MODEL_MAX_SCRIPT 16
#define MODEL_NO_SIGNAL (-1)
/* Larger than the PIDs of real processes, which some tests also use. */
#define MODEL_FIRST_PID 5000000

struct model {
	int64_t now;
	struct model_event *event; /* at most one; NULL for none */

	struct model_cgroup *cgroups;
	struct model_proc *procs;
	struct model_proc *current; /* the process that issues ioctls now */
	pid_t next_pid; /* MODEL_FIRST_PID by default */
	pid_t next_child_pid;

	struct model_file *files;
	unsigned long next_file;
	unsigned long uses;
	struct model_bo *bos;
	unsigned long calls;

	/* RAM, in bytes: pages of BOs are counted, everything else is @ram_other. */
	uint64_t ram_total;
	uint64_t ram_other;
	uint64_t ram_bos;

	bool swap_supported;
	bool cgroups_supported;
	struct model_slot *slots;
	size_t n_slots;
	size_t slot_hint; /* no slot below it is free */
	size_t slots_used;
	size_t slots_reserved;		 /* used by others */
	unsigned int compressed_percent; /* size of a page in zram; 100: incompressible */

	/*
	 * Signals. A pending signal is noticed between two steps, and cleared when the
	 * ioctl returns. For each call, the script has the number of pages to move before
	 * a signal comes, or MODEL_NO_SIGNAL.
	 */
	bool signal;
	int script[MODEL_MAX_SCRIPT];
	unsigned int script_len;
	unsigned int script_at;
	long pages_to_signal;

	bool unplugged;

	/* The swap device accepts nothing more. */
	bool fail_swap_write;
	/* Countdowns to the step that fails; 0: none fails. */
	unsigned int fail_swap_read;
	unsigned int fail_alloc;
	unsigned int fail_mmu;
};

struct model *model_new(void);
void model_free(struct model *m);

/* Advance the clock, and run the event if it is due. */
void model_advance(struct model *m, int64_t ns);

/* A page was moved: advance the clock, and perhaps raise the script's signal. */
void model_page_moved(struct model *m, int64_t ns);

/* Returns true when the countdown reaches the step that fails. */
bool model_countdown(unsigned int *left);

/* Called before and after each of the two ioctls. */
void model_call_begin(struct model *m);
void model_call_end(struct model *m);

#endif /* MODEL_H */
