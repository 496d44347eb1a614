/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "connection.h"

static void on_ping(void *data, struct xdg_wm_base *wm_base, uint32_t serial)
{
	(void)data;
	xdg_wm_base_pong(wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = { .ping = on_ping };

static void on_global(void *data, struct wl_registry *registry, uint32_t name,
		      const char *interface, uint32_t version)
{
	struct connection *c = data;

	(void)version;
	if (!strcmp(interface, wl_compositor_interface.name)) {
		c->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 1);
	} else if (!strcmp(interface, wl_shm_interface.name)) {
		c->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (!strcmp(interface, xdg_wm_base_interface.name)) {
		c->wm_base = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(c->wm_base, &wm_base_listener, NULL);
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

bool connection_open(struct connection *c)
{
	*c = (struct connection){ .display = wl_display_connect(NULL) };
	if (!c->display) {
		perror("wl_display_connect");
		return false;
	}
	c->registry = wl_display_get_registry(c->display);
	wl_registry_add_listener(c->registry, &registry_listener, c);
	wl_display_roundtrip(c->display);
	if (c->compositor && c->shm && c->wm_base)
		return true;
	fprintf(stderr, "the compositor lacks an interface\n");
	connection_close(c);
	return false;
}

void connection_close(struct connection *c)
{
	if (c->wm_base)
		xdg_wm_base_destroy(c->wm_base);
	if (c->shm)
		wl_shm_destroy(c->shm);
	if (c->compositor)
		wl_compositor_destroy(c->compositor);
	wl_registry_destroy(c->registry);
	wl_display_disconnect(c->display);
	*c = (struct connection){ 0 };
}

static bool map_pixels(int fd, size_t size, uint32_t **pixels)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return false;
	*pixels = map;
	return true;
}

struct wl_buffer *connection_buffer(struct connection *c, int width, int height, uint32_t **pixels)
{
	const int size = width * height * 4;
	const int fd = memfd_create("buffer", MFD_CLOEXEC);
	struct wl_buffer *buffer = NULL;
	struct wl_shm_pool *pool;

	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, size) && (!pixels || map_pixels(fd, (size_t)size, pixels))) {
		pool = wl_shm_create_pool(c->shm, fd, size);
		buffer = wl_shm_pool_create_buffer(pool, 0, width, height, width * 4,
						   WL_SHM_FORMAT_XRGB8888);
		wl_shm_pool_destroy(pool);
	}
	close(fd);
	return buffer;
}
