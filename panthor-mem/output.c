/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "say.h"

static bool outlives;
static int first_error;

void output_begin(void)
{
	int fd;

	/* Opened in the wrong direction, so that its use is still an error. */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(STATUS_FAILED);
	}
}

void output_outlive_reader(void)
{
	struct sigaction action;

	/* If the caller ignores SIGPIPE, as services do, it gets an error status instead. */
	if (sigaction(SIGPIPE, NULL, &action) || action.sa_handler == SIG_IGN)
		return;
	action = (struct sigaction){ .sa_handler = SIG_IGN };
	outlives = !sigaction(SIGPIPE, &action, NULL);
}

void output_flush(void)
{
	if (fflush(stdout) && !first_error)
		first_error = errno;
}

int output_end(int status)
{
	output_flush();
	if (!first_error && !ferror(stdout))
		return status;
	if (outlives && first_error == EPIPE) {
		struct sigaction action = { .sa_handler = SIG_DFL };

		sigaction(SIGPIPE, &action, NULL);
		raise(SIGPIPE);
	}
	say("cannot write the output: %s", strerror(first_error ? first_error : EIO));
	return STATUS_FAILED;
}
