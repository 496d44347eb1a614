/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "amount.h"
#include "log.h"
#include "status.h"
#include "table.h"
#include "text.h"

#define EXIT_FAILED 1
#define EXIT_NOT_RUNNING 4

static const struct table_column columns[] = {
	{ "PID", true, false, NULL, 0 },      { "APPLICATION", false, true, NULL, 0 },
	{ "STATE", false, false, NULL, 0 },   { "SINCE", true, false, NULL, 1 },
	{ "RESIDENT", true, false, NULL, 0 }, { "RECLAIMED", true, false, "36", 0 },
	{ "WHY", false, true, NULL, 0 },
};

static int fail(int ret, const sd_bus_error *error)
{
	if (error && (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
		      sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))) {
		log_error("it is not running in this session. Start it with "
			  "systemctl --user start panthor-mem-agent");
		return EXIT_NOT_RUNNING;
	}
	log_error("cannot ask the running one: %s",
		  error && error->message ? error->message : strerror(-ret));
	return EXIT_FAILED;
}

/* --- applications --------------------------------------------------------- */

static void add_age(struct table *t, uint64_t since)
{
	const uint64_t now = (uint64_t)time(NULL), age = now > since ? now - since : 0;
	char text[32];

	if (age < 120)
		snprintf(text, sizeof(text), "%" PRIu64 " s", age);
	else if (age < 7200)
		snprintf(text, sizeof(text), "%" PRIu64 " min", age / 60);
	else
		snprintf(text, sizeof(text), "%" PRIu64 " h", age / 3600);
	table_add(t, text);
}

static void add_text(struct table *t, const char *from)
{
	char text[256];

	text_printable(text, sizeof(text), *from ? from : "-");
	table_add(t, text);
}

static int add_app(struct table *t, sd_bus_message *m)
{
	const char *app, *state, *why;
	uint64_t resident, reclaimed, since;
	char text[AMOUNT_TEXT];
	int32_t pid;
	int ret = sd_bus_message_read(m, "(isssttt)", &pid, &app, &state, &why, &resident,
				      &reclaimed, &since);

	if (ret <= 0)
		return ret;
	snprintf(text, sizeof(text), "%" PRId32, pid);
	table_add(t, text);
	add_text(t, app);
	add_text(t, state);
	add_age(t, since);
	table_add(t, amount_size(text, resident));
	table_add(t, amount_size(text, reclaimed));
	add_text(t, why);
	return 1;
}

static int show_apps(sd_bus_message *m)
{
	struct table t = { .columns = columns,
			   .n_columns = sizeof(columns) / sizeof(columns[0]) };
	struct term term;
	int ret = sd_bus_message_enter_container(m, 'a', "(isssttt)");

	while (ret >= 0 && (ret = add_app(&t, m)) > 0)
		;
	term_look(&term, STDOUT_FILENO, TERM_AUTO);
	if (ret >= 0 && t.n_cells)
		table_print(&t, stdout, &term, 0);
	else if (ret >= 0)
		puts("There are no windows.");
	table_free(&t);
	return ret;
}

/* --- the rest ------------------------------------------------------------- */

struct summary {
	const char *mode, *source;
	int connected, broker, psi, is_short, dry_run, shared, other, locked, freeze;
	uint32_t frozen;
	uint64_t paused;
};

static int read_one(sd_bus_message *m, struct summary *s)
{
	const struct {
		const char *key, *type;
		void *value;
	} keys[] = {
		{ "mode", "s", &s->mode },	     { "source", "s", &s->source },
		{ "connected", "b", &s->connected }, { "broker", "b", &s->broker },
		{ "psi", "b", &s->psi },	     { "short", "b", &s->is_short },
		{ "dry-run", "b", &s->dry_run },     { "paused-seconds", "t", &s->paused },
		{ "screen-shared", "b", &s->shared },   { "other-session", "b", &s->other },
		{ "locked", "b", &s->locked },	     { "freeze", "b", &s->freeze },
		{ "frozen", "u", &s->frozen },
	};
	const char *key;
	size_t i;
	int ret = sd_bus_message_read(m, "s", &key);

	if (ret < 0)
		return ret;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(key, keys[i].key))
			return sd_bus_message_read(m, "v", keys[i].type, keys[i].value);
	}
	/* A newer agent may say more. */
	return sd_bus_message_skip(m, "v");
}

static int read_summary(sd_bus_message *m, struct summary *s)
{
	int ret = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (ret >= 0 && (ret = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		ret = read_one(m, s);
		if (ret >= 0)
			ret = sd_bus_message_exit_container(m);
	}
	return ret;
}

static void show_summary(const struct summary *s)
{
	char mode[32], source[32];

	text_printable(mode, sizeof(mode), s->mode);
	text_printable(source, sizeof(source), s->source);
	printf("Mode: %s%s\n", mode, s->dry_run ? ", but nothing is done (--dry-run)" : "");
	printf("Windows: from %s, %s\n", source,
	       s->connected ? "connected" : "which is not reached, so nothing is reclaimed");
	printf("panthor-memd: %s\n",
	       s->dry_run ? "is not asked" :
	       s->broker ? "answers" : "does not answer, so nothing is reclaimed");
	/* In other modes, it does not matter. */
	if (!strcmp(s->mode, "pressure"))
		printf("Memory: %s%s\n", s->is_short ? "short" : "not short",
		       s->psi ? "" : " (by available memory alone)");
	if (s->other || s->locked)
		printf("Session: %s, so all windows are hidden\n",
		       s->other ? "another one is on the screen" : "the screen is locked");
	if (s->shared)
		puts("Screen: shared, so nothing is reclaimed");
	if (s->freeze)
		printf("Frozen: %" PRIu32 " application%s\n", s->frozen,
		       s->frozen == 1 ? "" : "s");
	if (s->paused)
		printf("Paused: for another %" PRIu64 " s\n", s->paused);
}

int status_show(void)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct summary s = { .mode = "?", .source = "?" };
	sd_bus_message *status = NULL, *list = NULL;
	sd_bus *bus = NULL;
	int ret = sd_bus_open_user(&bus), code = 0;

	if (ret < 0) {
		log_error("the session bus cannot be reached: %s", strerror(-ret));
		return EXIT_FAILED;
	}
	/* The agent looks at everything before it replies, so Status is read after that. */
	ret = sd_bus_call_method(bus, AGENT_NAME, AGENT_PATH, AGENT_NAME, "List", &error, &list,
				 NULL);
	if (ret >= 0)
		ret = sd_bus_get_property(bus, AGENT_NAME, AGENT_PATH, AGENT_NAME, "Status",
					  &error, &status, "a{sv}");
	if (ret >= 0)
		ret = read_summary(status, &s);
	if (ret >= 0) {
		show_summary(&s);
		putchar('\n');
		ret = show_apps(list);
	}
	if (ret < 0)
		code = fail(ret, &error);
	sd_bus_message_unref(status);
	sd_bus_message_unref(list);
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
	return code;
}
