/* SPDX-License-Identifier: MIT */
/*
 * A swap disk that can hold back what is read from it.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/disk.h"
#include "gpu/held_disk.h"

#define DEVICE "/dev/nbd0"
#define BLOCK 4096ul
/* More than the kernel has in flight. */
#define WAITING_MAX 1024
/* How often the server looks whether it is to answer again. */
#define POLL_MS 10
/* Each takes 10 ms. */
#define TRIES 3000

struct held_disk_shared {
	atomic_bool hold;
	atomic_uint waiting;
};

/* --- in the server ------------------------------------------------------------- */

static struct nbd_request waiting[WAITING_MAX];
static struct held_disk_shared *shared;
static char *store;
static int sock;

static void transfer(void *data, size_t size, bool send)
{
	char *at = data;

	while (size) {
		ssize_t done = send ? write(sock, at, size) : read(sock, at, size);

		if (done <= 0)
			_exit(done < 0);
		at += done;
		size -= (size_t)done;
	}
}

static void answer(const struct nbd_request *req)
{
	struct nbd_reply reply = { .magic = htobe32(NBD_REPLY_MAGIC) };

	memcpy(reply.handle, req->handle, sizeof(reply.handle));
	transfer(&reply, sizeof(reply), true);
	if (be32toh(req->type) == NBD_CMD_READ)
		transfer(store + be64toh(req->from), be32toh(req->len), true);
}

static void receive(void)
{
	struct nbd_request req;

	transfer(&req, sizeof(req), false);
	switch (be32toh(req.type)) {
	case NBD_CMD_DISC:
		_exit(0);
	case NBD_CMD_WRITE:
		transfer(store + be64toh(req.from), be32toh(req.len), false);
		break;
	case NBD_CMD_READ:
		if (!atomic_load(&shared->hold) || atomic_load(&shared->waiting) == WAITING_MAX)
			break;
		waiting[atomic_load(&shared->waiting)] = req;
		atomic_fetch_add(&shared->waiting, 1);
		return;
	default:
		break;
	}
	answer(&req);
}

static void serve(unsigned int mib)
{
	struct pollfd fd = { .fd = sock, .events = POLLIN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	store = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (store == MAP_FAILED)
		_exit(1);
	/* While swap waits for this process, it must not wait for swap. */
	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	for (;;) {
		if (poll(&fd, 1, POLL_MS) > 0)
			receive();
		if (atomic_load(&shared->hold))
			continue;
		for (unsigned int i = 0; i < atomic_load(&shared->waiting); i++)
			answer(&waiting[i]);
		atomic_store(&shared->waiting, 0);
	}
}

/* --- in the test --------------------------------------------------------------- */

/* NBD_DO_IT returns when the disk is disconnected. */
static pid_t wait_in_kernel(const struct held_disk *disk)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(ioctl(disk->fd, NBD_DO_IT) ? 1 : 0);
}

static int connect_server(struct held_disk *disk, unsigned int mib)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	sock = ends[1];
	shared = disk->shared;
	disk->server = fork();
	if (!disk->server) {
		close(ends[0]);
		serve(mib);
	}
	close(ends[1]);
	disk->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (disk->server < 0 || disk->fd < 0 || ioctl(disk->fd, NBD_SET_BLKSIZE, BLOCK) ||
	    ioctl(disk->fd, NBD_SET_SIZE_BLOCKS, ((unsigned long)mib << 20) / BLOCK) ||
	    ioctl(disk->fd, NBD_SET_SOCK, ends[0])) {
		int ret = -errno;

		close(ends[0]);
		return ret;
	}
	close(ends[0]);
	disk->kernel = wait_in_kernel(disk);
	return disk->kernel < 0 ? -errno : 0;
}

/* The kernel creates the disk after the process in NBD_DO_IT has begun. */
static int wait_for_disk(unsigned int mib)
{
	int ret = -ENODEV;

	for (int i = 0; ret && i < TRIES; i++) {
		if (i)
			usleep(10000);
		ret = disk_make_swap(DEVICE, (uint64_t)mib << 20);
	}
	return ret;
}

int held_disk_create(struct held_disk *disk, unsigned int mib)
{
	int ret;

	*disk = (struct held_disk) { .fd = -1 };
	disk->shared = mmap(NULL, sizeof(*disk->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (disk->shared == MAP_FAILED)
		return -ENOMEM;
	ret = connect_server(disk, mib);
	if (!ret)
		ret = wait_for_disk(mib);
	if (ret)
		held_disk_destroy(disk);
	else
		strcpy(disk->device, DEVICE);
	return ret;
}

void held_disk_hold(struct held_disk *disk, bool hold)
{
	atomic_store(&disk->shared->hold, hold);
}

unsigned int held_disk_waiting(const struct held_disk *disk)
{
	return atomic_load(&disk->shared->waiting);
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void held_disk_destroy(struct held_disk *disk)
{
	if (!disk->shared)
		return;
	held_disk_hold(disk, false);
	if (disk->fd >= 0) {
		ioctl(disk->fd, NBD_DISCONNECT);
		ioctl(disk->fd, NBD_CLEAR_SOCK);
	}
	end(disk->kernel);
	end(disk->server);
	if (disk->fd >= 0)
		close(disk->fd);
	munmap(disk->shared, sizeof(*disk->shared));
	*disk = (struct held_disk) { .fd = -1 };
}
