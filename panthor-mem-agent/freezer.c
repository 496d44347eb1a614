/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freezer.h"
#include "memory.h"

#define LIST_MOST 256
#define APPS "/app.slice/"
#define KEEPER_FD 3

struct frozen {
	uint64_t app;
	char *cgroup;
};

struct freezer {
	const struct roots *roots;
	uid_t uid;
	char *file, *new_file;
	struct frozen *list;
	size_t count;
	pid_t keeper;
	int pipe; /* the keeper notices that this end is closed */
	int pidfd;
	sd_event_source *exit;
	void (*lost)(void *data);
	void *data;
};

/* --- one cgroup ----------------------------------------------------------- */

static char *prefix_of(uid_t uid)
{
	return memory_text("/user.slice/user-%u.slice/user@%u.service" APPS, (unsigned int)uid,
			   (unsigned int)uid);
}

/* Is it an application of this user, and nothing else? The list may say anything. */
static bool is_ours(uid_t uid, const char *cgroup)
{
	char *prefix = prefix_of(uid);
	const bool ours = strlen(cgroup) < FREEZER_PATH &&
			  !strncmp(cgroup, prefix, strlen(prefix)) && !strstr(cgroup, "/../") &&
			  strstr(cgroup, "/app-");

	free(prefix);
	return ours;
}

bool freezer_cgroup(uid_t uid, const char *unit, char cgroup[FREEZER_PATH])
{
	char *prefix = prefix_of(uid);
	const int n = strncmp(unit, APPS, strlen(APPS)) ? -1 :
		snprintf(cgroup, FREEZER_PATH, "%s%s", prefix, unit + strlen(APPS));

	free(prefix);
	return n > 0 && n < FREEZER_PATH && is_ours(uid, cgroup);
}

static int open_freeze(const struct roots *roots, const char *cgroup, int flags)
{
	char *path = memory_text("%s/fs/cgroup%s/cgroup.freeze", roots->sys, cgroup);
	const int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);

	free(path);
	return fd < 0 ? -errno : fd;
}

static int set_frozen(const struct roots *roots, const char *cgroup, bool frozen)
{
	const int fd = open_freeze(roots, cgroup, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, frozen ? "1\n" : "0\n", 2) != 2)
		ret = -errno;
	close(fd);
	return ret;
}

/* Returns 0 also if the cgroup is gone: then nothing is frozen. */
static int thaw_one(const struct roots *roots, const char *cgroup)
{
	const int ret = set_frozen(roots, cgroup, false);

	return ret == -ENOENT || ret == -ENODEV ? 0 : ret;
}

/* Somebody else may have frozen it, and does not expect it to run. */
static int is_frozen(const struct roots *roots, const char *cgroup)
{
	const int fd = open_freeze(roots, cgroup, O_RDONLY);
	char value = '0';
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, &value, 1);
	close(fd);
	return n == 1 ? value == '1' : -EIO;
}

/* --- the list ------------------------------------------------------------- */

static int write_list(const struct freezer *f)
{
	const int fd = open(f->new_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int ret = 0;
	size_t i;

	if (!file) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return ret;
	}
	for (i = 0; i < f->count; i++)
		fprintf(file, "%s\n", f->list[i].cgroup);
	if (ferror(file))
		ret = -EIO;
	if (fclose(file) && !ret)
		ret = -errno;
	if (!ret && rename(f->new_file, f->file))
		ret = -errno;
	return ret;
}

static int thaw_file(const struct roots *roots, uid_t uid, const char *path)
{
	char line[FREEZER_PATH + 2];
	FILE *file = fopen(path, "re");
	int ret = 0, i;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	for (i = 0; i < LIST_MOST && fgets(line, sizeof(line), file); i++) {
		int one;

		line[strcspn(line, "\n")] = '\0';
		if (!is_ours(uid, line))
			continue;
		one = thaw_one(roots, line);
		if (one)
			ret = one;
	}
	fclose(file);
	return ret;
}

static char *list_name(const char *runtime)
{
	return memory_text("%s/panthor-mem/frozen", runtime);
}

int freezer_thaw_list(const struct roots *roots, uid_t uid, const char *runtime)
{
	char *path = list_name(runtime);
	int ret = thaw_file(roots, uid, path);

	free(path);
	return ret;
}

/* --- the keeper ----------------------------------------------------------- */

/* It has nothing open but the pipe. */
static void keep(const struct freezer *f)
{
	ssize_t n;
	char c;

	setsid();
	prctl(PR_SET_NAME, "agent-keeper");
	do
		n = read(KEEPER_FD, &c, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	_exit(thaw_file(f->roots, f->uid, f->file) ? 1 : 0);
}

static void become_keeper(const struct freezer *f, int read_end)
{
	if (read_end != KEEPER_FD && dup2(read_end, KEEPER_FD) < 0)
		_exit(1);
	/* Its copy of the other end must be closed, too. */
	if (syscall(SYS_close_range, KEEPER_FD + 1, ~0U, 0) || chdir("/"))
		_exit(1);
	keep(f);
}

static void thaw_all(struct freezer *f)
{
	while (f->count) {
		struct frozen *last = &f->list[--f->count];

		set_frozen(f->roots, last->cgroup, false);
		free(last->cgroup);
	}
	write_list(f);
}

static int on_exit_of_keeper(sd_event_source *io, int fd, uint32_t events, void *data)
{
	struct freezer *f = data;

	(void)io;
	(void)fd;
	(void)events;
	f->exit = sd_event_source_disable_unref(f->exit);
	waitpid(f->keeper, NULL, 0);
	f->keeper = 0;
	thaw_all(f);
	f->lost(f->data);
	return 0;
}

static int start_keeper(struct freezer *f, sd_event *event)
{
	sigset_t all, before;
	int fds[2], ret;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	/* No signal that ends the agent ends the keeper, from the start. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	f->keeper = fork();
	if (!f->keeper)
		become_keeper(f, fds[0]);
	ret = f->keeper < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[0]);
	f->pipe = fds[1];
	if (ret) {
		f->keeper = 0;
		return ret;
	}
	f->pidfd = (int)syscall(SYS_pidfd_open, f->keeper, 0);
	if (f->pidfd < 0)
		return -errno;
	ret = sd_event_add_io(event, &f->exit, f->pidfd, EPOLLIN, on_exit_of_keeper, f);
	return ret < 0 ? ret : 0;
}

/* --- the interface -------------------------------------------------------- */

int freezer_freeze(struct freezer *f, uint64_t app, const char *cgroup)
{
	int ret;

	if (!f->keeper)
		return -ESRCH;
	if (!is_ours(f->uid, cgroup) || f->count == LIST_MOST)
		return -EINVAL;
	ret = is_frozen(f->roots, cgroup);
	if (ret)
		return ret < 0 ? ret : -EBUSY;
	f->list = memory_grow(f->list, f->count, f->count + 1, sizeof(*f->list));
	f->list[f->count++] = (struct frozen){ app, memory_text("%s", cgroup) };
	ret = write_list(f);
	if (!ret)
		ret = set_frozen(f->roots, cgroup, true);
	if (ret)
		freezer_thaw(f, app);
	return ret;
}

void freezer_thaw(struct freezer *f, uint64_t app)
{
	size_t i;

	for (i = 0; i < f->count; i++) {
		if (f->list[i].app != app)
			continue;
		/* If it fails, the keeper has to try again. */
		if (thaw_one(f->roots, f->list[i].cgroup))
			return;
		free(f->list[i].cgroup);
		f->list[i] = f->list[--f->count];
		write_list(f);
		return;
	}
}

pid_t freezer_keeper(const struct freezer *f)
{
	return f->keeper;
}

struct freezer *freezer_new(sd_event *event, const struct roots *roots, uid_t uid,
			    const char *runtime, void (*lost)(void *data), void *data)
{
	struct freezer *f = memory_grow(NULL, 0, 1, sizeof(*f));
	char *directory = memory_text("%s/panthor-mem", runtime);
	int ret = 0;

	f->roots = roots;
	f->uid = uid;
	f->pipe = f->pidfd = -1;
	f->lost = lost;
	f->data = data;
	f->file = list_name(runtime);
	f->new_file = memory_text("%s.new", f->file);
	if (mkdir(directory, 0700) && errno != EEXIST)
		ret = -errno;
	free(directory);
	if (!ret)
		ret = thaw_file(roots, uid, f->file);
	if (!ret)
		ret = write_list(f);
	if (!ret)
		ret = start_keeper(f, event);
	if (!ret)
		return f;
	freezer_free(f);
	errno = -ret;
	return NULL;
}

void freezer_free(struct freezer *f)
{
	if (!f)
		return;
	thaw_all(f);
	sd_event_source_disable_unref(f->exit);
	if (f->pidfd >= 0)
		close(f->pidfd);
	/* The keeper ends now. */
	if (f->pipe >= 0)
		close(f->pipe);
	if (f->keeper)
		waitpid(f->keeper, NULL, 0);
	free(f->list);
	free(f->file);
	free(f->new_file);
	free(f);
}
