/* SPDX-License-Identifier: MIT */
/*
 * usage: gpu-window NAME MIB WIDTH HEIGHT
 *
 * A Wayland client with a window of that size, or of the size that the shell demands. It
 * holds GPU memory with known contents. At each frame callback, it reads how much of its
 * memory is resident, then reads 1 MiB of it with the GPU and draws again. The picture has a
 * cell for each MiB, in a colour that depends on what the GPU has read there, so that wrong
 * contents can be seen. At the first frame callback, the program prints "ready". It obeys these
 * commands on standard input:
 *
 *   frames     prints the number of frame callbacks so far, and the lowest resident size in
 *              bytes at one of them since the last such command (0: there was none)
 *   check      reads everything with the GPU; prints "intact" or "broken"
 *   read       reads everything with the CPU; prints "intact" or "broken"
 *   watch      prints "watching" at once. After the next frame, prints three numbers: when that
 *              frame began, when it ended (both in ns of CLOCK_MONOTONIC), and the resident size
 *              when it began
 *   busy       keeps the GPU busy for some seconds, without a frame; prints "done" at once
 *   minimize   minimizes the window; prints "done"
 *   hide       destroys the window, as toolkits do to hide it; prints "done"
 *   show       opens it again; prints "done"
 *   open       opens a second window, of 90 by 90, on a connection of its own; prints "done"
 *              when it was drawn
 *   close      closes the second window and its connection; prints "done"
 *   quit       (or the end of the input) exits
 *
 * When the compositor ends, the windows are gone. The program keeps its memory, and goes on.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "gpu/buffers.h"
#include "gpu/fdinfo.h"
#include "wayland/connection.h"

#define SEED UINT64_C(0x5e57000000000000)
#define MIX UINT64_C(0x9e3779b97f4a7c15)
#define SECOND_SIZE 90
#define JOBS 3

struct window {
	struct connection connection;
	struct wl_surface *surface;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct wl_buffer *buffer;
	uint32_t *pixels;
	int width, height;
	int buffer_width, buffer_height;
	unsigned int frames;
};

static struct window windows[2];
static const char *own_name;
static uint64_t lowest;
static bool watched;

static struct gpu_buffers buffers;
/* What the GPU has read, 0: nothing so far. */
static uint64_t sums[GPU_BUFFERS_MOST];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- GPU memory ---------------------------------------------------------------- */

static bool gpu_reads(unsigned int number)
{
	return gpu_buffers_gpu_reads(&buffers, number, &sums[number]);
}

static bool cpu_reads(unsigned int number)
{
	return gpu_buffers_cpu_reads(&buffers, number, NULL);
}

static const char *check(bool (*reads)(unsigned int number))
{
	for (unsigned int i = 0; i < buffers.count; i++) {
		if (!reads(i))
			return "broken";
	}
	return "intact";
}

/* --- the picture ------------------------------------------------------------------ */

/* All cells of an application have a tint in common. */
static uint32_t colour_of(unsigned int bo)
{
	uint64_t tint = 0;

	for (const char *c = own_name; *c; c++)
		tint = (tint + (unsigned char)*c) * MIX;
	return ((uint32_t)(tint >> 40) & 0xbfbfbf) + ((uint32_t)(sums[bo] * MIX >> 40) & 0x3f3f3f);
}

/* The cells form a square. What the GPU has not read yet, and the rest, is black. */
static void paint(struct window *w, unsigned int bo)
{
	const int least = w->buffer_width < w->buffer_height ? w->buffer_width : w->buffer_height;
	int across = 1, side, x, y;

	while (across * across < (int)buffers.count)
		across++;
	side = least / across;
	for (y = (int)bo / across * side; y < ((int)bo / across + 1) * side; y++) {
		for (x = (int)bo % across * side; x < ((int)bo % across + 1) * side; x++)
			w->pixels[y * w->buffer_width + x] = sums[bo] ? colour_of(bo) : 0;
	}
}

static void forget_buffer(struct window *w)
{
	if (!w->buffer)
		return;
	wl_buffer_destroy(w->buffer);
	munmap(w->pixels, (size_t)w->buffer_width * w->buffer_height * 4);
	w->buffer = NULL;
	w->buffer_width = 0;
}

static void new_buffer(struct window *w)
{
	forget_buffer(w);
	w->buffer = connection_buffer(&w->connection, w->width, w->height, &w->pixels);
	if (!w->buffer)
		die("a buffer");
	w->buffer_width = w->width;
	w->buffer_height = w->height;
	for (unsigned int i = 0; i < buffers.count; i++)
		paint(w, i);
}

/* --- windows --------------------------------------------------------------------- */

static void draw(struct window *w);

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void on_frame(void *data, struct wl_callback *callback, uint32_t time)
{
	struct window *w = data;
	struct gpu_fdinfo info = { 0 };
	const int64_t begin = now_ns();

	(void)time;
	wl_callback_destroy(callback);
	if (w == &windows[0] && buffers.count) {
		if (gpu_fdinfo_read(getpid(), &info))
			die("fdinfo");
		if (!lowest || info.resident < lowest)
			lowest = info.resident;
		if (!gpu_reads(w->frames % buffers.count))
			die("contents at a frame");
		if (w->buffer)
			paint(w, w->frames % buffers.count);
	}
	if (!w->frames++ && w == &windows[0])
		puts("ready");
	draw(w);
	if (w == &windows[0] && watched) {
		wl_display_flush(w->connection.display);
		printf("%lld %lld %llu\n", (long long)begin, (long long)now_ns(),
		       (unsigned long long)info.resident);
		watched = false;
	}
}

static const struct wl_callback_listener frame_listener = { .done = on_frame };

static void draw(struct window *w)
{
	if (!w->surface)
		return;
	if (w->buffer_width != w->width || w->buffer_height != w->height)
		new_buffer(w);
	wl_callback_add_listener(wl_surface_frame(w->surface), &frame_listener, w);
	wl_surface_attach(w->surface, w->buffer, 0, 0);
	wl_surface_damage(w->surface, 0, 0, w->width, w->height);
	wl_surface_commit(w->surface);
}

static void on_configure(void *data, struct xdg_surface *xdg_surface, uint32_t serial)
{
	struct window *w = data;

	xdg_surface_ack_configure(xdg_surface, serial);
	if (!w->buffer)
		draw(w);
}

static const struct xdg_surface_listener surface_listener = { .configure = on_configure };

static void on_size(void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height,
		    struct wl_array *states)
{
	struct window *w = data;

	(void)toplevel;
	(void)states;
	if (width > 0 && height > 0) {
		w->width = width;
		w->height = height;
	}
}

static void on_close(void *data, struct xdg_toplevel *toplevel)
{
	(void)data;
	(void)toplevel;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = on_size,
	.close = on_close,
};

static void open_window(struct window *w, int width, int height)
{
	w->width = width;
	w->height = height;
	w->surface = wl_compositor_create_surface(w->connection.compositor);
	w->xdg_surface = xdg_wm_base_get_xdg_surface(w->connection.wm_base, w->surface);
	xdg_surface_add_listener(w->xdg_surface, &surface_listener, w);
	w->toplevel = xdg_surface_get_toplevel(w->xdg_surface);
	xdg_toplevel_add_listener(w->toplevel, &toplevel_listener, w);
	xdg_toplevel_set_app_id(w->toplevel, own_name);
	wl_surface_commit(w->surface);
}

static void close_window(struct window *w)
{
	xdg_toplevel_destroy(w->toplevel);
	xdg_surface_destroy(w->xdg_surface);
	wl_surface_destroy(w->surface);
	forget_buffer(w);
	w->surface = NULL;
}

static void connect_window(struct window *w)
{
	if (!connection_open(&w->connection))
		exit(1);
}

static void lose_window(struct window *w)
{
	fprintf(stderr, "%s: the connection to the compositor is lost\n", own_name);
	connection_close(&w->connection);
	w->surface = NULL;
}

/* --- commands ---------------------------------------------------------------------- */

static void obey(const char *line)
{
	struct window *w = &windows[0];

	/* What the compositor has sent so far is handled first. */
	if (w->connection.display)
		wl_display_roundtrip(w->connection.display);
	if (!strcmp(line, "frames\n")) {
		printf("%u %llu\n", w->frames, (unsigned long long)lowest);
		lowest = 0;
		return;
	}
	if (!strcmp(line, "check\n") || !strcmp(line, "read\n")) {
		puts(check(*line == 'c' ? gpu_reads : cpu_reads));
		return;
	}
	if (!strcmp(line, "watch\n")) {
		watched = true;
		puts("watching");
		return;
	}
	if (!w->connection.display) {
		fprintf(stderr, "gpu-window: there is no compositor for: %s", line);
		exit(2);
	}
	if (!strcmp(line, "busy\n")) {
		if (gpu_buffers_keep_busy(&buffers, JOBS))
			die("a long job");
	} else if (!strcmp(line, "minimize\n")) {
		xdg_toplevel_set_minimized(w->toplevel);
	} else if (!strcmp(line, "hide\n")) {
		close_window(w);
	} else if (!strcmp(line, "show\n")) {
		open_window(w, w->width, w->height);
	} else if (!strcmp(line, "open\n")) {
		connect_window(&windows[1]);
		open_window(&windows[1], SECOND_SIZE, SECOND_SIZE);
		while (!windows[1].frames && wl_display_dispatch(windows[1].connection.display) >= 0)
			;
	} else if (!strcmp(line, "close\n")) {
		close_window(&windows[1]);
		connection_close(&windows[1].connection);
	} else {
		fprintf(stderr, "gpu-window: there is no such command: %s", line);
		exit(2);
	}
	wl_display_roundtrip(w->connection.display);
	puts("done");
}

static void run(void)
{
	struct pollfd fds[3] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	char line[32];
	int i;

	for (;;) {
		for (i = 0; i < 2; i++) {
			/* poll() ignores a negative file descriptor. */
			fds[1 + i] = (struct pollfd){ .fd = -1, .events = POLLIN };
			if (!windows[i].connection.display)
				continue;
			wl_display_dispatch_pending(windows[i].connection.display);
			wl_display_flush(windows[i].connection.display);
			fds[1 + i].fd = wl_display_get_fd(windows[i].connection.display);
		}
		if (poll(fds, 3, -1) < 0)
			die("poll");
		for (i = 0; i < 2; i++) {
			if (fds[1 + i].revents && wl_display_dispatch(windows[i].connection.display) < 0)
				lose_window(&windows[i]);
		}
		if (!fds[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin) || !strcmp(line, "quit\n"))
			return;
		obey(line);
	}
}

int main(int argc, char **argv)
{
	unsigned int count;

	if (argc != 5)
		return 2;
	own_name = argv[1];
	prctl(PR_SET_NAME, own_name);
	count = (unsigned int)strtoul(argv[2], NULL, 10);
	if (count > GPU_BUFFERS_MOST)
		return 2;
	/* poll() must see what fgets() has not returned yet. */
	setvbuf(stdin, NULL, _IONBF, 0);
	setlinebuf(stdout);
	if (count && gpu_buffers_create(&buffers, count, SEED)) {
		fprintf(stderr, "gpu-window: there is no GPU memory\n");
		return 1;
	}
	connect_window(&windows[0]);
	open_window(&windows[0], atoi(argv[3]), atoi(argv[4]));
	run();
	if (windows[0].connection.display)
		connection_close(&windows[0].connection);
	return 0;
}
