/* SPDX-License-Identifier: MIT */
/*
 * A Wayland client with one window.
 * usage: client APP_ID
 * It ends when the compositor closes the window or the connection.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wayland-client.h>

#include "xdg-shell-client-protocol.h"

#define SIDE 64

struct client {
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *shell;
	struct wl_surface *surface;
	struct wl_buffer *buffer;
	bool closed;
};

static void on_ping(void *data, struct xdg_wm_base *shell, uint32_t serial)
{
	(void)data;
	xdg_wm_base_pong(shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = { .ping = on_ping };

static void on_global(void *data, struct wl_registry *registry, uint32_t name,
		      const char *interface, uint32_t version)
{
	struct client *c = data;

	(void)version;
	if (!strcmp(interface, wl_compositor_interface.name)) {
		c->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 1);
	} else if (!strcmp(interface, wl_shm_interface.name)) {
		c->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (!strcmp(interface, xdg_wm_base_interface.name)) {
		c->shell = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(c->shell, &shell_listener, c);
	}
}

static void on_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
	(void)data;
	(void)registry;
	(void)name;
}

static const struct wl_registry_listener registry_listener = {
	.global = on_global,
	.global_remove = on_global_remove,
};

static void on_configure(void *data, struct xdg_surface *surface, uint32_t serial)
{
	struct client *c = data;

	xdg_surface_ack_configure(surface, serial);
	wl_surface_attach(c->surface, c->buffer, 0, 0);
	wl_surface_commit(c->surface);
}

static const struct xdg_surface_listener surface_listener = { .configure = on_configure };

static void on_size(void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height,
		    struct wl_array *states)
{
	(void)data;
	(void)toplevel;
	(void)width;
	(void)height;
	(void)states;
}

static void on_close(void *data, struct xdg_toplevel *toplevel)
{
	struct client *c = data;

	(void)toplevel;
	c->closed = true;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = on_size,
	.close = on_close,
};

static struct wl_buffer *make_buffer(struct client *c)
{
	const int size = SIDE * SIDE * 4;
	const int fd = memfd_create("buffer", MFD_CLOEXEC);
	struct wl_shm_pool *pool;
	struct wl_buffer *buffer;

	if (fd < 0 || ftruncate(fd, size))
		return NULL;
	pool = wl_shm_create_pool(c->shm, fd, size);
	buffer = wl_shm_pool_create_buffer(pool, 0, SIDE, SIDE, SIDE * 4, WL_SHM_FORMAT_XRGB8888);
	wl_shm_pool_destroy(pool);
	close(fd);
	return buffer;
}

int main(int argc, char **argv)
{
	struct wl_display *display = wl_display_connect(NULL);
	struct client c = { 0 };
	struct xdg_surface *surface;
	struct xdg_toplevel *toplevel;
	struct wl_registry *registry;

	if (argc != 2 || !display) {
		fprintf(stderr, "usage: client APP_ID, with WAYLAND_DISPLAY set\n");
		return 2;
	}
	registry = wl_display_get_registry(display);
	wl_registry_add_listener(registry, &registry_listener, &c);
	wl_display_roundtrip(display);
	if (!c.compositor || !c.shm || !c.shell)
		return 1;
	c.buffer = make_buffer(&c);
	if (!c.buffer)
		return 1;
	c.surface = wl_compositor_create_surface(c.compositor);
	surface = xdg_wm_base_get_xdg_surface(c.shell, c.surface);
	xdg_surface_add_listener(surface, &surface_listener, &c);
	toplevel = xdg_surface_get_toplevel(surface);
	xdg_toplevel_add_listener(toplevel, &toplevel_listener, &c);
	xdg_toplevel_set_app_id(toplevel, argv[1]);
	wl_surface_commit(c.surface);
	while (!c.closed && wl_display_dispatch(display) >= 0)
		;
	xdg_toplevel_destroy(toplevel);
	xdg_surface_destroy(surface);
	wl_surface_destroy(c.surface);
	wl_buffer_destroy(c.buffer);
	wl_shm_destroy(c.shm);
	wl_compositor_destroy(c.compositor);
	xdg_wm_base_destroy(c.shell);
	wl_registry_destroy(registry);
	wl_display_disconnect(display);
	return 0;
}
