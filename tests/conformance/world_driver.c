/* SPDX-License-Identifier: MIT */
/*
 * The world of the conformance suite on the real driver. Apps are processes; nothing but
 * the GPU is simulated, and on a board not even that.
 *
 * An app is a child that executes requests from a socket (gpu/app.h). This file
 * is the manager's side: it turns each function of world.h into requests, and
 * ends the case if something happens that no case asked for.
 *
 * In a guest no other programs run: the world reads the memory and swap of the
 * whole machine and the whole kernel log. On a board (world_driver_env.c), cases
 * that need this are skipped, and messages of the driver are not errors, because
 * the jobs of other programs can cause them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gpu/debugfs.h"
#include "gpu/fdinfo.h"
#include "gpu/power.h"
#include "gpu/sim.h"
#include "gpu/sysmem.h"
#include "world_driver.h"

#define FRAME_PAUSE (2 * WORLD_MS)
#define SIGNAL_PAUSE (50 * WORLD_MS)
#define PID_LAST 4194303	/* the largest possible PID */
#define SETTLE_TRIES 50
#define SETTLE_PAUSE (20 * WORLD_MS)
#define SETTLE_SLACK (16 * WORLD_PAGE)
#define VMS_TRIES 6000
#define VMS_PAUSE (10 * WORLD_MS)

/* --- trouble ------------------------------------------------------------ */

void guest_check(int64_t ret, const char *what, ...)
{
	char text[200];
	va_list args;

	if (ret >= 0)
		return;
	va_start(args, what);
	vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	fail_msg("%s: %s", text, strerror((int)-ret));
}

int64_t guest_ask(struct world_app *app, struct app_request req, uint64_t *value,
		  int *fd)
{
	struct app_reply reply = { 0 };
	int64_t ret;

	if (app->dead || app->stopped)
		fail_msg("a case asks a %s process to do something",
			 app->dead ? "dead" : "stopped");
	ret = gpu_app_ask(&app->app, &req, &reply, NULL, fd);
	if (ret == -EPIPE)
		fail_msg("process %d died", (int)app->app.pid);
	if (value)
		*value = reply.value;
	return ret;
}

/* --- life --------------------------------------------------------------- */

int world_fd(struct world *w)
{
	return w->dev.fd;
}

int64_t world_now(struct world *w)
{
	struct timespec now;

	(void)w;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * WORLD_SECOND + now.tv_nsec;
}

void world_sleep(struct world *w, int64_t ns)
{
	struct timespec left = { ns / WORLD_SECOND, ns % WORLD_SECOND };

	(void)w;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void set_up_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
}

/*
 * The driver frees the VMs of an ended process in the background. The GPU's faults and counters
 * are to be about this case alone, so wait until only the firmware's VM is left.
 */
static void wait_for_earlier_vms(struct world *w)
{
	uint64_t vms = 0;

	if (!sim_is_here())
		return;
	for (int i = 0; i < VMS_TRIES; i++) {
		guest_check(debugfs_vms(&vms), "counting VMs");
		if (vms == 1)
			return;
		world_sleep(w, VMS_PAUSE);
	}
	fail_msg("%" PRIu64 " VMs of ended processes remain", vms - 1);
}

struct world *world_open(void)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		fail_msg("out of memory");
	w->pidns = -1;
	w->dev.fd = -1;
	set_up_signals();
	guest_check(klog_open(&w->log), "/dev/kmsg");
	/* Real hardware has no such counters (-ENOENT). */
	w->troubles_counted = !sim_troubles(w->troubles);
	if (!(world_features() & WORLD_CAN_NO_SWAP_SUPPORT))
		guest_check(swap_open(&w->swap), "no swap device");
	guest_check(gpu_device_open(&w->dev), "no panthor device");
	guest_check(gpu_binding_of(w->dev.fd, &w->binding), "the device in sysfs");
	wait_for_earlier_vms(w);
	w->may_sleep = gpu_power_may_sleep(w->dev.fd);
	guest_check(w->may_sleep, "power management");
	return w;
}

static int report_troubles(struct world *w)
{
	char what[256] = "unknown";
	int bad = klog_check(&w->log, !w->faults && !guest_is_board());

	if (w->troubles_counted && !w->faults_uncounted &&
	    sim_troubles_since(w->troubles, what, sizeof(what))) {
		fprintf(stderr, "%s: no case asked for this: %s\n", world_name(), what);
		bad++;
	}
	return bad;
}

static int end_app(struct world *w, struct world_app *app)
{
	int bad = 0;

	if (!app->dead && app->frames) {
		long frames;

		if (app->stopped)
			world_continue(w, app);
		frames = gpu_app_ask(&app->app, &(struct app_request) {
					.op = APP_FRAMES_STOP }, NULL, NULL, NULL);
		if (frames < 0) {
			fprintf(stderr, "%s: frames of process %d: %s\n",
				world_name(), (int)app->app.pid, strerror((int)-frames));
			bad = 1;
		}
	}
	world_kill(w, app);
	if (app->pidfd >= 0)
		close(app->pidfd);
	free(app);
	return bad;
}

int world_close(struct world *w)
{
	int bad = 0, ret;

	while (w->apps) {
		struct world_app *app = w->apps;

		w->apps = app->next;
		bad += end_app(w, app);
	}
	ret = guest_close_targets(w);
	if (ret) {
		fprintf(stderr, "%s: cannot remove a cgroup: %s\n", world_name(), strerror(-ret));
		bad++;
	}
	if (w->pidns_init) {
		kill(w->pidns_init, SIGKILL);
		waitpid(w->pidns_init, NULL, 0);
		close(w->pidns);
	}
	if (w->swap_changed && swap_normal(&w->swap)) {
		fprintf(stderr, "%s: cannot restore swap\n", world_name());
		bad++;
	}
	ret = guest_restore(w);
	if (!ret)
		ret = guest_restore_power(w);
	if (ret) {
		fprintf(stderr, "%s: cannot restore the device: %s\n", world_name(),
			strerror(-ret));
		bad++;
	}
	gpu_device_close(&w->dev);
	bad += report_troubles(w);
	klog_close(&w->log);
	free(w);
	return bad ? -1 : 0;
}

/* --- apps --------------------------------------------------------------- */

static void pidns_init_main(void) __attribute__((noreturn));

/* Process 1 of the child namespace, which ends when this process does. */
static void pidns_init_main(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/*
 * The child namespace lives as long as its first process. A helper process creates it, so that
 * the manager's own children stay in the manager's namespace.
 */
static int child_pidns(struct world *w)
{
	char path[64];
	int home, ret = 0;

	if (w->pidns_init)
		return w->pidns;
	home = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		fail_msg("the own pid namespace: %s", strerror(errno));
	if (unshare(CLONE_NEWPID))
		fail_msg("a new pid namespace: %s", strerror(errno));
	fflush(NULL);
	w->pidns_init = fork();
	if (!w->pidns_init)
		pidns_init_main();
	if (w->pidns_init < 0 || setns(home, CLONE_NEWPID))
		ret = -errno;
	close(home);
	guest_check(ret, "a process in a new pid namespace");
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)w->pidns_init);
	w->pidns = open(path, O_RDONLY | O_CLOEXEC);
	guest_check(w->pidns < 0 ? -errno : 0, "%s", path);
	return w->pidns;
}

static enum gpu_app_cred app_cred(enum world_cred cred)
{
	switch (cred) {
	case WORLD_CRED_MANAGER:
		return GPU_APP_ROOT;
	case WORLD_CRED_USERNS_ROOT:
		return GPU_APP_USERNS_ROOT;
	case WORLD_CRED_USER:
		break;
	}
	return GPU_APP_NOBODY;
}

struct world_app *world_spawn(struct world *w, const struct world_spawn *how)
{
	const struct world_spawn usual = { .cred = WORLD_CRED_USER };
	struct world_app *app = calloc(1, sizeof(*app));
	struct gpu_app_setup setup;

	if (!app)
		fail_msg("out of memory");
	if (!how)
		how = &usual;
	setup = (struct gpu_app_setup) {
		.cred = app_cred(how->cred),
		.files = how->no_device ? 0 : how->files ? how->files : 1,
		.vms = how->vms ? how->vms : 1,
		.pidns = how->child_pidns ? child_pidns(w) : -1,
		.cgroup = guest_cgroup_folder(how->cgroup),
		.master = how->master,
	};
	if (how->limited)
		guest_check(guest_limited_cgroup(w, &setup.cgroup), "a cgroup");
	app->child_pidns = how->child_pidns;
	app->has_device = !how->no_device;
	app->pins = -1;
	app->pidfd = -1;
	/* Link it first, so that world_close() ends it if something fails below. */
	app->dead = true;
	app->next = w->apps;
	w->apps = app;
	guest_check(gpu_app_start(&app->app, &setup), "starting a process");
	app->dead = false;
	if (how->child_pidns && app->app.own_pid == app->app.pid)
		fail_msg("process %d has one number in both pid namespaces",
			 (int)app->app.pid);
	return app;
}

void world_kill(struct world *w, struct world_app *app)
{
	(void)w;
	if (app->dead)
		return;
	gpu_app_kill(&app->app);
	if (app->pins >= 0)
		close(app->pins);
	app->pins = -1;
	app->dead = true;
}

void world_stop(struct world *w, struct world_app *app)
{
	(void)w;
	guest_check(gpu_app_stop(&app->app), "stopping process %d",
	      (int)app->app.pid);
	app->stopped = true;
}

void world_continue(struct world *w, struct world_app *app)
{
	(void)w;
	guest_check(gpu_app_continue(&app->app), "continuing process %d",
	      (int)app->app.pid);
	app->stopped = false;
}

pid_t world_tgid(struct world *w, struct world_app *app,
		 struct world_app *seen_by)
{
	(void)w;
	if (!seen_by || !seen_by->child_pidns)
		return app->app.pid;
	return app->child_pidns ? app->app.own_pid : 0;
}

pid_t world_thread_id(struct world *w, struct world_app *app)
{
	(void)w;
	if (!app->app.thread)
		fail_msg("process %d has no second thread", (int)app->app.pid);
	return app->app.thread;
}

pid_t world_unused_tgid(struct world *w)
{
	(void)w;
	/* The kernel gives out PIDs in ascending order, so the largest free one stays free. */
	for (pid_t pid = PID_LAST; pid > 0; pid--)
		if (kill(pid, 0) && errno == ESRCH)
			return pid;
	fail_msg("every process number is taken");
	return 0;
}

/* --- buffers ------------------------------------------------------------ */

int world_alloc(struct world *w, struct world_app *app,
		const struct world_alloc *how)
{
	int64_t bo = guest_ask(app, (struct app_request) {
		.op = APP_ALLOC,
		.file = how->file,
		.vm = how->vm,
		.count = how->count ? how->count : 1,
		.size = how->size,
		.seed = how->seed,
		.exclusive = how->exclusive,
		.unbound = how->unbound,
	}, NULL, NULL);

	(void)w;
	guest_check(bo, "allocating and filling %u BOs of %" PRIu64 " bytes",
	      how->count ? how->count : 1, how->size);
	return (int)bo;
}

int world_share(struct world *w, struct world_app *from, int bo,
		struct world_app *to, unsigned int file, unsigned int vm,
		bool bind)
{
	int dmabuf = -1, sent;
	int64_t got;

	(void)w;
	/* A BO that is imported into its own file keeps its handle and gets a new number. */
	guest_check(guest_ask(from, (struct app_request) {
		.op = APP_EXPORT, .bo = (unsigned int)bo }, NULL, &dmabuf),
	      "exporting BO %d", bo);
	sent = dmabuf;
	got = guest_ask(to, (struct app_request) {
		.op = APP_IMPORT, .file = file, .vm = vm, .bind = bind,
	}, NULL, &dmabuf);
	close(sent);
	guest_check(got, "importing BO %d of process %d", bo, (int)from->app.pid);
	return (int)got;
}

void world_free(struct world *w, struct world_app *app, int bo)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_FREE, .bo = (unsigned int)bo }, NULL, NULL),
	      "freeing BO %d", bo);
}

void world_fill(struct world *w, struct world_app *app, int bo,
		enum world_unit by, uint64_t seed)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_FILL, .bo = (unsigned int)bo,
		.by_gpu = by == WORLD_BY_GPU, .seed = seed }, NULL, NULL),
	      "filling BO %d by %s", bo, by == WORLD_BY_GPU ? "GPU" : "CPU");
}

uint64_t world_sum(struct world *w, struct world_app *app, int bo,
		   enum world_unit by)
{
	uint64_t sum = 0;

	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_SUM, .bo = (unsigned int)bo,
		.by_gpu = by == WORLD_BY_GPU }, &sum, NULL),
	      "reading BO %d by %s", bo, by == WORLD_BY_GPU ? "GPU" : "CPU");
	return sum;
}

int world_try_sum(struct world *w, struct world_app *app, int bo, uint64_t *sum)
{
	int64_t ret = guest_ask(app, (struct app_request) {
		.op = APP_SUM, .bo = (unsigned int)bo }, sum, NULL);

	(void)w;
	if (ret != -EIO)
		guest_check(ret, "reading BO %d by CPU", bo);
	return (int)ret;
}

void world_give_file(struct world *w, struct world_app *from,
		     unsigned int file, struct world_app *to)
{
	int fd = -1, sent;
	int64_t ret;

	(void)w;
	guest_check(guest_ask(from, (struct app_request) {
		.op = APP_GIVE_FILE, .file = file }, NULL, &fd),
	      "taking file %u from process %d", file, (int)from->app.pid);
	sent = fd;
	ret = guest_ask(to, (struct app_request) { .op = APP_TAKE_FILE }, NULL, &fd);
	close(sent);
	guest_check(ret, "giving it to process %d", (int)to->app.pid);
}

/* --- GPU work ----------------------------------------------------------- */

int world_frame(struct world *w, struct world_app *app, unsigned int file,
		unsigned int vm)
{
	(void)w;
	return (int)guest_ask(app, (struct app_request) {
		.op = APP_FRAME, .file = file, .vm = vm }, NULL, NULL);
}

void world_busy(struct world *w, struct world_app *app, unsigned int file,
		unsigned int vm, int64_t ns)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_BUSY, .file = file, .vm = vm, .ns = ns }, NULL, NULL),
	      "keeping VM %u busy", vm);
}

void world_idle(struct world *w, struct world_app *app, unsigned int file,
		unsigned int vm)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_IDLE, .file = file, .vm = vm }, NULL, NULL),
	      "waiting for VM %u", vm);
}

void world_frames_start(struct world *w, struct world_app *app)
{
	(void)w;
	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_FRAMES_START, .ns = FRAME_PAUSE }, NULL, NULL),
	      "starting frames");
	app->frames = true;
}

long world_frames_stop(struct world *w, struct world_app *app)
{
	(void)w;
	app->frames = false;
	return (long)guest_ask(app, (struct app_request) { .op = APP_FRAMES_STOP },
			 NULL, NULL);
}

/* --- calls -------------------------------------------------------------- */

struct event {
	struct world *w;
	struct world_during *during;
	struct world_app *caller;	/* NULL: the manager, with this thread: */
	pthread_t thread;
	atomic_bool over;		/* the call has returned */
	int error;
};

/* Only the main thread may call fail_msg(), so this returns errors. */
static int64_t event_ask(struct world_app *app, struct app_request req,
			 void *payload)
{
	if (app->dead || app->stopped)
		return -EBUSY;
	return gpu_app_ask(&app->app, &req, NULL, payload, NULL);
}

static int event_call(struct event *event)
{
	struct world_during *during = event->during;
	struct app_reply reply = { 0 };
	struct app_request req = {
		.op = APP_CALL, .fn = during->fn, .payload = during->arg_size,
	};

	if (!during->app) {
		during->ret = during->fn(event->w->dev.fd, during->arg);
		return 0;
	}
	if (during->app->dead || during->app->stopped)
		return -EBUSY;
	during->ret = (int)gpu_app_ask(&during->app->app, &req, &reply,
				       during->arg, NULL);
	return 0;
}

/* Repeat the signal, because one that comes before the call has no effect. */
static int event_signals(struct event *event)
{
	int ret = 0;

	while (!ret && !event->over) {
		ret = -pthread_kill(event->thread, SIGUSR1);
		world_sleep(event->w, SIGNAL_PAUSE);
	}
	return ret;
}

static int event_run(struct event *event)
{
	struct world_during *during = event->during;

	switch (during->event) {
	case WORLD_EVENT_SIGNAL:
		if (!event->caller)
			return -pthread_kill(event->thread, SIGUSR1);
		return kill(event->caller->app.pid, SIGUSR1) ? -errno : 0;
	case WORLD_EVENT_SIGNALS:
		return event->caller ? -EINVAL : event_signals(event);
	case WORLD_EVENT_KILL:
		world_kill(event->w, during->app);
		return 0;
	case WORLD_EVENT_CALL:
		return event_call(event);
	case WORLD_EVENT_BUSY:
		return (int)event_ask(during->app, (struct app_request) {
			.op = APP_BUSY, .ns = during->busy_ns }, NULL);
	case WORLD_EVENT_UNPLUG:
		return guest_fault(event->w, WORLD_FAULT_UNPLUG, 1);
	}
	return -EINVAL;
}

static void *event_thread(void *arg)
{
	struct event *event = arg;
	sigset_t usr1;

	/* Only the calling thread may get the signal. */
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	world_sleep(event->w, event->during->after_ns);
	event->error = event_run(event);
	return NULL;
}

/* Not in a fork: the driver would take its ioctls for those of another process. */
static int call_as_manager(struct world *w, world_fn fn, void *arg,
			   struct event *event)
{
	pthread_t thread;
	int ret;

	if (event->during)
		guest_check(-pthread_create(&thread, NULL, event_thread, event),
		      "a thread");
	ret = fn(w->dev.fd, arg);
	event->over = true;
	if (event->during)
		pthread_join(thread, NULL);
	return ret;
}

static int call_as_app(struct world *w, struct world_app *app, world_fn fn,
		       void *arg, size_t arg_size, struct event *event)
{
	struct app_request req = {
		.op = APP_CALL, .fn = fn, .payload = arg_size,
	};
	struct app_reply reply = { 0 };
	int64_t ret;

	if (app->dead || app->stopped)
		fail_msg("a case calls in a %s process",
			 app->dead ? "dead" : "stopped");
	guest_check(gpu_app_send(&app->app, &req, arg, -1), "calling in process %d",
	      (int)app->app.pid);
	if (event->during) {
		world_sleep(w, event->during->after_ns);
		event->error = event_run(event);
	}
	ret = gpu_app_answer(&app->app, &reply, arg, arg_size, NULL);
	if (ret == -EPIPE && reply.ret != -EPIPE)
		fail_msg("process %d died in a call", (int)app->app.pid);
	return (int)ret;
}

int world_call(struct world *w, struct world_app *app, world_fn fn, void *arg,
	       size_t arg_size, struct world_during *during)
{
	struct event event = {
		.w = w, .during = during, .caller = app,
		.thread = pthread_self(),
	};
	int ret;

	if (app)
		ret = call_as_app(w, app, fn, arg, arg_size, &event);
	else
		ret = call_as_manager(w, fn, arg, &event);
	guest_check(event.error, "what should happen during a call");
	return ret;
}

/* --- counters ------------------------------------------------------------ */

void world_memory(struct world *w, struct world_app *app,
		  struct world_memory *m)
{
	struct gpu_fdinfo info;

	(void)w;
	guest_check(gpu_fdinfo_read(app->app.pid, &info), "fdinfo of process %d",
	      (int)app->app.pid);
	m->total = info.total;
	m->resident = info.resident;
	m->evicted = info.total - info.resident;
}

/* Read the counters until two reads in a row are about the same. */
static void settled(struct world *w, struct sysmem *mem)
{
	struct sysmem before;

	guest_check(sysmem_read_settled(mem), "counters of memory");
	for (int i = 0; i < SETTLE_TRIES; i++) {
		before = *mem;
		world_sleep(w, SETTLE_PAUSE);
		guest_check(sysmem_read_settled(mem), "counters of memory");
		if (mem->free - before.free + SETTLE_SLACK <= 2 * SETTLE_SLACK)
			return;
	}
}

void world_counters(struct world *w, struct world_counters *c)
{
	struct sysmem mem;

	memset(c, 0, sizeof(*c));
	if (!(world_features() & WORLD_IS_ALONE))
		return;
	settled(w, &mem);
	c->free = mem.free;
	c->swap_used = mem.swap_used - mem.swap_cached;
	c->swap_free = mem.swap_total - mem.swap_used;
	c->zram_used = mem.zram_used;
}

/* --- swap, faults ------------------------------------------------------ */

void world_set_swap(struct world *w, uint64_t free_bytes)
{
	int ret;

	w->swap_changed = free_bytes != WORLD_SWAP_NORMAL;
	if (free_bytes == WORLD_SWAP_NONE)
		ret = swap_none(&w->swap);
	else if (free_bytes == WORLD_SWAP_NORMAL)
		ret = swap_normal(&w->swap);
	else if (free_bytes == WORLD_SWAP_DISK)
		ret = swap_disk(&w->swap);
	else if (free_bytes == WORLD_SWAP_SLOW)
		ret = swap_slow_disk(&w->swap);
	else
		ret = swap_limit(&w->swap, free_bytes);
	guest_check(ret, "changing swap");
}
