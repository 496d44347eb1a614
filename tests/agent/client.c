/* SPDX-License-Identifier: MIT */
/*
 * A Wayland client with one window.
 * usage: client APP_ID
 * It ends when the compositor closes the window or the connection.
 */
#include <stdio.h>

#include "wayland/connection.h"

#define SIDE 64

struct client {
	struct connection connection;
	struct wl_surface *surface;
	struct wl_buffer *buffer;
	bool closed;
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

int main(int argc, char **argv)
{
	struct client c = { 0 };
	struct xdg_surface *surface;
	struct xdg_toplevel *toplevel;

	if (argc != 2) {
		fprintf(stderr, "usage: client APP_ID, with WAYLAND_DISPLAY set\n");
		return 2;
	}
	if (!connection_open(&c.connection))
		return 1;
	c.buffer = connection_buffer(&c.connection, SIDE, SIDE, NULL);
	if (!c.buffer)
		return 1;
	c.surface = wl_compositor_create_surface(c.connection.compositor);
	surface = xdg_wm_base_get_xdg_surface(c.connection.wm_base, c.surface);
	xdg_surface_add_listener(surface, &surface_listener, &c);
	toplevel = xdg_surface_get_toplevel(surface);
	xdg_toplevel_add_listener(toplevel, &toplevel_listener, &c);
	xdg_toplevel_set_app_id(toplevel, argv[1]);
	wl_surface_commit(c.surface);
	while (!c.closed && wl_display_dispatch(c.connection.display) >= 0)
		;
	xdg_toplevel_destroy(toplevel);
	xdg_surface_destroy(surface);
	wl_surface_destroy(c.surface);
	wl_buffer_destroy(c.buffer);
	connection_close(&c.connection);
	return 0;
}
