/* SPDX-License-Identifier: MIT */
/* Waits that fail the test instead of going on for ever. Needs <cmocka.h>. */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdint.h>
#include <time.h>

/* Nothing takes this long, even on a busy machine. */
#define PATIENCE_MS 60000
#define PATIENCE_USEC (PATIENCE_MS * UINT64_C(1000))
#define STEP_MS 5

/* Poll @condition until it is true. The test fails after PATIENCE_MS. */
#define WAIT_UNTIL(condition) \
	do { \
		int left_; \
		for (left_ = PATIENCE_MS / STEP_MS; !(condition); left_--) { \
			if (!left_) \
				fail_msg("timed out: %s", #condition); \
			wait_a_step(); \
		} \
	} while (0)

static inline void wait_a_step(void)
{
	static const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };

	nanosleep(&step, NULL);
}

#endif /* PATIENCE_H */
