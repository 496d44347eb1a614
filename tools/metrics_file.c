/* SPDX-License-Identifier: MIT */
/*
 * The textfile collector's convention: a new file in the same folder, whose name
 * does not end in .prom, takes the place of the old one. Who may do that holds a
 * lock on a third one, because the first two come and go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "metrics_series.h"
#include "say.h"

struct names {
	char *lock;
	char *temporary;
};

/* ".NAME.lock" and ".NAME.XXXXXX" beside the file: the collector skips both. */
static void find_names(struct names *n, const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path + 1) : 0;

	n->lock = memory_text("%.*s.%s.lock", folder, path, path + folder);
	n->temporary = memory_text("%.*s.%s.XXXXXX", folder, path, path + folder);
}

static int failed(const char *path, const char *what)
{
	say("%s: %s: %s; this run was not counted", path, what, strerror(errno));
	return -1;
}

static int lock(const char *path, const struct names *n)
{
	int fd = open(n->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int ret;

	if (fd < 0)
		return failed(path, "cannot be locked");
	do
		ret = flock(fd, LOCK_EX);
	while (ret && errno == EINTR);
	if (ret) {
		failed(path, "cannot be locked");
		close(fd);
		return -1;
	}
	return fd;
}

static int read_old(const char *path, struct metrics *m)
{
	char *text = memory_file(AT_FDCWD, path);
	char why[METRICS_WHY];
	int ret;

	memset(m, 0, sizeof(*m));
	if (!text)
		return errno == ENOENT ? 0 : failed(path, "cannot be read");
	ret = metrics_read(m, text, why);
	if (ret)
		say("%s is damaged: %s; it was left as it is and this run was not counted: "
		    "mend it, or move it away to begin at 0", path, why);
	free(text);
	return ret;
}

static void add(struct metrics *to, const struct metrics *from)
{
	struct metrics_series a[METRICS_SERIES_MAX], b[METRICS_SERIES_MAX];
	struct metrics copy = *from;
	size_t count = metrics_series(to, a), i;

	metrics_series(&copy, b);
	for (i = 0; i < count; i++) {
		if (a[i].sum)
			*a[i].value += *b[i].value;
		else if (*b[i].value)
			*a[i].value = *b[i].value;
	}
}

static int write_new(const char *path, struct names *n, const struct metrics *m)
{
	int fd = mkostemp(n->temporary, O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool good;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return failed(path, "cannot be written");
	}
	metrics_write(m, file);
	/* The exporter is another user. On disk first, lest a crash leaves it empty. */
	good = !fflush(file) && !fchmod(fd, 0644) && !fsync(fd);
	good &= !fclose(file);
	if (good && !rename(n->temporary, path))
		return 0;
	failed(path, "cannot be written");
	unlink(n->temporary);
	return -1;
}

int metrics_file_add(const char *path, const struct metrics *more)
{
	struct metrics m;
	struct names n;
	int ret = -1, fd;

	find_names(&n, path);
	fd = lock(path, &n);
	if (fd >= 0)
		ret = read_old(path, &m);
	if (!ret) {
		add(&m, more);
		ret = write_new(path, &n, &m);
	}
	if (fd >= 0)
		close(fd);
	free(n.lock);
	free(n.temporary);
	return ret;
}
