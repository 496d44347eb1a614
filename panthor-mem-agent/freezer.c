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

#include "clock.h"
#include "freezer.h"
#include "log.h"
#include "memory.h"

#define LIST_MOST 256
#define APPS "/app.slice/"
#define KEEPER_FD 3

/* What cannot be thawed is tried again after this time, which doubles. */
#define RETRY_USEC USEC_PER_SEC
#define RETRY_MOST_USEC (64 * USEC_PER_SEC)

struct frozen {
	uint64_t app;
	char *cgroup;
	int fd;		 /* cgroup.freeze: thawing it must not need another descriptor */
	bool has_to_run; /* it is thawed, or that has failed */
};

struct freezer {
	const struct roots *roots;
	uid_t uid;
	char *file, *new_file;
	struct frozen *list;
	size_t count;
	bool unwritten; /* the file does not have what the list has */
	sd_event_source *timer;
	uint64_t retry;
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

static int set_frozen(int fd, bool frozen)
{
	return pwrite(fd, frozen ? "1\n" : "0\n", 2, 0) == 2 ? 0 : -errno;
}

/* If the cgroup is gone, nothing is frozen. */
static int ignore_gone(int ret)
{
	return ret == -ENOENT || ret == -ENODEV ? 0 : ret;
}

static int thaw_named(const struct roots *roots, const char *cgroup)
{
	const int fd = open_freeze(roots, cgroup, O_WRONLY);
	int ret = fd;

	if (fd >= 0) {
		ret = set_frozen(fd, false);
		close(fd);
	}
	return ignore_gone(ret);
}

/* Somebody else may have frozen it, and does not expect it to run. */
static int is_frozen(int fd)
{
	char value = '0';

	return pread(fd, &value, 1, 0) == 1 ? value == '1' : -EIO;
}

/* --- the list ------------------------------------------------------------- */

static int write_file(const struct freezer *f)
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

static int write_list(struct freezer *f)
{
	const int ret = write_file(f);

	f->unwritten = ret;
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
		one = thaw_named(roots, line);
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

/* --- thawing -------------------------------------------------------------- */

static void forget(struct freezer *f, size_t i)
{
	close(f->list[i].fd);
	free(f->list[i].cgroup);
	f->list[i] = f->list[--f->count];
}

/* Thaw all that have to run. What stays frozen stays in the list, for the keeper. */
static void thaw_marked(struct freezer *f)
{
	bool again = false, changed = f->unwritten;
	size_t i = f->count;
	int ret;

	while (i--) {
		if (!f->list[i].has_to_run)
			continue;
		ret = ignore_gone(set_frozen(f->list[i].fd, false));
		if (ret && f->retry == RETRY_USEC)
			log_warning("%s: cannot be thawed, but this is tried again: %s",
				    f->list[i].cgroup, strerror(-ret));
		if (ret) {
			again = true;
			continue;
		}
		forget(f, i);
		changed = true;
	}
	if (changed && write_list(f))
		again = true;
	if (again) {
		sd_event_source_set_time(f->timer, clock_usec() + f->retry);
		f->retry = 2 * f->retry > RETRY_MOST_USEC ? RETRY_MOST_USEC : 2 * f->retry;
	} else {
		f->retry = RETRY_USEC;
	}
	sd_event_source_set_enabled(f->timer, again ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void thaw_all(struct freezer *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		f->list[i].has_to_run = true;
	thaw_marked(f);
}

static int on_timer(sd_event_source *timer, uint64_t usec, void *data)
{
	(void)timer;
	(void)usec;
	thaw_marked(data);
	return 0;
}

/* --- the end of the keeper ------------------------------------------------ */

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

/* Returns the file of the new entry, or -errno. */
static int add(struct freezer *f, uint64_t app, const char *cgroup)
{
	const int fd = open_freeze(f->roots, cgroup, O_RDWR);
	const int state = fd < 0 ? fd : is_frozen(fd);

	if (state) {
		if (fd >= 0)
			close(fd);
		return state < 0 ? state : -EBUSY;
	}
	f->list = memory_grow(f->list, f->count, f->count + 1, sizeof(*f->list));
	f->list[f->count++] = (struct frozen){ app, memory_text("%s", cgroup), fd, false };
	return fd;
}

int freezer_freeze(struct freezer *f, uint64_t app, const char *cgroup)
{
	int fd, ret;

	if (!f->keeper)
		return -ESRCH;
	if (!is_ours(f->uid, cgroup) || f->count == LIST_MOST)
		return -EINVAL;
	fd = add(f, app, cgroup);
	if (fd < 0)
		return fd;
	ret = write_list(f);
	if (!ret)
		ret = set_frozen(fd, true);
	if (ret)
		freezer_thaw(f, app);
	return ret;
}

void freezer_thaw(struct freezer *f, uint64_t app)
{
	bool any = false;
	size_t i;

	for (i = 0; i < f->count; i++) {
		if (f->list[i].app == app)
			any = f->list[i].has_to_run = true;
	}
	if (any)
		thaw_marked(f);
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
	f->retry = RETRY_USEC;
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
		ret = sd_event_add_time(event, &f->timer, CLOCK_MONOTONIC, 0, 0, on_timer, f);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
	if (ret >= 0)
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
	/* The keeper tries it once more. */
	while (f->count)
		forget(f, 0);
	sd_event_source_disable_unref(f->timer);
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
