/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"
#include "problem.h"
#include "target.h"

/* In <linux/magic.h> since Linux 6.9, which gave each process an inode for its pidfds. */
#define PID_FS 0x50494446

/* In <linux/pidfd.h> since Linux 6.13. This is the first version of the struct. */
struct pidfd_info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid;
	uint32_t tgid;
	uint32_t ppid;
	uint32_t ruid, rgid;
	uint32_t euid, egid;
	uint32_t suid, sgid;
	uint32_t fsuid, fsgid;
	int32_t exit_code;
};

_Static_assert(sizeof(struct pidfd_info) == 64, "size of pidfd_info");

#define PIDFD_INFO_PID (1u << 0)
#define PIDFD_INFO_CREDS (1u << 1)
#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info)

/* How much of /proc/PID/status is read. The UIDs are near its beginning. */
#define STATUS_MOST 4096

void targets_init(struct targets *t, sd_event *event, const struct config *config)
{
	list_init(&t->list);
	t->count = 0;
	t->expected = 0;
	t->kept = false;
	t->event = event;
	t->config = config;
}

static void destroy(struct target *t)
{
	list_remove(&t->link);
	t->targets->count--;
	sd_event_source_disable_unref(t->exit);
	close(t->pidfd);
	free(t);
}

void targets_free(struct targets *t)
{
	while (!list_empty(&t->list))
		destroy(list_entry(t->list.next, struct target, link));
}

static bool is_needed(const struct target *t, uint64_t now)
{
	if (t->refs)
		return true;
	return !t->exited && ((t->claim_seq && t->targets->expected) ||
			      !history_empty(&t->history, t->targets->config, now));
}

void target_unref(struct target *t)
{
	if (!t || --t->refs)
		return;
	if (is_needed(t, clock_usec()))
		t->targets->kept |= t->claim_seq && t->targets->expected;
	else
		destroy(t);
}

void targets_sweep(struct targets *t)
{
	const uint64_t now = clock_usec();
	struct list *at, *next;

	list_each(at, next, &t->list) {
		struct target *old = list_entry(at, struct target, link);

		if (!is_needed(old, now))
			destroy(old);
	}
}

void targets_expect(struct targets *t)
{
	t->expected++;
}

void targets_looked_up(struct targets *t)
{
	if (--t->expected || !t->kept)
		return;
	t->kept = false;
	targets_sweep(t);
}

static int on_exit_of(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct target *t = data;

	(void)fd;
	(void)events;
	t->exited = true;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (!t->refs)
		destroy(t);
	return 0;
}

bool target_gone(const struct target *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

/* --- finding a process ---------------------------------------------------- */

static int no_process(struct fault *f, uint32_t pid)
{
	return fault_set(f, FAULT_NO_PROCESS, "there is no process %u with that pidfd_id: it has "
			 "exited, or another process has its number", pid);
}

/* Get the ID of a pidfd. It is 0 on kernels where all pidfds have the same inode. */
static int id_of(int pidfd, uint64_t *id)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(pidfd, &fs) || fstat(pidfd, &st))
		return -1;
	*id = (unsigned long)fs.f_type == PID_FS ? st.st_ino : 0;
	return 0;
}

static int open_pidfd(uint32_t pid, uint64_t wanted, bool root, uint64_t *id, struct fault *f)
{
	int fd = pid && pid <= INT32_MAX ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd < 0) {
		if (pid && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
			return fault_set(f, FAULT_FAILED, "%s: %s", problem_code(errno),
					 strerror(errno));
		return no_process(f, pid);
	}
	if (id_of(fd, id)) {
		no_process(f, pid);
	} else if (!wanted && *id && !root) {
		fault_set(f, FAULT_INVALID_ARGS, "pidfd_id is 0: give the inode number of a pidfd "
			  "of the process, see docs/broker.rst");
	} else if (*id && wanted && wanted != *id) {
		no_process(f, pid);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

/* If @id is 0, the PID identifies the target only until the process exits. */
static struct target *find(struct targets *t, uint32_t pid, uint64_t id)
{
	struct list *at, *next;

	list_each(at, next, &t->list) {
		struct target *known = list_entry(at, struct target, link);

		if (known->id == id && known->pid == pid && !known->exited &&
		    (id || !target_gone(known)))
			return known;
	}
	return NULL;
}

/* At the limit, drop the least recently used target that no request refers to. */
static bool make_room(struct targets *t)
{
	struct list *at, *next;

	if (t->count < TARGET_MOST)
		return true;
	list_each(at, next, &t->list) {
		struct target *old = list_entry(at, struct target, link);

		if (!old->refs) {
			destroy(old);
			return true;
		}
	}
	return false;
}

static struct target *add(struct targets *t, uint32_t pid, uint64_t id, int pidfd)
{
	struct target *new = make_room(t) ? calloc(1, sizeof(*new)) : NULL;

	if (!new)
		return NULL;
	if (sd_event_add_io(t->event, &new->exit, pidfd, EPOLLIN, on_exit_of, new) < 0) {
		free(new);
		return NULL;
	}
	new->targets = t;
	new->refs = 1;
	new->pid = pid;
	new->id = id;
	new->pidfd = pidfd;
	list_append(&t->list, &new->link);
	t->count++;
	return new;
}

struct target *target_open(struct targets *t, uint32_t pid, uint64_t id, bool root,
			   struct fault *f)
{
	uint64_t found = 0;
	int fd = open_pidfd(pid, id, root, &found, f);
	struct target *known;

	if (fd < 0)
		return NULL;
	known = find(t, pid, found);
	if (known) {
		close(fd);
		known->refs++;
		list_remove(&known->link);
		list_append(&t->list, &known->link);
		return known;
	}
	known = add(t, pid, found, fd);
	if (!known) {
		close(fd);
		fault_set(f, FAULT_LIMITS, "requests for too many processes are pending: try "
			  "again later");
	}
	return known;
}

/* --- the owner ------------------------------------------------------------ */

static void set_owner(struct owner *o, const uint32_t uids[4])
{
	o->real = uids[0];
	o->uid = uids[1];
	o->one = uids[0] == uids[1] && uids[1] == uids[2] && uids[2] == uids[3];
}

/*
 * For kernels before Linux 6.13. The file is that of the process if the process still exists
 * afterwards, because its PID cannot be reused before it exits.
 */
static int owner_from_procfs(const struct target *t, struct owner *o, struct fault *f)
{
	char path[64], text[STATUS_MOST + 1], *at;
	uint32_t uids[4];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", t->pid);
	file = fopen(path, "re");
	if (!file && !target_gone(t))
		return fault_set(f, FAULT_NOT_SUPPORTED, "panthor-memd cannot read %s: before Linux "
				 "6.13, its unit needs ProtectProc=default, see panthor-memd(8)", path);
	if (!file)
		return no_process(f, t->pid);
	n = fread(text, 1, STATUS_MOST, file);
	fclose(file);
	text[n] = '\0';
	/* The name of the process cannot fake this line, because its newlines are escaped. */
	at = strstr(text, "\nUid:");
	if (!at || sscanf(at + 5, "%u %u %u %u", &uids[0], &uids[1], &uids[2], &uids[3]) != 4 ||
	    target_gone(t))
		return no_process(f, t->pid);
	set_owner(o, uids);
	return 0;
}

int target_owner(const struct target *t, struct owner *o, struct fault *f)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_PID | PIDFD_INFO_CREDS };

	if (ioctl(t->pidfd, PIDFD_GET_INFO, &info)) {
		return errno == ESRCH || errno == EREMOTE ? no_process(f, t->pid) :
							    owner_from_procfs(t, o, f);
	}
	if (!(info.mask & PIDFD_INFO_CREDS) || info.pid != t->pid || info.tgid != t->pid)
		return no_process(f, t->pid);
	set_owner(o, (uint32_t[]){ info.ruid, info.euid, info.suid, info.fsuid });
	return 0;
}
