/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pipewire/pipewire.h>

#include "clock.h"
#include "guard_pipewire.h"
#include "memory.h"

#define TRY_EVERY (30 * USEC_PER_SEC)
/* More nodes and clients than this are not looked at. */
#define OBJECTS_MOST 512

enum kind { KIND_CLIENT, KIND_SOUND, KIND_SCREEN };

struct object {
	struct sound *sound;
	struct object *next;
	enum kind kind;
	uint32_t id;
	uint32_t pid;	 /* of a client, or that a stream of sound names, or 0 */
	uint32_t client; /* of a stream */
	bool device;
	bool running;
	struct pw_proxy *proxy;
	struct spa_hook proxy_hook, node_hook;
};

struct sound {
	sd_event *event;
	sd_event_source *io;
	void (*changed)(void *data);
	void *data;
	struct pw_loop *loop;
	struct pw_context *context;
	struct pw_core *core;
	struct pw_registry *registry;
	struct spa_hook core_hook, registry_hook;
	struct object *objects;
	size_t count;
	uint64_t tried;
	bool is_lost; /* has to be closed, but not by its own callback */
	bool was_changed;
};

static uint32_t number_of(const struct spa_dict *properties, const char *key)
{
	const char *text = properties ? spa_dict_lookup(properties, key) : NULL;
	char *end;
	unsigned long value;

	if (!text || *text < '0' || *text > '9')
		return 0;
	value = strtoul(text, &end, 10);
	return *end || value > INT32_MAX ? 0 : (uint32_t)value;
}

/* --- objects -------------------------------------------------------------- */

static struct object *find(const struct sound *s, uint32_t id)
{
	struct object *o = s->objects;

	while (o && o->id != id)
		o = o->next;
	return o;
}

/* A camera is a source of video, too. */
static bool is_device(const struct spa_dict *properties)
{
	return properties && (spa_dict_lookup(properties, PW_KEY_DEVICE_API) ||
			      spa_dict_lookup(properties, PW_KEY_DEVICE_ID));
}

static void on_node_info(void *data, const struct pw_node_info *info)
{
	struct object *o = data;
	bool running = info->state == PW_NODE_STATE_RUNNING;
	uint32_t pid = o->pid;

	if (info->change_mask & PW_NODE_CHANGE_MASK_PROPS) {
		o->device = is_device(info->props);
		pid = number_of(info->props, PW_KEY_APP_PROCESS_ID);
		o->client = number_of(info->props, PW_KEY_CLIENT_ID);
	}
	running &= !o->device;
	o->sound->was_changed |= running != o->running || pid != o->pid;
	o->running = running;
	o->pid = pid;
}

static const struct pw_node_events node_events = {
	.version = PW_VERSION_NODE_EVENTS,
	.info = on_node_info,
};

/* PipeWire itself has removed the proxy. */
static void on_proxy_destroy(void *data)
{
	struct object *o = data;

	spa_hook_remove(&o->proxy_hook);
	spa_hook_remove(&o->node_hook);
	o->proxy = NULL;
}

static const struct pw_proxy_events proxy_events = {
	.version = PW_VERSION_PROXY_EVENTS,
	.destroy = on_proxy_destroy,
};

static void free_object(struct object *o)
{
	/* This calls on_proxy_destroy(). */
	if (o->proxy)
		pw_proxy_destroy(o->proxy);
	free(o);
}

static struct object *add(struct sound *s, uint32_t id, enum kind kind)
{
	struct object *o;

	if (s->count == OBJECTS_MOST)
		return NULL;
	o = memory_grow(NULL, 0, 1, sizeof(*o));
	o->sound = s;
	o->id = id;
	o->kind = kind;
	o->next = s->objects;
	s->objects = o;
	s->count++;
	return o;
}

static void add_node(struct sound *s, uint32_t id, enum kind kind)
{
	struct object *o = add(s, id, kind);

	if (!o)
		return;
	o->proxy = pw_registry_bind(s->registry, id, PW_TYPE_INTERFACE_Node, PW_VERSION_NODE, 0);
	if (!o->proxy)
		return;
	pw_proxy_add_listener(o->proxy, &o->proxy_hook, &proxy_events, o);
	pw_node_add_listener((struct pw_node *)o->proxy, &o->node_hook, &node_events, o);
}

static void on_global(void *data, uint32_t id, uint32_t permissions, const char *type,
		      uint32_t version, const struct spa_dict *properties)
{
	const char *class = properties ? spa_dict_lookup(properties, PW_KEY_MEDIA_CLASS) : NULL;
	struct sound *s = data;
	struct object *o;

	(void)permissions;
	(void)version;
	if (!strcmp(type, PW_TYPE_INTERFACE_Client)) {
		o = add(s, id, KIND_CLIENT);
		if (o)
			o->pid = number_of(properties, PW_KEY_SEC_PID);
		return;
	}
	if (!class || strcmp(type, PW_TYPE_INTERFACE_Node))
		return;
	if (!strcmp(class, "Stream/Output/Audio"))
		add_node(s, id, KIND_SOUND);
	else if (!strcmp(class, "Video/Source") || !strcmp(class, "Stream/Output/Video"))
		add_node(s, id, KIND_SCREEN);
}

static void on_global_remove(void *data, uint32_t id)
{
	struct sound *s = data;
	struct object **at = &s->objects, *o;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	o = *at;
	if (!o)
		return;
	*at = o->next;
	s->count--;
	s->was_changed |= o->running;
	free_object(o);
}

static const struct pw_registry_events registry_events = {
	.version = PW_VERSION_REGISTRY_EVENTS,
	.global = on_global,
	.global_remove = on_global_remove,
};

/* --- the connection ------------------------------------------------------- */

static void on_error(void *data, uint32_t id, int sequence, int result, const char *message)
{
	struct sound *s = data;

	(void)sequence;
	(void)result;
	(void)message;
	/* Errors of other objects are about those that are gone. */
	if (id == PW_ID_CORE)
		s->is_lost = true;
}

static const struct pw_core_events core_events = {
	.version = PW_VERSION_CORE_EVENTS,
	.error = on_error,
};

static void disconnect(struct sound *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	while (s->objects) {
		struct object *o = s->objects;

		s->objects = o->next;
		s->was_changed |= o->running;
		free_object(o);
	}
	s->count = 0;
	if (s->registry)
		pw_proxy_destroy((struct pw_proxy *)s->registry);
	if (s->core)
		pw_core_disconnect(s->core);
	if (s->context)
		pw_context_destroy(s->context);
	if (s->loop) {
		pw_loop_leave(s->loop);
		pw_loop_destroy(s->loop);
	}
	s->registry = NULL;
	s->core = NULL;
	s->context = NULL;
	s->loop = NULL;
	s->is_lost = false;
}

static int on_io(sd_event_source *io, int fd, uint32_t events, void *data)
{
	struct sound *s = data;

	(void)io;
	(void)fd;
	(void)events;
	if (pw_loop_iterate(s->loop, 0) < 0)
		s->is_lost = true;
	if (s->is_lost)
		disconnect(s);
	if (s->was_changed) {
		s->was_changed = false;
		s->changed(s->data);
	}
	return 0;
}

/*
 * A context starts a thread. Without this property, PipeWire 0.3 can wait for that thread for ever
 * if the context is destroyed at once, as it is when PipeWire does not run.
 */
static struct pw_context *new_context(struct pw_loop *loop)
{
	return pw_context_new(loop, pw_properties_new("loop.cancel", "true", NULL), 0);
}

static bool connect_to_pipewire(struct sound *s)
{
	s->loop = pw_loop_new(NULL);
	if (!s->loop)
		return false;
	pw_loop_enter(s->loop);
	s->context = new_context(s->loop);
	s->core = s->context ? pw_context_connect(s->context, NULL, 0) : NULL;
	s->registry = s->core ? pw_core_get_registry(s->core, PW_VERSION_REGISTRY, 0) : NULL;
	if (!s->registry)
		return false;
	pw_core_add_listener(s->core, &s->core_hook, &core_events, s);
	pw_registry_add_listener(s->registry, &s->registry_hook, &registry_events, s);
	return sd_event_add_io(s->event, &s->io, pw_loop_get_fd(s->loop), EPOLLIN, on_io, s) >= 0;
}

void sound_try(struct sound *s)
{
	const uint64_t now = clock_usec();

	if (s->loop || (s->tried && now - s->tried < TRY_EVERY))
		return;
	s->tried = now;
	if (!connect_to_pipewire(s))
		disconnect(s);
}

struct sound *sound_new(sd_event *event, void (*changed)(void *data), void *data)
{
	struct sound *s = memory_grow(NULL, 0, 1, sizeof(*s));

	pw_init(NULL, NULL);
	/* It would report that PipeWire does not run, which is no error, and whatever else it finds. */
	if (!getenv("PIPEWIRE_DEBUG"))
		pw_log_set_level(SPA_LOG_LEVEL_NONE);
	s->event = sd_event_ref(event);
	s->changed = changed;
	s->data = data;
	return s;
}

void sound_free(struct sound *s)
{
	if (!s)
		return;
	disconnect(s);
	sd_event_unref(s->event);
	free(s);
	pw_deinit();
}

/* --- what is known -------------------------------------------------------- */

void sound_list(const struct sound *s, struct number_list *playing)
{
	const struct object *o, *client;

	for (o = s->objects; o; o = o->next) {
		if (o->kind != KIND_SOUND || !o->running)
			continue;
		client = o->pid ? NULL : find(s, o->client);
		number_list_append(playing, client ? client->pid : o->pid);
	}
}

bool sound_screen_is_shared(const struct sound *s)
{
	const struct object *o;

	for (o = s->objects; o; o = o->next) {
		if (o->kind == KIND_SCREEN && o->running)
			return true;
	}
	return false;
}
