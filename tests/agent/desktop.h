/* SPDX-License-Identifier: MIT */
/*
 * A desktop for tests: sway without a screen, Wayland clients of ours, a session bus, and the
 * agent. panthor-memd and the system bus come from tests/memd/world.h. The clients have GPU
 * memory in the mock of panthor-memd and in a made-up /proc, which also says how much RAM is
 * available.
 */
#ifndef DESKTOP_H
#define DESKTOP_H

#include <stdbool.h>
#include <sys/types.h>

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

void desktop_start_sway(struct desktop *d);
void desktop_start_clients(struct desktop *d);
/* panthor-memd, for the clients that run now. */
void desktop_start_memd(struct desktop *d, const char *words);
void desktop_start_agent(struct desktop *d, const char *config, const char *option);
/* Send a signal, and wait until the program has ended. */
void desktop_end(pid_t *pid, int signal, int *status);

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
/* Wait until panthor-memd has done @count or more operations ("reclaim", "claim") of the client. */
void desktop_wait_operations(const struct desktop *d, const char *operation, int client,
			     int count);
int desktop_operations(const struct desktop *d, const char *operation, int client);
/* What the clients have, for the agent, in MiB. */
void desktop_memory_of(const struct desktop *d, int client, unsigned int resident,
		       unsigned int evicted);

/* Call a method of the agent. @types: of the arguments, like "i". */
void desktop_call(const struct desktop *d, const char *method, const char *types, int argument);
/* What the agent says of its own interface. The caller frees it. */
char *desktop_introspect(const struct desktop *d);

#endif /* DESKTOP_H */
