/* SPDX-License-Identifier: MIT */
/*
 * A Weston module that reclaims the GPU memory of applications while all of their surfaces
 * are hidden, and claims it when one is shown again. See docs/weston.rst.
 *
 * Everything here runs in Weston's main thread and waits for nothing. calls.c makes the calls,
 * on threads.
 *
 * From the moment when it is hidden until a claim has returned, an application gets no frame
 * callbacks: it does not draw while it is hidden, and it draws its first frame from RAM.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libweston/config-parser.h>
#include <libweston/libweston.h>
#include <libweston/weston-log.h>

#include <panthor_mem.h>

#include "calls.h"

#ifndef SO_PEERPIDFD /* since Linux 6.5 */
#define SO_PEERPIDFD 77
#endif

#define NS_PER_MS 1000000
#define MAX_MS 3600000
#define MAX_RETRIES 6

/* Not all versions of Weston install the header that declares these. */
struct weston_config *wet_get_config(struct weston_compositor *compositor);
WL_EXPORT int wet_module_init(struct weston_compositor *compositor, int *argc, char *argv[]);

/* The order matters: from LEAVING on, frame callbacks are held back. */
enum state {
	NEW,		/* nothing of it was visible yet */
	SHOWN,
	LEAVING,	/* hidden; the timer has the rest of the grace period */
	HIDDEN,		/* a reclaim was requested; the timer requests another one */
	RETURNING,	/* a claim was requested; the timer limits the wait for it */
};

/* A process. It can have several connections. */
struct app {
	struct wl_list link;
	struct wl_list surfaces;
	unsigned int clients;
	struct target target;
	enum state state;
	bool visible;
	unsigned int retries;
	struct wl_event_source *timer;
};

struct client {
	struct app *app;	/* NULL: leave it alone */
	struct wl_listener destroyed;
};

struct surface {
	struct wl_list link;
	struct app *app;
	struct weston_surface *surface;
	struct wl_list held;	/* frame callbacks */
	struct wl_listener committed, destroyed;
};

struct output {
	struct weston_animation animation;
	struct wl_listener destroyed;
};

static struct {
	struct weston_compositor *compositor;
	struct weston_log_scope *log;
	int32_t grace_ms;
	int32_t frame_wait_ms;
	int last_error;
	struct wl_event_source *wakeup_source;
	struct wl_listener surface_created, activated, output_created, destroyed;
	struct wl_list apps;
} module;

static void hold_frames(struct surface *s)
{
	wl_list_insert_list(s->held.prev, &s->surface->frame_callback_list);
	wl_list_init(&s->surface->frame_callback_list);
}

static void release_frames(struct surface *s)
{
	wl_list_insert_list(&s->surface->frame_callback_list, &s->held);
	wl_list_init(&s->held);
}

static void enter(struct app *a, enum state state)
{
	struct surface *s;
	int ms = 0;

	a->state = state;
	if (state == LEAVING) {
		ms = module.grace_ms;
		a->retries = 0;
	} else if (state == HIDDEN) {
		calls_want(&a->target, RECLAIM);
	} else if (state == RETURNING) {
		calls_want(&a->target, CLAIM);
		ms = module.frame_wait_ms;
	}
	wl_event_source_timer_update(a->timer, ms);
	wl_list_for_each(s, &a->surfaces, link) {
		if (state >= LEAVING)
			hold_frames(s);
		else
			release_frames(s);
	}
	if (state == SHOWN)
		weston_compositor_schedule_repaint(module.compositor);
}

static void on_visible(struct app *a)
{
	if (a->state == NEW || a->state == LEAVING)
		enter(a, SHOWN);
	else if (a->state == HIDDEN)
		enter(a, RETURNING);
}

static int on_timer(void *data)
{
	struct app *a = data;

	if (a->state == LEAVING)
		enter(a, HIDDEN);
	else if (a->state == RETURNING)
		enter(a, SHOWN);
	else if (a->state == HIDDEN)
		calls_want(&a->target, RECLAIM);
	return 0;
}

static void on_surface_destroy(struct wl_listener *listener, void *data);

static struct surface *surface_of(struct weston_surface *surface)
{
	struct wl_listener *l = wl_signal_get(&surface->destroy_signal, on_surface_destroy);
	struct surface *s;

	return l ? wl_container_of(l, s, destroyed) : NULL;
}

/* The shell is about to show it. */
static void on_activate(struct wl_listener *listener, void *data)
{
	const struct weston_surface_activation_data *d = data;
#ifdef ACTIVATION_HAS_VIEW
	struct weston_surface *surface = d->view ? d->view->surface : NULL;
#else
	struct weston_surface *surface = d->surface;
#endif
	struct surface *s = surface ? surface_of(surface) : NULL;

	(void)listener;
	if (s && s->app->state != NEW)
		on_visible(s->app);
}

/*
 * A surface is visible if part of one of its views is on an output and under no opaque part
 * of another view. Views that are minimised, on another workspace or not mapped are not in
 * the list, which Weston has just made for the repaint.
 */
static void find_visible(void)
{
	pixman_region32_t open, part;
	struct weston_output *output;
	struct weston_view *view;
	struct surface *s;

	pixman_region32_init(&open);
	pixman_region32_init(&part);
	wl_list_for_each(output, &module.compositor->output_list, link)
		pixman_region32_union(&open, &open, &output->region);
	wl_list_for_each(view, &module.compositor->view_list, link) {
		s = surface_of(view->surface);
		if (s && !s->app->visible) {
			pixman_region32_intersect(&part, &open, &view->transform.boundingbox);
			s->app->visible = pixman_region32_not_empty(&part);
		}
		pixman_region32_subtract(&open, &open, &view->transform.opaque);
	}
	pixman_region32_fini(&part);
	pixman_region32_fini(&open);
}

/* Weston calls this after each repaint of an output. */
static void on_repaint(struct weston_animation *animation, struct weston_output *output,
		       const struct timespec *time)
{
	struct app *a;

	(void)animation;
	(void)output;
	(void)time;
	/* While the screen goes dark, nothing is known about the applications. */
	if (module.compositor->state != WESTON_COMPOSITOR_ACTIVE)
		return;
	wl_list_for_each(a, &module.apps, link)
		a->visible = false;
	find_visible();
	wl_list_for_each(a, &module.apps, link) {
		if (a->visible)
			on_visible(a);
		else if (a->state == SHOWN)
			enter(a, LEAVING);
	}
}

static void report(const struct app *a, enum direction direction, const struct result *r)
{
	const char *what = direction == RECLAIM ? "reclaimed" : "claimed";
	const char *why = r->text[0] ? r->text : strerror(-r->error);
	int pid = (int)a->target.pid;

	if (!r->error) {
		weston_log_scope_printf(module.log, "%d: %s %" PRIu64 " bytes in %" PRId64 " ms\n",
					pid, what, r->bytes, r->ns / NS_PER_MS);
		return;
	}
	weston_log_scope_printf(module.log, "%d: not %s: %s\n", pid, what, why);
	/* The process has no GPU memory or has exited, or it was moved just now. */
	if (r->error == -ESRCH || r->error == -EALREADY || r->error == module.last_error)
		return;
	module.last_error = r->error;
	weston_log("panthor-mem: %s\n", why);
}

/* Frees a process that is no client any more, unless a thread works on it. */
static void forget(struct app *a)
{
	if (a->clients || !wl_list_empty(&a->surfaces) || !calls_remove(&a->target))
		return;
	wl_list_remove(&a->link);
	wl_event_source_remove(a->timer);
	close(a->target.pidfd);
	free(a);
}

/*
 * The process still did GPU work, or panthor-memd had moved it just before. Each time, the
 * wait is twice as long, because the process may never stop to work.
 */
static void maybe_retry(struct app *a, const struct result *r)
{
	if (r->error != -EALREADY && !(r->status & DRM_PANTHOR_MEM_STATUS_BUSY))
		return;
	if (a->retries < MAX_RETRIES)
		wl_event_source_timer_update(a->timer, module.grace_ms << ++a->retries);
}

static int on_wakeup(int fd, uint32_t mask, void *data)
{
	struct result results[DIRECTIONS];
	struct app *a, *next;
	eventfd_t count;
	bool is_idle;
	int i;

	(void)mask;
	(void)data;
	eventfd_read(fd, &count);
	wl_list_for_each_safe(a, next, &module.apps, link) {
		is_idle = calls_take(&a->target, results);
		for (i = 0; i < DIRECTIONS; i++) {
			if (results[i].is_new)
				report(a, i, &results[i]);
		}
		if (a->state == RETURNING && is_idle)
			enter(a, SHOWN);
		if (a->state == HIDDEN && results[RECLAIM].is_new)
			maybe_retry(a, &results[RECLAIM]);
		forget(a);
	}
	return 0;
}

/* --- clients, surfaces, outputs ------------------------------------------------ */

/* Takes over @pidfd. */
static struct app *new_app(pid_t pid, int pidfd, uint64_t id)
{
	struct wl_event_loop *loop = wl_display_get_event_loop(module.compositor->wl_display);
	struct app *a = calloc(1, sizeof(*a));

	if (a)
		a->timer = wl_event_loop_add_timer(loop, on_timer, a);
	if (!a || !a->timer) {
		free(a);
		close(pidfd);
		return NULL;
	}
	a->target = (struct target){ .pid = pid, .pidfd = pidfd, .id = id };
	calls_add(&a->target);
	wl_list_init(&a->surfaces);
	wl_list_insert(module.apps.prev, &a->link);
	return a;
}

/*
 * NULL for Weston's own clients, among them the shell's helpers and Xwayland: Weston makes
 * both ends of their connection, so the peer is Weston itself.
 */
static struct app *app_of(struct wl_client *wl_client)
{
	socklen_t size = sizeof(int);
	struct stat st;
	struct app *a;
	pid_t pid = 0;
	int pidfd = -1;

	wl_client_get_credentials(wl_client, &pid, NULL, NULL);
	if (pid <= 0 || pid == getpid())
		return NULL;
	/* pidfd_open() could return another process that has got the PID meanwhile. */
	if (getsockopt(wl_client_get_fd(wl_client), SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size))
		return NULL;
	if (fstat(pidfd, &st)) {
		close(pidfd);
		return NULL;
	}
	wl_list_for_each(a, &module.apps, link) {
		if (a->target.id == st.st_ino && a->target.pid == pid) {
			close(pidfd);
			return a;
		}
	}
	return new_app(pid, pidfd, st.st_ino);
}

static void on_client_destroy(struct wl_listener *listener, void *data)
{
	struct client *c = wl_container_of(listener, c, destroyed);

	(void)data;
	wl_list_remove(&c->destroyed.link);
	if (c->app) {
		c->app->clients--;
		forget(c->app);
	}
	free(c);
}

static struct app *app_of_surface(const struct weston_surface *surface)
{
	struct wl_client *wl_client;
	struct wl_listener *l;
	struct client *c;

	if (!surface->resource)
		return NULL;
	wl_client = wl_resource_get_client(surface->resource);
	l = wl_client_get_destroy_listener(wl_client, on_client_destroy);
	if (l) {
		c = wl_container_of(l, c, destroyed);
		return c->app;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->app = app_of(wl_client);
	if (c->app)
		c->app->clients++;
	c->destroyed.notify = on_client_destroy;
	wl_client_add_destroy_listener(wl_client, &c->destroyed);
	return c->app;
}

static void on_commit(struct wl_listener *listener, void *data)
{
	struct surface *s = wl_container_of(listener, s, committed);

	(void)data;
	if (s->app->state >= LEAVING)
		hold_frames(s);
}

static void free_surface(struct surface *s)
{
	release_frames(s);
	wl_list_remove(&s->committed.link);
	wl_list_remove(&s->destroyed.link);
	wl_list_remove(&s->link);
	free(s);
}

static void on_surface_destroy(struct wl_listener *listener, void *data)
{
	struct surface *s = wl_container_of(listener, s, destroyed);
	struct app *a = s->app;

	(void)data;
	free_surface(s);
	forget(a);
}

static void on_surface_create(struct wl_listener *listener, void *data)
{
	struct weston_surface *surface = data;
	struct app *a = app_of_surface(surface);
	struct surface *s = a ? calloc(1, sizeof(*s)) : NULL;

	(void)listener;
	if (!s)
		return;
	s->app = a;
	s->surface = surface;
	wl_list_init(&s->held);
	s->committed.notify = on_commit;
	wl_signal_add(&surface->commit_signal, &s->committed);
	s->destroyed.notify = on_surface_destroy;
	wl_signal_add(&surface->destroy_signal, &s->destroyed);
	wl_list_insert(&a->surfaces, &s->link);
}

static void on_output_destroy(struct wl_listener *listener, void *data)
{
	struct output *o = wl_container_of(listener, o, destroyed);

	(void)data;
	wl_list_remove(&o->animation.link);
	wl_list_remove(&o->destroyed.link);
	free(o);
}

static void watch_output(struct weston_output *output)
{
	struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return;
	o->animation.frame = on_repaint;
	wl_list_insert(output->animation_list.prev, &o->animation.link);
	o->destroyed.notify = on_output_destroy;
	weston_output_add_destroy_listener(output, &o->destroyed);
}

static void on_output_create(struct wl_listener *listener, void *data)
{
	(void)listener;
	watch_output(data);
}

/* --- start and end --------------------------------------------------------------- */

static void on_destroy(struct wl_listener *listener, void *data)
{
	struct app *a;

	(void)listener;
	(void)data;
	wl_list_remove(&module.surface_created.link);
	wl_list_remove(&module.activated.link);
	wl_list_remove(&module.output_created.link);
	wl_list_remove(&module.destroyed.link);
	wl_event_source_remove(module.wakeup_source);
	wl_list_for_each(a, &module.apps, link)
		wl_event_source_timer_update(a->timer, 0);
	weston_log_scope_destroy(module.log);
	module.log = NULL;
}

/* 0 would stop a timer. */
static int32_t limited(int32_t ms)
{
	return ms < 1 ? 1 : ms > MAX_MS ? MAX_MS : ms;
}

static char *read_config(struct weston_compositor *compositor)
{
	struct weston_config_section *section;
	char *device;

	section = weston_config_get_section(wet_get_config(compositor), "panthor-mem", NULL, NULL);
	weston_config_section_get_string(section, "device", &device, NULL);
	weston_config_section_get_int(section, "grace-ms", &module.grace_ms, 10000);
	weston_config_section_get_int(section, "frame-wait-ms", &module.frame_wait_ms, 1000);
	module.grace_ms = limited(module.grace_ms);
	module.frame_wait_ms = limited(module.frame_wait_ms);
	return device;
}

WL_EXPORT int wet_module_init(struct weston_compositor *compositor, int *argc, char *argv[])
{
	struct wl_event_loop *loop = wl_display_get_event_loop(compositor->wl_display);
	struct weston_output *output;
	bool by_broker;
	char *device;
	int wakeup;

	(void)argc;
	(void)argv;
	if (module.compositor)
		return 0;
	device = read_config(compositor);
	wakeup = calls_start(device, module.frame_wait_ms, &by_broker);
	if (wakeup < 0) {
		weston_log("panthor-mem: does nothing: %s\n", strerror(-wakeup));
		return 0;
	}
	weston_log("panthor-mem: reclaims the GPU memory of hidden applications%s\n", by_broker ?
		   " by panthor-memd, because CAP_SYS_RESOURCE is missing" : "");
	module.compositor = compositor;
	wl_list_init(&module.apps);
	module.wakeup_source = wl_event_loop_add_fd(loop, wakeup, WL_EVENT_READABLE, on_wakeup,
						    NULL);
	module.log = weston_compositor_add_log_scope(compositor, "panthor-mem",
						     "Reclaims and claims of GPU memory\n",
						     NULL, NULL, NULL);
	module.surface_created.notify = on_surface_create;
	wl_signal_add(&compositor->create_surface_signal, &module.surface_created);
	module.activated.notify = on_activate;
	wl_signal_add(&compositor->activate_signal, &module.activated);
	module.output_created.notify = on_output_create;
	wl_signal_add(&compositor->output_created_signal, &module.output_created);
	module.destroyed.notify = on_destroy;
	wl_signal_add(&compositor->destroy_signal, &module.destroyed);
	wl_list_for_each(output, &compositor->output_list, link)
		watch_output(output);
	return 0;
}
