/* SPDX-License-Identifier: MIT */
/*
 * A bus of its own, panthor-memd on it with the mock for a device, processes that it can
 * work on, and clients of any user. As root there are several users; else one, and what
 * needs more is skipped.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "name.h"
#include "sdbus.h"

/* Users that every system has: dbus-daemon closes connections of others. */
#define UID_BROKER 1	  /* daemon */
#define UID_A 65534	  /* nobody: no user of a service, by its number */
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
	pid_t victims[VICTIMS]; /* the mock gives the first of them memory, in order */
	sd_bus *clients[512];
	size_t n_clients;
};

/* Of the users: the test's own, and another one that is no service. */
uid_t world_me(void);
uid_t world_other(void);
bool world_many_users(void);
#define NEEDS_USERS() do { if (!world_many_users()) skip(); } while (0)

/*
 * @words: for the mock, beside pids= and dri=. @config: the text of memd.conf. The victims
 * belong to @uids, ended by -1, or to world_me().
 */
struct setup {
	const char *words;
	const char *config;
	const int *uids;
	bool no_device;	    /* not yet */
	bool no_folder;	    /* nor /dev/dri */
	bool as_root;	    /* panthor-memd has to become another user itself */
	bool no_start;	    /* not yet */
	unsigned int apps;  /* victims with memory; 0: all */
};

void world_start(struct world *w, const struct setup *s);
void world_stop(struct world *w);
/* Again, after an end; and end. The status is in memd_status. */
void world_start_memd(struct world *w, const struct setup *s);
void world_end_memd(struct world *w, int signal);
/* What panthor-memd has said so far; static. */
const char *world_log(const struct world *w);
/* Wait until it has said that. */
void world_wait_log(const struct world *w, const char *text);

void world_add_device(struct world *w, const char *name);
void world_remove_device(struct world *w, const char *name);

/* A process that does nothing, of that user. */
pid_t world_process(uid_t uid);
void world_end_process(pid_t pid);
uint64_t world_id(pid_t pid);

/*
 * A program as that user, with the bus and the mock: its status, and in @out what it said on
 * both outputs.
 */
int world_run(const struct world *w, uid_t uid, const char *mock, const char *const *argv,
	      char *out, size_t size);

/* The work is held by the mock's FIFO; let it go on with what is returned. */
int world_wait_held(const struct world *w);
void world_release(int fd);

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
	char error[128]; /* its name without what is before the last dot; "": none */
	char text[256];
	uint64_t freed, evicted, skipped, claimed, remaining;
	uint32_t status;
	char soft[128]; /* the out-argument error, shortened as well */
};

struct call {
	sd_bus *bus;
	sd_bus_slot *slot;
	bool claim;
	struct reply reply;
};

/* Sent, and on the bus. */
void call_start(struct call *c, sd_bus *bus, const char *method, pid_t pid, uint64_t id,
		const struct options *o);
/* A reply has to come. */
const struct reply *call_finish(struct call *c);
/* Has it come? Looks at what is there. */
bool call_done(struct call *c);
void call_forget(struct call *c);

const struct reply *reclaim(sd_bus *bus, pid_t pid, const struct options *o);
const struct reply *claim(sd_bus *bus, pid_t pid, const struct options *o);
/* With an id of the caller's choice. */
const struct reply *reclaim_id(sd_bus *bus, pid_t pid, uint64_t id);
uint32_t cancel(sd_bus *bus, pid_t pid);
/* A method without arguments: the error's name, or "". */
const char *plain_call(sd_bus *bus, const char *method);
/* All that the client has sent has reached panthor-memd, and was looked at. */
void settle(sd_bus *bus);

/* Both must be so; the reply is shown if not. */
void check_error(const struct reply *r, const char *error, const char *part_of_text);
void check_ok(const struct reply *r);

#endif /* WORLD_H */
