/* SPDX-License-Identifier: MIT */
/*
 * Reads how long the CPUs were busy.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

int64_t cpu_busy_ns(void)
{
	int64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0;
	FILE *file = fopen("/proc/stat", "re");
	int got = 0;

	if (file) {
		got = fscanf(file, "cpu %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
			     " %" SCNd64 " %" SCNd64 " %" SCNd64, &user, &nice, &system,
			     &idle, &wait, &irq, &softirq);
		fclose(file);
	}
	need(got == 7 ? 0 : -1, "/proc/stat");
	return (user + nice + system + irq + softirq) *
	       (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}

unsigned int cpu_count(void)
{
	return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
}
