/* SPDX-License-Identifier: MIT */
/*
 * fuzz: how the arguments of a call are made from random words. Most arguments are valid, or
 * nearly so: a handle is usually one that exists, an address is usually near others.
 */
#ifndef FUZZ_ARGS_H
#define FUZZ_ARGS_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "fuzz.h"
#include "gpu/device.h"

#define FUZZ_PAGE UINT64_C(4096)
#define FUZZ_POOL 32
#define FUZZ_ARRAY 6	/* elements of an array in a call */

/* The latest objects of one kind. Threads race here on purpose, so a handle can be stale. */
struct fuzz_pool {
	_Atomic(uint32_t) id[FUZZ_POOL];
	atomic_uint next;
};

extern struct fuzz_pool fuzz_bos, fuzz_vms, fuzz_groups, fuzz_heaps, fuzz_syncs;

/* The cgroup of all processes, and the path of the device. */
extern int fuzz_cgroup_fd;
extern char *fuzz_node;

/* The file that all threads of this process use, and an ioctl() on it: 0 or -errno. */
int fuzz_dev_fd(void);
int fuzz_ioctl(unsigned long request, void *arg);

/* Add an object; choose one, which may not exist. */
void fuzz_put(struct fuzz_pool *pool, uint32_t id);
uint32_t fuzz_get(struct fuzz_pool *pool);

/* A number at an edge, or any number. */
uint64_t fuzz_odd(void);

/* Usually @usual, sometimes anything. */
uint64_t fuzz_mostly(uint64_t usual);

/* A size in bytes, and an address on the GPU. */
uint64_t fuzz_size(void);
uint64_t fuzz_va(void);

/* Usually 0, sometimes any of the lowest @bits bits. */
uint32_t fuzz_flags(unsigned int bits);

/* A process of the test, or 0, or anything. */
pid_t fuzz_pid(void);

/* An array of @count elements, with a stride that can be wrong. */
struct drm_panthor_obj_array fuzz_array(void *elements, uint32_t size, uint32_t count);

/* Fill in up to two operations on sync objects, and return their number. */
uint32_t fuzz_sync_ops(struct drm_panthor_sync_op *ops);

#endif
