/* SPDX-License-Identifier: MIT */
/*
 * Targets other than a TGID on the real driver: pidfds, client ids as fdinfo shows them, and
 * directories of cgroup2.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gpu/fdinfo.h"
#include "gpu/sysmem.h"
#include "world_driver.h"

#define TOP "/sys/fs/cgroup/panthor-mem-conformance"

/* A process leaves its cgroup some time after it was killed. */
#define REMOVE_TRIES 1000
#define REMOVE_PAUSE (10 * WORLD_MS)

/* How much the process allocates that world_hold_up() blocks, and its minimum by then. */
#define HELD_UP_SIZE (32 * WORLD_MIB)
#define HELD_UP_LEAST (WORLD_MIB / 2)
#define LOOK_PAUSE_MS 10

struct world_cgroup {
	struct world_cgroup *next;
	char *folder;
	int fd;
	bool removed;
};

/* --- processes -------------------------------------------------------------- */

int world_pidfd(struct world *w, struct world_app *app)
{
	(void)w;
	if (app->pidfd < 0)
		app->pidfd = (int)syscall(SYS_pidfd_open, app->app.pid, 0);
	guest_check(app->pidfd < 0 ? -errno : 0, "a pidfd of process %d", (int)app->app.pid);
	return app->pidfd;
}

/* --- files ------------------------------------------------------------------- */

/* Get a descriptor of the file in the manager. */
static int dup_file(struct world_app *app, unsigned int file)
{
	int fd = -1;

	guest_check(guest_ask(app, (struct app_request) {
		.op = APP_DUP_FILE, .file = file }, NULL, &fd),
		    "file %u of process %d", file, (int)app->app.pid);
	return fd;
}

static uint64_t client_id(int fd)
{
	uint64_t id = 0;

	guest_check(gpu_fdinfo_client(getpid(), fd, &id), "fdinfo of descriptor %d", fd);
	return id;
}

uint64_t world_client_id(struct world *w, struct world_app *app, unsigned int file)
{
	int fd = dup_file(app, file);
	uint64_t id = client_id(fd);

	(void)w;
	close(fd);
	return id;
}

static void keep(struct world *w, int fd)
{
	if (w->n_kept == WORLD_MAX_KEPT)
		fail_msg("more files than the manager can keep");
	w->kept[w->n_kept++] = fd;
}

void world_keep_file(struct world *w, struct world_app *app, unsigned int file)
{
	keep(w, dup_file(app, file));
}

/* Open the same node again, as another client. */
static int open_again(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	guest_check(fd < 0 ? -errno : 0, "%s", path);
	return fd;
}

/*
 * Other drivers may not show the id. All devices share one counter of ids, so this id is
 * between those of two files that are opened before and after it.
 */
uint64_t world_foreign_client_id(struct world *w)
{
	int node = gpu_node_open("vgem");
	int before, after;
	uint64_t id;

	guest_check(node, "a second device");
	before = open_again(world_fd(w));
	keep(w, open_again(node));
	after = open_again(world_fd(w));
	id = client_id(before) + 1;
	if (client_id(after) != id + 1)
		fail_msg("client ids are not counted one by one");
	close(node);
	close(before);
	close(after);
	return id;
}

/* --- cgroups ------------------------------------------------------------------- */

static int write_into(const struct world_cgroup *cgroup, const char *name, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", cgroup->folder, name);
	return sysmem_write_file(path, text);
}

const char *guest_cgroup_folder(const struct world_cgroup *cgroup)
{
	return cgroup ? cgroup->folder : NULL;
}

struct world_cgroup *world_cgroup(struct world *w, struct world_cgroup *parent, bool charged)
{
	struct world_cgroup *cgroup = calloc(1, sizeof(*cgroup));

	if (!cgroup || asprintf(&cgroup->folder, "%s%s%u", parent ? parent->folder : TOP,
				parent ? "/" : ".", w->n_cgroups++) < 0)
		fail_msg("out of memory");
	cgroup->fd = -1;
	cgroup->removed = true;
	cgroup->next = w->cgroups;
	w->cgroups = cgroup;
	if (parent && charged)
		guest_check(write_into(parent, "cgroup.subtree_control", "+memory"),
			    "the memory controller below %s", parent->folder);
	/* A directory that an earlier run left behind can be used. */
	if (mkdir(cgroup->folder, 0755) && errno != EEXIST)
		guest_check(-errno, "%s", cgroup->folder);
	cgroup->removed = false;
	cgroup->fd = open(cgroup->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	guest_check(cgroup->fd < 0 ? -errno : 0, "%s", cgroup->folder);
	return cgroup;
}

int world_cgroup_fd(struct world_cgroup *cgroup)
{
	return cgroup->fd;
}

static int remove_cgroup(struct world *w, struct world_cgroup *cgroup)
{
	int ret = 0;

	if (cgroup->removed)
		return 0;
	for (int i = 0; i < REMOVE_TRIES; i++) {
		ret = rmdir(cgroup->folder) ? -errno : 0;
		if (ret != -EBUSY)
			break;
		world_sleep(w, REMOVE_PAUSE);
	}
	cgroup->removed = !ret;
	return ret;
}

void world_cgroup_remove(struct world *w, struct world_cgroup *cgroup)
{
	guest_check(remove_cgroup(w, cgroup), "removing %s", cgroup->folder);
}

void world_swap_max(struct world *w, struct world_cgroup *cgroup, uint64_t bytes)
{
	char text[32] = "max";

	(void)w;
	if (bytes != WORLD_NO_LIMIT)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	guest_check(write_into(cgroup, "memory.swap.max", text), "a limit of swap");
}

/* Pages of buffers. The process that is charged for them may have other memory as well. */
static uint64_t buffer_bytes(const struct world_cgroup *cgroup)
{
	char path[PATH_MAX];
	uint64_t bytes = 0;

	snprintf(path, sizeof(path), "%s/memory.stat", cgroup->folder);
	guest_check(sysmem_read_key(path, "shmem", &bytes), "%s", path);
	return bytes;
}

/*
 * Above memory.high the kernel delays a process by up to two seconds for every 64 pages,
 * wherever it is. Here it maps a buffer, which allocates pages under the locks of the VM, and
 * would take minutes to get all of them.
 */
void world_hold_up(struct world *w, struct world_app *app, struct world_cgroup *cgroup)
{
	struct app_request req = {
		.op = APP_ALLOC, .count = 1, .size = HELD_UP_SIZE, .exclusive = true,
	};
	struct pollfd answer = { .fd = app->app.sock, .events = POLLIN };
	uint64_t before;

	(void)w;
	guest_check(write_into(cgroup, "memory.high", "65536"), "memory.high");
	before = buffer_bytes(cgroup);
	guest_check(gpu_app_send(&app->app, &req, NULL, -1), "asking process %d",
		    (int)app->app.pid);
	/* It cannot execute other requests. */
	app->stopped = true;
	while (buffer_bytes(cgroup) < before + HELD_UP_LEAST) {
		if (poll(&answer, 1, LOOK_PAUSE_MS) > 0)
			fail_msg("process %d was not held up", (int)app->app.pid);
	}
}

int guest_close_targets(struct world *w)
{
	int ret = 0;

	while (w->n_kept)
		close(w->kept[--w->n_kept]);
	/* Remove the newest first, because they can be inside older ones. */
	while (w->cgroups) {
		struct world_cgroup *cgroup = w->cgroups;
		int error = remove_cgroup(w, cgroup);

		w->cgroups = cgroup->next;
		if (cgroup->fd >= 0)
			close(cgroup->fd);
		free(cgroup->folder);
		free(cgroup);
		if (!ret)
			ret = error;
	}
	return ret;
}
