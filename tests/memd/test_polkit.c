/* SPDX-License-Identifier: MIT */
/* Requests for processes of other users, with a mock of polkit. Needs root to change users. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <panthor_mem.h>

#include "patience.h"
#include "world.h"

#define POLKIT "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define MOCK_INTERFACE "org.freedesktop.DBus.Mock"

/* The stranger in these tests is UID_SERVICE. It needs polkit for all victims but the third. */
static const int users[VICTIMS] = { UID_A, UID_A, UID_SERVICE, UID_A };

static struct world w;
static pid_t polkit;
static sd_bus *root;
static sd_bus *stranger;

static void end_polkit(void)
{
	if (!polkit)
		return;
	kill(polkit, SIGKILL);
	waitpid(polkit, NULL, 0);
	polkit = 0;
}

static int stop(void **state)
{
	(void)state;
	end_polkit();
	world_stop(&w);
	return 0;
}

static bool polkit_is_there(void)
{
	return sd_bus_call_method(root, POLKIT, POLKIT_PATH, MOCK_INTERFACE, "AllowUnknown", NULL,
				  NULL, "b", 0) >= 0;
}

static void start_polkit(void)
{
	char log[96];
	int fd;

	snprintf(log, sizeof(log), "%s/polkit.log", w.dir);
	polkit = fork();
	if (!polkit) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		setenv("DBUS_SYSTEM_BUS_ADDRESS", w.address, 1);
		/* Python looks for its modules where argv[0] says that it is. */
		execl("/usr/bin/python3", "/usr/bin/python3", "-m", "dbusmock", "--system",
		      "--template", "polkitd", NULL);
		_exit(127);
	}
	WAIT_UNTIL(polkit_is_there() || waitpid(polkit, NULL, WNOHANG));
	assert_int_equal(waitpid(polkit, NULL, WNOHANG), 0);
}

/* Ends the test as skipped where the victims and the clients cannot be different users. */
static void start(void)
{
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "", .uids = users });
	root = world_client(&w, 0);
	stranger = world_client(&w, UID_SERVICE);
	start_polkit();
}

static void allow(void)
{
	assert_true(sd_bus_call_method(root, POLKIT, POLKIT_PATH, MOCK_INTERFACE, "SetAllowed",
				       NULL, NULL, "as", 1, BROKER_ACTION) >= 0);
}

static void hang(bool does)
{
	assert_true(sd_bus_call_method(root, POLKIT, POLKIT_PATH, MOCK_INTERFACE, "SimulateHang",
				       NULL, NULL, "b", does) >= 0);
}

static bool hangs(void)
{
	sd_bus_message *m = NULL;
	int value = 0;

	assert_true(sd_bus_call_method(root, POLKIT, POLKIT_PATH, MOCK_INTERFACE,
				       "HaveHangingCalls", NULL, &m, NULL) >= 0);
	sd_bus_message_read(m, "b", &value);
	sd_bus_message_unref(m);
	return value;
}

static void release(void)
{
	assert_true(sd_bus_call_method(root, POLKIT, POLKIT_PATH, MOCK_INTERFACE,
				       "ReleaseHangingCalls", NULL, NULL, NULL) >= 0);
}

/* Replace a method of the template, which does not record its calls. */
static void answer_with(const char *method, const char *in, const char *out, const char *code)
{
	assert_true(sd_bus_call_method(root, POLKIT, POLKIT_PATH, MOCK_INTERFACE, "AddMethod",
				       NULL, NULL, "sssss", POLKIT_INTERFACE, method, in, out,
				       code) >= 0);
}

static void answer_check(const char *code)
{
	answer_with("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", code);
}

static unsigned int count_calls(const char *method)
{
	sd_bus_message *m = NULL;
	unsigned int count = 0;

	assert_true(sd_bus_call_method(root, POLKIT, POLKIT_PATH, MOCK_INTERFACE,
				       "GetMethodCalls", NULL, &m, "s", method) >= 0);
	assert_true(sd_bus_message_enter_container(m, 'a', "(tav)") > 0);
	while (sd_bus_message_skip(m, "(tav)") > 0)
		count++;
	sd_bus_message_unref(m);
	return count;
}

/* --- yes, no, and neither ------------------------------------------------- */

static void test_yes(void **state)
{
	(void)state;
	start();
	allow();
	check_ok(reclaim(stranger, w.victims[0], NULL));
	check_ok(claim(stranger, w.victims[0], NULL));
}

static void test_no(void **state)
{
	(void)state;
	start();
	check_error(reclaim(stranger, w.victims[0], NULL), "AccessDenied", BROKER_ACTION);
	check_error(claim(stranger, w.victims[0], NULL), "AccessDenied", BROKER_GROUP);
}

static void test_absent(void **state)
{
	(void)state;
	start();
	end_polkit();
	check_error(reclaim(stranger, w.victims[0], NULL), "AccessDenied", "does not answer");
}

/* polkit dies before it has answered. */
static void test_dies(void **state)
{
	struct call c;

	(void)state;
	start();
	hang(true);
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	end_polkit();
	check_error(call_finish(&c), "AccessDenied", "does not answer");
}

static void test_own_is_not_asked_for(void **state)
{
	(void)state;
	start();
	hang(true);
	check_ok(reclaim(stranger, w.victims[2], NULL));
}

/* A pending question delays no other request. Each connection may have only one. */
static void test_slow(void **state)
{
	struct call c;

	(void)state;
	start();
	allow();
	hang(true);
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	check_error(reclaim(stranger, w.victims[1], NULL), "LimitsExceeded",
		    "polkit is being asked");
	check_ok(reclaim(stranger, w.victims[2], NULL));
	check_ok(claim(world_client(&w, UID_A), w.victims[1], NULL));
	assert_false(call_done(&c));
	release();
	check_freed(call_finish(&c), 4 * MIB);
	/* The first question is done, so the connection may cause another one. */
	hang(false);
	check_ok(reclaim(stranger, w.victims[1], NULL));
}

/* --- arguments and answers ------------------------------------------------ */

/* Python code in dbusmock checks the arguments and returns the result as the answer. */
static void test_question(void **state)
{
	char code[512];

	(void)state;
	start();
	snprintf(code, sizeof(code),
		 "s, action, details, flags, cancel = args\n"
		 "ret = (s[0] == 'system-bus-name' and str(s[1]['name']).startswith(':') and "
		 "action == '" BROKER_ACTION "' and details['pid'] == '%d' and "
		 "details['uid'] == '%d' and flags == 0 and len(cancel) > 0, False, {})",
		 (int)w.victims[0], UID_A);
	answer_check(code);
	check_ok(reclaim(stranger, w.victims[0], NULL));
	answer_check("ret = (args[3] == 1, False, {})");
	check_ok(claim(stranger, w.victims[0], &(struct options){ .interactive = true }));
	check_error(claim(stranger, w.victims[0], NULL), "AccessDenied", "");
}

static void test_challenge(void **state)
{
	(void)state;
	start();
	answer_check("ret = (False, True, {})");
	check_error(claim(stranger, w.victims[0], NULL), "InteractiveAuthorizationRequired",
		    "allow interactive authorization");
	check_error(claim(stranger, w.victims[0], &(struct options){ .interactive = true }),
		    "AccessDenied", "");
}

static void test_nonsense(void **state)
{
	(void)state;
	start();
	answer_with("CheckAuthorization", "(sa{sv})sa{ss}us", "s", "ret = 'yes'");
	check_error(claim(stranger, w.victims[0], NULL), "AccessDenied", "");
}

/* --- events during a question --------------------------------------------- */

static void test_disconnect(void **state)
{
	struct call c;

	(void)state;
	start();
	answer_with("CancelCheckAuthorization", "s", "", "");
	hang(true);
	allow();
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	call_forget(&c);
	world_disconnect(&w, stranger);
	settle(root);
	assert_int_equal(count_calls("CancelCheckAuthorization"), 1);
	release();
	settle(root);
	assert_int_equal(resident(root, w.victims[0]), 4 * MIB);
}

static void test_cancel(void **state)
{
	struct call c;

	(void)state;
	start();
	answer_with("CancelCheckAuthorization", "s", "", "");
	hang(true);
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	assert_int_equal(cancel(stranger, w.victims[0]), 1);
	check_not_begun(call_finish(&c));
	settle(root);
	assert_int_equal(count_calls("CancelCheckAuthorization"), 1);
	/* The question is done, so the connection may cause another one. */
	hang(false);
	allow();
	check_ok(reclaim(stranger, w.victims[0], NULL));
}

/* On SIGTERM, requests that wait for polkit are refused. */
static void test_sigterm(void **state)
{
	struct call c;

	(void)state;
	start();
	hang(true);
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	world_end_memd(&w, SIGTERM);
	check_error(call_finish(&c), "Cancelled", "try again");
	assert_int_equal(w.memd_status, 0);
}

/* A later claim that needs no polkit wins over the reclaim that waits for polkit. */
static void test_claim_meanwhile(void **state)
{
	struct call c;

	(void)state;
	start();
	allow();
	hang(true);
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	check_ok(claim(world_client(&w, UID_A), w.victims[0], NULL));
	release();
	check_not_begun(call_finish(&c));
}

/* Another user, who is no service either. */
#define UID_THIRD 65533

/* The first victim can change its users, and polkit does not answer before release(). */
static void start_with_changing(const char *words)
{
	struct setup s = { .words = words, .uids = users, .no_start = true };

	world_start(&w, &s);
	world_end_process(w.victims[0]);
	w.victims[0] = world_changing_process(UID_A);
	world_start_memd(&w, &s);
	root = world_client(&w, 0);
	stranger = world_client(&w, UID_SERVICE);
	start_polkit();
	allow();
	hang(true);
}

/* The process executes a program of another user while a person reads the question. */
static void change_meanwhile(uid_t real, uid_t uid, const char *why)
{
	struct call c;

	NEEDS_USERS();
	start_with_changing("");
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	world_change_process(w.victims[0], real, uid);
	release();
	check_error(call_finish(&c), "AccessDenied", why);
	assert_int_equal(resident(root, w.victims[0]), 4 * MIB);
}

static void test_setuid_meanwhile(void **state)
{
	(void)state;
	change_meanwhile(UID_A, 0, "setuid");
}

static void test_root_meanwhile(void **state)
{
	(void)state;
	change_meanwhile(0, 0, "only root may");
}

static void test_third_user_meanwhile(void **state)
{
	(void)state;
	change_meanwhile(UID_THIRD, UID_THIRD, "try again");
}

/* A claim that is refused in the end has not stopped the reclaim before it. */
static void test_refused_claim(void **state)
{
	struct call running, c;

	(void)state;
	NEEDS_USERS();
	start_with_changing("bos=40 held aside");
	call_start_held(&running, &w, root, "Reclaim", w.victims[0], NULL);
	call_start(&c, stranger, "Claim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	world_change_process(w.victims[0], UID_THIRD, UID_THIRD);
	release();
	check_error(call_finish(&c), "AccessDenied", "try again");
	check_freed(call_finish_held(&running), 40 * MIB);
	assert_false(running.reply.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
}

/* A claim that waits for polkit does not end a reclaim that came after it and has not begun. */
static void test_reclaim_meanwhile(void **state)
{
	struct call running, later, c;

	(void)state;
	NEEDS_USERS();
	start_with_changing("held aside");
	call_start(&c, stranger, "Claim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	call_start_held(&running, &w, root, "Reclaim", w.victims[1], NULL);
	call_start(&later, root, "Reclaim", w.victims[0], NULL);
	release();
	check_ok(call_finish(&c));
	assert_false(call_done(&later));
	check_ok(call_finish_held(&running));
	check_ok(call_finish(&later));
	assert_false(later.reply.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_true(later.reply.freed);
}

static void test_process_ends_meanwhile(void **state)
{
	struct call c;

	(void)state;
	start();
	allow();
	hang(true);
	call_start(&c, stranger, "Reclaim", w.victims[0], NULL);
	WAIT_UNTIL(hangs());
	world_end_victim(&w, 0);
	release();
	check_error(call_finish(&c), "NoSuchProcess", "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_yes),
		TEST(test_no),
		TEST(test_absent),
		TEST(test_dies),
		TEST(test_own_is_not_asked_for),
		TEST(test_slow),
		TEST(test_question),
		TEST(test_challenge),
		TEST(test_nonsense),
		TEST(test_disconnect),
		TEST(test_cancel),
		TEST(test_sigterm),
		TEST(test_claim_meanwhile),
		TEST(test_setuid_meanwhile),
		TEST(test_root_meanwhile),
		TEST(test_third_user_meanwhile),
		TEST(test_refused_claim),
		TEST(test_reclaim_meanwhile),
		TEST(test_process_ends_meanwhile),
	};

	if (system("/usr/bin/python3 -c 'import dbusmock' 2>/dev/null")) {
		puts("1..0 # SKIP no dbusmock: install python3-dbusmock");
		return 0;
	}
	return cmocka_run_group_tests_name("polkit", tests, NULL, NULL);
}
