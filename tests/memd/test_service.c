/* SPDX-License-Identifier: MIT */
/* Test device hotplug, start and stop, privileges, log, metrics and introspection. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patience.h"
#include "suite.h"

/* A line of /proc/PID/status of panthor-memd. */
static void status_of(const char *key, char value[64])
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)w.memd);
	file = fopen(path, "re");
	assert_non_null(file);
	value[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, strlen(key)))
			snprintf(value, 64, "%.*s", (int)strcspn(line + strlen(key) + 1, "\n"),
				 line + strlen(key) + 1);
	}
	fclose(file);
}

static bool has_status(const char *key, const char *wanted)
{
	char value[64];

	status_of(key, value);
	return !strcmp(value, wanted);
}

/* --- devices -------------------------------------------------------------- */

static int on_changed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)m;
	(void)error;
	++*(int *)data;
	return 0;
}

static void wait_changes(sd_bus *bus, const int *count, int wanted)
{
	while (*count < wanted) {
		int ret = sd_bus_process(bus, NULL);

		assert_true(ret >= 0);
		if (!ret)
			assert_true(sd_bus_wait(bus, PATIENCE_USEC) > 0);
	}
}

static unsigned int count_devices(sd_bus *bus)
{
	sd_bus_message *m = NULL;
	unsigned int count = 0;
	const char *name;

	assert_true(sd_bus_get_property(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Devices",
					NULL, &m, "as") >= 0);
	assert_true(sd_bus_message_enter_container(m, 'a', "s") > 0);
	while (sd_bus_message_read_basic(m, 's', &name) > 0)
		count++;
	sd_bus_message_unref(m);
	return count;
}

static sd_bus *listener(int *changes)
{
	sd_bus *bus = world_client(&w, world_me());

	*changes = 0;
	assert_true(sd_bus_match_signal(bus, NULL, BROKER_NAME, BROKER_PATH,
					"org.freedesktop.DBus.Properties", "PropertiesChanged",
					on_changed, changes) >= 0);
	return bus;
}

static void test_device_comes_and_goes(void **state)
{
	int changes;
	sd_bus *bus;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .no_device = true });
	bus = listener(&changes);
	assert_int_equal(count_devices(bus), 0);
	check_error(reclaim(bus, w.victims[0], NULL), "NoDevice", "there is no panthor device");
	world_add_device(&w, "renderD128");
	wait_changes(bus, &changes, 1);
	assert_int_equal(count_devices(bus), 1);
	check_ok(reclaim(bus, w.victims[0], NULL));
	world_remove_device(&w, "renderD128");
	wait_changes(bus, &changes, 2);
	assert_int_equal(count_devices(bus), 0);
	check_error(claim(bus, w.victims[0], NULL), "NoDevice", "there is no panthor device");
	world_add_device(&w, "renderD129");
	wait_changes(bus, &changes, 3);
	check_ok(claim(bus, w.victims[0], NULL));
}

/* Nothing of a device that has gone stays open. */
static void test_device_is_closed(void **state)
{
	char threads[64];
	int changes, files;
	sd_bus *bus;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .no_device = true });
	bus = listener(&changes);
	settle(bus);
	files = world_count_files(&w);
	status_of("Threads:", threads);
	world_add_device(&w, "renderD128");
	wait_changes(bus, &changes, 1);
	check_ok(reclaim(bus, w.victims[0], &(struct options){ .dry_run = true }));
	settle(bus);
	assert_int_equal(world_count_files(&w), files + 1);
	world_remove_device(&w, "renderD128");
	wait_changes(bus, &changes, 2);
	/* panthor-memd may still be reading the directory when the signal arrives. */
	settle(bus);
	assert_int_equal(world_count_files(&w), files);
	/* Linux still counts a thread for a short time after pthread_join() has returned. */
	WAIT_UNTIL(has_status("Threads:", threads));
}

/* /dev/dri may not exist until the first DRM driver is loaded. */
static void test_no_folder(void **state)
{
	int changes;
	sd_bus *bus;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .no_folder = true });
	bus = listener(&changes);
	check_error(reclaim(bus, w.victims[0], NULL), "NoDevice", "there is no panthor device");
	world_add_device(&w, "renderD128");
	wait_changes(bus, &changes, 1);
	check_ok(reclaim(bus, w.victims[0], NULL));
}

static void test_other_names(void **state)
{
	static const char *const names[] = { "card0", "renderD", "renderD1x", "renderD-1", "x" };
	int changes;
	sd_bus *bus;
	size_t i;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .no_device = true });
	bus = listener(&changes);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		world_add_device(&w, names[i]);
	world_add_device(&w, "renderD130");
	wait_changes(bus, &changes, 1);
	assert_int_equal(count_devices(bus), 1);
}

static void test_several_devices(void **state)
{
	int changes, i;
	char name[32];
	sd_bus *bus;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .no_device = true });
	bus = listener(&changes);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "renderD%d", 128 + i);
		world_add_device(&w, name);
	}
	wait_changes(bus, &changes, 3);
	assert_int_equal(count_devices(bus), 3);
	/* The devices of the mock share their memory, so only the first one finds any to evict. */
	assert_int_equal(reclaim(bus, w.victims[0], NULL)->freed, 4 * MIB);
	assert_int_equal(claim(bus, w.victims[0], NULL)->claimed, 4 * MIB);
}

/* The limit of the caller is for all of them together. */
static void test_limit_of_several_devices(void **state)
{
	const struct setup s = { .words = "", .config = LENIENT, .no_start = true };
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	world_start(&w, &s);
	world_add_device(&w, "renderD129");
	world_add_device(&w, "renderD130");
	world_start_memd(&w, &s);
	bus = world_client(&w, world_me());
	assert_int_equal(count_devices(bus), 3);
	r = reclaim(bus, w.victims[0], &(struct options){ .max_bytes = 2 * MIB });
	check_freed(r, 2 * MIB);
	assert_true(r->status & DRM_PANTHOR_MEM_STATUS_CAPPED);
	r = reclaim(bus, w.victims[1], &(struct options){ .max_bytes = MIB, .no_pageout = true });
	check_ok(r);
	assert_int_equal(r->evicted, MIB);
	check_ok(reclaim(bus, w.victims[2], NULL));
	r = claim(bus, w.victims[2], &(struct options){ .max_bytes = 3 * MIB });
	check_ok(r);
	assert_int_equal(r->claimed, 3 * MIB);
	assert_true(r->remaining >= MIB);
}

static void test_other_driver(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "driver=vc4", "");
	assert_int_equal(count_devices(bus), 0);
}

static int count_of(const char *text, const char *part)
{
	int count = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		count++;
	}
	return count;
}

/* What is wrong with a node is logged once, however often the directory changes. */
static void test_refused_device(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "noaccess", "");
	world_wait_log(&w, "renderD128 cannot be opened: Permission denied: the unit needs "
		       "SupplementaryGroups=");
	world_add_device(&w, "renderD129");
	world_wait_log(&w, "renderD129 cannot be opened");
	world_add_device(&w, "card1");
	settle(bus);
	assert_int_equal(count_of(world_log(&w), "renderD128 cannot be opened"), 1);
	assert_int_equal(count_devices(bus), 0);
}

/* --- start and stop ------------------------------------------------------- */

static void check_no_start(const struct setup *s, const char *text)
{
	world_start_memd(&w, s);
	assert_int_equal(w.memd, 0);
	assert_true(WIFEXITED(w.memd_status));
	assert_int_not_equal(WEXITSTATUS(w.memd_status), 0);
	if (!strstr(world_log(&w), text))
		fail_msg("'%s' is not in: %s", text, world_log(&w));
}

static void test_configuration_is_wrong(void **state)
{
	const struct setup s = { .words = "", .config = "[Limits]\nQueu=1\n", .no_start = true };

	(void)state;
	world_start(&w, &s);
	check_no_start(&s, "memd.conf, line 2: [Limits] has no key Queu");
}

static void test_name_is_taken(void **state)
{
	const struct setup s = { .words = "" };
	sd_bus *bus;
	pid_t first;

	(void)state;
	world_start(&w, &s);
	first = w.memd;
	check_no_start(&s, "is taken: panthor-memd is already running");
	w.memd = first;
	bus = world_client(&w, world_me());
	check_ok(reclaim(bus, w.victims[0], NULL));
}

/* Only the user of panthor-memd can own its name. */
static void test_name_is_protected(void **state)
{
	sd_bus *bus;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "", .no_start = true });
	bus = world_client(&w, UID_A);
	assert_int_equal(sd_bus_request_name(bus, BROKER_NAME, 0), -EACCES);
	bus = world_client(&w, UID_BROKER);
	assert_true(sd_bus_request_name(bus, BROKER_NAME, 0) >= 0);
}

static void check_bus_goes(void)
{
	kill(w.bus, SIGKILL);
	waitpid(w.bus, NULL, 0);
	w.bus = 0;
	world_end_memd(&w, 0);
	/* The exit status makes systemd start it again. */
	assert_true(WIFEXITED(w.memd_status));
	assert_int_not_equal(WEXITSTATUS(w.memd_status), 0);
}

static void test_bus_goes(void **state)
{
	(void)state;
	world_start(&w, &(struct setup){ .words = "" });
	check_bus_goes();
}

static void test_bus_goes_during_a_call(void **state)
{
	struct call c;

	(void)state;
	world_start_held(&w, "held", "", "Reclaim", &c);
	check_bus_goes();
	world_release(c.held);
	call_forget(&c);
}

/* What panthor-memd opens never gets the number of standard error, to which it logs. */
static void test_closed(void **state)
{
	char path[64], link[64];
	int fd, changes;
	sd_bus *bus;
	ssize_t n;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .closed = true });
	for (fd = 0; fd <= STDERR_FILENO; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)w.memd, fd);
		n = readlink(path, link, sizeof(link) - 1);
		assert_true(n > 0);
		link[n] = '\0';
		assert_string_equal(link, "/dev/null");
	}
	/* It still works after it has logged something. */
	bus = listener(&changes);
	world_remove_device(&w, "renderD128");
	wait_changes(bus, &changes, 1);
	world_add_device(&w, "renderD128");
	wait_changes(bus, &changes, 2);
	check_ok(reclaim(bus, w.victims[0], NULL));
}

/* --- privileges ----------------------------------------------------------- */

/* Started by root, without systemd to drop privileges. */
static void test_drop(void **state)
{
	static const char *const sets[] = { "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:" };
	const unsigned long long wanted = 1ull << 24; /* CAP_SYS_RESOURCE */
	char value[64];
	size_t i;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "", .as_root = true });
	status_of("Uid:", value);
	assert_string_equal(value, "1\t1\t1\t1");
	status_of("Gid:", value);
	assert_string_equal(value, "1\t1\t1\t1");
	/* That of the user, and not the one that root had. */
	status_of("Groups:", value);
	assert_string_equal(value, "1 ");
	status_of("NoNewPrivs:", value);
	assert_string_equal(value, "1");
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		status_of(sets[i], value);
		/* The set may be empty, because root may lack the capability in a container. */
		assert_int_equal(strtoull(value, NULL, 16) & ~wanted, 0);
	}
	check_ok(reclaim(world_client(&w, world_me()), w.victims[0], NULL));
}

/* Started by another user, who has a capability that panthor-memd does not need. */
static void test_drop_capability(void **state)
{
	static const char *const sets[] = { "CapInh:", "CapPrm:", "CapEff:", "CapAmb:" };
	char value[64];
	size_t i;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "" });
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		status_of(sets[i], value);
		assert_int_equal(strtoull(value, NULL, 16) & ~(1ull << 24), 0);
	}
}

/* systemd has dropped everything already, and lets nothing more be dropped. */
static void test_drop_under_systemd(void **state)
{
	char value[64];

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "", .unit = true });
	/* As above, the set may be empty. */
	status_of("CapPrm:", value);
	assert_int_equal(strtoull(value, NULL, 16) & ~(1ull << 24), 0);
	status_of("CapAmb:", value);
	assert_int_equal(strtoull(value, NULL, 16), 0);
	check_ok(reclaim(world_client(&w, world_me()), w.victims[0], NULL));
}

static void test_threads(void **state)
{
	char value[64];

	(void)state;
	world_start(&w, &(struct setup){ .words = "" });
	status_of("Threads:", value);
	assert_in_range(atoi(value), 4, 5);
}

/* --- log and metrics ------------------------------------------------------ */

static void test_log_is_quiet(void **state)
{
	sd_bus *bus;
	int i;

	(void)state;
	bus = world_start_with_client(&w, "", "");
	check_ok(reclaim(bus, w.victims[0], NULL));
	for (i = 0; i < 20; i++)
		assert_string_equal(reclaim_id(bus, w.victims[0], 1)->error, "NoSuchProcess");
	/* Start, device and the first refusal are logged. Later refusals are only counted. */
	assert_int_equal(count_of(world_log(&w), "\n"), 3);
	assert_int_equal(count_of(world_log(&w), "refused 1 requests of UID"), 1);
	world_end_memd(&w, SIGTERM);
	assert_non_null(strstr(world_log(&w), "refused 19 requests of UID"));
}

static void test_log_debug(void **state)
{
	char line[128];

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .config = "[Broker]\nLogLevel=debug\n" });
	check_ok(reclaim(world_client(&w, world_me()), w.victims[0], NULL));
	snprintf(line, sizeof(line), "<7>panthor-memd: reclaim of %d for UID %u: ok, 4194304 bytes",
		 (int)w.victims[0], (unsigned int)world_me());
	assert_non_null(strstr(world_log(&w), line));
}

static void check_series(const char *text, const char *series)
{
	if (!strstr(text, series))
		fail_msg("no '%s' in:\n%s", series, text);
}

#define OPERATIONS "\npanthor_memd_operations_total"

static void test_metrics(void **state)
{
	char path[128], text[1 << 16];
	struct stat st;
	sd_bus *bus;
	FILE *file;
	size_t n;

	(void)state;
	bus = world_start_with_client(&w, "", "");
	check_ok(reclaim(bus, w.victims[0], NULL));
	check_ok(claim(bus, w.victims[0], NULL));
	check_ok(claim(bus, w.victims[1], NULL));
	check_ok(reclaim(bus, w.victims[1], &(struct options){ .dry_run = true }));
	check_error(reclaim_id(bus, w.victims[0], 1), "NoSuchProcess", "");
	/* panthor-memd writes the file when it stops. */
	world_end_memd(&w, SIGTERM);
	snprintf(path, sizeof(path), "%s/panthor_memd.prom", w.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	file = fopen(path, "re");
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	check_series(text, OPERATIONS "{operation=\"reclaim\",result=\"ok\"} 1\n");
	check_series(text, OPERATIONS "{operation=\"claim\",result=\"ok\"} 2\n");
	check_series(text, "\npanthor_memd_freed_bytes_total 4194304\n");
	check_series(text, "\npanthor_memd_claimed_bytes_total 4194304\n");
	check_series(text, "\npanthor_memd_refused_total{reason=\"NoSuchProcess\"} 1\n");
	check_series(text, "\npanthor_memd_refused_total{reason=\"TooSoon\"} 0\n");
	check_series(text, "\npanthor_memd_queue_requests{operation=\"reclaim\"} 0\n");
	check_series(text, "\npanthor_memd_wait_seconds_count 4\n");
	check_series(text, "\npanthor_memd_wait_seconds_bucket{le=\"+Inf\"} 4\n");
	/* The series of panthor-mem are in another file. */
	assert_null(strstr(text, "panthor_mem_"));
	if (!system("command -v promtool >/dev/null")) {
		snprintf(text, sizeof(text), "promtool check metrics <%s", path);
		assert_int_equal(system(text), 0);
	}
}

/* --- introspection -------------------------------------------------------- */

static void test_introspection(void **state)
{
	char path[128], command[512];
	sd_bus_message *m = NULL;
	const char *text;
	sd_bus *bus;
	FILE *file;

	(void)state;
	bus = world_start_with_client(&w, "", "");
	assert_true(sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH,
				       "org.freedesktop.DBus.Introspectable", "Introspect", NULL,
				       &m, NULL) >= 0);
	assert_true(sd_bus_message_read(m, "s", &text) > 0);
	snprintf(path, sizeof(path), "%s/introspection", w.dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	sd_bus_message_unref(m);
	snprintf(command, sizeof(command), "python3 '%s' '%s' '%s'", getenv("SAME_INTERFACE"),
		 getenv("INTERFACE"), path);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_device_comes_and_goes),
		TEST(test_device_is_closed),
		TEST(test_no_folder),
		TEST(test_other_names),
		TEST(test_several_devices),
		TEST(test_refused_device),
		TEST(test_limit_of_several_devices),
		TEST(test_other_driver),
		TEST(test_configuration_is_wrong),
		TEST(test_name_is_taken),
		TEST(test_name_is_protected),
		TEST(test_bus_goes),
		TEST(test_bus_goes_during_a_call),
		TEST(test_closed),
		TEST(test_drop),
		TEST(test_drop_capability),
		TEST(test_drop_under_systemd),
		TEST(test_threads),
		TEST(test_log_is_quiet),
		TEST(test_log_debug),
		TEST(test_metrics),
		TEST(test_introspection),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
