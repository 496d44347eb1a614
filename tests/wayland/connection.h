/* SPDX-License-Identifier: MIT */
/* A connection of a test client to a Wayland compositor, with what a window needs. */
#ifndef TESTS_WAYLAND_CONNECTION_H
#define TESTS_WAYLAND_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <wayland-client.h>

#include "xdg-shell-client-protocol.h"

struct connection {
	struct wl_display *display; /* NULL: not connected */
	struct wl_registry *registry;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *wm_base;
};

/* Connects to $WAYLAND_DISPLAY. Returns false, after a message, if something is missing. */
bool connection_open(struct connection *c);
void connection_close(struct connection *c);

/* Returns a black buffer, or NULL. @pixels: where to map it, or NULL; munmap() it later. */
struct wl_buffer *connection_buffer(struct connection *c, int width, int height, uint32_t **pixels);

#endif /* TESTS_WAYLAND_CONNECTION_H */
