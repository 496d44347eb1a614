/* SPDX-License-Identifier: MIT */
/*
 * The panthor memory of a process, as reported in /proc/PID/fdinfo.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gpu/fdinfo.h"

#define MAX_CLIENTS 256

struct client {
	bool panthor;
	uint64_t id;
	struct gpu_fdinfo info;
};

/* Convert "<number>", "<number> KiB" or "<number> MiB" to bytes. */
static uint64_t parse_size(const char *value)
{
	uint64_t number = 0;
	char unit[8] = "";

	if (sscanf(value, " %" SCNu64 " %7s", &number, unit) < 1)
		return 0;
	if (!strcmp(unit, "KiB"))
		return number << 10;
	if (!strcmp(unit, "MiB"))
		return number << 20;
	return number;
}

static void parse_line(struct client *client, char *line)
{
	char *value = strchr(line, ':');
	char driver[32];

	if (!value)
		return;
	*value++ = '\0';
	if (!strcmp(line, "drm-driver"))
		client->panthor = sscanf(value, " %31s", driver) == 1 &&
				  !strcmp(driver, "panthor");
	else if (!strcmp(line, "drm-client-id"))
		client->id = parse_size(value);
	else if (!strcmp(line, "drm-total-memory"))
		client->info.total = parse_size(value);
	else if (!strcmp(line, "drm-shared-memory"))
		client->info.shared = parse_size(value);
	else if (!strcmp(line, "drm-resident-memory"))
		client->info.resident = parse_size(value);
	else if (!strcmp(line, "panthor-resident-memory"))
		client->info.internal = parse_size(value);
}

static int parse_file(const char *path, struct client *client)
{
	FILE *file = fopen(path, "re");
	char line[256];

	memset(client, 0, sizeof(*client));
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		parse_line(client, line);
	fclose(file);
	return 0;
}

static bool seen_before(uint64_t *ids, unsigned int count, uint64_t id)
{
	for (unsigned int i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

int gpu_fdinfo_read(pid_t pid, struct gpu_fdinfo *info)
{
	uint64_t ids[MAX_CLIENTS];
	struct dirent *entry;
	char path[512];
	DIR *dir;

	memset(info, 0, sizeof(*info));
	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir))) {
		struct client client;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid,
			 entry->d_name);
		/* Ignore a descriptor that was closed meanwhile. */
		if (parse_file(path, &client) || !client.panthor ||
		    info->clients == MAX_CLIENTS ||
		    seen_before(ids, info->clients, client.id))
			continue;
		ids[info->clients++] = client.id;
		info->total += client.info.total;
		info->shared += client.info.shared;
		info->resident += client.info.resident;
		info->internal += client.info.internal;
	}
	closedir(dir);
	return 0;
}

int gpu_fdinfo_client(pid_t pid, int fd, uint64_t *id)
{
	struct client client;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	ret = parse_file(path, &client);
	if (ret)
		return ret;
	*id = client.id;
	return client.panthor ? 0 : -ENODEV;
}
