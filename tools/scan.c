/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "scan.h"

/* A client's number is unique among all, or, where there is a pdev, on that device. */
static struct scan_client *find_client(struct scan *s, const struct fdinfo *info)
{
	size_t i;

	for (i = 0; info->has_id && i < s->n_clients; i++) {
		const struct fdinfo *other = &s->clients[i].info;

		if (other->has_id && other->id == info->id && !strcmp(other->pdev, info->pdev))
			return &s->clients[i];
	}
	return NULL;
}

static struct scan_client *add_client(struct scan *s, const struct fdinfo *info,
				      const char *node)
{
	struct scan_client *client;
	unsigned int i;

	s->clients = memory_grow(s->clients, s->n_clients, s->n_clients + 1,
				 sizeof(*s->clients));
	client = &s->clients[s->n_clients++];
	client->info = *info;
	memcpy(client->node, node, sizeof(client->node));
	for (i = 0; i < info->n_regions; i++)
		fdinfo_add(&client->sum, &info->regions[i].bytes);
	return client;
}

static struct scan_holder *find_holder(struct scan *s, const struct roots *roots, pid_t pid,
				       const struct scan_client *client)
{
	struct scan_holder *holder;
	size_t i;

	for (i = 0; i < s->n_holders; i++) {
		holder = &s->holders[i];
		if (holder->pid == pid && !strcmp(holder->node, client->node) &&
		    !strcmp(holder->driver, client->info.driver))
			return holder;
	}
	s->holders = memory_grow(s->holders, s->n_holders, s->n_holders + 1,
				 sizeof(*s->holders));
	holder = &s->holders[s->n_holders++];
	holder->pid = pid;
	process_name(roots, pid, holder->name);
	memcpy(holder->driver, client->info.driver, sizeof(holder->driver));
	memcpy(holder->node, client->node, sizeof(holder->node));
	return holder;
}

static void add_to_holder(struct scan *s, const struct roots *roots, pid_t pid,
			  const struct scan_client *client)
{
	struct scan_holder *holder = find_holder(s, roots, pid, client);

	holder->clients++;
	fdinfo_add(&holder->sum, &client->sum);
	holder->has_internal |= client->info.has_internal;
	holder->internal += client->info.internal;
	fdinfo_add(&s->sum, &client->sum);
	s->has_internal |= client->info.has_internal;
	s->internal += client->info.internal;
}

static void look_at_file(struct scan *s, const struct roots *roots, pid_t pid, int fdinfo_dir,
			 const char *fd, const char *node)
{
	char *text = memory_file(fdinfo_dir, fd);
	struct scan_client *client;
	struct fdinfo info;

	/* Closed meanwhile, or the process is gone: it holds nothing then. */
	if (!text)
		return;
	if (fdinfo_parse(text, &info)) {
		client = find_client(s, &info);
		if (!client) {
			client = add_client(s, &info, node);
			add_to_holder(s, roots, pid, client);
		}
		pid_list_add(&client->pids, pid);
	}
	free(text);
}

static int open_folder(const struct roots *roots, pid_t pid, const char *name)
{
	char *path = memory_text("%s/%d/%s", roots->proc, (int)pid, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int saved = errno;

	free(path);
	errno = saved;
	return fd;
}

static void look_at_process(struct scan *s, const struct roots *roots, pid_t pid,
			    const char *only)
{
	int files = open_folder(roots, pid, "fd");
	int fdinfo = files < 0 ? -1 : open_folder(roots, pid, "fdinfo");
	struct dirent *entry;
	char node[NODE_NAME];
	DIR *dir;

	if (fdinfo < 0) {
		if (errno == EACCES || errno == EPERM)
			s->unreadable++;
		if (files >= 0)
			close(files);
		return;
	}
	dir = fdopendir(files);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' &&
		    node_of_file(roots, files, entry->d_name, node) &&
		    (!only || !strcmp(only, node)))
			look_at_file(s, roots, pid, fdinfo, entry->d_name, node);
	}
	if (dir)
		closedir(dir);
	else
		close(files);
	close(fdinfo);
}

int scan(struct scan *s, const struct roots *roots, const char *node,
	 const struct pid_list *pids)
{
	struct pid_list all = { 0 };
	size_t i;
	int ret;

	memset(s, 0, sizeof(*s));
	if (!pids) {
		ret = process_all(roots, &all);
		if (ret)
			return ret;
		pids = &all;
	}
	for (i = 0; i < pids->count; i++)
		look_at_process(s, roots, pids->pids[i], node);
	pid_list_free(&all);
	return 0;
}

void scan_free(struct scan *s)
{
	size_t i;

	for (i = 0; i < s->n_clients; i++)
		pid_list_free(&s->clients[i].pids);
	free(s->clients);
	free(s->holders);
	memset(s, 0, sizeof(*s));
}
