/* SPDX-License-Identifier: MIT */
/*
 * The convention of the textfile collector: a new file in the same directory, whose name does not
 * end in .prom, is renamed over the old one. The lock is on a third file, because the other two
 * come and go.
 *
 * Several users can share the directory, and it may be writable by others. So only regular files
 * are read, locked or replaced, and symbolic links are not followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "metrics_series.h"
#include "stop.h"

/* How long to wait for other runs, which need some milliseconds each. */
#define LOCK_SECONDS 10
#define LOCK_STEP_NS 10000000

/* How long a run that has lost its lock may take to notice it. */
#define TAKEN_NS 500000000

/* About a hundred times what panthor-mem writes for one device. */
#define FILE_MAX (1 << 20)

struct names {
	const char *file;
	char *folder;
	char *lock;
	char *new;
	struct problem *problem;
};

/* ".NAME.lock" and ".NAME.new" beside the file: the collector skips both. */
static void find_names(struct names *n, const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path + 1) : 0;

	n->file = path;
	n->folder = memory_text("%.*s.", folder, path);
	n->lock = memory_text("%.*s.%s.lock", folder, path, path + folder);
	n->new = memory_text("%.*s.%s.new", folder, path, path + folder);
}

static int refused(struct names *n, int error, const char *what, const char *why,
		   const char *remedy)
{
	problem_set(n->problem, error, STATUS_METRICS, remedy, "%s: %s", what, why);
	return -1;
}

static int failed(struct names *n, const char *what)
{
	return refused(n, errno, what, strerror(errno), NULL);
}

/* Refuses anything but a regular file, since the new file would replace it. */
static int check_kind(struct names *n)
{
	struct stat st;

	if (lstat(n->file, &st))
		return errno == ENOENT ? 0 : failed(n, "cannot be read");
	if (S_ISLNK(st.st_mode))
		return refused(n, ELOOP, "cannot be written", "it is a symbolic link",
			       "name the file that it points to");
	if (!S_ISREG(st.st_mode))
		return refused(n, EINVAL, "cannot be written", "it is not a regular file", NULL);
	return 0;
}

/* --- the lock --------------------------------------------------------------- */

/*
 * Whoever may create files in the directory may take the lock, and nobody else. The umask of the
 * first user does not matter.
 */
static int make_lock(const struct names *n)
{
	int fd = open(n->lock, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;
	mode_t mode = 0600;

	if (fd < 0 || stat(n->folder, &st))
		return fd;
	if (st.st_mode & S_IWGRP && !fchown(fd, (uid_t)-1, st.st_gid))
		mode |= 0060;
	if (st.st_mode & S_IWOTH)
		mode |= 0006;
	fchmod(fd, mode);
	return fd;
}

/*
 * The user who created the lock did so before this one could write to the directory, which lets
 * this one remove it. A run that has the lock at this moment notices that before it replaces the
 * file.
 */
static bool take_over(const struct names *n)
{
	static const struct timespec taken = { .tv_nsec = TAKEN_NS };

	if (unlink(n->lock)) {
		errno = EACCES;
		return false;
	}
	nanosleep(&taken, NULL);
	return true;
}

static int open_lock(const struct names *n)
{
	bool taken = false;
	int fd, tries;

	/* Another run can create or remove it between the two. */
	for (tries = 0; tries < 10; tries++) {
		fd = open(n->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0 && errno == EACCES && !taken && take_over(n)) {
			taken = true;
			continue;
		}
		if (fd >= 0 || errno != ENOENT)
			return fd;
		fd = make_lock(n);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int wait_for_lock(struct names *n, int fd)
{
	static const struct timespec step = { .tv_nsec = LOCK_STEP_NS };
	int64_t end = now_ns() + LOCK_SECONDS * INT64_C(1000000000);

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return failed(n, "cannot be locked");
		/* A signal that ended the work is no reason not to count it; a later one is. */
		if (stop_again())
			return refused(n, EINTR, "is locked by another run",
				       "a signal ended the wait for it", NULL);
		if (now_ns() >= end)
			return refused(n, ETIMEDOUT, "cannot be locked",
				       "another run has held the lock for too long", NULL);
		nanosleep(&step, NULL);
	}
	return 0;
}

/* A lock file that was removed meanwhile does not keep others out. */
static bool is_ours(const struct names *n, int fd)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !lstat(n->lock, &there) && there.st_ino == ours.st_ino &&
	       there.st_dev == ours.st_dev;
}

static int lock(struct names *n)
{
	struct stat ours;
	int tries, fd;

	for (tries = 0; tries < 10; tries++) {
		fd = open_lock(n);
		if (fd < 0)
			return failed(n, "cannot be locked");
		if (fstat(fd, &ours) || !S_ISREG(ours.st_mode)) {
			refused(n, EINVAL, "cannot be locked",
				"its lock is not a regular file", NULL);
			break;
		}
		if (wait_for_lock(n, fd))
			break;
		if (is_ours(n, fd))
			return fd;
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		return refused(n, EAGAIN, "cannot be locked",
			       "something keeps removing the lock", NULL);
	close(fd);
	return -1;
}

/* --- the file --------------------------------------------------------------- */

/* Returns the whole text, or NULL with errno set, which is 0 if the file is too large. */
static char *read_text(int fd, size_t *size)
{
	char *text = memory_grow(NULL, 0, FILE_MAX + 1, 1);
	ssize_t n;

	*size = 0;
	do {
		n = read(fd, text + *size, FILE_MAX - *size);
		if (n > 0)
			*size += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (!n && *size < FILE_MAX)
		return text;
	if (!n)
		errno = 0;
	free(text);
	return NULL;
}

static int damaged(struct names *n, const char *why)
{
	problem_set(n->problem, EUCLEAN, STATUS_METRICS,
		    "repair it, or move it away to start from 0",
		    "it is damaged: %s; it was not changed", why);
	return -1;
}

static int read_old(struct names *n, struct metrics *m, const char *device,
		    struct metrics_rest *rest)
{
	int fd = open(n->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char why[METRICS_WHY], *text;
	struct stat st;
	size_t size;
	int ret = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(n, "cannot be read");
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return refused(n, EINVAL, "cannot be written", "it is not a regular file", NULL);
	}
	text = read_text(fd, &size);
	if (!text)
		ret = errno ? failed(n, "cannot be read") : damaged(n, "it is much too large");
	close(fd);
	/* An empty file is new: it was created to set its owner or mode. */
	if (text && size && strlen(text) < size)
		ret = damaged(n, "it has a NUL byte");
	else if (text && size && metrics_read(m, device, rest, text, why))
		ret = damaged(n, why);
	free(text);
	return ret;
}

static void add(struct metrics *to, const struct metrics *from, const char *device)
{
	struct metrics_series a[METRICS_SERIES_MAX], b[METRICS_SERIES_MAX];
	struct metrics copy = *from;
	size_t count = metrics_series(to, device, a), i;

	metrics_series(&copy, device, b);
	for (i = 0; i < count; i++) {
		if (a[i].sum)
			*a[i].value += *b[i].value;
		else if (*b[i].value > *a[i].value)
			*a[i].value = *b[i].value;
	}
}

/* Returns 1, and has changed nothing, if the lock @lock was lost meanwhile. */
static int write_new(struct names *n, const struct metrics *m, const char *device,
		     const struct metrics_rest *rest, int lock)
{
	FILE *file = NULL;
	bool good;
	int fd;

	/* A leftover of a run that was killed, since nobody else has the lock. */
	unlink(n->new);
	fd = open(n->new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (!file) {
		failed(n, "cannot be written");
		if (fd >= 0)
			close(fd);
		return is_ours(n, lock) ? -1 : 1;
	}
	metrics_write(m, device, rest, file);
	/* The exporter is another user. fsync() first, or a crash could leave an empty file. */
	good = !fflush(file) && !fchmod(fd, 0644) && !fsync(fd);
	good &= !fclose(file);
	if (!is_ours(n, lock))
		return 1;
	if (good && !rename(n->new, n->file))
		return 0;
	failed(n, "cannot be written");
	unlink(n->new);
	return -1;
}

/* Returns 0, -1, or 1 to try again. */
static int add_once(struct names *n, const char *device, const struct metrics *more)
{
	struct metrics_rest rest = { 0 };
	struct metrics m = { 0 };
	int ret, fd = lock(n);

	if (fd < 0)
		return -1;
	ret = read_old(n, &m, device, &rest);
	if (!ret) {
		add(&m, more, device);
		ret = write_new(n, &m, device, &rest, fd);
	}
	close(fd);
	metrics_rest_free(&rest);
	return ret;
}

int metrics_file_add(const char *path, const char *device, const struct metrics *more,
		     struct problem *p)
{
	struct names n = { .problem = p };
	int ret, tries;

	find_names(&n, path);
	ret = check_kind(&n);
	for (tries = 0; ret >= 0 && tries < 10; tries++) {
		ret = add_once(&n, device, more);
		if (!ret)
			break;
	}
	if (ret > 0)
		ret = refused(&n, EAGAIN, "cannot be locked", "something keeps removing the lock",
			      NULL);
	free(n.folder);
	free(n.lock);
	free(n.new);
	return ret;
}
