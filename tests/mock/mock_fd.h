/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that represent something in the model. They are real descriptors, so close(),
 * dup() and poll() work on them.
 */
#ifndef MOCK_FD_H
#define MOCK_FD_H

enum mock_fd_kind {
	MOCK_FD_FILE,	/* struct model_file */
	MOCK_FD_PID,	/* struct model_pid */
	MOCK_FD_CGROUP, /* struct model_cgroup */
};

/* Let @fd and its duplicates represent @thing. Returns @fd. */
int mock_fd_add(int fd, enum mock_fd_kind kind, void *thing);

/* Returns what @fd represents, or NULL. Does not change errno. */
void *mock_fd_thing(int fd, enum mock_fd_kind kind);

/* Forget all of them: they represent nothing any more. */
void mock_fd_forget(void);

#endif /* MOCK_FD_H */
