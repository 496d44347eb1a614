/* SPDX-License-Identifier: MIT */
/*
 * A program that plays silence, or shares a screen that shows nothing, by PipeWire.
 * usage: sound MEDIA_CLASS [KEY=VALUE]...
 * It runs until SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <pipewire/filter.h>
#include <pipewire/pipewire.h>

static void on_state(void *data, enum pw_filter_state old, enum pw_filter_state state,
		     const char *error)
{
	(void)data;
	(void)old;
	fprintf(stderr, "sound: %s%s%s\n", pw_filter_state_as_string(state), error ? ": " : "",
		error ? error : "");
}

static const struct pw_filter_events events = {
	.version = PW_VERSION_FILTER_EVENTS,
	.state_changed = on_state,
};

static void on_signal(void *data, int number)
{
	(void)number;
	pw_main_loop_quit(data);
}

int main(int argc, char **argv)
{
	struct pw_properties *properties;
	struct pw_main_loop *main_loop;
	struct pw_filter *filter;
	struct pw_loop *loop;
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: sound MEDIA_CLASS [KEY=VALUE]...\n");
		return 2;
	}
	pw_init(NULL, NULL);
	main_loop = pw_main_loop_new(NULL);
	loop = pw_main_loop_get_loop(main_loop);
	pw_loop_add_signal(loop, SIGTERM, on_signal, main_loop);
	/* It runs although nothing is connected to it. */
	properties = pw_properties_new(PW_KEY_MEDIA_CLASS, argv[1], PW_KEY_NODE_ALWAYS_PROCESS,
				       "true", NULL);
	for (i = 2; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return 2;
		*value = '\0';
		pw_properties_set(properties, argv[i], value + 1);
	}
	filter = pw_filter_new_simple(loop, "sound", properties, &events, NULL);
	if (!filter || pw_filter_connect(filter, PW_FILTER_FLAG_NONE, NULL, 0) < 0)
		return 1;
	pw_main_loop_run(main_loop);
	pw_filter_destroy(filter);
	pw_main_loop_destroy(main_loop);
	pw_deinit();
	return 0;
}
