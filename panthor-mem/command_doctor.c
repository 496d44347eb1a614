/* SPDX-License-Identifier: MIT */
/* Checks everything that reclaim and claim need, each by itself. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <panthor_drmif.h>
#include <xf86drm.h>

#include "amount.h"
#include "commands.h"
#include "device.h"
#include "json.h"
#include "memory.h"
#include "process.h"
#include "text.h"

/* Limits for cgroups, which other users can create: how many, how deep, and how many are named. */
#define MAX_GROUPS 10000
#define MAX_DEPTH 64
#define SHOWN_GROUPS 3

/* The minor version of the driver that introduced the ioctls. */
#define WITH_IOCTLS 10

#define NO_DEVICE "no device to check"

enum verdict { GOOD, BAD, NOTE, UNKNOWN };

static const char *const verdict_names[] = { "ok", "failed", "note", "unknown" };

enum check {
	DEVICE,
	PERMISSIONS,
	DRIVER,
	IOCTLS,
	CAPABILITY,
	SWAP,
	CGROUPS,
	PROCFS,
	PID_NAMESPACE,
	CHECKS,
};

static const char *const check_names[CHECKS] = {
	"device", "permissions", "driver", "ioctls", "capability",
	"swap",	  "cgroups",	 "procfs", "pid-namespace",
};

struct report {
	const struct options *o;
	struct device device;
	enum verdict verdicts[CHECKS];
	/* What was found, and what would help. */
	struct problem found[CHECKS];
	int probe;
	char driver[64];
};

#define found(r, check, verdict, error, status, remedy, ...) \
	do { \
		(r)->verdicts[check] = (verdict); \
		problem_set(&(r)->found[check], error, status, remedy, __VA_ARGS__); \
	} while (0)

#define good(r, check, ...) found(r, check, GOOD, 0, STATUS_OK, NULL, __VA_ARGS__)
#define unknown(r, check, ...) found(r, check, UNKNOWN, 0, STATUS_OK, NULL, __VA_ARGS__)

/* --- the device ------------------------------------------------------------- */

/* Describes who may open the first panthor node in sysfs; "" if there is none. */
static void owner_of(const struct options *o, char text[128])
{
	char node[NODE_NAME], driver[NODE_NAME] = "", *path;
	const struct group *group;
	struct stat st;
	int n;

	text[0] = '\0';
	for (n = NODE_FIRST_RENDER; n <= NODE_LAST_RENDER && strcmp(driver, DEVICE_DRIVER); n++) {
		snprintf(node, sizeof(node), "renderD%d", n);
		node_driver(&o->roots, node, driver);
	}
	path = memory_text("/dev/dri/%s", node);
	if (!strcmp(driver, DEVICE_DRIVER) && !stat(path, &st)) {
		group = getgrgid(st.st_gid);
		snprintf(text, 128, "mode %03o, user %u, group %.60s",
			 (unsigned int)(st.st_mode & 0777), (unsigned int)st.st_uid,
			 group ? group->gr_name : "without a name");
	}
	free(path);
}

static void check_device(struct report *r)
{
	struct problem p = { 0 };
	char owner[128];

	if (!device_open(&r->device, &r->o->roots, r->o->device, &p)) {
		good(r, DEVICE, "%s", r->device.node);
		good(r, PERMISSIONS, "%s can be opened", r->device.node);
		return;
	}
	if (p.status == STATUS_NOT_PERMITTED) {
		owner_of(r->o, owner);
		good(r, DEVICE, "there is a panthor device");
		found(r, PERMISSIONS, BAD, p.error, p.status, p.remedy, "%.180s%s%.60s%s", p.what,
		      *owner ? " (" : "", owner, *owner ? ")" : "");
		return;
	}
	r->verdicts[DEVICE] = BAD;
	r->found[DEVICE] = p;
	unknown(r, PERMISSIONS, NO_DEVICE);
}

static void check_driver(struct report *r)
{
	drmVersionPtr version = drmGetVersion(r->device.fd);

	if (!version) {
		found(r, DRIVER, BAD, errno, STATUS_FAILED, "dmesg(1) may say why",
		      "the driver does not report its version");
		return;
	}
	snprintf(r->driver, sizeof(r->driver), "%.32s %d.%d.%d", version->name,
		 version->version_major, version->version_minor, version->version_patchlevel);
	if (version->version_major == 1 && version->version_minor < WITH_IOCTLS)
		/* A patched kernel can have the ioctls without the version. */
		found(r, DRIVER, NOTE, 0, STATUS_OK, "the next check says if this kernel has them",
		      "%s; reclaim and claim came with 1.%d", r->driver, WITH_IOCTLS);
	else
		good(r, DRIVER, "%s", r->driver);
	drmFreeVersion(version);
}

/* The kernel checks the arguments first, then the capability, then swap. */
static void check_calls(struct report *r)
{
	r->probe = -panthor_mem_probe(r->device.fd);
	switch (r->probe) {
	case ENOSYS:
		found(r, IOCTLS, BAD, ENOSYS, STATUS_UNSUPPORTED,
		      "version 1.10 of the driver is needed, or its patches",
		      "this kernel's panthor cannot reclaim and claim");
		unknown(r, CAPABILITY, "cannot be checked without the ioctls");
		return;
	case EPERM:
		good(r, IOCTLS, "the kernel has them");
		found(r, CAPABILITY, BAD, EPERM, STATUS_NOT_PERMITTED,
		      "run it as root, outside of containers with a user namespace; a service "
		      "needs AmbientCapabilities=CAP_SYS_RESOURCE",
		      "CAP_SYS_RESOURCE is missing in the initial user namespace");
		return;
	case 0:
	case ENOSPC:
	case EOPNOTSUPP:
		good(r, IOCTLS, "the kernel has them");
		good(r, CAPABILITY, "the caller has CAP_SYS_RESOURCE");
		return;
	default:
		found(r, IOCTLS, BAD, r->probe, STATUS_FAILED, "dmesg(1) may say why", "%s",
		      strerror(r->probe));
		unknown(r, CAPABILITY, "the kernel did not get that far");
	}
}

/* --- swap ------------------------------------------------------------------- */

/* A line of meminfo in bytes, or -1. */
static int64_t meminfo(const struct options *o, const char *name)
{
	char *path = memory_text("%s/meminfo", o->roots.proc);
	char *text = memory_file(AT_FDCWD, path), *at;
	int64_t kib = -1;

	free(path);
	at = text ? strstr(text, name) : NULL;
	if (at && sscanf(at + strlen(name), " %" SCNd64, &kib) != 1)
		kib = -1;
	free(text);
	return kib < 0 ? -1 : kib * 1024;
}

static void check_swap(struct report *r)
{
	int64_t total = meminfo(r->o, "SwapTotal:"), left = meminfo(r->o, "SwapFree:");
	char total_text[AMOUNT_TEXT], left_text[AMOUNT_TEXT];

	if (r->probe == EOPNOTSUPP)
		found(r, SWAP, BAD, EOPNOTSUPP, STATUS_UNSUPPORTED, "CONFIG_SWAP is needed",
		      "this kernel is built without swap");
	else if (!total)
		found(r, SWAP, BAD, ENOSPC, STATUS_UNSUPPORTED,
		      "zram is enough: see swapon(8) and zramctl(8)", "no swap is active");
	else if (total > 0 && !left)
		found(r, SWAP, BAD, ENOSPC, STATUS_UNSUPPORTED,
		      "claim a process, or add swap: see swapon(8)", "swap is full");
	else if (r->probe == ENOSPC)
		found(r, SWAP, BAD, ENOSPC, STATUS_UNSUPPORTED, "see swapon(8)",
		      "no swap is free");
	else if (total < 0 || left < 0)
		unknown(r, SWAP, "%s/meminfo does not show it", r->o->roots.proc);
	else
		good(r, SWAP, "%s free of %s", amount_size(left_text, (uint64_t)left),
		     amount_size(total_text, (uint64_t)total));
}

struct groups {
	unsigned int seen;
	unsigned int limited;
	/* The first of them. */
	char names[160];
};

static bool may_swap(int fd)
{
	char *most = memory_file(fd, "memory.swap.max");
	char *now = most ? memory_file(fd, "memory.swap.current") : NULL;
	uint64_t limit, used = 0;
	bool may = true;

	if (most && sscanf(most, "%" SCNu64, &limit) == 1) {
		if (now)
			sscanf(now, "%" SCNu64, &used);
		may = used < limit;
	}
	free(most);
	free(now);
	return may;
}

/* Owns @fd. Does not descend below a cgroup that may not swap. */
static void walk(struct groups *g, int fd, const char *path, unsigned int depth)
{
	struct dirent *entry;
	DIR *dir;

	if (g->seen++ >= MAX_GROUPS || depth > MAX_DEPTH) {
		close(fd);
		return;
	}
	if (!may_swap(fd)) {
		size_t used = strlen(g->names);

		if (g->limited++ < SHOWN_GROUPS)
			snprintf(g->names + used, sizeof(g->names) - used, "%s%.48s",
				 used ? ", " : "", path);
		close(fd);
		return;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		char *name;
		int below;

		if (entry->d_name[0] == '.')
			continue;
		below = openat(fd, entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (below < 0)
			continue;
		name = memory_text("%s/%s", path, entry->d_name);
		walk(g, below, name, depth + 1);
		free(name);
	}
	closedir(dir);
}

static void check_cgroups(struct report *r)
{
	char *path = memory_text("%s/fs/cgroup", r->o->roots.sys);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct groups g = { 0 };

	free(path);
	if (fd < 0) {
		unknown(r, CGROUPS, "no cgroups can be inspected");
		return;
	}
	walk(&g, fd, "", 0);
	if (!g.limited)
		good(r, CGROUPS, "all may swap");
	else
		found(r, CGROUPS, NOTE, 0, STATUS_OK,
		      "what runs there stays in RAM: raise memory.swap.max, or MemorySwapMax= of "
		      "its unit",
		      "%u %s not swap any more: %s%s", g.limited,
		      g.limited == 1 ? "cgroup may" : "cgroups may", g.names,
		      g.limited > SHOWN_GROUPS ? ", ..." : "");
}

/* --- /proc ------------------------------------------------------------------ */

static void check_procfs(struct report *r)
{
	struct number_list all = { 0 };
	int ret = process_all(&r->o->roots, &all);
	char *options = ret ? NULL : process_options(&r->o->roots);

	if (ret)
		found(r, PROCFS, BAD, -ret, STATUS_FAILED, "mount -t proc proc /proc",
		      "cannot read %s: %s", r->o->roots.proc, strerror(-ret));
	else if (options && strstr(options, ",subset=pid,"))
		found(r, PROCFS, BAD, ENOENT, STATUS_UNSUPPORTED,
		      "a service needs ProcSubset=all",
		      "%s shows only processes (subset=pid): RAM and swap are unknown",
		      r->o->roots.proc);
	else if (process_hidden(options))
		found(r, PROCFS, BAD, EACCES, STATUS_NOT_PERMITTED,
		      "run it as root; a service needs ProtectProc=default",
		      "%s hides processes of other users (hidepid)", r->o->roots.proc);
	else if (!all.count)
		found(r, PROCFS, BAD, ENOENT, STATUS_FAILED, "mount -t proc proc /proc",
		      "%s has no process in it", r->o->roots.proc);
	else
		good(r, PROCFS, "%zu processes", all.count);
	free(options);
	number_list_free(&all);
}

/* The numbers of another namespace mean other processes here. */
static void check_namespace(struct report *r)
{
	const char *proc = r->o->roots.proc;

	switch (process_numbers(&r->o->roots)) {
	case PROCESS_NUMBERS_OWN:
		good(r, PID_NAMESPACE, "%s has the numbers of this namespace", proc);
		break;
	case PROCESS_NUMBERS_FOREIGN:
		found(r, PID_NAMESPACE, BAD, EREMOTE, STATUS_UNSUPPORTED,
		      "mount a /proc of this namespace: unshare --mount-proc, or "
		      "mount -t proc proc /proc",
		      "%s belongs to another pid namespace: its numbers mean other processes here",
		      proc);
		break;
	case PROCESS_NUMBERS_UNKNOWN:
		unknown(r, PID_NAMESPACE, "%s does not show this process", proc);
	}
}

/* --- the report ------------------------------------------------------------- */

static void run(struct report *r)
{
	check_device(r);
	if (r->device.fd >= 0) {
		check_driver(r);
		check_calls(r);
	} else {
		unknown(r, DRIVER, NO_DEVICE);
		unknown(r, IOCTLS, NO_DEVICE);
		unknown(r, CAPABILITY, NO_DEVICE);
	}
	check_swap(r);
	check_cgroups(r);
	check_procfs(r);
	check_namespace(r);
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* "renderD128 panthor" for each node in sysfs: its name, then its driver. */
static char **nodes_of(const struct options *o, size_t *count)
{
	char *path = memory_text("%s/class/drm", o->roots.sys), **nodes = NULL;
	DIR *dir = opendir(path);
	struct dirent *entry;

	*count = 0;
	free(path);
	while (dir && (entry = readdir(dir)) && *count < 256) {
		char node[NODE_NAME], driver[NODE_NAME];

		/* Connectors have a dash in their name. */
		if (strchr(entry->d_name, '-') || strlen(entry->d_name) >= sizeof(node) ||
		    !strpbrk(entry->d_name, "0123456789"))
			continue;
		snprintf(node, sizeof(node), "%.31s", entry->d_name);
		node_driver(&o->roots, node, driver);
		nodes = memory_grow(nodes, *count, *count + 1, sizeof(*nodes));
		nodes[(*count)++] = memory_text("%s %s", node, *driver ? driver : "?");
	}
	if (dir)
		closedir(dir);
	if (nodes)
		qsort(nodes, *count, sizeof(*nodes), by_name);
	return nodes;
}

static void print_text(const struct report *r, const struct utsname *kernel,
		       char *const *nodes, size_t n_nodes)
{
	static const char *const words[] = { "ok", "FAILED", "note", "?" };
	char text[PROBLEM_TEXT];
	size_t i;

	for (i = 0; i < CHECKS; i++) {
		text_printable(text, sizeof(text), r->found[i].what);
		printf("%-7s %-14s %s\n", words[r->verdicts[i]], check_names[i], text);
		text_printable(text, sizeof(text), r->found[i].remedy);
		if (*text)
			printf("%22s -> %s\n", "", text);
	}
	printf("\npanthor-mem %s, %s %s %s, pages of %ld bytes, user %u\n", TOOL_VERSION,
	       kernel->sysname, kernel->release, kernel->machine, sysconf(_SC_PAGESIZE),
	       (unsigned int)geteuid());
	printf("driver: %s\n", *r->driver ? r->driver : "unknown");
	printf("nodes:");
	for (i = 0; i < n_nodes; i++) {
		text_printable(text, sizeof(text), nodes[i]);
		printf("%s %s", i ? "," : "", text);
	}
	printf("%s\n", n_nodes ? "" : " none");
}

static void add_amount(struct json_object *o, const char *key, int64_t bytes)
{
	if (bytes < 0)
		json_add(o, key, NULL);
	else
		json_add_number(o, key, (uint64_t)bytes);
}

static void print_json(const struct report *r, const struct utsname *kernel,
		       char *const *nodes, size_t n_nodes)
{
	struct json_object *o = json_new("doctor"), *machine = json_object_new_object();
	struct json_object *checks = json_object_new_array(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < CHECKS; i++) {
		struct json_object *check = json_object_new_object();

		json_add_text(check, "name", check_names[i]);
		json_add_text(check, "result", verdict_names[r->verdicts[i]]);
		json_add(check, "code", r->found[i].error ?
			 json_object_new_string(problem_code(r->found[i].error)) : NULL);
		json_add_name(check, "message", r->found[i].what);
		json_add_name(check, "remedy", r->found[i].remedy);
		json_object_array_add(checks, check);
	}
	json_add(o, "checks", checks);
	json_add_text(machine, "panthor_mem", TOOL_VERSION);
	json_add_name(machine, "kernel", kernel->release);
	json_add_name(machine, "architecture", kernel->machine);
	json_add_number(machine, "page_bytes", (uint64_t)sysconf(_SC_PAGESIZE));
	json_add_number(machine, "user", geteuid());
	json_add(machine, "driver", *r->driver ? json_object_new_string(r->driver) : NULL);
	add_amount(machine, "swap_bytes", meminfo(r->o, "SwapTotal:"));
	add_amount(machine, "swap_free_bytes", meminfo(r->o, "SwapFree:"));
	for (i = 0; i < n_nodes; i++) {
		struct json_object *node = json_object_new_object();
		char *space = strchr(nodes[i], ' ');

		*space = '\0';
		json_add_name(node, "node", nodes[i]);
		json_add_name(node, "driver", space + 1);
		json_object_array_add(list, node);
	}
	json_add(machine, "nodes", list);
	json_add(o, "machine", machine);
	json_print(o, false);
}

int command_doctor(const struct options *o)
{
	struct report r = { .o = o, .device = { .fd = -1 } };
	struct utsname kernel = { 0 };
	size_t n_nodes, i;
	int status = STATUS_OK;
	char **nodes;

	uname(&kernel);
	run(&r);
	nodes = nodes_of(o, &n_nodes);
	if (o->json)
		print_json(&r, &kernel, nodes, n_nodes);
	else
		print_text(&r, &kernel, nodes, n_nodes);
	for (i = CHECKS; i-- > 0;) {
		if (r.verdicts[i] == BAD)
			status = r.found[i].status;
	}
	for (i = 0; i < n_nodes; i++)
		free(nodes[i]);
	free(nodes);
	device_close(&r.device);
	return status;
}
