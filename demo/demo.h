/* SPDX-License-Identifier: MIT */
/*
 * The demo: three applications with GPU memory, and a resource manager that
 * reclaims the memory of one in the background and claims it again.
 */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/app.h"
#include "gpu/fdinfo.h"
#include "gpu/sysmem.h"

#define DEMO_APPS 3
#define DEMO_BO_SIZE (UINT64_C(1) << 20)
#define DEMO_BOS 48
#define DEMO_APP_BYTES (DEMO_BOS * DEMO_BO_SIZE)
#define DEMO_SAMPLES 9

/* Memory of the system and of the applications at one moment. */
struct demo_look {
	struct sysmem mem;
	struct gpu_fdinfo gpu[DEMO_APPS];
};

/* What the demo measured; all sizes in bytes. */
struct demo_result {
	char kernel[128];
	pid_t tgid;
	struct demo_look before;	/* before the first reclaim */
	struct demo_look after;		/* and after it */
	uint64_t evicted;
	uint64_t freed;
	uint64_t skipped;
	uint64_t claimed;
	uint64_t remaining;
	int64_t reclaim_us;
	int64_t claim_us;
	int64_t bystander_frames;	/* drawn by the other applications meanwhile */
	int64_t frame_never_us;		/* first frame, never reclaimed */
	int64_t frame_reclaimed_us;	/* reclaimed, not claimed */
	int64_t frame_claimed_us;	/* reclaimed and claimed */
	unsigned int bad_bos;		/* BOs whose contents changed */
	const char *verdict;		/* "ok", or what is wrong */
};

/*
 * client.c or client_mesa.c: what the applications use the GPU with. Call it once, before any is
 * started. Where the GPU cannot read their buffers for a check, demo_read_by_gpu is false.
 */
int demo_client(const struct gpu_app_client **client);
extern const bool demo_read_by_gpu;

/* demo_apps.c: each returns 0, or prints a message and returns -errno. */
int demo_apps_start(struct gpu_app apps[DEMO_APPS]);
void demo_apps_end(struct gpu_app apps[DEMO_APPS]);
int demo_frames_start(struct gpu_app *app);
int64_t demo_frames_stop(struct gpu_app *app);
/* Stop the application when its GPU work is done. */
int demo_to_background(struct gpu_app *app);
/* Continue the application, and measure the time of its first frame. */
int demo_to_foreground(struct gpu_app *app, int64_t *frame_us);
/* Read all buffers by GPU and CPU; add the number of wrong ones to @bad. */
int demo_verify(struct gpu_app *app, unsigned int number, unsigned int *bad);
int demo_look(const struct gpu_app apps[DEMO_APPS], struct demo_look *look);

/* demo_report.c: text unless demo_quiet is set, and one JSON object */
extern bool demo_quiet;
void demo_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void demo_table_head(const struct gpu_app apps[DEMO_APPS]);
void demo_table_row(const char *step, const struct demo_look *look, int64_t us);
void demo_summary(const struct demo_result *r);
int demo_json(const struct demo_result *r);

/* demo_judge.c: set the verdict. */
void demo_judge(struct demo_result *r);

/* Differences that both the report and the verdict use. */
int64_t demo_free_delta(const struct demo_result *r);
int64_t demo_swap_delta(const struct demo_result *r);
int64_t demo_zram_delta(const struct demo_result *r);
int64_t demo_bystander_delta(const struct demo_result *r);

#endif
