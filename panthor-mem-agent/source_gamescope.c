/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <xcb/xcb.h>
#include <xcb/xcbext.h>

#include "clock.h"
#include "gamescope_focus.h"
#include "memory.h"
#include "source_gamescope.h"
#include "user_socket.h"

#define RETRY_USEC (1 * USEC_PER_SEC)
#define RETRY_MOST_USEC (10 * USEC_PER_SEC)
/* An X server that takes this long does not answer any more. */
#define REPLY_USEC (30 * USEC_PER_SEC)
#define STACK (256 << 10)

enum stage {
	STAGE_CLOSED,
	STAGE_CONNECTING, /* the thread waits for the X server */
	STAGE_ATOMS,	  /* the X server was asked for the names of the properties, */
	STAGE_VALUES,	  /* for their values, */
	STAGE_IDLE,	  /* for nothing */
};

struct gamescope {
	struct source source;
	struct source_handler handler;
	sd_event *event;
	char *host;
	int number, screen;
	int fd;	  /* of the socket. xcb closes it, even if it cannot connect. */
	int same; /* the same socket under another number, which is ours */
	pid_t pid;
	int ready; /* eventfd: the thread is done */
	bool has_thread;
	pthread_t thread;
	xcb_connection_t *connection;
	xcb_window_t root;
	sd_event_source *io, *timer, *defer;
	enum stage stage;
	bool again;
	bool reported; /* that the source is lost */
	bool seen; /* gamescope has run on this X server */
	uint64_t retry;

	unsigned int next; /* reply */
	unsigned int sequence[GAMESCOPE_PROPERTIES];
	xcb_atom_t atoms[GAMESCOPE_PROPERTIES];
	xcb_get_property_reply_t *values[GAMESCOPE_PROPERTIES];
};

static void lose(struct gamescope *s, const char *why);

static void set_timer(struct gamescope *s, uint64_t usec)
{
	sd_event_source_set_time(s->timer, clock_usec() + usec);
	sd_event_source_set_enabled(s->timer, usec ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* --- asking --------------------------------------------------------------- */

static void free_values(struct gamescope *s)
{
	size_t i;

	for (i = 0; i < GAMESCOPE_PROPERTIES; i++) {
		free(s->values[i]);
		s->values[i] = NULL;
	}
}

/* Only one question is open at a time, so these few bytes fit into the buffer of the socket. */
static void sent(struct gamescope *s, enum stage stage)
{
	s->stage = stage;
	s->next = 0;
	xcb_flush(s->connection);
	set_timer(s, REPLY_USEC);
	/* Replies that xcb has read already do not make the file readable. */
	sd_event_source_set_enabled(s->defer, SD_EVENT_ONESHOT);
}

static void ask_atoms(struct gamescope *s)
{
	const uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;
	size_t i;

	xcb_change_window_attributes(s->connection, s->root, XCB_CW_EVENT_MASK, &mask);
	for (i = 0; i < GAMESCOPE_PROPERTIES; i++) {
		const char *name = gamescope_property_names[i];

		s->sequence[i] = xcb_intern_atom(s->connection, 0, (uint16_t)strlen(name),
						 name).sequence;
	}
	sent(s, STAGE_ATOMS);
}

static void ask(struct gamescope *s)
{
	size_t i;

	if (s->stage != STAGE_IDLE) {
		s->again = true;
		return;
	}
	s->again = false;
	free_values(s);
	for (i = 0; i < GAMESCOPE_PROPERTIES; i++)
		s->sequence[i] = xcb_get_property(s->connection, 0, s->root, s->atoms[i],
						  XCB_ATOM_CARDINAL, 0,
						  GAMESCOPE_NUMBERS_MOST).sequence;
	sent(s, STAGE_VALUES);
}

/* --- answers -------------------------------------------------------------- */

/*
 * Returns whether there was one. While a question is open, only take_replies() reads from the
 * socket: a reply that xcb reads here would not be noticed, because the socket is not readable
 * after that.
 */
static bool take_event(struct gamescope *s)
{
	xcb_generic_event_t *e = s->stage == STAGE_IDLE ? xcb_poll_for_event(s->connection) :
							  xcb_poll_for_queued_event(s->connection);
	size_t i;

	if (!e)
		return false;
	if ((e->response_type & 0x7f) == XCB_PROPERTY_NOTIFY) {
		const xcb_property_notify_event_t *p = (const void *)e;

		for (i = 0; i < GAMESCOPE_PROPERTIES; i++) {
			if (p->atom == s->atoms[i])
				s->again = true;
		}
	}
	free(e);
	return true;
}

static struct gamescope_value value_of(const xcb_get_property_reply_t *reply)
{
	struct gamescope_value none = { NULL, 0 };

	if (reply->type != XCB_ATOM_CARDINAL || reply->format != 32)
		return none;
	return (struct gamescope_value){
		xcb_get_property_value(reply),
		(size_t)xcb_get_property_value_length(reply) / sizeof(uint32_t),
	};
}

static void report(struct gamescope *s)
{
	struct gamescope_value values[GAMESCOPE_PROPERTIES];
	struct window_list list;
	size_t i;
	int ret;

	if (s->values[GAMESCOPE_WINDOWS]->type == XCB_ATOM_NONE) {
		lose(s, "the X server is not that of gamescope");
		return;
	}
	for (i = 0; i < GAMESCOPE_PROPERTIES; i++)
		values[i] = value_of(s->values[i]);
	ret = s->values[GAMESCOPE_WINDOWS]->bytes_after ? -EBADMSG :
							  gamescope_windows(values, &list);
	if (!ret) {
		s->retry = RETRY_USEC;
		s->reported = false;
		s->seen = true;
		s->handler.windows(s->handler.data, list.windows, list.count, s->pid);
		window_list_free(&list);
		return;
	}
	/* The connection stays: gamescope says when this changes. */
	if (!s->reported)
		s->handler.lost(s->handler.data, ret == -ENODATA ?
				"gamescope does not say which window has the focus" :
				"gamescope's list of windows is not valid");
	s->reported = true;
}

static void take_reply(struct gamescope *s, void *reply)
{
	if (s->stage == STAGE_ATOMS) {
		s->atoms[s->next] = ((xcb_intern_atom_reply_t *)reply)->atom;
		free(reply);
	} else {
		s->values[s->next] = reply;
	}
	s->next++;
}

/* All replies are here. */
static void finish(struct gamescope *s)
{
	const enum stage stage = s->stage;

	s->stage = STAGE_IDLE;
	set_timer(s, 0);
	/* Events that came before the replies: what was read may belong together no more. */
	while (take_event(s))
		;
	if (stage == STAGE_ATOMS || s->again)
		ask(s);
	else
		report(s);
}

static bool take_replies(struct gamescope *s)
{
	bool any = false;

	while (s->stage == STAGE_ATOMS || s->stage == STAGE_VALUES) {
		xcb_generic_error_t *error = NULL;
		void *reply = NULL;

		if (!xcb_poll_for_reply(s->connection, s->sequence[s->next], &reply, &error))
			return any;
		any = true;
		if (!reply) {
			free(error);
			lose(s, "the X server has refused a request");
			return false;
		}
		take_reply(s, reply);
		if (s->next == GAMESCOPE_PROPERTIES)
			finish(s);
	}
	return any;
}

static void take_all(struct gamescope *s)
{
	bool any;

	do {
		any = take_replies(s);
		if (s->stage == STAGE_CLOSED)
			return;
		while (take_event(s))
			any = true;
		if (s->again && s->stage == STAGE_IDLE)
			ask(s);
	} while (any);
	if (xcb_connection_has_error(s->connection))
		lose(s, "gamescope's X server has closed the connection");
}

static int on_io(sd_event_source *io, int fd, uint32_t events, void *data)
{
	(void)io;
	(void)fd;
	(void)events;
	take_all(data);
	return 0;
}

static int on_defer(sd_event_source *defer, void *data)
{
	struct gamescope *s = data;

	(void)defer;
	if (s->connection)
		take_all(s);
	return 0;
}

/* --- connecting ----------------------------------------------------------- */

/* xcb waits for the X server without end. So it does that here, where nobody else waits. */
static void *connect_thread(void *data)
{
	struct gamescope *s = data;
	const uint64_t one = 1;

	s->connection = xcb_connect_to_fd(s->fd, NULL);
	if (write(s->ready, &one, sizeof(one)) < 0)
		return NULL;
	return NULL;
}

static void stop(struct gamescope *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	if (s->has_thread) {
		/* This ends the wait of the thread. */
		shutdown(s->same, SHUT_RDWR);
		pthread_join(s->thread, NULL);
		s->has_thread = false;
	}
	free_values(s);
	memset(s->atoms, 0, sizeof(s->atoms));
	/* This closes the file. */
	if (s->connection)
		xcb_disconnect(s->connection);
	s->connection = NULL;
	s->fd = -1;
	if (s->ready >= 0)
		close(s->ready);
	if (s->same >= 0)
		close(s->same);
	s->ready = s->same = -1;
	s->stage = STAGE_CLOSED;
	s->again = false;
}

static void lose(struct gamescope *s, const char *why)
{
	stop(s);
	if (!s->reported)
		s->handler.lost(s->handler.data, why);
	s->reported = true;
	set_timer(s, s->retry);
	s->retry = 2 * s->retry > RETRY_MOST_USEC ? RETRY_MOST_USEC : 2 * s->retry;
}

static int on_ready(sd_event_source *io, int fd, uint32_t events, void *data)
{
	struct gamescope *s = data;
	xcb_screen_iterator_t screens;
	int i;

	(void)io;
	(void)fd;
	(void)events;
	pthread_join(s->thread, NULL);
	s->has_thread = false;
	s->io = sd_event_source_disable_unref(s->io);
	if (xcb_connection_has_error(s->connection)) {
		lose(s, "gamescope's X server has refused the connection");
		return 0;
	}
	screens = xcb_setup_roots_iterator(xcb_get_setup(s->connection));
	for (i = 0; i < s->screen && screens.rem; i++)
		xcb_screen_next(&screens);
	if (!screens.rem || sd_event_add_io(s->event, &s->io, s->fd, EPOLLIN, on_io, s) < 0) {
		lose(s, "the X server does not have this screen");
		return 0;
	}
	s->root = screens.data->root;
	ask_atoms(s);
	return 0;
}

/* Returns a connection to the X server of this user, or -errno. */
static int open_socket(struct gamescope *s)
{
	char *path;
	int fd;

	if (s->host)
		return -EHOSTUNREACH;
	path = memory_text("/tmp/.X11-unix/X%d", s->number);
	fd = user_socket_connect(path, &s->pid);
	free(path);
	return fd;
}

static bool start_thread(struct gamescope *s)
{
	pthread_attr_t attributes;
	bool started;

	if (pthread_attr_init(&attributes))
		return false;
	started = !pthread_attr_setstacksize(&attributes, STACK) &&
		  !pthread_create(&s->thread, &attributes, connect_thread, s);
	pthread_attr_destroy(&attributes);
	return started;
}

static void start(struct gamescope *s)
{
	const int fd = open_socket(s);

	if (fd < 0) {
		lose(s, "gamescope is not running, or DISPLAY does not name its X server");
		if (s->seen && user_socket_is_unused(fd))
			s->handler.ended(s->handler.data);
		return;
	}
	s->fd = fd;
	s->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->same = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	if (s->ready < 0 || s->same < 0 ||
	    sd_event_add_io(s->event, &s->io, s->ready, EPOLLIN, on_ready, s) < 0 ||
	    !start_thread(s)) {
		close(s->fd);
		lose(s, "cannot connect to gamescope's X server");
		return;
	}
	s->has_thread = true;
	s->stage = STAGE_CONNECTING;
	set_timer(s, REPLY_USEC);
}

static int on_timer(sd_event_source *timer, uint64_t usec, void *data)
{
	struct gamescope *s = data;

	(void)timer;
	(void)usec;
	if (s->stage == STAGE_CLOSED)
		start(s);
	else
		lose(s, "gamescope's X server does not answer");
	return 0;
}

/* --- the interface -------------------------------------------------------- */

static void gamescope_look(struct source *source)
{
	ask((struct gamescope *)source);
}

static void gamescope_free(struct source *source)
{
	struct gamescope *s = (struct gamescope *)source;

	stop(s);
	sd_event_source_disable_unref(s->timer);
	sd_event_source_disable_unref(s->defer);
	sd_event_unref(s->event);
	free(s->host);
	free(s);
}

struct source *source_gamescope_new(sd_event *event, const char *display,
				    const struct source_handler *handler)
{
	struct gamescope *s = memory_grow(NULL, 0, 1, sizeof(*s));

	s->source = (struct source){
		.name = "gamescope",
		.look = gamescope_look,
		.free = gamescope_free,
	};
	s->handler = *handler;
	s->event = sd_event_ref(event);
	s->fd = s->same = s->ready = -1;
	s->retry = RETRY_USEC;
	/* A name with a host is that of another machine. */
	if (!display || !xcb_parse_display(display, &s->host, &s->number, &s->screen))
		s->host = memory_text("?");
	if (!*s->host) {
		free(s->host);
		s->host = NULL;
	}
	/* The handler must not be called before this function has returned. */
	if (sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC / 10, on_timer,
			      s) < 0 ||
	    sd_event_add_defer(event, &s->defer, on_defer, s) < 0) {
		gamescope_free(&s->source);
		return NULL;
	}
	sd_event_source_set_enabled(s->defer, SD_EVENT_OFF);
	return &s->source;
}
