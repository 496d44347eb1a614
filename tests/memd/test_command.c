/* SPDX-License-Identifier: MIT */
/* Test panthor-mem reclaim --broker and claim --broker as a user without privileges. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "patience.h"
#include "suite.h"

#define OUT 8192

static char out[OUT];

static const int users[VICTIMS] = { UID_A, UID_SERVICE, 0, UID_A };

static void start(const char *words)
{
	world_start(&w, &(struct setup){ .words = words,
					 .config = "[Limits]\nMinResidentSec=0\n",
					 .uids = world_many_users() ? users : NULL });
}

/* Run panthor-mem on a victim. Returns its exit status and stores its output in out. */
static int run(const char *mock, const char *command, const char *when, int victim,
	       const char *more, const char *value)
{
	char pid[16];
	const char *argv[] = { getenv("TOOL"), command, "--broker", when, pid, more, value, NULL };

	snprintf(pid, sizeof(pid), "%d", (int)w.victims[victim]);
	return world_run(&w, world_me(), mock, argv, out, sizeof(out));
}

static void check_said(const char *text)
{
	if (!strstr(out, text))
		fail_msg("no '%s' in:\n%s", text, out);
}

/* A panthor-mem whose request the mock holds. */
struct tool {
	pid_t pid;
	int output;
	int held;
};

static struct tool start_held(const char *const *argv)
{
	struct tool t;

	t.pid = world_run_begin(&w, world_me(), "nodev", argv, &t.output);
	t.held = world_wait_held(&w);
	return t;
}

/* Let it go on. Returns its exit status and stores its output in out. */
static int finish_held(const struct tool *t)
{
	world_release(t->held);
	return world_run_end(t->pid, t->output, out, sizeof(out));
}

static void test_always(void **state)
{
	(void)state;
	start("");
	assert_int_equal(run("nodev", "reclaim", "always", 0, "--bytes", NULL), 0);
	check_said("4194304");
	assert_int_equal(run("nodev", "claim", "always", 0, "--bytes", NULL), 0);
	check_said("4194304");
	assert_int_equal(run("nodev", "reclaim", "always", 0, "--max", "2M"), 0);
	check_said("limit reached");
	assert_int_equal(run("nodev", "reclaim", "always", 0, "--json", NULL), 0);
	check_said("\"freed_bytes\": 2097152");
	assert_int_equal(run("nodev", "reclaim", "always", 3, "--dry-run", NULL), 0);
	check_said("WOULD EVICT");
	assert_int_equal(run("nodev", "reclaim", "always", 3, "--no-pageout", "--json"), 0);
	check_said("\"freed_bytes\": 0");
	check_said("\"evicted_bytes\": 4194304");
}

static void test_auto(void **state)
{
	(void)state;
	start("");
	/* panthor-mem calls panthor-memd if the ioctl or open() fails for lack of privileges. */
	assert_int_equal(run("nocap", "reclaim", "auto", 0, "--bytes", NULL), 0);
	check_said("4194304");
	assert_int_equal(run("noaccess", "claim", "auto", 0, "--bytes", NULL), 0);
	check_said("4194304");
	/* It does not call panthor-memd if the ioctl is permitted, even if it finds no target. */
	assert_int_equal(run("apps=1", "reclaim", "auto", 0, NULL, NULL), 3);
	assert_int_equal(run("nocap", "reclaim", "never", 0, NULL, NULL), 5);
	check_said("CAP_SYS_RESOURCE");
}

/* A signal ends the wait, although the driver does not answer panthor-memd. */
static void check_signal(const char *words, const char *command, int number)
{
	char pid[16];
	const char *argv[] = { getenv("TOOL"), command, "--json", "--broker", "always", pid, NULL };
	struct tool tool;

	world_start(&w, &(struct setup){ .words = words });
	snprintf(pid, sizeof(pid), "%d", (int)w.victims[0]);
	tool = start_held(argv);
	kill(tool.pid, number);
	assert_int_equal(world_run_end(tool.pid, tool.output, out, sizeof(out)), 128 + number);
	check_said("stopped by a signal before panthor-memd has answered");
	check_said("\"code\": \"EINTR\"");
	world_release(tool.held);
	world_stop(&w);
}

static void test_signal(void **state)
{
	(void)state;
	check_signal("held", "reclaim", SIGINT);
	check_signal("held evicted", "claim", SIGTERM);
}

/* The queue of the user is full when the request of panthor-mem is in it. */
static bool is_queue_full(sd_bus *bus)
{
	return !strcmp(reclaim_id(bus, w.victims[1], 1)->error, "LimitsExceeded");
}

/* A request that still waits is cancelled by a signal, and gets its answer. */
static void test_signal_while_waiting(void **state)
{
	char pid[16];
	const char *argv[] = { getenv("TOOL"), "reclaim", "--json", "--broker", "always", pid,
			       NULL };
	struct call running;
	pid_t tool;
	sd_bus *bus;
	int fd;

	(void)state;
	bus = world_start_held(&w, "held aside", "[Limits]\nQueuePerUser=2\nBurst=1000000\n",
			       "Reclaim", &running);
	snprintf(pid, sizeof(pid), "%d", (int)w.victims[3]);
	tool = world_run_begin(&w, world_me(), "nodev", argv, &fd);
	WAIT_UNTIL(is_queue_full(bus) || waitpid(tool, NULL, WNOHANG));
	assert_int_equal(waitpid(tool, NULL, WNOHANG), 0);
	kill(tool, SIGINT);
	assert_int_equal(world_run_end(tool, fd, out, sizeof(out)), 128 + SIGINT);
	check_said("\"freed_bytes\": 0");
	assert_null(strstr(out, "before panthor-memd has answered"));
	check_ok(call_finish_held(&running));
}

/* The process exits during a reclaim, when a part of its memory is evicted. */
static void test_exits_later(void **state)
{
	char pid[16];
	const char *argv[] = { getenv("TOOL"), "reclaim", "--bytes", "--broker", "always", pid,
			       NULL };
	struct tool tool;

	(void)state;
	world_start(&w, &(struct setup){ .words = "bos=40 held" });
	snprintf(pid, sizeof(pid), "%d", (int)w.victims[0]);
	tool = start_held(argv);
	world_end_victim(&w, 0);
	assert_int_equal(finish_held(&tool), 3);
	check_said("it failed after part of the work was done");
}

/* Run panthor-mem on all victims by their name. */
static int run_by_name(const char *more)
{
	const char *argv[] = { getenv("TOOL"), "reclaim", "--broker", "always", "--bytes", "--comm",
			       world_process_name(), more, NULL };

	return world_run(&w, world_me(), "nodev", argv, out, sizeof(out));
}

static unsigned int count(const char *text)
{
	const char *at = out;
	unsigned int n = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		n++;
	}
	return n;
}

/* While it works on the first process, another one gets the PID of the second. */
static void test_reused(void **state)
{
	char first[16], second[16];
	const char *argv[] = { getenv("TOOL"), "reclaim", "--bytes", "--broker", "always", first,
			       second, NULL };
	struct tool tool;
	bool reused;
	int status;

	(void)state;
	world_start(&w, &(struct setup){ .words = "held" });
	snprintf(first, sizeof(first), "%d", (int)w.victims[0]);
	snprintf(second, sizeof(second), "%d", (int)w.victims[3]);
	tool = start_held(argv);
	reused = world_reuse_pid(w.victims[3], world_me());
	if (!reused)
		w.victims[3] = 0;
	status = finish_held(&tool);
	if (!reused)
		skip();
	assert_int_equal(status, 3);
	check_said("there is no such process");
	assert_int_equal(count("FAILED"), 1);
	/* FREED and EVICTED of the first process, and their totals. */
	assert_int_equal(count("4194304"), 4);
}

/* Many processes of this name have no GPU memory, more than panthor-memd accepts requests. */
static void test_found_without_memory(void **state)
{
	pid_t idle[60];
	size_t i;

	(void)state;
	start("");
	for (i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		idle[i] = world_idle_process(world_me());
	assert_int_equal(run_by_name(NULL), 0);
	assert_int_equal(count("FAILED"), 0);
	assert_true(count("4194304") > 2);
	for (i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		world_end_process(idle[i]);
}

/* A process that was found by name and exits holds nothing. */
static void test_found_exits(void **state)
{
	const char *argv[] = { getenv("TOOL"), "reclaim", "--bytes", "--broker", "always", "--comm",
			       world_process_name(), NULL };
	struct tool tool;

	(void)state;
	world_start(&w, &(struct setup){ .words = "held", .apps = 1 });
	tool = start_held(argv);
	world_end_victim(&w, 3);
	assert_int_equal(finish_held(&tool), 0);
	assert_int_equal(count("4194304"), 2);
	assert_int_equal(count("FAILED"), 0);
	assert_int_equal(count("process"), 0);
}

/*
 * panthor-memd does not say what the processes of others hold. If nothing else was found, the
 * refusal is the answer.
 */
static void test_found_of_others(void **state)
{
	static const int others[VICTIMS] = { 0, UID_SERVICE, 0, 0 };

	(void)state;
	NEEDS_USERS();
	start("");
	assert_int_equal(run_by_name(NULL), 0);
	assert_int_equal(count("FAILED"), 0);
	check_said("2 processes found were skipped: the process belongs to root or to a service");
	assert_int_equal(run_by_name("--json"), 0);
	assert_int_equal(count("\"pid\""), 2);
	assert_int_equal(count("EACCES"), 0);
	world_stop(&w);
	world_start(&w, &(struct setup){ .uids = others });
	assert_int_equal(run_by_name(NULL), 5);
	assert_int_equal(count("FAILED"), VICTIMS);
	check_said("only root may");
	assert_int_equal(count("skipped"), 0);
}

/* Without a pidfd, a PID could name another process by the time of its request. */
static void test_out_of_files(void **state)
{
	char command[256];
	const char *argv[] = { "/bin/sh", "-c", command, NULL };

	(void)state;
	start("");
	snprintf(command, sizeof(command), "ulimit -n 14; exec '%s' reclaim --bytes --broker "
		 "always %d %d", getenv("TOOL"), (int)w.victims[0], (int)w.victims[3]);
	assert_int_equal(world_run(&w, world_me(), NULL, argv, out, sizeof(out)), 1);
	assert_int_equal(count("FAILED"), 2);
	check_said("raise the limit: see `ulimit -n`");
}

static void test_of_others(void **state)
{
	(void)state;
	NEEDS_USERS();
	start("");
	assert_int_equal(run("nodev", "reclaim", "always", 2, NULL, NULL), 5);
	check_said("the process belongs to root or to a service: only root may");
	assert_int_equal(run("nocap", "reclaim", "auto", 2, NULL, NULL), 5);
	check_said("only root may");
}

static void test_without_broker(void **state)
{
	(void)state;
	start("");
	world_end_memd(&w, SIGTERM);
	assert_int_equal(run("nodev", "reclaim", "always", 0, NULL, NULL), 4);
	check_said("panthor-memd is not running");
	assert_int_equal(count("the limit was reached"), 0);
	/* The error of the direct attempt is reported. */
	assert_int_equal(run("nocap", "reclaim", "auto", 0, NULL, NULL), 5);
	check_said("CAP_SYS_RESOURCE");
}

/* That a process has exited says nothing about panthor-memd. */
static void test_exited_without_broker(void **state)
{
	char exited[16], other[16];
	const char *argv[] = { getenv("TOOL"), "reclaim", "--broker", "always", exited, other,
			       NULL };

	(void)state;
	start("");
	world_end_memd(&w, SIGTERM);
	kill(w.victims[0], SIGKILL);
	waitid(P_PID, (id_t)w.victims[0], &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	snprintf(exited, sizeof(exited), "%d", (int)w.victims[0]);
	snprintf(other, sizeof(other), "%d", (int)w.victims[3]);
	assert_int_equal(world_run(&w, world_me(), "nodev", argv, out, sizeof(out)), 4);
	check_said("reclaim: panthor-memd is not running");
}

static void test_what_it_cannot(void **state)
{
	(void)state;
	start("");
	assert_int_equal(run("nodev", "claim", "always", 0, "--dry-run", NULL), 2);
	check_said("no dry run of a claim");
	assert_int_equal(run("nodev", "reclaim", "always", 0, "--client", "7"), 2);
	check_said("takes no --client");
	assert_int_equal(run("nodev", "reclaim", "always", 0, "--wait", "2s"), 1);
	check_said("wait-usec");
	assert_int_equal(run("nodev", "reclaim", "sometimes", 0, NULL, NULL), 2);
	check_said("one of auto, always, never");
	assert_int_equal(run("nodev", "list", "always", 0, NULL, NULL), 2);
	check_said("list takes no option --broker");
	assert_int_equal(run("nodev", "reclaim", "always", 0, "--device", "renderD9"), 4);
	check_said("no such panthor device");
}

/* Run examples/broker-focus.c. */
static void test_example(void **state)
{
	char input[256], expected[128], command[512];
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	int pid;

	(void)state;
	if (!getenv("EXAMPLE"))
		skip();
	start("");
	pid = (int)w.victims[0];
	snprintf(input, sizeof(input), "suspend %d\\nactivate %d\\nsuspend 999999999\\nquit\\n",
		 pid, pid);
	snprintf(command, sizeof(command), "printf '%s' | '%s'", input, getenv("EXAMPLE"));
	assert_int_equal(world_run(&w, world_me(), NULL, argv, out, sizeof(out)), 0);
	/* The claim may overtake the reclaim. In both cases, all memory is resident at the end. */
	snprintf(expected, sizeof(expected), "%d: reclaimed ", pid);
	check_said(expected);
	snprintf(expected, sizeof(expected), "%d: claimed ", pid);
	check_said(expected);
	check_said("999999999: ");
	assert_int_equal(resident(world_client(&w, world_me()), w.victims[0]), 4 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_always),
		TEST(test_auto),
		TEST(test_signal),
		TEST(test_signal_while_waiting),
		TEST(test_exits_later),
		TEST(test_reused),
		TEST(test_found_without_memory),
		TEST(test_found_exits),
		TEST(test_found_of_others),
		TEST(test_out_of_files),
		TEST(test_of_others),
		TEST(test_without_broker),
		TEST(test_exited_without_broker),
		TEST(test_what_it_cannot),
		TEST(test_example),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
