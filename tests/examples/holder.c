/* SPDX-License-Identifier: MIT */
/*
 * Processes with GPU memory: holder N MIB. Prints their PIDs, one per line, and ends them
 * when standard input ends.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/app.h"

#define MAX_APPS 8
#define BO_SIZE (UINT64_C(2) << 20)

static int start(struct gpu_app *app, unsigned int number, unsigned int mib)
{
	const struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT,
		.files = 1,
		.vms = 1,
		.pidns = -1,
	};
	int64_t ret = gpu_app_start(app, &setup);

	if (!ret)
		ret = gpu_app_ask(app, &(struct app_request) {
			.op = APP_ALLOC, .count = mib / 2, .size = BO_SIZE,
			.seed = (number + UINT64_C(1)) << 48, .exclusive = true,
		}, NULL, NULL, NULL);
	if (ret < 0)
		fprintf(stderr, "holder: %s\n", strerror((int)-ret));
	return ret < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	const unsigned int n = argc == 3 ? (unsigned int)atoi(argv[1]) : 0;
	const unsigned int mib = argc == 3 ? (unsigned int)atoi(argv[2]) : 0;
	struct gpu_app apps[MAX_APPS];
	unsigned int i, started;
	char c;

	if (!n || n > MAX_APPS || !mib) {
		fprintf(stderr, "usage: holder N MIB\n");
		return 2;
	}
	/* A process that is killed is reaped at once, so its PID is free. */
	signal(SIGCHLD, SIG_IGN);
	for (started = 0; started < n; started++) {
		apps[started].sock = -1;
		if (start(&apps[started], started, mib))
			break;
		printf("%d\n", (int)apps[started].pid);
		fflush(stdout);
	}
	while (started == n && read(STDIN_FILENO, &c, 1) > 0)
		;
	for (i = 0; i < started; i++)
		gpu_app_kill(&apps[i]);
	return started == n ? 0 : 1;
}
