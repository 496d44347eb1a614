/* SPDX-License-Identifier: MIT */
/*
 * Where the suite runs on the real driver: in a guest that runs nothing else, with a simulated
 * GPU, or on a board, where other programs may run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <panthor_drmif.h>

#include "gpu/device.h"
#include "gpu/mem.h"
#include "gpu/sim.h"
#include "gpu/sysmem.h"
#include "world_driver.h"

#define CONTROLLERS "/sys/fs/cgroup/cgroup.subtree_control"

/* For the cases, and as much again for the rest of the system. */
#define NEEDED (2 * WORLD_MAX_LIVE)

const char world_help[] =
	"The suite starts processes that use the GPU, makes the kernel move their memory to\n"
	"swap and back, and checks the content, the counts and the memory of other processes.\n"
	"It never reclaims from a process that it did not start, and other programs can keep\n"
	"running. Its processes hold at most 64 MiB at a time.\n\n"
	"It must run as root on a kernel that has the two ioctls, with 128 MiB of free swap\n"
	"and 128 MiB of available memory. It changes no setting. Some cases create cgroups\n"
	"named panthor-mem-conformance for their processes and remove them. Cases that need a\n"
	"machine without other programs, a GPU that fails, or a missing device are skipped,\n"
	"and the reason is printed. The suite takes some minutes and can be ended at any\n"
	"time: its processes end with it.\n";

bool guest_is_board(void)
{
	return !sim_is_here();
}

const char *world_name(void)
{
	return guest_is_board() ? "board" : "guest";
}

/* Does the file exist and contain this word? */
static bool has_word(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char next[64];

	if (!file)
		return false;
	while (!found && fscanf(file, "%63s", next) == 1)
		found = !strcmp(next, word);
	fclose(file);
	return found;
}

/* No file has this id, so a kernel that knows the flag returns ESRCH. */
static bool knows_targets(void)
{
	struct drm_panthor_mem_claim args = {
		.flags = DRM_PANTHOR_MEM_TARGET_CLIENT | DRM_PANTHOR_MEM_CLAIM_DRY_RUN,
		.target = UINT64_MAX,
	};
	struct gpu_device dev;
	int ret = gpu_device_open(&dev);

	if (ret)
		return true;
	ret = gpu_mem_claim(dev.fd, &args);
	gpu_device_close(&dev);
	return ret != -EINVAL;
}

/* Only the part "core" of the series, without the later parts (kernel/series.sh). */
static bool only_core(void)
{
	const char *part = getenv("GUEST_SERIES");

	return part && !strcmp(part, "core");
}

static unsigned int series_features(void)
{
	unsigned int features = only_core() ? 0 : WORLD_HAS_BATCHES;

	return knows_targets() ? features | WORLD_HAS_TARGETS : features;
}

static unsigned int board_features(void)
{
	unsigned int features = WORLD_FEATURES_BOARD | series_features();
	int vgem = gpu_node_open("vgem");

	if (vgem >= 0) {
		features |= WORLD_CAN_PIN;
		close(vgem);
	}
	if (!access(CONTROLLERS, W_OK))
		features |= WORLD_HAS_CGROUPS;
	if (has_word(CONTROLLERS, "memory"))
		features |= WORLD_CAN_NO_MEMORY | WORLD_HAS_MEMCG;
	return features;
}

static unsigned int guest_features(void)
{
	unsigned int features = WORLD_FEATURES_GUEST | series_features();

	/* Only a kernel that is built without swap has no such file. */
	if (access("/proc/swaps", F_OK))
		features |= WORLD_CAN_NO_SWAP_SUPPORT;
	return features;
}

unsigned int world_features(void)
{
	static unsigned int features;

	if (!features)
		features = guest_is_board() ? board_features() : guest_features();
	return features;
}

unsigned int world_features_expected(void)
{
	if (guest_is_board())
		return WORLD_FEATURES_BOARD;
	return only_core() ? WORLD_FEATURES_GUEST :
			     WORLD_FEATURES_GUEST | WORLD_HAS_TARGETS | WORLD_HAS_BATCHES;
}

/* --- requirements ------------------------------------------------------------------ */

static const char *advice(int error)
{
	switch (error) {
	case -ENODEV:
		return "no GPU here is driven by panthor";
	case -EPERM:
	case -EACCES:
		return "it must run as root, outside of containers: try sudo";
	case -ENOSYS:
		return "the running kernel does not have the two ioctls";
	case -ENOSPC:
		return "no swap is on, or it is full: see swapon(8)";
	case -EOPNOTSUPP:
		return "the kernel is built without swap (CONFIG_SWAP)";
	default:
		return strerror(-error);
	}
}

static int refuse(const char *why)
{
	fprintf(stderr, "cannot run: %s\n", why);
	return -1;
}

static int check_memory(void)
{
	struct sysmem mem;
	int ret = sysmem_read(&mem);

	if (ret)
		return refuse(strerror(-ret));
	if (mem.available < NEEDED)
		return refuse("less than 128 MiB of memory are available");
	if (mem.swap_total - mem.swap_used < NEEDED)
		return refuse("less than 128 MiB of swap are free");
	return 0;
}

int world_ready(void)
{
	struct gpu_device dev;
	int ret;

	/* A guest always has what it needs, even if its kernel has no swap. */
	if (!guest_is_board())
		return 0;
	if (geteuid())
		return refuse(advice(-EPERM));
	ret = gpu_device_open(&dev);
	if (!ret)
		ret = panthor_mem_probe(dev.fd);
	gpu_device_close(&dev);
	return ret ? refuse(advice(ret)) : check_memory();
}
