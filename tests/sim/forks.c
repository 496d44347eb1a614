/* SPDX-License-Identifier: MIT */
/*
 * Does a fork by one thread of a process work while another thread is in userspace? The kernel
 * of the guest waits for a process to leave userspace, and must not wait for a child that has
 * never been there.
 *
 * usage: forks [COUNT]		(default 300)
 *
 * A child that is waited for never runs, and the processor hangs: run-guest has the time limit.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_bool stop;
static atomic_ulong turns;

/* Makes no system call. */
static void *stay_in_userspace(void *unused)
{
	while (!atomic_load(&stop))
		atomic_fetch_add(&turns, 1);
	return unused;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 300, good = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, stay_in_userspace, NULL))
		return 2;
	while (!atomic_load(&turns))
		usleep(1000);
	for (unsigned long i = 0; i < count; i++) {
		pid_t pid = fork();
		int status = 0;

		if (!pid)
			_exit(7);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7)
			good++;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	printf("%lu of %lu children ran\n", good, count);
	return good != count;
}
