/* SPDX-License-Identifier: MIT */
/*
 * A small model of what the two ioctls act on: processes, files of the device,
 * VMs, BOs, RAM and swap. It knows nothing of ioctls (drm_core.c does) and has
 * no real time: its clock moves only when something in it takes time.
 *
 * Nothing is freed before model_free(), so that a pointer stays good even if an
 * event in the middle of a call kills the process it belongs to.
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

/* What a GPU queue's ring buffer takes: pinned memory of each VM. */
#define MODEL_RING_BYTES (16 * MODEL_PAGE)

/* Virtual time that things take. */
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
	uint64_t swap_used; /* by what is charged here and below */
	/* What a call that swaps nothing out has said that it would. */
	uint64_t promised;
};

struct model_cgroup *model_cgroup_new(struct model *m, struct model_cgroup *parent);

/* Is it @cgroup, or one below it? */
bool model_cgroup_has(const struct model_cgroup *cgroup, const struct model_cgroup *other);

/* What may still be swapped out of @cgroup, by its limit and those above it. */
uint64_t model_cgroup_room(const struct model_cgroup *cgroup);

void model_cgroup_charge(struct model_cgroup *cgroup, int64_t bytes);
void model_cgroup_promise(struct model_cgroup *cgroup, uint64_t bytes);
void model_cgroup_forget_promises(struct model *m);

/* --- processes (model_process.c) ---------------------------------------- */

enum model_ns { MODEL_NS_INIT, MODEL_NS_CHILD, MODEL_NS_COUNT };

/* One id of a process or a thread, with its number in each pid namespace. */
struct model_pid {
	pid_t nr[MODEL_NS_COUNT]; /* 0: cannot be seen from there */
	bool alive;
	struct model_cgroup *cgroup; /* NULL: the root */
};

struct model_proc {
	struct model_proc *next;
	struct model_pid tgid;
	struct model_pid thread; /* of a second thread */
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

/* What the kernel's find_get_pid() says to @nr in @ns; also finds thread ids. */
struct model_pid *model_find_pid(struct model *m, enum model_ns ns, pid_t nr);

/* --- files, VMs, GPU work (model_gpu.c) --------------------------------- */

struct model_vm {
	struct model_file *file;
	int64_t busy_until;
	bool locked;	 /* by somebody who does not let go of it */
	unsigned int id; /* in its file */
	unsigned long used; /* when: in the order of model.uses */
};

struct model_file {
	struct model_file *next;
	unsigned long id;	 /* never used again */
	struct model_pid *owner; /* who issued the last ioctl */
	bool was_master;	 /* then the owner stays */
	bool kept;		 /* somebody else has it open, too */
	bool elsewhere;		 /* of another device */
	bool closed;
	/* The numbers of the calls during or before which that was last. */
	unsigned long claimed;
	unsigned long worked;
	struct model_vm vms[MODEL_MAX_VMS];
	unsigned int n_vms;
};

struct model_file *model_file_new(struct model *m, struct model_proc *proc, unsigned int vms);
/* What whoever issues an ioctl on it does to a file: it owns it from now on. */
void model_file_use(struct model_file *file, struct model_proc *proc);
void model_file_close(struct model *m, struct model_file *file);

/*
 * Submit a job that takes @ns: brings back every evicted BO of the VM first.
 * Does not wait. Returns 0 or -errno.
 */
int model_submit(struct model *m, struct model_vm *vm, int64_t ns);
bool model_vm_busy(const struct model *m, const struct model_vm *vm);

/* The VM was used, or is about to be: the last one that model_press() looks at. */
void model_vm_use(struct model *m, struct model_vm *vm);

/* Memory pressure: evict this much, from the VM that was used least recently. */
void model_press(struct model *m, uint64_t bytes);

/* --- memory (model_memory.c) -------------------------------------------- */

/* Lost: reading it from swap failed, and nobody may take anything else for it. */
enum model_page_state { MODEL_PAGE_NONE, MODEL_PAGE_RAM, MODEL_PAGE_SWAP, MODEL_PAGE_LOST };

/* Word i of a page is word + i. In swap, the slot has it and the page does not. */
struct model_page {
	enum model_page_state state;
	uint64_t word;
	size_t slot;
};

/* A BO's place in one VM. */
struct model_binding {
	struct model_vm *vm;
	bool evicted; /* the GPU has no mapping now */
};

struct model_bo {
	struct model_bo *next;
	uint64_t size;
	struct model_page *pages;
	/* The driver holds the pages; all of them are in RAM. */
	bool resident;
	struct model_cgroup *cgroup; /* that is charged for the pages */
	unsigned int pins;
	unsigned int cpu_maps;
	struct model_binding *bindings;
	unsigned int n_bindings;
	struct model_file **handles;
	unsigned int n_handles;
	unsigned long seen; /* by the call of that number */
	/* The reclaim that evicted it last, and the call that was last to begin then. */
	unsigned long evicted_by, evicted_at;
	bool paging; /* a reclaim is paging it out */
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

/* A BO with a handle in @file and its pages populated; NULL without memory. */
struct model_bo *model_bo_new(struct model *m, struct model_file *file, uint64_t size);
void model_bo_add_handle(struct model_bo *bo, struct model_file *file);
void model_bo_drop_handle(struct model *m, struct model_bo *bo, struct model_file *file);
int model_bo_bind(struct model *m, struct model_bo *bo, struct model_vm *vm);
bool model_bo_has_handle(const struct model_bo *bo, const struct model_file *file);
bool model_bo_bound(const struct model_bo *bo, const struct model_vm *vm);

/*
 * Access: the CPU faults the pages in and leaves the GPU's mappings as they are;
 * the GPU needs them mapped, so that reading an evicted BO is a fault (-EFAULT).
 */
int model_cpu_fault(struct model *m, struct model_bo *bo);
int model_gpu_check(const struct model_bo *bo, const struct model_vm *vm);
void model_bo_fill(struct model_bo *bo, uint64_t seed);
uint64_t model_bo_sum(const struct model_bo *bo);

/*
 * Steps of the ioctls. Pages move one at a time, and each takes time. What keeps a
 * page of @bo in RAM: -ENOSPC, no swap is left; -EDQUOT, the cgroup's limit; -EIO,
 * the device.
 */
void model_evict(struct model *m, struct model_bo *bo);
int model_page_out(struct model *m, struct model_bo *bo, struct model_page *page);
int model_page_in(struct model *m, struct model_page *page);

/* All pages into RAM, and held by the driver. */
int model_make_resident(struct model *m, struct model_bo *bo);

void model_counters(const struct model *m, struct model_counters *c);
void model_swap_resize(struct model *m, size_t slots);

/* --- the ioctls (model_reclaim.c, model_claim.c) ------------------------- */

struct drm_panthor_mem_reclaim;
struct drm_panthor_mem_claim;

int model_mem_reclaim(struct model *m, struct drm_panthor_mem_reclaim *arg);
int model_mem_claim(struct model *m, struct drm_panthor_mem_claim *arg);

/* Are the outputs of a call that returned @ret to be read? Else they are 0. */
bool model_outputs_valid(int ret);

/* --- what a call works on (model_target.c) -------------------------------- */

/* The files of one owner, of the processes of a cgroup, or one file. */
struct model_target {
	const struct model_pid *owner;
	const struct model_cgroup *cgroup;
	uint64_t client;
};

/* The members that both structs have, and the flags that this one knows. */
struct model_args {
	uint32_t flags;
	uint32_t known;
	uint32_t tgid;
	uint32_t pad;
	uint64_t target;
};

/* What both ioctls begin with: arguments, capability, target, swap. 0 or -errno. */
int model_find_target(struct model *m, const struct model_args *args,
		      struct model_target *target);

/* Is the file one of the target's? */
bool model_is_target(const struct model_file *file, const struct model_target *target);

/*
 * What a descriptor leads to (target_fd.c, since the model knows of none): 0, -EBADF,
 * or -ESRCH for a process that the model does not have.
 */
int model_pid_of_fd(struct model *m, uint64_t fd, const struct model_pid **pid);
int model_cgroup_of_fd(uint64_t fd, const struct model_cgroup **cgroup);

/* --- the whole (model.c) ------------------------------------------------- */

/* Something that happens at a time, from outside of whatever call runs then. */
struct model_event {
	int64_t at;
	void (*fn)(struct model *m, void *arg);
	void *arg;
	bool done;
};

#define MODEL_MAX_SCRIPT 16
#define MODEL_NO_SIGNAL (-1)

struct model {
	int64_t now;
	struct model_event *event; /* at most one; NULL for none */

	struct model_cgroup *cgroups;
	struct model_proc *procs;
	struct model_proc *current; /* who issues ioctls now */
	pid_t next_pid;
	pid_t next_child_pid;

	struct model_file *files;
	unsigned long next_file;
	unsigned long uses;
	struct model_bo *bos;
	unsigned long calls;

	/* RAM, in bytes: what BO pages take is known, the rest is @ram_other. */
	uint64_t ram_total;
	uint64_t ram_other;
	uint64_t ram_bos;

	bool swap_supported;
	bool cgroups_supported;
	struct model_slot *slots;
	size_t n_slots;
	size_t slot_hint; /* none is free below */
	size_t slots_used;
	size_t slots_reserved;		 /* taken by others */
	unsigned int compressed_percent; /* zram's size of a page; 100: no gain */

	/*
	 * Signals. A pending one is noticed between steps and gone when the
	 * ioctl returns. The script gives call after call the number of pages
	 * to move before its signal comes, or MODEL_NO_SIGNAL.
	 */
	bool signal;
	int script[MODEL_MAX_SCRIPT];
	unsigned int script_len;
	unsigned int script_at;
	long pages_to_signal;

	bool unplugged;

	/* The device of swap takes nothing more. */
	bool fail_swap_write;
	/* Count down to the step that fails; 0: none does. */
	unsigned int fail_swap_read;
	unsigned int fail_alloc;
	unsigned int fail_mmu;
};

struct model *model_new(void);
void model_free(struct model *m);

/* Let time pass; what was due happens. */
void model_advance(struct model *m, int64_t ns);

/* A page was moved: time, and perhaps the script's signal. */
void model_page_moved(struct model *m, int64_t ns);

/* True when a countdown reaches the step that fails. */
bool model_countdown(unsigned int *left);

/* Around each ioctl of the two. */
void model_call_begin(struct model *m);
void model_call_end(struct model *m);

#endif /* MODEL_H */
