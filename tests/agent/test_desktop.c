/* SPDX-License-Identifier: MIT */
/*
 * Test the agent on a real desktop: sway, Wayland clients, both buses, and panthor-memd on the
 * mock of the driver.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "desktop.h"

static struct desktop d;

static int stop(void **state)
{
	(void)state;
	desktop_stop(&d);
	return 0;
}

static void check_operations(const char *operation, int first, int second, int third)
{
	assert_int_equal(desktop_operations(&d, operation, 0), first);
	assert_int_equal(desktop_operations(&d, operation, 1), second);
	assert_int_equal(desktop_operations(&d, operation, 2), third);
}

/* Show a workspace, and wait until the agent knows. Workspace 1 is the one of client 0. */
static void show(int workspace)
{
	char command[32];

	snprintf(command, sizeof(command), "workspace %d", workspace);
	desktop_command(&d, command);
	desktop_wait_status(&d, workspace - 1, "a window is visible");
}

/* --- hiding and showing --------------------------------------------------- */

static void test_hide(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER);
	/* The first two are hidden from the start. */
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_status(&d, 1, "reclaimed");
	desktop_wait_status(&d, 2, "a window is visible");
	check_operations("reclaim", 1, 1, 0);
	desktop_memory_of(&d, 0, 0, 4);
	desktop_memory_of(&d, 1, 0, 4);
	/* Exactly the one that is hidden now. */
	desktop_command(&d, "workspace 1");
	desktop_wait_operations(&d, "reclaim", 2, 1);
	desktop_wait_status(&d, 2, "reclaimed");
	desktop_wait_status(&d, 0, "a window is visible");
	check_operations("reclaim", 1, 1, 1);
	check_operations("claim", 0, 0, 0);
}

/* A window can be hidden by another one in front of it, and in the scratchpad. */
static void test_other_ways_to_hide(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER "[app client0]\nexempt = yes\n[app client1]\nexempt = yes\n");
	desktop_wait_status(&d, 0, "it is exempt");
	desktop_command(&d, "move scratchpad");
	desktop_wait_operations(&d, "reclaim", 2, 1);
	check_operations("reclaim", 0, 0, 1);
	desktop_command(&d, "scratchpad show");
	desktop_wait_status(&d, 2, "a window is visible");
	desktop_command(&d, "floating disable");
	desktop_command(&d, "[app_id=client1] move workspace current");
	desktop_wait_status(&d, 1, "a window is visible");
	desktop_command(&d, "[app_id=client1] focus");
	desktop_command(&d, "fullscreen enable");
	desktop_wait_operations(&d, "reclaim", 2, 2);
	check_operations("reclaim", 0, 0, 2);
}

static void test_show_cancels(void **state)
{
	int held;

	(void)state;
	desktop_start(&d, "held again",
		      EAGER "[app client1]\nexempt = yes\n[app client2]\nexempt = yes\n");
	/* panthor-memd is in the middle of it. */
	held = world_wait_held(&d.world);
	desktop_wait_status(&d, 0, "reclaiming");
	desktop_command(&d, "workspace 1");
	desktop_wait_log(&d, "cancel the request: it is shown");
	world_release(held);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_status(&d, 0, "a window is visible");
	check_operations("reclaim", 1, 0, 0);
	/* Nothing brings it back but the application. */
	check_operations("claim", 0, 0, 0);
}

/* Sway reports no event for this. */
static void test_layout(void **state)
{
	(void)state;
	desktop_start(&d, "", PRESSURE "[app client0]\nexempt = yes\n");
	desktop_command(&d, "[app_id=client1] move workspace current");
	desktop_command(&d, "layout tabbed");
	desktop_command(&d, "[app_id=client1] focus");
	desktop_wait_status(&d, 2, "memory is not short");
	desktop_command(&d, "layout splith");
	/* The agent looks before it reclaims. */
	fake_proc_memory(&d.proc, 10);
	desktop_wait_status(&d, 2, "a window is visible");
	check_operations("reclaim", 0, 0, 0);
}

static void test_close(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_command(&d, "[app_id=client1] kill");
	desktop_end(&d.clients[1], 0, NULL);
	desktop_command(&d, "workspace 1");
	desktop_wait_operations(&d, "reclaim", 2, 1);
	check_operations("claim", 0, 0, 0);
}

/* A process that connects to sway when it gets a byte, and says the number of its socket. */
static pid_t start_panel(int fds[2])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	pid_t pid;
	char c;
	int fd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pid = desktop_fork();
	if (pid) {
		close(fds[1]);
		return pid;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/wayland-1", d.runtime);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (read(fds[1], &c, 1) != 1 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) || fstat(fd, &st) ||
	    write(fds[1], &st.st_ino, sizeof(st.st_ino)) != sizeof(st.st_ino))
		_exit(1);
	for (;;)
		pause();
}

/* The tree of sway does not have the surface of a panel, which is visible whatever is hidden. */
static void test_panel(void **state)
{
	pid_t panel;
	ino_t number;
	int fds[2];

	(void)state;
	desktop_start(&d, "", NULL);
	panel = start_panel(fds);
	fake_proc_process(&d.proc, panel, d.clients[0], "panel", "/");
	fake_proc_gpu(&d.proc, panel, "panthor", 99, 32 * MIB, 0, 0);
	desktop_start_agent(&d, PRESSURE, NULL);
	desktop_wait_status(&d, 0, " 36.0M ");
	assert_int_equal(write(fds[0], "", 1), 1);
	assert_int_equal(read(fds[0], &number, sizeof(number)), sizeof(number));
	fake_proc_socket(&d.proc, panel, 5, number);
	desktop_wait_status(&d, 0, " 4.0M ");
	close(fds[0]);
	desktop_end(&panel, SIGKILL, NULL);
}

/* --- memory --------------------------------------------------------------- */

static void test_pressure_and_room(void **state)
{
	(void)state;
	desktop_start(&d, "", PRESSURE);
	desktop_wait_status(&d, 0, "memory is not short");
	desktop_wait_status(&d, 1, "memory is not short");
	desktop_wait_status(&d, -1, "Memory: not short (by available memory alone)");
	check_operations("reclaim", 0, 0, 0);
	fake_proc_memory(&d.proc, 10);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_memory_of(&d, 0, 0, 4);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_memory_of(&d, 1, 0, 4);
	check_operations("reclaim", 1, 1, 0);
	check_operations("claim", 0, 0, 0);
	/* Memory is free again, and comes back without a hint. */
	fake_proc_memory(&d.proc, 60);
	desktop_wait_operations(&d, "claim", 0, 1);
	desktop_wait_operations(&d, "claim", 1, 1);
	assert_int_equal(desktop_operations(&d, "claim", 2), 0);
	check_operations("reclaim", 1, 1, 0);
}

static void test_keep(void **state)
{
	(void)state;
	desktop_start(&d, "", "[policy]\nmode = eager\ngrace = 0s\nleast = 1M\n");
	/* The agent does not see a window that is shown and hidden before it looks. */
	show(2);
	show(1);
	show(2);
	/* Of the hidden ones, the first was shown last. */
	desktop_wait_operations(&d, "reclaim", 2, 1);
	desktop_wait_status(&d, 0, "it was shown last");
	assert_int_equal(desktop_operations(&d, "reclaim", 1), 0);
}

static void test_hint(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_memory_of(&d, 0, 0, 4);
	desktop_wait_status(&d, 1, "reclaimed");
	desktop_memory_of(&d, 1, 0, 4);
	desktop_call(&d, "Hint", "i", d.clients[0]);
	desktop_wait_operations(&d, "claim", 0, 1);
	check_operations("claim", 1, 0, 0);
}

static void test_pause(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER "[app client0]\nexempt = yes\n[app client1]\nexempt = yes\n");
	desktop_call(&d, "Pause", "u", 3600);
	desktop_command(&d, "workspace 1");
	desktop_wait_status(&d, 2, "reclaims are paused");
	check_operations("reclaim", 0, 0, 0);
	desktop_call(&d, "Pause", "u", 0);
	desktop_wait_operations(&d, "reclaim", 2, 1);
}

static void test_dry_run(void **state)
{
	char line[64];

	(void)state;
	desktop_start(&d, "", NULL);
	desktop_start_agent(&d, EAGER, "--dry-run");
	snprintf(line, sizeof(line), "client0 (%d): reclaim, not really", (int)d.clients[0]);
	desktop_wait_log(&d, line);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_status(&d, 1, "reclaimed");
	desktop_wait_status(&d, -1, "Mode: eager, but nothing is done (--dry-run)");
	desktop_wait_status(&d, -1, "panthor-memd: is not asked");
	check_operations("reclaim", 0, 0, 0);
}

/* --- programs that end ---------------------------------------------------- */

static void test_kill_agent(void **state)
{
	int held, status;

	(void)state;
	desktop_start(&d, "held", EAGER);
	held = world_wait_held(&d.world);
	desktop_end(&d.agent, SIGKILL, &status);
	assert_true(WIFSIGNALED(status));
	world_release(held);
	/* Its request is withdrawn, and those that would have followed never come. */
	desktop_wait_operations(&d, "reclaim", 0, 1);
	check_operations("reclaim", 1, 0, 0);
	/* The next one goes on, and gives back what is in swap. */
	desktop_memory_of(&d, 0, 0, 4);
	fake_proc_memory(&d.proc, 60);
	desktop_start_agent(&d, PRESSURE, NULL);
	desktop_wait_operations(&d, "claim", 0, 1);
	check_operations("reclaim", 1, 0, 0);
}

/* Whatever it is doing when it is killed, the next one finds everything in order. */
static void test_kill_agent_at_any_time(void **state)
{
	char command[32];
	int i, n;

	(void)state;
	desktop_start(&d, "", NULL);
	for (i = 0; i < 8; i++) {
		desktop_start_agent(&d, EAGER, NULL);
		for (n = 0; n < i; n++) {
			snprintf(command, sizeof(command), "workspace %d", n % CLIENTS + 1);
			desktop_command(&d, command);
		}
		desktop_end(&d.agent, SIGKILL, NULL);
	}
	desktop_command(&d, "workspace 3");
	/* The clients never use their memory, so it only comes back to a new mock. */
	world_end_memd(&d.world, SIGTERM);
	assert_int_equal(d.world.memd_status, 0);
	desktop_start_memd(&d, "");
	desktop_start_agent(&d, EAGER, NULL);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_status(&d, 1, "reclaimed");
	desktop_wait_status(&d, 2, "a window is visible");
	desktop_wait_status(&d, -1, "panthor-memd: answers");
	assert_null(strstr(desktop_log(&d), "failed"));
}

static void test_kill_memd(void **state)
{
	int held;

	(void)state;
	desktop_start(&d, "held", EAGER "[app client1]\nexempt = yes\n");
	held = world_wait_held(&d.world);
	desktop_wait_status(&d, -1, "panthor-memd: answers");
	world_end_memd(&d.world, SIGKILL);
	world_release(held);
	desktop_wait_log(&d, "reclaim failed: ");
	desktop_wait_status(&d, -1, "panthor-memd: does not answer");
	/* The agent tries again, less and less often, and succeeds when there is one again. */
	desktop_wait_log(&d, "reclaim failed: panthor-memd is not running");
	desktop_start_memd(&d, "");
	desktop_wait_status(&d, -1, "panthor-memd: answers");
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_status(&d, 0, "reclaimed");
	check_operations("reclaim", 1, 0, 0);
}

/* The agent is there first. */
static void test_memd_starts_late(void **state)
{
	(void)state;
	desktop_start(&d, "", NULL);
	world_end_memd(&d.world, SIGTERM);
	desktop_start_agent(&d, EAGER, NULL);
	desktop_wait_status(&d, -1, "panthor-memd: does not answer, so nothing is reclaimed");
	desktop_start_memd(&d, "");
	desktop_wait_status(&d, -1, "panthor-memd: answers");
	desktop_wait_operations(&d, "reclaim", 0, 1);
}

static void test_kill_system_bus(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_status(&d, 1, "reclaimed");
	desktop_end(&d.world.bus, SIGKILL, NULL);
	/* panthor-memd ends with the bus. */
	world_end_memd(&d.world, 0);
	desktop_wait_status(&d, -1, "panthor-memd: does not answer");
	desktop_command(&d, "workspace 1");
	desktop_wait_log(&d, "the system bus cannot be reached");
	desktop_wait_status(&d, 0, "a window is visible");
}

static void test_kill_sway(void **state)
{
	int held, i;

	(void)state;
	desktop_start(&d, "held again", EAGER);
	held = world_wait_held(&d.world);
	desktop_end(&d.sway, SIGKILL, NULL);
	desktop_wait_log(&d, "sway has closed the connection");
	desktop_wait_log(&d, "cancel the request: nobody knows whether it is hidden");
	world_release(held);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	check_operations("reclaim", 1, 0, 0);
	/* Everything begins anew. */
	for (i = 0; i < CLIENTS; i++) {
		desktop_end(&d.clients[i], SIGKILL, NULL);
		memset(d.world.victims, 0, sizeof(d.world.victims));
	}
	world_end_memd(&d.world, SIGTERM);
	desktop_start_sway(&d);
	desktop_start_clients(&d);
	desktop_start_memd(&d, "");
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_wait_status(&d, 2, "a window is visible");
	check_operations("reclaim", 1, 1, 0);
}

/* A sway that does not answer may have shown anything. */
static void test_stopped_sway(void **state)
{
	(void)state;
	desktop_start(&d, "", PRESSURE);
	desktop_wait_status(&d, 0, "memory is not short");
	kill(d.sway, SIGSTOP);
	fake_proc_memory(&d.proc, 10);
	/* By now, the agent knows that memory is short, and would have reclaimed. */
	desktop_wait_status(&d, 0, "it is next");
	sleep(2);
	check_operations("reclaim", 0, 0, 0);
	kill(d.sway, SIGCONT);
	desktop_wait_operations(&d, "reclaim", 0, 1);
}

static void test_sway_exits(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_exit_sway(&d);
	desktop_wait_log(&d, "All windows count as visible until it is reached again");
	check_operations("claim", 0, 0, 0);
}

/* The agent that sway has started ends with it, whatever has ended sway. */
static void end_with_sway(bool killed)
{
	desktop_start(&d, "", NULL);
	desktop_enter_sway(&d);
	desktop_start_agent(&d, EAGER, NULL);
	desktop_wait_status(&d, 0, "reclaimed");
	if (killed)
		desktop_end(&d.sway, SIGKILL, NULL);
	else
		desktop_exit_sway(&d);
	assert_int_equal(desktop_wait_agent(&d), 0);
	assert_non_null(strstr(desktop_log(&d), "sway has ended, so the agent ends, too"));
	/* The next session of sway starts its own. */
	desktop_end(&d.sway, SIGKILL, NULL);
	desktop_start_sway(&d);
	desktop_enter_sway(&d);
	desktop_start_agent(&d, EAGER, NULL);
}

static void test_agent_ends_with_sway(void **state)
{
	(void)state;
	end_with_sway(false);
}

static void test_agent_ends_with_killed_sway(void **state)
{
	(void)state;
	end_with_sway(true);
}

/* Another sway of the user is as good. */
static void test_next_sway(void **state)
{
	(void)state;
	desktop_start(&d, "", NULL);
	desktop_enter_sway(&d);
	desktop_start_agent(&d, EAGER, NULL);
	kill(d.agent, SIGSTOP);
	desktop_end(&d.sway, SIGKILL, NULL);
	desktop_start_sway(&d);
	kill(d.agent, SIGCONT);
	desktop_wait_log(&d, "sway has closed the connection");
	desktop_wait_status(&d, -1, "Windows: from sway, connected");
}

/* The service manager ends a service. */
static void test_service_stays(void **state)
{
	(void)state;
	desktop_start(&d, "", NULL);
	desktop_enter_sway(&d);
	d.service = true;
	desktop_start_agent(&d, EAGER, NULL);
	desktop_end(&d.sway, SIGKILL, NULL);
	desktop_wait_log(&d, "sway has ended. The agent waits for the next one");
	desktop_start_sway(&d);
	desktop_wait_status(&d, -1, "Windows: from sway, connected");
}

static void test_session_ends(void **state)
{
	(void)state;
	desktop_start(&d, "", EAGER);
	desktop_end(&d.bus, SIGKILL, NULL);
	assert_int_equal(desktop_wait_agent(&d), 0);
}

/* --- freezing --------------------------------------------------------------- */

#define FREEZE EAGER "freeze = yes\n"

static void begin_frozen(void)
{
	desktop_start_units(&d, "", FREEZE);
	DESKTOP_UNTIL(&d, desktop_is_frozen(&d, 0) && desktop_is_frozen(&d, 1));
	assert_false(desktop_is_frozen(&d, 2));
	desktop_memory_of(&d, 0, 0, 4);
	desktop_memory_of(&d, 1, 0, 4);
}

static void wait_thawed(void)
{
	DESKTOP_UNTIL(&d, !desktop_is_frozen(&d, 0) && !desktop_is_frozen(&d, 1) &&
		      !desktop_is_frozen(&d, 2));
}

static void test_freeze(void **state)
{
	(void)state;
	begin_frozen();
	desktop_wait_status(&d, 0, "its memory is in swap, and it is frozen");
	desktop_wait_status(&d, -1, "Frozen: 2 applications");
	/* Its memory comes back before it runs. */
	desktop_command(&d, "workspace 1");
	DESKTOP_UNTIL(&d, !desktop_is_frozen(&d, 0));
	desktop_wait_operations(&d, "claim", 0, 1);
	desktop_wait_status(&d, 0, "a window is visible");
	assert_true(desktop_is_frozen(&d, 1));
	DESKTOP_UNTIL(&d, desktop_is_frozen(&d, 2));
	desktop_end(&d.agent, SIGTERM, NULL);
	assert_false(desktop_is_frozen(&d, 1) || desktop_is_frozen(&d, 2));
}

static void test_freeze_kill_agent(void **state)
{
	char command[32];
	int i;

	(void)state;
	begin_frozen();
	desktop_end(&d.agent, SIGKILL, NULL);
	wait_thawed();
	/* At any time. */
	for (i = 0; i < 6; i++) {
		desktop_start_agent(&d, FREEZE, NULL);
		snprintf(command, sizeof(command), "workspace %d", i % CLIENTS + 1);
		desktop_command(&d, command);
		desktop_end(&d.agent, SIGKILL, NULL);
		wait_thawed();
	}
}

static void test_freeze_kill_sway(void **state)
{
	(void)state;
	begin_frozen();
	desktop_end(&d.sway, SIGKILL, NULL);
	wait_thawed();
}

static void test_freeze_kill_memd(void **state)
{
	(void)state;
	begin_frozen();
	world_end_memd(&d.world, SIGKILL);
	/* Nobody claims its memory, so it has to get that itself. */
	desktop_command(&d, "workspace 1");
	DESKTOP_UNTIL(&d, !desktop_is_frozen(&d, 0));
	desktop_wait_status(&d, 0, "a window is visible");
	assert_true(desktop_is_frozen(&d, 1));
	desktop_end(&d.agent, SIGTERM, NULL);
	wait_thawed();
}

/* The only child of the agent. */
static pid_t find_keeper(void)
{
	char path[64];
	int keeper = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)d.agent, (int)d.agent);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &keeper), 1);
	fclose(file);
	return keeper;
}

/* Without the process that would thaw it, nothing is frozen. */
static void test_freeze_kill_keeper(void **state)
{
	(void)state;
	begin_frozen();
	kill(find_keeper(), SIGKILL);
	wait_thawed();
	desktop_wait_log(&d, "none is frozen any more");
	desktop_command(&d, "workspace 1");
	desktop_wait_operations(&d, "reclaim", 2, 1);
	desktop_wait_status(&d, 2, "reclaimed");
	assert_false(desktop_is_frozen(&d, 2));
}

static void test_thaw_option(void **state)
{
	char out[1024];

	(void)state;
	begin_frozen();
	/* The unit does this when everything of the agent was killed. */
	assert_int_equal(desktop_run_agent(&d, "--thaw", NULL, out, sizeof(out)), 0);
	assert_false(desktop_is_frozen(&d, 0) || desktop_is_frozen(&d, 1));
}

/* --- metrics ------------------------------------------------------------------ */

static bool has_metric(const char *line)
{
	char path[160], text[8192] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/agent.prom", d.runtime);
	file = fopen(path, "re");
	if (!file)
		return false;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return strstr(text, line);
}

static void test_metrics(void **state)
{
	char config[512];

	(void)state;
	desktop_start(&d, "", NULL);
	snprintf(config, sizeof(config), EAGER "metrics = %s/agent.prom\n", d.runtime);
	desktop_start_agent(&d, config, NULL);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_status(&d, 1, "reclaimed");
	DESKTOP_UNTIL(&d, has_metric("panthor_mem_agent_operations_total{operation=\"reclaim\","
				     "result=\"ok\"} 2\n"));
	assert_true(has_metric("panthor_mem_agent_source_connected 1\n"));
	assert_true(has_metric("panthor_mem_agent_applications{state=\"reclaimed\"} 2\n"));
	assert_true(has_metric("panthor_mem_agent_applications{state=\"visible\"} 1\n"));
	/* The last state is written at the end. */
	desktop_exit_sway(&d);
	desktop_wait_log(&d, "All windows count as visible until it is reached again");
	desktop_end(&d.agent, SIGTERM, NULL);
	assert_true(has_metric("panthor_mem_agent_source_connected 0\n"));
	assert_true(has_metric("panthor_mem_agent_source_lost_total 1\n"));
}

/* --- the command line ----------------------------------------------------- */

static void test_command_line(void **state)
{
	static const struct {
		const char *option, *config;
		int status;
		const char *out;
	} rows[] = {
		{ "--version", NULL, 0, "panthor-mem-agent " },
		{ "--help", NULL, 0, "usage: panthor-mem-agent [OPTION...]" },
		{ "--sing", NULL, 2, "unknown or ambiguous option '--sing'" },
		{ "now", NULL, 2, "unexpected argument 'now'; see panthor-mem-agent --help" },
		{ NULL, "[policy]\nmelt = yes\n", 2, "line 2: [policy] has no key melt" },
		{ NULL, EAGER, 3, "it is already running in this session: see --status" },
	};
	char out[8192];
	size_t i;

	(void)state;
	desktop_start(&d, "", EAGER);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int status = desktop_run_agent(&d, rows[i].option, rows[i].config, out,
						     sizeof(out));

		if (status != rows[i].status || !strstr(out, rows[i].out))
			fail_msg("row %zu: status %d: %s", i, status, out);
	}
	assert_int_equal(desktop_run_agent(&d, "--status", NULL, out, sizeof(out)), 0);
	assert_non_null(strstr(out, "Mode: eager\nWindows: from sway, connected\n"
				    "panthor-memd: answers\n\n"));
	desktop_end(&d.agent, SIGTERM, NULL);
	assert_int_equal(desktop_run_agent(&d, "--status", NULL, out, sizeof(out)), 4);
	assert_non_null(strstr(out, "it is not running in this session"));
}

/* The driver may be loaded after the session has begun. */
static void test_no_device(void **state)
{
	(void)state;
	desktop_start(&d, "", NULL);
	world_end_memd(&d.world, SIGTERM);
	world_remove_device(&d.world, "renderD128");
	desktop_start_memd(&d, "");
	desktop_launch_agent(&d, EAGER, NULL);
	desktop_wait_log(&d, "panthor-memd has found no panthor device yet");
	world_add_device(&d.world, "renderD128");
	desktop_wait_log(&d, "panthor-memd has found a panthor device");
	desktop_wait_operations(&d, "reclaim", 0, 1);
}

static void test_introspection(void **state)
{
	char path[128], command[512], *text;
	FILE *file;

	(void)state;
	desktop_start(&d, "", EAGER);
	text = desktop_introspect(&d);
	snprintf(path, sizeof(path), "%s/introspection", d.world.dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(text);
	snprintf(command, sizeof(command), "python3 '%s' '%s' '%s'", getenv("SAME_INTERFACE"),
		 getenv("AGENT_INTERFACE"), path);
	assert_int_equal(system(command), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_hide),
		TEST(test_other_ways_to_hide),
		TEST(test_show_cancels),
		TEST(test_layout),
		TEST(test_close),
		TEST(test_panel),
		TEST(test_pressure_and_room),
		TEST(test_keep),
		TEST(test_hint),
		TEST(test_pause),
		TEST(test_dry_run),
		TEST(test_kill_agent),
		TEST(test_kill_agent_at_any_time),
		TEST(test_kill_memd),
		TEST(test_memd_starts_late),
		TEST(test_kill_system_bus),
		TEST(test_kill_sway),
		TEST(test_stopped_sway),
		TEST(test_sway_exits),
		TEST(test_agent_ends_with_sway),
		TEST(test_agent_ends_with_killed_sway),
		TEST(test_next_sway),
		TEST(test_service_stays),
		TEST(test_session_ends),
		TEST(test_freeze),
		TEST(test_freeze_kill_agent),
		TEST(test_freeze_kill_sway),
		TEST(test_freeze_kill_memd),
		TEST(test_freeze_kill_keeper),
		TEST(test_thaw_option),
		TEST(test_metrics),
		TEST(test_command_line),
		TEST(test_no_device),
		TEST(test_introspection),
	};

	if (!desktop_possible()) {
		puts("1..0 # SKIP sway or dbus-daemon is not installed");
		return 0;
	}
	return cmocka_run_group_tests_name("desktop", tests, NULL, NULL);
}
