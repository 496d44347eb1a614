/* SPDX-License-Identifier: MIT */
/* A /proc that the tests make up: processes, their GPU memory, and the RAM of the machine. */
#ifndef FAKE_PROC_H
#define FAKE_PROC_H

#include <stdint.h>
#include <sys/types.h>

struct fake_proc {
	char dir[64];
	uid_t owner; /* of all files and processes in it */
};

/* @dir: an empty directory. */
void fake_proc_init(struct fake_proc *f, const char *dir, uid_t owner);

/* @cgroup: like "/user.slice/x.scope". Called again, it replaces what it said before. */
void fake_proc_process(const struct fake_proc *f, pid_t pid, pid_t parent, const char *name,
		       const char *cgroup);
/* A shell, for example. */
void fake_proc_terminal(const struct fake_proc *f, pid_t pid, pid_t parent);
void fake_proc_user(const struct fake_proc *f, pid_t pid, uid_t uid);
/* The process has the file @client of a device open. */
void fake_proc_gpu(const struct fake_proc *f, pid_t pid, const char *driver, unsigned int client,
		   uint64_t resident, uint64_t evicted, uint64_t engine_ns);
/* The process has this socket open. @number: of its inode. */
void fake_proc_socket(const struct fake_proc *f, pid_t pid, unsigned int fd, uint64_t number);
void fake_proc_remove(const struct fake_proc *f, pid_t pid);
void fake_proc_memory(const struct fake_proc *f, unsigned int percent_available);

#endif /* FAKE_PROC_H */
