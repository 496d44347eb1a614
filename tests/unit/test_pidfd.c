/* SPDX-License-Identifier: MIT */
/*
 * The functions that take a pidfd. The app of the model has the PID of a real child here, so
 * that there is a real pidfd and a case can kill the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* How many of the next calls of poll() a signal ends. */
static unsigned int poll_signals;

/* A descriptor for which poll() claims that its process runs. 0: none. */
static int liar;

/* The library calls this instead of the one of libc. */
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec t = { timeout / 1000, timeout % 1000 * 1000000L };

	if (liar)
		return 0;
	if (poll_signals) {
		poll_signals--;
		errno = EINTR;
		return -1;
	}
	return (int)syscall(SYS_ppoll, fds, n, timeout < 0 ? NULL : &t, NULL, 0);
}

/* How reads from procfs behave. */
static struct {
	unsigned int signals; /* how many of the next reads a signal ends */
	int error;	      /* errno code, or 0 */
	size_t most;	      /* bytes per read; 0: no limit */
	const char *fdinfo;   /* the contents of fdinfo, or NULL for the real ones */
	bool endless;	      /* the status never ends and does not have the line */
	unsigned int calls;
	bool inherited; /* the descriptor has no FD_CLOEXEC */
} reading;

static ssize_t read_fdinfo(int fd, void *to, size_t n)
{
	const size_t length = strlen(reading.fdinfo);
	const off_t at = lseek(fd, 0, SEEK_CUR);

	if (at >= (off_t)length)
		return 0;
	n = n < length - (size_t)at ? n : length - (size_t)at;
	memcpy(to, reading.fdinfo + at, n);
	lseek(fd, (off_t)n, SEEK_CUR);
	return (ssize_t)n;
}

/* The library calls this one, too. */
ssize_t read(int fd, void *to, size_t n)
{
	char link[64], path[128] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) < 0 || strncmp(path, "/proc/", 6))
		return syscall(SYS_read, fd, to, n);
	reading.calls++;
	if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
		reading.inherited = true;
	if (reading.signals || reading.error) {
		errno = reading.signals ? EINTR : reading.error;
		reading.signals -= reading.signals ? 1 : 0;
		return -1;
	}
	if (reading.most && n > reading.most)
		n = reading.most;
	if (reading.endless && strstr(path, "/status"))
		return memset(to, 'x', n) ? (ssize_t)n : -1;
	if (reading.fdinfo && strstr(path, "/fdinfo/"))
		return read_fdinfo(fd, to, n);
	return syscall(SYS_read, fd, to, n);
}

struct child {
	struct fixture *f;
	struct process process;
	int pidfd;
};

static int setup(void **state)
{
	static struct child c;

	if (process_start(&c.process) || fixture_setup((void **)&c.f))
		return -1;
	c.pidfd = c.process.pidfd;
	c.f->app->tgid.nr[MODEL_NS_INIT] = c.process.pid;
	poll_signals = 0;
	memset(&reading, 0, sizeof(reading));
	*state = &c;
	return 0;
}

static int teardown(void **state)
{
	struct child *c = *state;

	process_reap(&c->process);
	close(c->pidfd);
	return fixture_teardown((void **)&c->f);
}

/* From now on, the ioctls take only a PID, but the kernel reports the PID of a pidfd. */
static void by_number(struct child *c)
{
	c->f->core.no_targets = true;
}

/* From now on, the ioctls take only a PID, and only procfs has it. */
static void by_old_kernel(struct child *c)
{
	c->f->core.no_targets = true;
	c->f->core.old_pidfd = true;
}

/* Run @fn on a kernel whose ioctls take a pidfd, and on those two. */
static void each_way(struct child *c, void (*fn)(struct child *c))
{
	fn(c);
	by_number(c);
	fn(c);
	by_old_kernel(c);
	fn(c);
}

/* --- while the process lives ------------------------------------------------------- */

static void there_and_back(struct child *c)
{
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;
	struct fixture *f = c->f;
	uint64_t bytes = 1;

	assert_int_equal(panthor_mem_reclaim_pidfd(f->fd, c->pidfd, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE);
	assert_int_equal(panthor_mem_claim_pidfd(f->fd, c->pidfd, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE);

	ro.max_bytes = co.max_bytes = BO_SIZE;
	assert_int_equal(panthor_mem_reclaim_pidfd_with(f->fd, c->pidfd, &ro, &rr), 0);
	assert_int_equal(rr.freed_bytes, BO_SIZE);
	assert_int_equal(rr.evicted_bytes, BO_SIZE);
	assert_true(rr.status & DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(panthor_mem_reclaim_pidfd_with(f->fd, c->pidfd, NULL, NULL), 0);
	assert_int_equal(panthor_mem_claim_pidfd_with(f->fd, c->pidfd, &co, &cr), 0);
	assert_int_equal(cr.claimed_bytes, BO_SIZE);
	assert_int_equal(cr.remaining_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(panthor_mem_claim_pidfd(f->fd, c->pidfd, NULL), 0);
	check_content(f);
}

static void alive(void **state)
{
	each_way(*state, there_and_back);
}

/* One ioctl is enough if the kernel takes a pidfd. */
static void one_ioctl(void **state)
{
	struct child *c = *state;

	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_int_equal(c->f->core.mem_ioctls, 2);
}

static void signals_while_looking(void **state)
{
	struct child *c = *state;
	uint64_t bytes = 0;

	poll_signals = 5;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE);
	assert_int_equal(poll_signals, 0);
	poll_signals = 5;
	assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, c->pidfd, &bytes), 0);
	assert_int_equal(bytes, APP_SIZE);
}

static void interrupted(void **state)
{
	static const int pages[] = { 0, 20, MODEL_NO_SIGNAL };
	struct child *c = *state;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	script_signals(c->f, 3, pages);
	assert_int_equal(panthor_mem_reclaim_pidfd_with(c->f->fd, c->pidfd, NULL, &res), 0);
	assert_true(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.freed_bytes, 20 * MODEL_PAGE);
}

/* The call changes and closes neither fd, and leaves no other one open. */
static void borrowed(struct child *c)
{
	const unsigned int before = open_descriptors();
	int flags = fcntl(c->pidfd, F_GETFD);

	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(fcntl(c->pidfd, F_GETFD), flags);
}

static void fds_are_borrowed(void **state)
{
	each_way(*state, borrowed);
}

/* --- when the process dies ----------------------------------------------------------- */

static void expect_esrch(struct child *c, uint64_t freed)
{
	struct panthor_mem_reclaim_result res = { sizeof(res), 9, 9, 9, 9 };

	assert_int_equal(panthor_mem_reclaim_pidfd_with(c->f->fd, c->pidfd, NULL, &res), -ESRCH);
	assert_int_equal(res.freed_bytes, freed);
	assert_int_equal(res.evicted_bytes, freed);
	assert_int_equal(res.skipped_bytes ? 1 : 0, freed ? 1 : 0);
}

static void reaped_before(struct child *c)
{
	uint64_t bytes = 1;

	process_reap(&c->process);
	expect_esrch(c, 0);
	assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, c->pidfd, &bytes), -ESRCH);
	assert_int_equal(bytes, 0);
	assert_int_equal(app_resident(c->f), APP_SIZE);
}

static void reaped(void **state)
{
	each_way(*state, reaped_before);
}

/*
 * A zombie still has its PID. The model does not know that the process is dead; this is
 * like a process whose files are open in another process.
 */
static void zombie(void **state)
{
	struct child *c = *state;

	siginfo_t info = { 0 };

	process_kill(&c->process);
	expect_esrch(c, APP_SIZE);
	/* The library must not have reaped it. */
	assert_int_equal(waitid(P_PID, (id_t)c->process.pid, &info, WEXITED | WNOHANG | WNOWAIT),
			 0);
	assert_int_equal(info.si_pid, c->process.pid);
}

static void zombie_by_number(void **state)
{
	by_number(*state);
	zombie(state);
}

static void zombie_old_kernel(void **state)
{
	by_old_kernel(*state);
	zombie(state);
}

static void die(struct model *m, void *arg)
{
	(void)m;
	process_kill(&((struct child *)arg)->process);
}

static void die_and_be_reaped(struct model *m, void *arg)
{
	(void)m;
	process_reap(&((struct child *)arg)->process);
}

/* The counts say what was done, even if it was done to another process. */
static void dies_during(struct child *c, void (*how)(struct model *m, void *arg))
{
	struct fixture *f = c->f;
	struct model_event event = { .at = f->model->now + 1, .fn = how, .arg = c };

	f->model->event = &event;
	expect_esrch(c, APP_SIZE);
	assert_true(event.done);
	f->model->event = NULL;
}

static void dies_in_reclaim(void **state)
{
	dies_during(*state, die);
}

static void dies_in_reclaim_by_number(void **state)
{
	by_number(*state);
	dies_during(*state, die);
}

static void is_reaped_in_reclaim(void **state)
{
	dies_during(*state, die_and_be_reaped);
}

/* The PID is free then, and another process could get it during the call. */
static void is_reaped_in_reclaim_by_number(void **state)
{
	by_number(*state);
	dies_during(*state, die_and_be_reaped);
}

static void dies_in_claim(void **state)
{
	struct child *c = *state;
	struct fixture *f = c->f;
	struct model_event event = { .fn = die, .arg = c };
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;

	assert_int_equal(panthor_mem_reclaim_pidfd(f->fd, c->pidfd, NULL), 0);
	event.at = f->model->now + 1;
	f->model->event = &event;
	/* -ESRCH takes precedence over the error part-way. */
	f->model->fail_alloc = 2 * BO_SIZE / MODEL_PAGE + 3;
	assert_int_equal(panthor_mem_claim_pidfd_with(f->fd, c->pidfd, NULL, &res), -ESRCH);
	assert_int_equal(res.claimed_bytes, 2 * BO_SIZE);
	assert_int_equal(res.remaining_bytes, 2 * BO_SIZE);
	f->model->event = NULL;
}

/* Another thread closes the pidfd, so the library cannot find out if the process lives. */
static void close_it(struct model *m, void *arg)
{
	(void)m;
	close(((struct child *)arg)->pidfd);
}

static void is_closed_in_reclaim(void **state)
{
	struct child *c = *state;
	struct fixture *f = c->f;
	struct model_event event = { .at = f->model->now + 1, .fn = close_it, .arg = c };
	const int fd = c->pidfd, kept = dup(fd);
	uint64_t freed = 0;

	f->model->event = &event;
	assert_int_equal(panthor_mem_reclaim_pidfd(f->fd, fd, &freed), -EBADF);
	assert_true(freed > 0);
	f->model->event = NULL;
	c->pidfd = kept;
}

/* --- reading procfs on an old kernel -------------------------------------------- */

static void signals_while_reading(void **state)
{
	struct child *c = *state;

	by_old_kernel(c);
	reading.signals = 5;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_int_equal(reading.signals, 0);
	assert_int_equal(app_resident(c->f), 0);
}

static void reading_bit_by_bit(void **state)
{
	struct child *c = *state;

	by_old_kernel(c);
	reading.most = 1;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_int_equal(app_resident(c->f), 0);
}

/* No descriptor stays open, and no program that another thread starts inherits one. */
static void descriptors_of_files(void **state)
{
	struct child *c = *state;
	const unsigned int before = open_descriptors();

	by_old_kernel(c);
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_true(reading.calls >= 2);
	assert_false(reading.inherited);
	reading.error = EIO;
	assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, c->pidfd, NULL), -EIO);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(app_resident(c->f), 0);
}

/* The library must not take 0 for the caller or -1 for a process. */
static void what_fdinfo_says(void **state)
{
	static const struct {
		const char *text;
		int error;
	} says[] = {
		{ "pos:\t0\nPid:\t0\nNSpid:\t0\n", -ESRCH },
		{ "pos:\t0\nPid:\t-1\n", -ESRCH },
		{ "Pid:\t2147483648\n", -ESRCH },
		{ "pos:\t0\nNSPid:\t7\n", -EBADF },
		{ "pos:\t0\nXPid:\t7\n", -EBADF },
		{ "", -EBADF },
	};
	struct child *c = *state;
	uint64_t bytes;
	unsigned int i;

	by_old_kernel(c);
	for (i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		reading.fdinfo = says[i].text;
		bytes = 1;
		assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, &bytes),
				 says[i].error);
		assert_int_equal(bytes, 0);
	}
	assert_int_equal(app_resident(c->f), APP_SIZE);
}

/* A status that cannot be read to the line proves nothing about the namespace. */
static void endless_status(void **state)
{
	struct child *c = *state;

	by_old_kernel(c);
	reading.endless = true;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), -ENOSYS);
	assert_int_equal(app_resident(c->f), APP_SIZE);
}

/* A process that was reaped or is in another pid namespace: procfs is not searched. */
static void pidfd_without_number(void **state)
{
	struct child *c = *state;

	c->f->core.no_targets = true;
	c->f->core.pidfd_error = ESRCH;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), -ESRCH);
	c->f->core.pidfd_error = EREMOTE;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), -ESRCH);
	assert_int_equal(reading.calls, 0);
	/* Any other error means that the kernel does not have this ioctl. */
	c->f->core.pidfd_error = EINVAL;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_true(reading.calls > 0);
}

/* --- errors ------------------------------------------------------------------ */

static void expect_errors(struct child *c)
{
	struct fixture *f = c->f;
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	uint64_t bytes = 1;

	f->manager->cap_sys_resource = false;
	assert_int_equal(panthor_mem_reclaim_pidfd(f->fd, c->pidfd, &bytes), -EPERM);
	assert_int_equal(bytes, 0);
	f->manager->cap_sys_resource = true;

	f->model->slots_reserved = f->model->n_slots;
	assert_int_equal(panthor_mem_reclaim_pidfd(f->fd, c->pidfd, NULL), -ENOSPC);
	f->model->slots_reserved = 0;

	assert_int_equal(panthor_mem_reclaim_pidfd(f->fd, c->pidfd, NULL), 0);
	f->model->fail_alloc = 2 * BO_SIZE / MODEL_PAGE + 3;
	assert_int_equal(panthor_mem_claim_pidfd_with(f->fd, c->pidfd, NULL, &res), -ENOMEM);
	assert_int_equal(res.claimed_bytes, 2 * BO_SIZE);

	assert_int_equal(panthor_mem_claim_pidfd(f->fd, c->pidfd, NULL), 0);
	assert_int_equal(panthor_mem_reclaim_pidfd(-1, c->pidfd, NULL), -EBADF);
}

static void errors_of_the_ioctl(void **state)
{
	each_way(*state, expect_errors);
}

/* The process lives but has no file any more. */
static void expect_no_file(struct child *c)
{
	uint64_t bytes = 1;

	model_proc_kill(c->f->model, c->f->app);
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, &bytes), -ESRCH);
	assert_int_equal(bytes, 0);
}

static void no_file(void **state)
{
	each_way(*state, expect_no_file);
}

static void no_ioctls(void **state)
{
	struct child *c = *state;

	c->f->core.has_mem = false;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), -EINVAL);
	assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, c->pidfd, NULL), -EINVAL);
}

/* EINVAL for an unknown flag must not be taken for a kernel that does not take a pidfd. */
static void expect_bad_flags(struct child *c)
{
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	unsigned int bit;

	for (bit = 2; bit < 31; bit++) {
		ro.flags = co.flags = 1u << bit;
		assert_int_equal(panthor_mem_reclaim_pidfd_with(c->f->fd, c->pidfd, &ro, NULL),
				 -EINVAL);
		assert_int_equal(panthor_mem_claim_pidfd_with(c->f->fd, c->pidfd, &co, NULL),
				 -EINVAL);
	}
	assert_int_equal(app_resident(c->f), APP_SIZE);
}

static void bad_flags(void **state)
{
	each_way(*state, expect_bad_flags);
}

static void no_pidfd(struct child *c)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int gone = dup(null);
	const int fds[] = { -1, null, gone, c->f->fd };
	unsigned int i;

	close(gone);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, fds[i], NULL), -EBADF);
		assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, fds[i], NULL), -EBADF);
	}
	close(null);
	assert_int_equal(app_resident(c->f), APP_SIZE);
}

static void not_a_pidfd(void **state)
{
	each_way(*state, no_pidfd);
}

/*
 * A file of FUSE can answer an ioctl and poll() as it likes. Passed as a pidfd, it must not
 * make the library reclaim another process.
 */
static void file_that_lies(void **state)
{
	struct child *c = *state;
	uint64_t bytes = 1;

	by_number(c);
	liar = open("/dev/null", O_RDWR | O_CLOEXEC);
	c->f->core.liar = liar;
	c->f->core.liar_tgid = c->process.pid;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, liar, &bytes), -EBADF);
	assert_int_equal(bytes, 0);
	assert_int_equal(panthor_mem_claim_pidfd(c->f->fd, liar, &bytes), -EBADF);
	assert_int_equal(app_resident(c->f), APP_SIZE);
	close(liar);
	liar = 0;
}

static void expect_no_process(struct child *c)
{
	int fd = (int)syscall(SYS_pidfd_open, c->process.pid, PIDFD_THREAD);

	/* Not skip(): cmocka's TAP output counts it as a failure. */
	if (fd < 0) {
		print_message("# this kernel has no pidfds of threads\n");
		return;
	}
	c->f->app->tgid.nr[MODEL_NS_INIT] = c->process.pid + 1;
	c->f->app->thread.nr[MODEL_NS_INIT] = c->process.pid;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, fd, NULL), -ESRCH);
	close(fd);
}

/* A thread is not a process and owns no file. */
static void pidfd_of_a_thread(void **state)
{
	each_way(*state, expect_no_process);
}

static void structs(void **state)
{
	struct child *c = *state;
	struct panthor_mem_reclaim_result rr = { .size = 8, .status = 9 };
	struct panthor_mem_claim_result cr = { .size = 8, .status = 9 };
	struct panthor_mem_reclaim_options ro = { .size = 8 };
	struct panthor_mem_claim_options co = { .size = 8 };
	struct {
		struct panthor_mem_claim_options now;
		uint64_t later;
	} later = { .now.size = sizeof(later), .later = 1 };
	int fd = c->f->fd;

	assert_int_equal(panthor_mem_reclaim_pidfd_with(fd, c->pidfd, NULL, &rr), -EINVAL);
	assert_int_equal(panthor_mem_claim_pidfd_with(fd, c->pidfd, NULL, &cr), -EINVAL);
	assert_int_equal(rr.status + cr.status, 18);
	assert_int_equal(panthor_mem_reclaim_pidfd_with(fd, c->pidfd, &ro, NULL), -EINVAL);
	assert_int_equal(panthor_mem_claim_pidfd_with(fd, c->pidfd, &co, NULL), -EINVAL);
	assert_int_equal(panthor_mem_claim_pidfd_with(fd, c->pidfd, &later.now, NULL), -E2BIG);
	assert_int_equal(c->f->core.ioctls, 0);
}

static void keep_errno(struct child *c)
{
	errno = EXDEV;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, -1, NULL), -EBADF);
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->f->fd, NULL), -EBADF);
	poll_signals = 1;
	assert_int_equal(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL), 0);
	assert_int_equal(errno, EXDEV);
}

static void errno_is_kept(void **state)
{
	each_way(*state, keep_errno);
}

/* --- pid namespaces ------------------------------------------------------------ */

/*
 * Runs in a pid namespace of its own, with the procfs of the outer one, which has the PID in
 * the wrong namespace. Only a kernel that reports the PID of a pidfd gives the right one.
 */
static int inside(struct child *c)
{
	struct process p;
	int bad = 0;

	if (process_start(&p))
		return 1;
	c->f->app->tgid.nr[MODEL_NS_INIT] = p.pid;
	by_number(c);
	if (panthor_mem_reclaim_pidfd(c->f->fd, p.pidfd, NULL))
		bad |= 2;
	by_old_kernel(c);
	if (panthor_mem_reclaim_pidfd(c->f->fd, p.pidfd, NULL) != -ENOSYS)
		bad |= 4;
	process_reap(&p);
	return bad;
}

/* So many groups that their line in the status, before NSpid, fills several pages. */
#define MANY_GROUPS 3000

static int join_groups(unsigned int count)
{
	static gid_t groups[MANY_GROUPS];
	unsigned int i;

	for (i = 0; i < count; i++)
		groups[i] = 1000000 + i;
	return count ? setgroups(count, groups) : 0;
}

static void in_other_procfs(struct child *c, unsigned int groups)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (join_groups(groups))
			_exit(77);
		if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
			_exit(77);
		pid = fork();
		if (!pid)
			_exit(inside(c));
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("# no pid namespaces, or no groups, for this user\n");
		return;
	}
	/* The test itself may run on an old kernel, where the first call fails (2). */
	assert_int_equal(WEXITSTATUS(status) & ~2, 0);
}

static void other_procfs(void **state)
{
	in_other_procfs(*state, 0);
}

static void other_procfs_many_groups(void **state)
{
	in_other_procfs(*state, 600);
	in_other_procfs(*state, MANY_GROUPS);
}

/* In the caller's own namespace, the PID is found despite many groups. */
static void many_groups(void **state)
{
	struct child *c = *state;
	int status = 0;
	pid_t pid;

	by_old_kernel(c);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (join_groups(MANY_GROUPS))
			_exit(77);
		_exit(panthor_mem_reclaim_pidfd(c->f->fd, c->pidfd, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}

#define on_child(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_child(alive),
		on_child(one_ioctl),
		on_child(signals_while_looking),
		on_child(interrupted),
		on_child(fds_are_borrowed),
		on_child(reaped),
		on_child(zombie),
		on_child(zombie_by_number),
		on_child(zombie_old_kernel),
		on_child(dies_in_reclaim),
		on_child(dies_in_reclaim_by_number),
		on_child(is_reaped_in_reclaim),
		on_child(is_reaped_in_reclaim_by_number),
		on_child(dies_in_claim),
		on_child(is_closed_in_reclaim),
		on_child(signals_while_reading),
		on_child(reading_bit_by_bit),
		on_child(descriptors_of_files),
		on_child(what_fdinfo_says),
		on_child(endless_status),
		on_child(pidfd_without_number),
		on_child(errors_of_the_ioctl),
		on_child(no_file),
		on_child(no_ioctls),
		on_child(bad_flags),
		on_child(not_a_pidfd),
		on_child(file_that_lies),
		on_child(pidfd_of_a_thread),
		on_child(structs),
		on_child(errno_is_kept),
		on_child(other_procfs),
		on_child(other_procfs_many_groups),
		on_child(many_groups),
	};

	return cmocka_run_group_tests_name("pidfd", tests, NULL, NULL);
}
