/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "shell.h"

#define NAME "org.panthormem.Agent1"
#define PATH "/org/panthormem/Agent1"

struct desktop d;
sd_bus *shell;

void shell_begin(const char *config)
{
	desktop_start_base(&d);
	d.has_units = true;
	desktop_start_processes(&d);
	desktop_start_memd(&d, "");
	shell = desktop_connect(&d);
	if (config)
		desktop_launch_agent(&d, config, NULL);
}

void shell_end(void)
{
	shell = sd_bus_flush_close_unref(shell);
	desktop_stop(&d);
}

void shell_check_operations(const char *operation, int first, int second, int third)
{
	assert_int_equal(desktop_operations(&d, operation, 0), first);
	assert_int_equal(desktop_operations(&d, operation, 1), second);
	assert_int_equal(desktop_operations(&d, operation, 2), third);
}

const char *shell_call(sd_bus *bus, const char *method, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	static char name[128];
	sd_bus_message *m;
	va_list args;

	assert_true(sd_bus_message_new_method_call(bus, &m, NAME, PATH, NAME, method) >= 0);
	va_start(args, types);
	assert_true(sd_bus_message_appendv(m, types, args) >= 0);
	va_end(args);
	name[0] = '\0';
	if (sd_bus_call(bus, m, 0, &error, NULL) < 0)
		snprintf(name, sizeof(name), "%s", error.name);
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return name;
}

void shell_report(int client, bool sure, bool hidden)
{
	char key[16], app_id[32];

	snprintf(key, sizeof(key), "w%d", client);
	snprintf(app_id, sizeof(app_id), "client%d", client);
	assert_string_equal(shell_call(shell, "Window", "sibsbb", key, (int)d.clients[client],
				       (int)sure, app_id, (int)hidden, (int)false), "");
}

void shell_sync(void)
{
	assert_string_equal(shell_call(shell, "Sync", ""), "");
}
