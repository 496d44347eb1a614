/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "source_sway.h"
#include "sway_message.h"
#include "sway_tree.h"
#include "user_socket.h"

#define EVENTS "[\"window\",\"workspace\",\"binding\",\"shutdown\"]"
#define CHUNK 65536
#define RETRY_USEC (1 * USEC_PER_SEC)
#define RETRY_MOST_USEC (10 * USEC_PER_SEC)
/* A sway that takes this long does not answer any more. */
#define REPLY_USEC (30 * USEC_PER_SEC)

struct sway {
	struct source source;
	sd_event *event;
	struct sway_settings settings;
	struct source_handler handler;
	int fd;
	pid_t pid;
	sd_event_source *io;
	sd_event_source *timer; /* for the next try, or for the reply */
	struct sway_reader reader;
	bool asked; /* for a tree, which has not come yet */
	bool reported; /* that the source is lost */
	bool ended; /* nobody listens on the socket of the settings, and no other sway is found */
	uint64_t retry;
};

static void lose(struct sway *s, const char *why);

static void set_timer(struct sway *s, uint64_t usec)
{
	if (!s->timer)
		return;
	sd_event_source_set_time(s->timer, clock_usec() + usec);
	sd_event_source_set_enabled(s->timer, usec ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* --- sending -------------------------------------------------------------- */

/* The buffer of a socket has room for these few bytes, unless sway does not read at all. */
static bool tell(struct sway *s, uint32_t type, const char *payload)
{
	char message[SWAY_HEADER + sizeof(EVENTS)];
	const size_t size = sway_write(message, type, payload);

	if (send(s->fd, message, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size)
		return true;
	lose(s, "sway does not read");
	return false;
}

/*
 * sway writes events and replies in the order in which they occur, so a tree contains whatever the
 * events before it report. A switch causes several events, and needs one tree.
 */
static void ask(struct sway *s)
{
	if (s->fd < 0 || s->asked || !tell(s, SWAY_GET_TREE, ""))
		return;
	s->asked = true;
	set_timer(s, REPLY_USEC);
}

/* --- receiving ------------------------------------------------------------ */

static bool take_tree(struct sway *s, const struct sway_message *m)
{
	struct window_list list;

	if (!s->asked || sway_tree_windows(m->payload, m->length, &list)) {
		lose(s, "sway has sent a tree that is not valid");
		return false;
	}
	s->asked = false;
	set_timer(s, 0);
	s->retry = RETRY_USEC;
	s->reported = false;
	s->handler.windows(s->handler.data, list.windows, list.count, s->pid);
	window_list_free(&list);
	return s->fd >= 0;
}

static bool take_event(struct sway *s, const struct sway_message *m)
{
	struct sway_event event;

	if (sway_tree_event(m->type, m->payload, m->length, &event)) {
		lose(s, "sway has sent an event that is not valid");
		return false;
	}
	if (event.urgent)
		s->handler.hint(s->handler.data, event.pid);
	if (*s->settings.hint_binding && !strcmp(event.command, s->settings.hint_binding))
		s->handler.hint(s->handler.data, 0);
	if (event.look)
		ask(s);
	return s->fd >= 0;
}

/* Returns whether the connection is still in use. */
static bool take(struct sway *s, const struct sway_message *m)
{
	switch ((int)m->type) {
	case SWAY_SUBSCRIBE:
		if (sway_tree_succeeded(m->payload, m->length))
			return true;
		lose(s, "sway does not report events");
		return false;
	case SWAY_GET_TREE:
		return take_tree(s, m);
	case SWAY_EVENT_SHUTDOWN:
		lose(s, "sway is ending");
		return false;
	case SWAY_EVENT_WINDOW:
	case SWAY_EVENT_WORKSPACE:
	case SWAY_EVENT_BINDING:
		return take_event(s, m);
	default:
		lose(s, "sway has sent a message of an unknown type");
		return false;
	}
}

static void take_all(struct sway *s)
{
	struct sway_message m;
	int ret;

	while ((ret = sway_reader_next(&s->reader, &m)) > 0) {
		if (!take(s, &m))
			return;
	}
	if (ret == -EMSGSIZE)
		lose(s, "sway has sent a message that is too long");
	else if (ret < 0)
		lose(s, "sway has sent something that is not a message");
}

static int on_io(sd_event_source *io, int fd, uint32_t events, void *data)
{
	static char bytes[CHUNK];
	struct sway *s = data;
	ssize_t n;

	(void)io;
	(void)events;
	n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n > 0) {
		sway_reader_add(&s->reader, bytes, (size_t)n);
		take_all(s);
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		lose(s, "sway has closed the connection");
	}
	return 0;
}

/* --- connecting ----------------------------------------------------------- */

/* Returns a connection, -ENOTUNIQ if more than one sway is found, or another -errno. */
static int connect_to_only(const char *directory, pid_t *pid)
{
	char *pattern = memory_text("%s/sway-ipc.%u.*.sock", directory, (unsigned int)getuid());
	int only = -ENOENT;
	glob_t files;
	size_t i;

	if (!glob(pattern, GLOB_NOSORT, NULL, &files)) {
		for (i = 0; i < files.gl_pathc; i++) {
			const int one = user_socket_connect(files.gl_pathv[i], pid);

			if (user_socket_is_unused(one))
				continue;
			if (user_socket_is_unused(only)) {
				only = one;
				continue;
			}
			if (one >= 0)
				close(one);
			if (only >= 0)
				close(only);
			only = -ENOTUNIQ;
		}
		globfree(&files);
	}
	free(pattern);
	return only;
}

/* Returns a connection to a sway of this user, or -errno. */
static int open_connection(struct sway *s)
{
	int given = s->settings.connection, named = -ENOENT, found = -ENOENT;

	s->settings.connection = -1;
	s->ended = false;
	if (given >= 0) {
		if (!user_socket_peer(given, &s->pid))
			return given;
		close(given);
	}
	if (s->settings.socket)
		named = user_socket_connect(s->settings.socket, &s->pid);
	if (named >= 0)
		return named;
	if (s->settings.directory)
		found = connect_to_only(s->settings.directory, &s->pid);
	s->ended = s->settings.socket && user_socket_is_unused(named) &&
		   user_socket_is_unused(found);
	return found;
}

static bool start(struct sway *s)
{
	const int fd = open_connection(s);

	if (fd < 0)
		return false;
	if (sd_event_add_io(s->event, &s->io, fd, EPOLLIN, on_io, s) < 0) {
		close(fd);
		return false;
	}
	s->fd = fd;
	if (tell(s, SWAY_SUBSCRIBE, EVENTS))
		ask(s);
	return true;
}

static void stop(struct sway *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	sway_reader_free(&s->reader);
	s->asked = false;
}

static void try_again(struct sway *s)
{
	set_timer(s, s->retry);
	s->retry = 2 * s->retry > RETRY_MOST_USEC ? RETRY_MOST_USEC : 2 * s->retry;
}

static void lose(struct sway *s, const char *why)
{
	stop(s);
	/* Once is enough: nothing was known since then. */
	if (!s->reported)
		s->handler.lost(s->handler.data, why);
	s->reported = true;
	try_again(s);
}

static int on_timer(sd_event_source *timer, uint64_t usec, void *data)
{
	struct sway *s = data;

	(void)timer;
	(void)usec;
	if (s->fd >= 0) {
		lose(s, "sway does not answer");
	} else if (!start(s)) {
		lose(s, "sway is not running, or cannot be reached");
		if (s->ended)
			s->handler.ended(s->handler.data);
	}
	return 0;
}

/* --- the interface -------------------------------------------------------- */

static void sway_look(struct source *source)
{
	ask((struct sway *)source);
}

static void sway_free(struct source *source)
{
	struct sway *s = (struct sway *)source;

	stop(s);
	sd_event_source_disable_unref(s->timer);
	sd_event_unref(s->event);
	free(s);
}

struct source *source_sway_new(sd_event *event, const struct sway_settings *settings,
			       const struct source_handler *handler)
{
	struct sway *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->source = (struct source){
		.name = "sway",
		.look = sway_look,
		.free = sway_free,
	};
	s->settings = *settings;
	s->handler = *handler;
	s->event = sd_event_ref(event);
	s->fd = -1;
	s->retry = RETRY_USEC;
	/* The handler must not be called before this function has returned. */
	if (sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC / 10, on_timer,
			      s) < 0) {
		sway_free(&s->source);
		return NULL;
	}
	return &s->source;
}
