/* SPDX-License-Identifier: MIT */
/*
 * Memory of the machine and of the application over time: reclaim, claim and the first
 * frame, then the same without a claim.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "gpu/fdinfo.h"
#include "gpu/mem.h"

#define POINTS_MAX 4096
#define EVERY_MS 5
#define REST_MS 250
#define FRAMES 10
#define FRAME_MS 16

struct track {
	unsigned int count;
	int64_t ns[POINTS_MAX];
	int64_t available[POINTS_MAX];
	int64_t swap_used[POINTS_MAX];
	int64_t resident[POINTS_MAX];
};

static void be_watcher(struct track *track, pid_t pid, int64_t start)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int n = 0; n < POINTS_MAX; n++) {
		struct gpu_fdinfo gpu;
		struct sysmem mem;

		if (sysmem_read(&mem) || gpu_fdinfo_read(pid, &gpu))
			_exit(1);
		track->ns[n] = now_ns() - start;
		/* Pages in per-CPU lists are free, but MemAvailable does not include them. */
		track->available[n] = (int64_t)(mem.available + mem.listed);
		track->swap_used[n] = (int64_t)mem.swap_used;
		track->resident[n] = (int64_t)gpu.resident;
		__atomic_store_n(&track->count, n + 1, __ATOMIC_SEQ_CST);
		sleep_ms(EVERY_MS);
	}
	_exit(0);
}

static void event(struct bench *b, const char *what, int64_t at)
{
	emit_begin(b, "event");
	emit_text("what", what);
	emit_number("at_ns", at);
	emit_end();
}

static void frames(struct bench *b)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		bench_frame(b);
		sleep_ms(FRAME_MS);
	}
}

static void reclaim(struct bench *b)
{
	struct drm_panthor_mem_reclaim args;

	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
}

static const struct {
	const char *what;
	void (*act)(struct bench *b);
} acts[] = {
	{ "frames", frames },
	{ "reclaim", reclaim },
	{ "claim", bench_claim_all },
	{ "frames", frames },
	{ "reclaim", reclaim },
	{ "frames, not claimed", frames },
};

static void play(struct bench *b, int64_t start)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		event(b, acts[i].what, now_ns() - start);
		acts[i].act(b);
		event(b, "end", now_ns() - start);
		sleep_ms(REST_MS);
	}
}

void case_timeline(struct bench *b)
{
	struct track *track = mmap(NULL, sizeof(*track), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t start;
	pid_t pid;

	if (track == MAP_FAILED)
		need(-errno, "mmap");
	bench_start(b);
	bench_frame(b);
	start = now_ns();
	fflush(NULL);
	pid = fork();
	need(pid < 0 ? -errno : 0, "fork");
	if (!pid)
		be_watcher(track, b->app.pid, start);
	sleep_ms(REST_MS);
	play(b, start);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bench_check(b);
	bench_end(b);

	emit_begin(b, "memory");
	emit_list("at_ns", track->ns, track->count);
	emit_list("available", track->available, track->count);
	emit_list("swap_used", track->swap_used, track->count);
	emit_list("resident", track->resident, track->count);
	emit_end();
	munmap(track, sizeof(*track));
}
