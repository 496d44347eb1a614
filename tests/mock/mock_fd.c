/* SPDX-License-Identifier: MIT */
/*
 * A descriptor is identified by its inode. So a duplicate is recognised, and so is a number
 * that was closed and refers to another file now.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "mock_fd.h"

struct node {
	struct node *next;
	dev_t dev;
	ino_t ino;
	enum mock_fd_kind kind;
	void *thing;
};

static struct node *nodes;

int mock_fd_add(int fd, enum mock_fd_kind kind, void *thing)
{
	struct node *node = calloc(1, sizeof(*node));
	struct stat st;

	if (!node || fd < 0 || fstat(fd, &st))
		abort();
	node->dev = st.st_dev;
	node->ino = st.st_ino;
	node->kind = kind;
	node->thing = thing;
	node->next = nodes;
	nodes = node;
	return fd;
}

void *mock_fd_thing(int fd, enum mock_fd_kind kind)
{
	struct node *node;
	struct stat st;
	int saved = errno;

	if (!nodes || fstat(fd, &st)) {
		errno = saved;
		return NULL;
	}
	for (node = nodes; node; node = node->next) {
		if (node->dev == st.st_dev && node->ino == st.st_ino)
			return node->kind == kind ? node->thing : NULL;
	}
	return NULL;
}

void mock_fd_forget(void)
{
	while (nodes) {
		struct node *node = nodes;

		nodes = node->next;
		free(node);
	}
}
