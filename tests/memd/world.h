/* SPDX-License-Identifier: MIT */
/*
 * The environment of a broker test: a private D-Bus daemon, panthor-memd with the mock as its
 * device, processes to reclaim ("victims"), and clients of any user. Only root can start
 * clients of several users. Tests that need them are skipped for other users.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "name.h"
#include "sdbus.h"

/* These users have to exist, because dbus-daemon closes connections of unknown users. */
#define UID_BROKER 1	  /* daemon */
#define UID_A 65534	  /* nobody: its UID is above those of services */
#define UID_SERVICE 5	  /* games */
#define GROUP_NAME "games" /* instead of panthor-mem */
#define GROUP_GID 60

#define MIB (UINT64_C(1) << 20)

#define VICTIMS 4

struct world {
	char dir[64];
	char address[128];
	char fifo[96];
	char dri[96];
	pid_t bus;
	pid_t memd;
	int memd_status;
	uid_t uids[VICTIMS];
	pid_t victims[VICTIMS]; /* the first setup.apps of them have GPU memory in the mock */
	sd_bus *clients[512];
	size_t n_clients;
};

/* The user that runs the test, and one that is neither this user nor a service. */
uid_t world_me(void);
uid_t world_other(void);
bool world_many_users(void);
/* panthor-memd runs under a program like valgrind, which is slow and holds back freed memory. */
bool world_wrapped(void);
#define NEEDS_USERS() do { if (!world_many_users()) skip(); } while (0)

/*
 * @words: parameters of the mock besides pids= and dri=. @config: the text of memd.conf.
 * @uids: the users of the VICTIMS victims; NULL: world_me() for all.
 */
struct setup {
	const char *words;
	const char *config;
	const int *uids;
	bool no_device;	    /* start without a GPU */
	bool no_folder;	    /* start without a GPU and without /dev/dri */
	bool no_group;	    /* there is no group panthor-mem */
	bool as_root;	    /* start panthor-memd as root, so that it drops privileges itself */
	bool unit;	    /* start it as the unit does: one capability, no capset(), no /proc */
	bool closed;	    /* start it without standard input, output and error */
	bool no_start;	    /* the test starts panthor-memd itself, later */
	unsigned int apps;  /* number of victims with GPU memory; 0: all */
};

/* A memd.conf that lets one test move the memory of one victim many times. */
#define LENIENT "[Limits]\nMinResidentSec=0\nRoundTrips=0\n"

void world_start(struct world *w, const struct setup *s);
void world_stop(struct world *w);
/* Start panthor-memd again, and end it. The status it ended with is in memd_status. */
void world_start_memd(struct world *w, const struct setup *s);
void world_end_memd(struct world *w, int signal);
/* The log of panthor-memd so far, in a static buffer. */
const char *world_log(const struct world *w);
/* Wait until the log contains @text. */
void world_wait_log(const struct world *w, const char *text);
/* How many files panthor-memd has open, and a constant. */
int world_count_files(const struct world *w);

void world_add_device(struct world *w, const char *name);
void world_remove_device(struct world *w, const char *name);

/* For a child process before exec(): become @uid, but be able to read the build directory. */
void world_become(uid_t uid);

/* Whether a program listens on a Unix socket. The file exists shortly before. */
bool world_can_connect(const char *path);

/*
 * Start a process of @uid that does nothing. All of them have this name. Only root can see that it
 * has no device open, because the mock alone knows of its memory.
 */
pid_t world_process(uid_t uid);
/* The same, but @uid can see that, too. */
pid_t world_idle_process(uid_t uid);
const char *world_process_name(void);
void world_end_process(pid_t pid);
/* End a victim before world_stop() does. */
void world_end_victim(struct world *w, int victim);
/*
 * End a process and start one of @uid with the same PID. Returns false if the kernel does not let
 * the test choose a PID.
 */
bool world_reuse_pid(pid_t pid, uid_t uid);
/* Start a process of @uid that can change its users as a setuid program does. Needs root. */
pid_t world_changing_process(uid_t uid);
/* Change all of them but the real one to @uid, and the real one to @real. */
void world_change_process(pid_t pid, uid_t real, uid_t uid);
uint64_t world_id(pid_t pid);

/*
 * Run a program as @uid, with the address of the bus and the words @mock for the mock in its
 * environment; NULL: without the mock. Returns its exit status; @out is what it printed to stdout
 * and stderr.
 */
int world_run(const struct world *w, uid_t uid, const char *mock, const char *const *argv,
	      char *out, size_t size);

/* The same in two steps. @fd is where its output comes from. */
pid_t world_run_begin(const struct world *w, uid_t uid, const char *mock, const char *const *argv,
		      int *fd);
int world_run_end(pid_t pid, int fd, char *out, size_t size);

/*
 * Wait until the mock holds a call of the driver. Returns a file descriptor; giving it to
 * world_release() lets the call go on.
 */
int world_wait_held(const struct world *w);
void world_release(int fd);
/* Release a call, and wait until the mock has noticed, so that it can hold the next one. */
void world_release_and_wait(const struct world *w, int fd);

/* --- clients -------------------------------------------------------------- */

sd_bus *world_client(struct world *w, uid_t uid);
sd_bus *world_client_in_group(struct world *w, uid_t uid, gid_t gid);
void world_disconnect(struct world *w, sd_bus *bus);

struct options {
	const char *device;
	uint64_t max_bytes;
	uint64_t wait_usec;
	bool no_pageout;
	bool dry_run;
	bool prefetch;
	bool interactive;
};

struct reply {
	bool done;
	char error[128]; /* the last part of the error's name; "": no error */
	char text[256];
	uint64_t freed, evicted, skipped, claimed, remaining;
	uint32_t status;
	char soft[128]; /* the same for the out-argument "error" */
};

struct call {
	sd_bus *bus;
	sd_bus_slot *slot;
	bool claim;
	int held; /* of call_start_held(), for world_release() */
	struct reply reply;
};

/* Send a request; it has reached the bus when this returns. */
void call_start(struct call *c, sd_bus *bus, const char *method, pid_t pid,
		const struct options *o);
/* The same with an ID that may be wrong. */
void call_start_id(struct call *c, sd_bus *bus, const char *method, pid_t pid, uint64_t id,
		   const struct options *o);
/* The same, and wait until the mock holds it. */
void call_start_held(struct call *c, const struct world *w, sd_bus *bus, const char *method,
		     pid_t pid, const struct options *o);
/* Wait for the reply. */
const struct reply *call_finish(struct call *c);
/* Release what call_start_held() has held, and wait for the reply. */
const struct reply *call_finish_held(struct call *c);
/* Wait for the reply, and release whatever the mock holds meanwhile. */
const struct reply *call_finish_released(const struct world *w, struct call *c);
/* Has the reply arrived? Does not wait. */
bool call_done(struct call *c);
void call_forget(struct call *c);

/* Start with these words and this memd.conf. Returns a client of world_me(). */
sd_bus *world_start_with_client(struct world *w, const char *words, const char *config);
/* The same, and send a request for the first victim, which the mock holds. */
sd_bus *world_start_held(struct world *w, const char *words, const char *config,
			 const char *method, struct call *running);

const struct reply *reclaim(sd_bus *bus, pid_t pid, const struct options *o);
const struct reply *claim(sd_bus *bus, pid_t pid, const struct options *o);
/* A reclaim that names its target with @id, which may be wrong. */
const struct reply *reclaim_id(sd_bus *bus, pid_t pid, uint64_t id);
/* How much of the memory of a process is in RAM, which is what a dry run would evict. */
uint64_t resident(sd_bus *bus, pid_t pid);
uint32_t cancel(sd_bus *bus, pid_t pid);
/* The same with an ID that may be wrong. */
uint32_t cancel_id(sd_bus *bus, pid_t pid, uint64_t id);
/* Call a method without arguments. Returns the last part of the error's name, or "". */
const char *plain_call(sd_bus *bus, const char *method);
/* Wait until panthor-memd has read everything that this client has sent. */
void settle(sd_bus *bus);
/* Wait until the bus has written it to the socket of panthor-memd, which may be stopped. */
void settle_bus(sd_bus *bus);

/* Fail, and print the reply, unless it is this error, or no error. */
void check_error(const struct reply *r, const char *error, const char *part_of_text);
void check_ok(const struct reply *r);
/* Fail also unless a reclaim has freed so much. */
void check_freed(const struct reply *r, uint64_t bytes);
/* Fail also unless a reclaim was ended before it has begun. */
void check_not_begun(const struct reply *r);

#endif /* WORLD_H */
