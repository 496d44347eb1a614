/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: gives a program the model of panthor as /dev/dri/renderD128. Each process
 * gets a new model. PANTHOR_MOCK configures it with words that are separated by blanks:
 *
 *   apps=N       processes with GPU memory: 1002, 1004 and so on (2); beside pid= and pids=, the
 *                others have numbers that are no PIDs
 *   bos=N mib=N  buffers of each, and their size (4 of 1 MiB)
 *   pid=N        the PID of the first app
 *   client=N     the id of the first app's client (7); the others count up from it
 *   user=N       the process that used the first app's file last
 *   gone         that process has exited
 *   evicted      the first app's buffers are in swap
 *   busy         the GPU works on the first app's buffers for a second
 *   shared       the second app uses the first one's first buffer, too
 *   swap=N       MiB of swap (128)      noswap     a kernel without swap
 *   swapmax=N    the cgroup of the apps may have N MiB in swap
 *   full         other memory fills the free swap
 *   nocap        the caller lacks the capability
 *   driver=NAME  the device's driver    nomem      it lacks the ioctls
 *   minor=N      the minor version of the driver (10)
 *   node=NAME    its node (renderD128)
 *   nodev        no device              noaccess   it may not be opened
 *   fail=WHAT    mmu, read, alloc: the first such step fails; write: every write to swap fails;
 *                result: after the probe, no result can be stored
 *   versions=N   the device answers N requests for its version and is then gone
 *   unplug       the device goes away when the work begins
 *   signal=N     a signal after N pages
 *   hold=FIFO    the work stops in the middle until the test has opened and closed FIFO
 *   interrupt    with hold: the work then ends as if by a signal
 *   deadfs       file systems do not answer: a request to one waits forever
 *   wait         with hold: the work then waits for a signal, for at most 60 s; with aside: a signal
 *                ends the hold and the work
 *   fills        with hold: other memory fills the free swap
 *   locked=N     the first app's VM is locked during N calls that have to wait for it; with hold:
 *                during the first N after the one that is held
 *   eintr        every other read() is interrupted
 *   old          the kernel's ioctls take only numbers, and a pidfd does not reveal its number
 *   oldpidfd     a kernel before 6.9, where pidfds have no inodes of their own
 *   noself       procfs does not show the process itself
 *   minors=N     all files look like device files of DRM with this minor number
 *   plant=PATH   if a lock is not found, a link to PATH appears in its place
 *   meanwhile=PROGRAM  runs once, just before a new file is complete
 *   lost         output before the first flush is lost
 *   hurry        sleeping takes no time, and the monotonic clock says that it did
 *   aside        with hold: calls of other threads continue meanwhile
 *   again        with hold: stop in each call
 *   pids=A,B     the PIDs of the first apps
 *   dri=FOLDER   the device is at each file FOLDER/renderD..., not in /dev/dri
 *
 * A read of a file that begins with "mock-errno=N" fails with that error. The mock also ends the
 * program if it opens a file without O_CLOEXEC, leaves one open at its end, renames a file that is
 * not on disk yet, or starts a thread that does not block the signals of the main thread.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <panthor_mem.h>

#include "drm_core.h"
#include "mock_fd.h"

#define MAX_APPS 8
#define DESCRIPTORS 256
#define ERRNO "mock-errno="
/* The tests know these numbers. */
#define FIRST_PID 1000

static struct drm_core core;
static struct model *model;
static struct model_event event;
static struct model_cgroup *apps_cgroup;

/* The text after "name=", or "" for the word alone; NULL if it is not there. */
static const char *word(const char *name)
{
	static char value[256];
	const char *at = getenv("PANTHOR_MOCK");
	size_t n = strlen(name);

	for (; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		if (strncmp(at, name, n) || (length > n && at[n] != '='))
			continue;
		snprintf(value, sizeof(value), "%.*s",
			 length > n ? (int)(length - n - 1) : 0, at + n + 1);
		return value;
	}
	return NULL;
}

static unsigned int number(const char *name, unsigned int otherwise)
{
	const char *value = word(name);

	return value ? (unsigned int)strtoul(value, NULL, 10) : otherwise;
}

/*
 * Waits until the test has opened and closed the FIFO; other threads may use the model. Returns
 * false if @interruptible and a signal has ended the wait.
 */
static bool wait_aside(const char *fifo, bool interruptible)
{
	bool done = true;
	struct pollfd p = { .events = POLLIN };
	char c[64];

	p.fd = (int)syscall(SYS_openat, AT_FDCWD, fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (p.fd < 0)
		abort();
	while (done && (poll(&p, 1, 0) <= 0 || !(p.revents & POLLHUP))) {
		while (read(p.fd, c, sizeof(c)) > 0)
			;
		done = drm_core_sleep(1000000) || !interruptible;
	}
	close(p.fd);
	return done;
}

static void wait_for(const char *fifo)
{
	int fd = -1;
	ssize_t n;
	char c;

	/* The test may send a signal meanwhile. */
	while (fd < 0) {
		fd = (int)syscall(SYS_openat, AT_FDCWD, fifo, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno != EINTR)
			abort();
	}
	while ((n = read(fd, &c, 1)) > 0 || (n < 0 && errno == EINTR))
		;
	close(fd);
}

/* In real time, each wait is longer than the deadline of a claim of panthor-memd. */
#define LOCKED_NS INT64_C(1100000000)

static struct model_vm *locked_vm;
/* The last call that was held or has waited. */
static unsigned long last_call = (unsigned long)-1;

static void stay_locked(struct model *m, void *arg)
{
	static unsigned int count;

	(void)arg;
	/* The rest of the deadline passes in steps of 100 ms of the model's time. */
	event.at = m->now + 100000000;
	event.done = false;
	if (m->calls == last_call)
		return;
	last_call = m->calls;
	if (count++ < number("locked", 0)) {
		m->signal = !drm_core_sleep(LOCKED_NS);
		return;
	}
	locked_vm->locked = false;
	event.done = true;
}

static void happen(struct model *m, void *arg)
{
	const bool wait = word("wait");
	bool interrupted = word("interrupt");
	const char *fifo;

	(void)arg;
	if (word("unplug"))
		m->unplugged = true;
	if (word("again")) {
		event.at = m->now + 1;
		event.done = m->calls != last_call;
	}
	fifo = word("hold");
	if (!fifo || m->calls == last_call)
		return;
	if (word("fills"))
		m->slots_reserved = m->n_slots - m->slots_used;
	if (word("aside")) {
		interrupted |= !wait_aside(word("hold"), wait);
	} else {
		wait_for(word("hold"));
		interrupted |= wait && poll(NULL, 0, 60000) < 0;
	}
	last_call = m->calls;
	event.done = !word("again");
	m->signal = interrupted;
	if (word("locked"))
		event = (struct model_event){ .at = m->now + 1, .fn = stay_locked };
}

static unsigned long next_id;

static struct model_vm *make_app(struct model_cgroup *cgroup, struct model_bo **first)
{
	struct model_proc *proc = model_proc_new(model, MODEL_NS_INIT);
	struct model_file *file = model_file_new(model, proc, 1);
	unsigned int i, count = number("bos", 4);

	file->id = next_id++;
	proc->tgid.cgroup = cgroup;
	for (i = 0; i < count; i++) {
		struct model_bo *bo =
			model_bo_new(model, file, (uint64_t)number("mib", 1) << 20);

		if (!bo || model_bo_bind(model, bo, &file->vms[0]))
			abort();
		if (!i)
			*first = bo;
	}
	return &file->vms[0];
}

static void evict(struct model_vm *vm)
{
	struct drm_panthor_mem_reclaim arg = {
		.tgid = (uint32_t)vm->file->owner->nr[MODEL_NS_INIT],
	};

	model_call_begin(model);
	if (model_mem_reclaim(model, &arg))
		abort();
	model_call_end(model);
}

static void name_apps(struct model_vm **vms, unsigned int count)
{
	const char *at = word("pids");
	unsigned int i;

	for (i = 0; at && i < count; i++) {
		vms[i]->file->owner->nr[MODEL_NS_INIT] = (pid_t)strtoul(at, NULL, 10);
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
}

static void make_apps(void)
{
	struct model_vm *vms[MAX_APPS];
	struct model_bo *bos[MAX_APPS] = { NULL };
	struct model_cgroup *cgroup = model_cgroup_new(model, NULL);
	unsigned int i, count = number("apps", 2);

	apps_cgroup = cgroup;

	if (word("swapmax"))
		cgroup->swap_max = (uint64_t)number("swapmax", 0) << 20;
	next_id = number("client", 7);
	for (i = 0; i < count && i < MAX_APPS; i++)
		vms[i] = make_app(cgroup, &bos[i]);
	if (word("pid"))
		vms[0]->file->owner->nr[MODEL_NS_INIT] = (pid_t)number("pid", 0);
	name_apps(vms, count < MAX_APPS ? count : MAX_APPS);
	if (word("evicted"))
		evict(vms[0]);
	if (word("shared") && model_bo_bind(model, bos[0], vms[1]))
		abort();
	if (word("user") || word("gone")) {
		struct model_proc *user = model_proc_new(model, MODEL_NS_INIT);

		user->tgid.nr[MODEL_NS_INIT] = (pid_t)number("user", 999999);
		model_file_use(vms[0]->file, user);
		if (word("gone"))
			model_proc_kill(model, user);
	}
	if (word("locked")) {
		locked_vm = vms[0];
		locked_vm->locked = true;
	}
	if (word("busy") && model_submit(model, vms[0], 1000000000))
		abort();
}

static void make_trouble(void)
{
	const char *fail = word("fail");
	static const unsigned int begin = 1;

	if (fail && !strcmp(fail, "mmu"))
		model->fail_mmu = begin;
	model->fail_swap_write = fail && !strcmp(fail, "write");
	if (fail && !strcmp(fail, "read"))
		model->fail_swap_read = begin;
	if (fail && !strcmp(fail, "alloc"))
		model->fail_alloc = begin;
	if (word("signal")) {
		/* The first call is the probe. */
		model->script[0] = MODEL_NO_SIGNAL;
		model->script[1] = (int)number("signal", 0);
		model->script_len = 2;
		model->script_at = 0;
	}
	if (word("hold") || word("unplug")) {
		event = (struct model_event){ .at = model->now + 1, .fn = happen };
		model->event = &event;
	} else if (word("locked")) {
		event = (struct model_event){ .at = model->now + 1, .fn = stay_locked };
		model->event = &event;
	}
}

/* Descriptors that were open when the program started. */
static bool inherited[DESCRIPTORS];

/* The mock is also loaded into programs that start panthor-mem; those are not checked. */
static bool judged(void)
{
	return model && !strcmp(program_invocation_short_name, "panthor-mem");
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Aborts: a test could expect any exit status. */
static void __attribute__((noreturn)) wrong(const char *what, const char *path)
{
	fflush(NULL);
	dprintf(STDERR_FILENO, "%s: %s\n", what, path);
	abort();
}

static void check_descriptors(void)
{
	char name[32], path[256];
	ssize_t n;
	int fd;

	for (fd = STDERR_FILENO + 1; fd < DESCRIPTORS && judged(); fd++) {
		if (inherited[fd] || !is_open(fd))
			continue;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		n = readlink(name, path, sizeof(path) - 1);
		path[n < 0 ? 0 : n] = '\0';
		wrong("left open", path);
	}
}

static int real_output = -1;

/* Loses standard output until the program flushes it. */
static void lose_output(void)
{
	int full = (int)syscall(SYS_openat, AT_FDCWD, "/dev/full", O_WRONLY | O_CLOEXEC);

	real_output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, DESCRIPTORS);
	if (full < 0 || real_output < 0 || dup2(full, STDOUT_FILENO) < 0)
		abort();
	close(full);
}

int fflush(FILE *stream)
{
	int (*real)(FILE *);

	if (real_output >= 0 && stream == stdout) {
		dup2(real_output, STDOUT_FILENO);
		close(real_output);
		real_output = -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "fflush");
	return real(stream);
}

static void __attribute__((constructor)) start(void)
{
	struct model_proc *manager;
	int fd;

	if (!getenv("PANTHOR_MOCK"))
		return;
	for (fd = 0; fd < DESCRIPTORS; fd++)
		inherited[fd] = is_open(fd);
	model = model_new();
	model->ram_total = UINT64_C(4) << 30;
	if (!word("pid") && !word("pids"))
		model->next_pid = FIRST_PID;
	model->current = manager = model_proc_new(model, MODEL_NS_INIT);
	/* The library looks for its own process. */
	manager->tgid.nr[MODEL_NS_INIT] = getpid();
	manager->cap_sys_resource = true;
	make_apps();
	manager->cap_sys_resource = !word("nocap");
	if (word("swap"))
		model_swap_resize(model, (size_t)number("swap", 0) * 256);
	if (word("full"))
		model->slots_reserved = model->n_slots - model->slots_used;
	model->swap_supported = !word("noswap");
	make_trouble();

	drm_core_start(&core, model);
	core.has_mem = !word("nomem");
	core.minor = (int)number("minor", 10);
	core.last_version = word("versions") ? number("versions", 0) + 1 : 0;
	core.no_targets = core.old_pidfd = word("old");
	/* The first call is the probe. */
	core.first_lost = word("fail") && !strcmp(word("fail"), "result") ? 2 : 0;
	if (word("lost"))
		lose_output();
	if (word("driver")) {
		static char name[64];

		snprintf(name, sizeof(name), "%s", word("driver"));
		core.driver = name;
	}
}

static void __attribute__((destructor)) end(void)
{
	if (!model)
		return;
	check_descriptors();
	drm_core_stop();
	model_free(model);
}

static bool is_node(const char *path)
{
	const char *folder = word("dri");

	if (!folder)
		return !strncmp(path, "/dev/dri/", 9);
	return !strncmp(path, folder, strlen(folder)) && strstr(path, "/renderD");
}

/* With dri=FOLDER, the device exists if the file does. */
static bool has_node(const char *path)
{
	const char *node = word("node");

	if (word("dri"))
		return !syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
	return !strcmp(path + strlen("/dev/dri/"), node ? node : "renderD128");
}

static int open_node(const char *path)
{
	if (!has_node(path) || word("nodev")) {
		errno = ENOENT;
		return -1;
	}
	if (word("noaccess")) {
		errno = EACCES;
		return -1;
	}
	return drm_core_open(model_file_new(model, model->current, 0));
}

/* Reports the swap of the model. */
int sysinfo(struct sysinfo *info)
{
	struct model_counters c;

	if (!model)
		return (int)syscall(SYS_sysinfo, info);
	model_counters(model, &c);
	*info = (struct sysinfo){
		.totalswap = c.swap_used + c.swap_free,
		.freeswap = c.swap_free,
		.mem_unit = 1,
	};
	return 0;
}

/* Of <linux/magic.h>. */
#define PID_FS 0x50494446
#define ANON_INODE_FS 0x09041934

int fstatfs(int fd, struct statfs *fs)
{
	int ret = (int)syscall(SYS_fstatfs, fd, fs);

	if (!ret && (unsigned long)fs->f_type == PID_FS && word("oldpidfd"))
		fs->f_type = ANON_INODE_FS;
	return ret;
}

/* Needs an answer from the file system. */
int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	while (word("deadfs"))
		pause();
	return (int)syscall(SYS_newfstatat, dir, path, st, flags);
}

#ifndef STATX_TYPE
/* For a C library that does not have the call. */
#include <linux/stat.h>
#endif

int statx(int dir, const char *path, int flags, unsigned int mask, struct statx *st)
{
	while (word("deadfs") && !(flags & AT_STATX_DONT_SYNC))
		pause();
	if (word("minors")) {
		*st = (struct statx){
			.stx_mode = S_IFCHR, .stx_rdev_major = 226,
			.stx_rdev_minor = number("minors", 0),
		};
		return 0;
	}
	return (int)syscall(SYS_statx, dir, path, flags, mask, st);
}

/* Puts the processes of a cgroup and of those below it into the model's cgroup. */
static void enter_cgroup(struct model_cgroup *cgroup, const char *path)
{
	char name[4096], line[32];
	struct model_proc *proc;
	struct dirent *entry;
	FILE *list;
	DIR *dir;

	snprintf(name, sizeof(name), "%s/cgroup.procs", path);
	list = fopen(name, "re");
	while (list && fgets(line, sizeof(line), list)) {
		for (proc = model->procs; proc; proc = proc->next) {
			if (proc->tgid.nr[MODEL_NS_INIT] == atoi(line))
				proc->tgid.cgroup = cgroup;
		}
	}
	if (list)
		fclose(list);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		enter_cgroup(cgroup, name);
	}
	if (dir)
		closedir(dir);
}

/* Opens a directory of a test, in place of cgroupfs, as a cgroup of the model. */
static int open_cgroup(const char *path, int flags)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
	struct model_cgroup *cgroup;

	if (fd < 0 || mock_fd_thing(fd, MOCK_FD_CGROUP))
		return fd;
	cgroup = model_cgroup_new(model, apps_cgroup);
	enter_cgroup(cgroup, path);
	return mock_fd_add(fd, MOCK_FD_CGROUP, cgroup);
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

/*
 * Returns @fd. Files that the C library opens internally do not come here, and the standard
 * descriptors are inherited on purpose.
 */
static int check_flags(int fd, const char *path, int flags)
{
	if (judged() && fd > STDERR_FILENO && !(flags & O_CLOEXEC))
		wrong("opened without O_CLOEXEC", path);
	return fd;
}

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	if (model && is_node(path))
		return check_flags(open_node(path), path, flags);
	if (model && strstr(path, "/fs/cgroup/") && flags & O_DIRECTORY)
		return open_cgroup(path, flags);
	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return openat(AT_FDCWD, path, flags, mode);
}

/* Creates the link right after the lock was not found. */
static void plant_link(const char *path)
{
	const size_t n = strlen(path);
	const char *to = word("plant");

	if (to && n > 5 && !strcmp(path + n - 5, ".lock") && symlink(to, path))
		abort();
	errno = ENOENT;
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;
	int fd;

	if (model && word("noself") && !strncmp(path, "/proc/thread-self/", 18)) {
		errno = ENOENT;
		return -1;
	}
	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (model && fd < 0 && errno == ENOENT)
		plant_link(path);
	return check_flags(fd, path, flags);
}

ssize_t read(int fd, void *to, size_t size)
{
	static bool interrupt;
	ssize_t n;

	if (model && word("eintr") && (interrupt = !interrupt)) {
		errno = EINTR;
		return -1;
	}
	n = syscall(SYS_read, fd, to, size);
	if (model && n > (ssize_t)strlen(ERRNO) && !memcmp(to, ERRNO, strlen(ERRNO))) {
		errno = atoi((char *)to + strlen(ERRNO));
		return -1;
	}
	return n;
}

/* What the program has slept with "hurry". */
static int64_t slept_ns;

int nanosleep(const struct timespec *time, struct timespec *rest)
{
	int (*real)(const struct timespec *, struct timespec *);

	if (model && word("hurry")) {
		slept_ns += time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
		return 0;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "nanosleep");
	return real(time, rest);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int (*real)(clockid_t, struct timespec *);
	int ret;

	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	ret = real(clock, now);
	if (!ret && clock == CLOCK_MONOTONIC) {
		now->tv_sec += slept_ns / 1000000000;
		now->tv_nsec += slept_ns % 1000000000;
		now->tv_sec += now->tv_nsec / 1000000000;
		now->tv_nsec %= 1000000000;
	}
	return ret;
}

static struct stat on_disk;

int fsync(int fd)
{
	static bool ran;
	int ret = (int)syscall(SYS_fsync, fd);

	if (model && word("meanwhile") && !ran) {
		ran = true;
		unsetenv("LD_PRELOAD");
		if (system(word("meanwhile")))
			abort();
	}
	if (!ret && fstat(fd, &on_disk))
		abort();
	return ret;
}

int rename(const char *from, const char *to)
{
	struct stat st;

	if (judged() && !stat(from, &st) &&
	    (st.st_ino != on_disk.st_ino || st.st_size != on_disk.st_size))
		wrong("not on disk when it was renamed", from);
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGALRM };
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	sigset_t blocked;
	size_t i;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	for (i = 0; judged() && i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!sigismember(&blocked, signals[i]))
			wrong("a thread takes", strsignal(signals[i]));
	}
	*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attr, run, arg);
}

/* In musl, open64 is another name for open. */
#ifdef __GLIBC__
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int dir, const char *path, int flags, ...) __attribute__((alias("openat")));
#ifdef __LP64__
/* Both structs are the same there. */
int fstatfs64(int fd, struct statfs64 *fs) __attribute__((alias("fstatfs")));
#endif
#endif
