/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "displays.h"
#include "memory.h"

/* The kernel sends at most half of it at once. */
#define REPLY_BYTES 65536
#define LINK_MOST 128

/* --- what the kernel says ---------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const uint32_t x = ((const struct displays_socket *)a)->number;
	const uint32_t y = ((const struct displays_socket *)b)->number;

	return (x > y) - (x < y);
}

static struct displays_socket *find(const struct displays *d, uint32_t number)
{
	const struct displays_socket key = { .number = number };

	if (!d->count || !number)
		return NULL;
	return bsearch(&key, d->sockets, d->count, sizeof(key), compare);
}

static bool begins(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* The end of the server has the name on which the server listens. */
static bool is_name_of_server(const char *name)
{
	const char *own = getenv("WAYLAND_DISPLAY"), *last = strrchr(name, '/');

	last = last ? last + 1 : name;
	return begins(name, "/tmp/.X11-unix/X") || begins(last, "wayland-") ||
	       begins(last, "gamescope-") || (own && (!strcmp(name, own) || !strcmp(last, own)));
}

static void add_socket(struct displays *d, const struct nlmsghdr *message)
{
	const struct unix_diag_msg *m = NLMSG_DATA(message);
	const struct rtattr *at = (const void *)((const char *)m + NLMSG_ALIGN(sizeof(*m)));
	int left = (int)NLMSG_PAYLOAD(message, sizeof(*m));
	struct displays_socket s = { .number = m->udiag_ino };

	for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		const size_t size = RTA_PAYLOAD(at);
		char name[LINK_MOST];

		if (at->rta_type == UNIX_DIAG_PEER && size >= sizeof(s.peer)) {
			memcpy(&s.peer, RTA_DATA(at), sizeof(s.peer));
		} else if (at->rta_type == UNIX_DIAG_NAME && size) {
			const char *text = RTA_DATA(at);
			/* An abstract name begins with a NUL. */
			const size_t skip = !*text;

			snprintf(name, sizeof(name), "%.*s", (int)(size - skip), text + skip);
			s.server = is_name_of_server(name);
		}
	}
	d->sockets = memory_grow(d->sockets, d->count, d->count + 1, sizeof(*d->sockets));
	d->sockets[d->count++] = s;
}

static int ask(int fd)
{
	const struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} message = {
		.header = {
			.nlmsg_len = sizeof(message),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.request = {
			.sdiag_family = AF_UNIX,
			.udiag_states = ~0U,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
		},
	};

	return send(fd, &message, sizeof(message), 0) < 0 ? -errno : 0;
}

/* Returns 1 if there is more, 0 after the last one, or -errno. */
static int take(struct displays *d, const char *reply, ssize_t size)
{
	const struct nlmsghdr *message = (const void *)reply;
	unsigned int left = (unsigned int)size;

	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(message);

			return message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) || !error->error ?
				-EBADMSG : error->error;
		}
		if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		    message->nlmsg_len < NLMSG_LENGTH(sizeof(struct unix_diag_msg)))
			return -EBADMSG;
		add_socket(d, message);
	}
	return 1;
}

static int read_sockets(struct displays *d)
{
	static char reply[REPLY_BYTES] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int ret = fd < 0 ? -errno : ask(fd);

	if (!ret)
		ret = 1;
	while (ret == 1) {
		const ssize_t n = recv(fd, reply, sizeof(reply), MSG_TRUNC);

		if (n <= 0 || n > (ssize_t)sizeof(reply))
			ret = n < 0 ? -errno : -EBADMSG;
		else
			ret = take(d, reply, n);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

/* --- the files of processes -------------------------------------------------- */

static char *link_of(int directory, const char *name, char text[LINK_MOST])
{
	const ssize_t n = readlinkat(directory, name, text, LINK_MOST - 1);

	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static DIR *open_files(const struct roots *roots, pid_t pid)
{
	char *path = memory_text("%s/%d/fd", roots->proc, (int)pid);
	DIR *dir = opendir(path);

	free(path);
	return dir;
}

/* Returns the inode number of the next socket that the process has open, or 0. */
static uint32_t next_socket(DIR *dir)
{
	char text[LINK_MOST];
	struct dirent *entry;
	uint32_t number;

	while ((entry = readdir(dir))) {
		if (link_of(dirfd(dir), entry->d_name, text) &&
		    sscanf(text, "socket:[%" SCNu32 "]", &number) == 1 && number)
			return number;
	}
	return 0;
}

/* The kernel lists only the sockets of the network namespace of this program. */
static bool is_elsewhere(const struct roots *roots, pid_t pid)
{
	char *path = memory_text("%s/%d/ns/net", roots->proc, (int)pid);
	char own[LINK_MOST], other[LINK_MOST];
	const bool same = link_of(AT_FDCWD, "/proc/self/ns/net", own) &&
			  link_of(AT_FDCWD, path, other) && !strcmp(own, other);

	free(path);
	return !same;
}

/* Names can be unusual. So the ends that the compositor has open count, too, if they are seen. */
static void see_compositor(struct displays *d, const struct roots *roots, pid_t compositor)
{
	DIR *dir = open_files(roots, compositor);
	struct displays_socket *s;
	uint32_t number;

	while (dir && (number = next_socket(dir))) {
		s = find(d, number);
		if (s)
			s->server = true;
	}
	if (dir)
		closedir(dir);
}

/* --- the interface ----------------------------------------------------------- */

int displays_read(struct displays *d, const struct roots *roots, pid_t compositor)
{
	int ret;

	*d = (struct displays){ 0 };
	ret = read_sockets(d);
	if (ret)
		return ret;
	d->known = true;
	if (d->count)
		qsort(d->sockets, d->count, sizeof(*d->sockets), compare);
	see_compositor(d, roots, compositor);
	return 0;
}

bool displays_has(const struct displays *d, const struct roots *roots, pid_t pid)
{
	DIR *dir = d->known ? open_files(roots, pid) : NULL;
	bool unseen = false, has = !dir;
	uint32_t number;

	while (!has && (number = next_socket(dir))) {
		const struct displays_socket *s = find(d, number);
		const struct displays_socket *peer = s ? find(d, s->peer) : NULL;

		unseen |= !s;
		has = peer && peer->server;
	}
	if (dir)
		closedir(dir);
	return has || (unseen && is_elsewhere(roots, pid));
}

void displays_free(struct displays *d)
{
	free(d->sockets);
	*d = (struct displays){ 0 };
}
