/* SPDX-License-Identifier: MIT */
/*
 * A desktop for tests: sway or KWin without a screen, Wayland clients of ours, a session bus, and
 * the agent. panthor-memd and the system bus come from tests/memd/world.h. The clients have GPU
 * memory in the mock of panthor-memd and in a made-up /proc, which also says how much RAM is
 * available.
 */
#ifndef DESKTOP_H
#define DESKTOP_H

#include <stdbool.h>
#include <sys/types.h>

#include "cgroups.h"
#include "fake_proc.h"
#include "world.h"

#define CLIENTS 3

struct desktop {
	struct world world;
	struct fake_proc proc;
	char runtime[96];
	char session[128]; /* address of the session bus */
	pid_t bus, sway, agent;
	int agent_status;
	pid_t clients[CLIENTS];
	/* The units of the clients, if has_units. */
	bool has_units;
	/* In the environment of programs that start from now on, or "" */
	char display[16]; /* of an X server */
	char swaysock[160];
	char current_desktop[16]; /* XDG_CURRENT_DESKTOP */
	/* The service manager starts these programs. */
	bool service;
	struct cgroups_tree cgroups;
};

/* panthor-memd logs every operation, and limits none. */
#define MEMD_CONFIG "[Broker]\nLogLevel=debug\n" LENIENT
/* The agent acts as soon as a window is hidden. */
#define EAGER "[policy]\nmode = eager\ngrace = 0s\nkeep = 0\nleast = 1M\n"
#define PRESSURE "[policy]\ngrace = 0s\nkeep = 0\nleast = 1M\n"

/* Is sway installed? */
bool desktop_possible(void);

/*
 * Start everything, with a client on each of the workspaces 1 to CLIENTS. The last one is
 * shown. @words: for the mock. @config: the agent.conf; NULL: start no agent.
 */
void desktop_start(struct desktop *d, const char *words, const char *config);
void desktop_stop(struct desktop *d);
/* The same with each client in the unit of an application, app-clientN.scope. */
void desktop_start_units(struct desktop *d, const char *words, const char *config);
/* Only the buses and what the agent sees of the machine. */
void desktop_start_base(struct desktop *d);
/* Start a program of the user. It ends with the test. */
pid_t desktop_spawn(const struct desktop *d, const char *log, const char *const *argv);
/* Returns 0 in a new process of the user, which ends with the test. */
pid_t desktop_fork(void);
/* The process of the client is there: the agent can see it from now on. */
void desktop_add_client(struct desktop *d, int client);
/* Is the client frozen? */
bool desktop_is_frozen(const struct desktop *d, int client);

void desktop_start_sway(struct desktop *d);
/* Programs that start from now on have SWAYSOCK, as if sway had started them. */
void desktop_enter_sway(struct desktop *d);
void desktop_start_clients(struct desktop *d);
/* One of them, wherever the compositor shows it. */
void desktop_start_client(struct desktop *d, int client);
/* Programs without windows instead. */
void desktop_start_processes(struct desktop *d);
/* panthor-memd, for the clients that run now. */
void desktop_start_memd(struct desktop *d, const char *words);
void desktop_start_agent(struct desktop *d, const char *config, const char *option);
/* Do not wait until it knows the windows. */
void desktop_launch_agent(struct desktop *d, const char *config, const char *option);
/* Send a signal, and wait until the program has ended. */
void desktop_end(pid_t *pid, int signal, int *status);
/* Wait until the agent ends by itself. Returns its exit status. */
int desktop_wait_agent(struct desktop *d);

/* Run a command of sway(5). */
void desktop_command(const struct desktop *d, const char *command);
void desktop_exit_sway(const struct desktop *d);
/* Run the agent with @option. Returns its exit status, and what it has printed. */
int desktop_run_agent(const struct desktop *d, const char *option, const char *config,
		      char *out, size_t size);
/* The log of the agent so far, in a static buffer. */
const char *desktop_log(const struct desktop *d);
/*
 * Wait until the log contains @text, or --status shows @text in the line of the client, or, if
 * @client is negative, in any line.
 */
void desktop_wait_log(const struct desktop *d, const char *text);
void desktop_wait_status(const struct desktop *d, int client, const char *text);
/* Poll @condition until it is true. The logs say why it has not become true. */
#define DESKTOP_UNTIL(d, condition) \
	do { \
		while (!(condition)) \
			desktop_nap(d, #condition); \
		desktop_nap(NULL, NULL); \
	} while (0)
/* Wait for a moment. Fails if there were very many for the same @what; NULL: begin anew. */
void desktop_nap(const struct desktop *d, const char *what);
/* Wait until panthor-memd has done @count or more operations ("reclaim", "claim") of the client. */
void desktop_wait_operations(const struct desktop *d, const char *operation, int client,
			     int count);
int desktop_operations(const struct desktop *d, const char *operation, int client);
/* What the clients have, for the agent, in MiB. */
void desktop_memory_of(const struct desktop *d, int client, unsigned int resident,
		       unsigned int evicted);

/* Call a method of the agent. @types: of the arguments, like "i". */
void desktop_call(const struct desktop *d, const char *method, const char *types, int argument);
/* A connection to the session bus, as the user. */
sd_bus *desktop_connect(const struct desktop *d);
/* What the agent says of its own interface. The caller frees it. */
char *desktop_introspect(const struct desktop *d);

#endif /* DESKTOP_H */
