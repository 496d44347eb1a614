/* SPDX-License-Identifier: MIT */
/*
 * Runtime power management of the device.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gpu/device.h"
#include "gpu/power.h"
#include "gpu/sysmem.h"

int gpu_power_allow_sleep(int fd, bool allow)
{
	char path[128];
	int ret = gpu_device_sysfs(fd, "power/control", path, sizeof(path));

	return ret ? ret : sysmem_write_file(path, allow ? "auto" : "on");
}

/* Returns 1 if the file begins with this word, else 0. */
static int has_word(int fd, const char *name, const char *word)
{
	char path[128], text[32] = "";
	int ret = gpu_device_sysfs(fd, name, path, sizeof(path));
	FILE *file;

	if (ret)
		return ret;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (!fgets(text, sizeof(text), file))
		ret = -EIO;
	fclose(file);
	return ret ? ret : !strncmp(text, word, strlen(word));
}

int gpu_power_may_sleep(int fd)
{
	return has_word(fd, "power/control", "auto");
}

int gpu_power_awake(int fd)
{
	return has_word(fd, "power/runtime_status", "active");
}

int gpu_power_asleep(int fd)
{
	return has_word(fd, "power/runtime_status", "suspended");
}
