/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "sway_message.h"
#include "sway_tree.h"

/* Each container in another adds two levels. Both json-c and walk() stop here. */
#define DEPTH_MOST 256

static json_object *parse(const char *json, size_t length)
{
	json_tokener *tokener = json_tokener_new_ex(DEPTH_MOST);
	json_object *object = NULL;

	if (!tokener)
		return NULL;
	if (length <= INT_MAX) {
		object = json_tokener_parse_ex(tokener, json, (int)length);
		/* The text has to be one value and nothing else. */
		if (json_tokener_get_error(tokener) != json_tokener_success ||
		    json_tokener_get_parse_end(tokener) != length) {
			json_object_put(object);
			object = NULL;
		}
	}
	json_tokener_free(tokener);
	return object;
}

static json_object *get(json_object *object, const char *key, json_type type)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    json_object_get_type(value) != type)
		return NULL;
	return value;
}

static bool is_true(json_object *object, const char *key)
{
	return json_object_get_boolean(get(object, key, json_type_boolean));
}

static const char *get_text(json_object *object, const char *key)
{
	json_object *value = get(object, key, json_type_string);

	return value ? json_object_get_string(value) : "";
}

/* Returns 0 if there is none. */
static pid_t get_pid(json_object *object)
{
	int64_t pid = json_object_get_int64(get(object, "pid", json_type_int));

	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/*
 * The PID of a native client is that of the process that connected to sway. An X11 client
 * chooses what it says, and does not have to say anything.
 */
static int add_window(json_object *node, struct window_list *list)
{
	const bool native = !strcmp(get_text(node, "shell"), "xdg_shell");
	const pid_t pid = get_pid(node);
	struct window *w;

	if (!pid && native)
		return -EBADMSG;
	w = window_list_add(list);
	w->pid = pid;
	w->unsure = !native;
	/* Only a clear "false" means hidden. */
	w->visible = !get(node, "visible", json_type_boolean) || is_true(node, "visible") ||
		     is_true(node, "focused");
	snprintf(w->app_id, sizeof(w->app_id), "%s", get_text(node, "app_id"));
	return 0;
}

static int walk(json_object *node, struct window_list *list);

static int walk_all(json_object *node, const char *key, struct window_list *list)
{
	json_object *nodes = get(node, key, json_type_array);
	size_t i, count;
	int ret = 0;

	if (!nodes)
		return -EBADMSG;
	count = json_object_array_length(nodes);
	for (i = 0; i < count && !ret; i++)
		ret = walk(json_object_array_get_idx(nodes, i), list);
	return ret;
}

static int walk(json_object *node, struct window_list *list)
{
	json_object *pid;
	int ret;

	if (json_object_get_type(node) != json_type_object)
		return -EBADMSG;
	/* Only windows have this key. */
	if (json_object_object_get_ex(node, "pid", &pid)) {
		ret = add_window(node, list);
		if (ret)
			return ret;
	}
	ret = walk_all(node, "nodes", list);
	return ret ? ret : walk_all(node, "floating_nodes", list);
}

int sway_tree_windows(const char *json, size_t length, struct window_list *list)
{
	json_object *root = parse(json, length);
	int ret = -EBADMSG;

	*list = (struct window_list){ 0 };
	if (!strcmp(get_text(root, "type"), "root"))
		ret = walk(root, list);
	json_object_put(root);
	if (ret)
		window_list_free(list);
	return ret;
}

bool sway_tree_succeeded(const char *json, size_t length)
{
	json_object *reply = parse(json, length);
	bool succeeded = is_true(reply, "success");

	json_object_put(reply);
	return succeeded;
}

/* A new title, which some programs set many times a second, changes nothing that matters. */
static void window_event(json_object *object, struct sway_event *event)
{
	json_object *container = get(object, "container", json_type_object);
	const char *change = get_text(object, "change");

	event->look = strcmp(change, "title") && strcmp(change, "mark");
	if (!strcmp(change, "urgent") && is_true(container, "urgent")) {
		event->pid = get_pid(container);
		event->urgent = event->pid;
	}
}

int sway_tree_event(uint32_t type, const char *json, size_t length, struct sway_event *event)
{
	json_object *object = parse(json, length);

	*event = (struct sway_event){ 0 };
	if (json_object_get_type(object) != json_type_object) {
		json_object_put(object);
		return -EBADMSG;
	}
	switch ((int)type) {
	case SWAY_EVENT_WINDOW:
		window_event(object, event);
		break;
	case SWAY_EVENT_WORKSPACE:
		event->look = true;
		break;
	case SWAY_EVENT_BINDING:
		snprintf(event->command, sizeof(event->command), "%s",
			 get_text(get(object, "binding", json_type_object), "command"));
		break;
	}
	json_object_put(object);
	return 0;
}
