/* SPDX-License-Identifier: MIT */
/*
 * Runtime power management of the device.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "gpu/power.h"
#include "gpu/sysmem.h"

static int power_path(int fd, const char *name, char *path, size_t size)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	snprintf(path, size, "/sys/dev/char/%u:%u/device/power/%s",
		 major(st.st_rdev), minor(st.st_rdev), name);
	return 0;
}

int gpu_power_allow_sleep(int fd, bool allow)
{
	char path[128];
	int ret = power_path(fd, "control", path, sizeof(path));

	return ret ? ret : sysmem_write_file(path, allow ? "auto" : "on");
}

/* Returns 1 if the file begins with this word, else 0. */
static int has_word(int fd, const char *name, const char *word)
{
	char path[128], text[32] = "";
	int ret = power_path(fd, name, path, sizeof(path));
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
	return has_word(fd, "control", "auto");
}

int gpu_power_asleep(int fd)
{
	return has_word(fd, "runtime_status", "suspended");
}
