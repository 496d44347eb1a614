/* SPDX-License-Identifier: MIT */
/*
 * usage: in-pty COLUMNS ROWS COMMAND [ARGUMENT...]
 *
 * Runs a command on a terminal of that size and copies what it writes there to
 * standard output. The status is the command's.
 *
 * If IN_PTY_PID is set, the PID of the command is in the file of that name before any output.
 */
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int write_pid(pid_t pid)
{
	const char *name = getenv("IN_PTY_PID");
	FILE *file;

	if (!name)
		return 0;
	file = fopen(name, "we");
	if (!file) {
		perror(name);
		return -1;
	}
	fprintf(file, "%d\n", (int)pid);
	if (fclose(file)) {
		perror(name);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct winsize size = { 0 };
	struct termios tio;
	char text[4096];
	int fd, status;
	ssize_t n;
	pid_t pid;

	if (argc < 4)
		return 125;
	size.ws_col = (unsigned short)atoi(argv[1]);
	size.ws_row = (unsigned short)atoi(argv[2]);
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid < 0) {
		perror("forkpty");
		return 125;
	}
	if (!pid) {
		/* Do not change the line ends of the program. */
		tcgetattr(0, &tio);
		tio.c_oflag &= (tcflag_t)~OPOST;
		tcsetattr(0, TCSANOW, &tio);
		/* As in a terminal, also if the tests run under nohup(1). */
		signal(SIGHUP, SIG_DFL);
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(125);
	}
	if (write_pid(pid))
		return 125;
	/* EIO: every process has closed the other end. */
	while ((n = read(fd, text, sizeof(text))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0 && (fwrite(text, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout)))
			return 125;
	}
	if (waitpid(pid, &status, 0) < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
