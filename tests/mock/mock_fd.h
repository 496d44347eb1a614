/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that stand for something in the model. They are real ones, so that
 * close(), dup() and poll() work as ever.
 */
#ifndef MOCK_FD_H
#define MOCK_FD_H

enum mock_fd_kind {
	MOCK_FD_FILE,	/* struct model_file */
	MOCK_FD_PID,	/* struct model_pid */
	MOCK_FD_CGROUP, /* struct model_cgroup */
};

/* From now on, @fd and its duplicates stand for @thing. Returns @fd. */
int mock_fd_add(int fd, enum mock_fd_kind kind, void *thing);

/* What @fd stands for, or NULL; errno is left as it was. */
void *mock_fd_thing(int fd, enum mock_fd_kind kind);

/* All of them stand for nothing any more. */
void mock_fd_forget(void);

#endif /* MOCK_FD_H */
