/* SPDX-License-Identifier: MIT */
/*
 * The effect on another process: it opens the device, makes an ioctl and runs null
 * jobs, while a second application is reclaimed and claimed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "gpu/cs_sim.h"
#include "gpu/ctx.h"
#include "gpu/mem.h"

#define SAMPLES_MAX 20000
#define PACE_NS 500000
#define IDLE_MS 300

enum phase { IDLE, RECLAIM, CLAIM, MEMORY_RECLAIM, NATURAL, BETWEEN, PHASES };

static const char *const phase_names[PHASES] = {
	[IDLE] = "idle", [RECLAIM] = "reclaim", [CLAIM] = "claim",
	[MEMORY_RECLAIM] = "memory.reclaim", [NATURAL] = "natural", [BETWEEN] = "between",
};

struct board {
	int phase;
	int failed;
	int ready;
	unsigned int opens[PHASES], jobs[PHASES];
	int64_t open_ns[PHASES][SAMPLES_MAX];
	int64_t job_ns[PHASES][SAMPLES_MAX];
};

static int phase_of(const struct board *board)
{
	return __atomic_load_n(&board->phase, __ATOMIC_SEQ_CST);
}

/* The node is searched for once: nodes of other drivers come first. */
static char node[64];

static void find_node(int fd)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, node, sizeof(node) - 1);
	need(length < 0 ? -errno : 0, link);
	node[length] = '\0';
}

/* A latency counts for a call if any part of it overlaps the call. */
static int count_for(int before, int after)
{
	return after == IDLE || after == BETWEEN ? before : after;
}

static void open_once(struct board *board)
{
	int before = phase_of(board), phase;
	int64_t start = now_ns(), ns;
	int fd = open(node, O_RDWR | O_CLOEXEC);
	struct drm_panthor_gpu_info info;

	if (fd < 0 || gpu_device_query(fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &info,
				       sizeof(info)))
		board->failed = 1;
	ns = now_ns() - start;
	close(fd);
	phase = count_for(before, phase_of(board));
	if (board->opens[phase] < SAMPLES_MAX)
		board->open_ns[phase][board->opens[phase]++] = ns;
}

static void job_once(struct board *board, struct gpu_ctx *ctx)
{
	int before = phase_of(board), phase;
	int64_t start = now_ns(), ns;

	cs_nop(gpu_ctx_begin(ctx));
	if (gpu_ctx_run(ctx, 0))
		board->failed = 1;
	ns = now_ns() - start;
	phase = count_for(before, phase_of(board));
	if (board->jobs[phase] < SAMPLES_MAX)
		board->job_ns[phase][board->jobs[phase]++] = ns;
}

static void be_bystander(struct board *board)
{
	static struct gpu_ctx ctx;
	static struct gpu_device dev;
	const struct timespec pace = { .tv_nsec = PACE_NS };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&dev) || gpu_ctx_init(&ctx, &dev, 1))
		board->failed = 1;
	__atomic_store_n(&board->ready, 1, __ATOMIC_SEQ_CST);
	while (!board->failed) {
		open_once(board);
		nanosleep(&pace, NULL);
		job_once(board, &ctx);
		nanosleep(&pace, NULL);
	}
	_exit(1);
}

static void set_phase(struct board *board, enum phase phase)
{
	if (board->failed)
		need(-EIO, "the bystander");
	__atomic_store_n(&board->phase, phase, __ATOMIC_SEQ_CST);
}

static void memory_reclaim(struct bench *b)
{
	struct rival_result result;

	rival_reclaim(b, &result);
}

static void idle(struct bench *b)
{
	(void)b;
	sleep_ms(IDLE_MS);
}

static void reclaim_once(struct bench *b)
{
	struct drm_panthor_mem_reclaim args;

	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
}

static void frame(struct bench *b)
{
	bench_frame(b);
}

static void in_phase(struct bench *b, struct board *board, enum phase phase,
		     void (*work)(struct bench *b))
{
	set_phase(board, phase);
	work(b);
	set_phase(board, BETWEEN);
}

static void one_round(struct bench *b, struct board *board)
{
	in_phase(b, board, IDLE, idle);
	in_phase(b, board, RECLAIM, reclaim_once);
	bench_reclaim_all(b);
	in_phase(b, board, CLAIM, bench_claim_all);
	bench_check(b);
	in_phase(b, board, MEMORY_RECLAIM, memory_reclaim);
	bench_reclaim_all(b);
	in_phase(b, board, NATURAL, frame);
	bench_check(b);
}

static void report(struct bench *b, const struct board *board)
{
	for (int phase = 0; phase < BETWEEN; phase++) {
		emit_begin(b, phase_names[phase]);
		emit_list("open_ns", board->open_ns[phase], board->opens[phase]);
		emit_list("job_ns", board->job_ns[phase], board->jobs[phase]);
		emit_end();
	}
}

void case_bystander(struct bench *b)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (board == MAP_FAILED)
		need(-errno, "mmap");
	board->phase = BETWEEN;
	bench_start(b);
	find_node(b->dev.fd);
	fflush(NULL);
	pid = fork();
	if (!pid)
		be_bystander(board);
	need(pid < 0 ? -errno : 0, "fork");
	while (!__atomic_load_n(&board->ready, __ATOMIC_SEQ_CST))
		sleep_ms(1);
	for (b->round = 0; b->round < b->opt.rounds; b->round++)
		one_round(b, board);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	b->round = 0;
	report(b, board);
	bench_end(b);
	munmap(board, sizeof(*board));
}
