/* SPDX-License-Identifier: MIT */
/*
 * A Weston module for the tests: a keyboard. SIGUSR2 activates the window that was minimized
 * first, if there are three windows: Super is pressed, then Tab three times. The first
 * Tab counts twice, because it also starts the switcher.
 */
#include <signal.h>
#include <time.h>

#include <libweston/libweston.h>

#define KEY_TAB 15
#define KEY_LEFTMETA 125
#define TABS 3

/* libweston exports these, but only its private headers declare them. */
void weston_seat_init(struct weston_seat *seat, struct weston_compositor *compositor,
		      const char *name);
int weston_seat_init_keyboard(struct weston_seat *seat, struct xkb_keymap *keymap);
void weston_seat_release(struct weston_seat *seat);
void notify_key(struct weston_seat *seat, const struct timespec *time, uint32_t key,
		enum wl_keyboard_key_state state, enum weston_key_state_update update);

static struct weston_seat seat;
static struct wl_event_source *source;
static struct wl_listener destroyed;

static void key(uint32_t code, enum wl_keyboard_key_state state)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify_key(&seat, &now, code, state, STATE_UPDATE_AUTOMATIC);
}

static int on_signal(int number, void *data)
{
	int i;

	(void)number;
	(void)data;
	key(KEY_LEFTMETA, WL_KEYBOARD_KEY_STATE_PRESSED);
	for (i = 0; i < TABS; i++) {
		key(KEY_TAB, WL_KEYBOARD_KEY_STATE_PRESSED);
		key(KEY_TAB, WL_KEYBOARD_KEY_STATE_RELEASED);
	}
	key(KEY_LEFTMETA, WL_KEYBOARD_KEY_STATE_RELEASED);
	return 0;
}

static void on_destroy(struct wl_listener *listener, void *data)
{
	(void)data;
	wl_list_remove(&listener->link);
	wl_event_source_remove(source);
	weston_seat_release(&seat);
}

WL_EXPORT int wet_module_init(struct weston_compositor *compositor, int *argc, char *argv[]);

WL_EXPORT int wet_module_init(struct weston_compositor *compositor, int *argc, char *argv[])
{
	struct wl_event_loop *loop = wl_display_get_event_loop(compositor->wl_display);

	(void)argc;
	(void)argv;
	weston_seat_init(&seat, compositor, "test");
	if (weston_seat_init_keyboard(&seat, NULL))
		return -1;
	source = wl_event_loop_add_signal(loop, SIGUSR2, on_signal, NULL);
	destroyed.notify = on_destroy;
	wl_signal_add(&compositor->destroy_signal, &destroyed);
	return source ? 0 : -1;
}
