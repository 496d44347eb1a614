/* SPDX-License-Identifier: MIT */
/*
 * The demo's output: lines and a table for people, or one JSON object.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "demo.h"

bool demo_quiet;

static double mib(int64_t bytes)
{
	return (double)bytes / (1 << 20);
}

void demo_say(const char *format, ...)
{
	va_list args;

	if (demo_quiet)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

void demo_table_head(const struct gpu_app apps[DEMO_APPS])
{
	demo_say("\n%-31s %23s %8s %6s\n", "(sizes in MiB)",
		 "GPU memory resident", "RAM", "swap");
	demo_say("%-31s", "");
	for (unsigned int i = 0; i < DEMO_APPS; i++)
		demo_say(" %3s %3d", "app", (int)apps[i].pid);
	demo_say(" %8s %6s %8s\n", "avail.", "used", "time");
}

void demo_table_row(const char *step, const struct demo_look *look, int64_t us)
{
	demo_say("%-31s", step);
	for (unsigned int i = 0; i < DEMO_APPS; i++)
		demo_say(" %7.1f", mib((int64_t)look->gpu[i].resident));
	demo_say(" %8.1f %6.1f", mib((int64_t)look->mem.available),
		 mib((int64_t)look->mem.swap_used));
	if (us >= 0)
		demo_say(" %5.1f ms", (double)us / 1000);
	demo_say("\n");
}

void demo_summary(const struct demo_result *r)
{
	demo_say("\nReclaim of app %d: %.1f MiB evicted, %.1f MiB freed.\n",
		 (int)r->tgid, mib((int64_t)r->evicted),
		 mib((int64_t)r->freed));
	demo_say("  System counters:      free RAM %+.1f MiB, plus %.1f MiB that zram"
		 " uses for\n                        the compressed copy: %+.1f MiB;"
		 " swap in use %+.1f MiB.\n",
		 mib(demo_free_delta(r)), mib(demo_zram_delta(r)),
		 mib(demo_free_delta(r) + demo_zram_delta(r)),
		 mib(demo_swap_delta(r)));
	demo_say("  Other applications:   %+.1f MiB; they drew %lld frames"
		 " meanwhile.\n", mib(demo_bystander_delta(r)),
		 (long long)r->bystander_frames);
	demo_say("Claim of app %d:   %.1f MiB made resident, %.1f MiB left.\n",
		 (int)r->tgid, mib((int64_t)r->claimed),
		 mib((int64_t)r->remaining));
	demo_say("First frame after it is resumed:\n"
		 "  never reclaimed       %8.2f ms\n"
		 "  reclaimed and claimed %8.2f ms\n"
		 "  reclaimed, no claim   %8.2f ms\n",
		 (double)r->frame_never_us / 1000,
		 (double)r->frame_claimed_us / 1000,
		 (double)r->frame_reclaimed_us / 1000);
	demo_say("Contents, read by %sCPU after each step: ",
		 demo_read_by_gpu ? "GPU and " : "");
	if (r->bad_bos)
		demo_say("%u BUFFERS WRONG.\n", r->bad_bos);
	else
		demo_say("all %d buffers intact.\n", DEMO_APPS * DEMO_BOS);
	demo_say("\nVerdict: %s\n", r->verdict);
}

static void add(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

static struct json_object *frames_object(const struct demo_result *r)
{
	struct json_object *frames = json_object_new_object();

	add(frames, "never_reclaimed", r->frame_never_us);
	add(frames, "reclaimed", r->frame_reclaimed_us);
	add(frames, "claimed", r->frame_claimed_us);
	return frames;
}

int demo_json(const struct demo_result *r)
{
	struct json_object *object = json_object_new_object();
	const char *text;
	int ret = 0;

	json_object_object_add(object, "kernel",
			       json_object_new_string(r->kernel));
	add(object, "tgid", r->tgid);
	add(object, "resident_bytes_before",
	    (int64_t)r->before.gpu[0].resident);
	add(object, "resident_bytes_after", (int64_t)r->after.gpu[0].resident);
	add(object, "evicted_bytes", (int64_t)r->evicted);
	add(object, "freed_bytes", (int64_t)r->freed);
	add(object, "skipped_bytes", (int64_t)r->skipped);
	add(object, "mem_free_delta_bytes", demo_free_delta(r));
	add(object, "swap_used_delta_bytes", demo_swap_delta(r));
	add(object, "zram_mem_used_delta_bytes", demo_zram_delta(r));
	add(object, "bystander_resident_delta_bytes", demo_bystander_delta(r));
	add(object, "bystander_frames", r->bystander_frames);
	add(object, "claimed_bytes", (int64_t)r->claimed);
	add(object, "remaining_bytes", (int64_t)r->remaining);
	add(object, "reclaim_us", r->reclaim_us);
	add(object, "claim_us", r->claim_us);
	json_object_object_add(object, "first_frame_us", frames_object(r));
	json_object_object_add(object, "contents_ok",
			       json_object_new_boolean(!r->bad_bos));
	json_object_object_add(object, "verdict",
			       json_object_new_string(r->verdict));

	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
					      JSON_C_TO_STRING_SPACED |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (puts(text) < 0 || fflush(stdout))
		ret = -errno;
	json_object_put(object);
	return ret;
}
