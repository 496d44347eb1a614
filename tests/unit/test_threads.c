/* SPDX-License-Identifier: MIT */
/*
 * Many threads on one fd. A lock protects the model, so this tests the library: each thread
 * must get the result of its own call, which the sums show.
 */
#include <errno.h>
#include <pthread.h>

#include "fixture.h"

#define THREADS 8
#define ROUNDS 50

struct worker {
	struct fixture *f;
	pthread_t thread;
	unsigned int number;
	uint64_t evicted;
	uint64_t claimed;
	unsigned int wrong;
};

static void one_round(struct worker *w)
{
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int fd = w->f->fd;

	/* Besides the common work, each thread provokes an error of its own. */
	errno = (int)w->number;
	switch (w->number % 4) {
	case 0:
		w->wrong += panthor_mem_reclaim(fd, 900 + (pid_t)w->number, NULL) != -ESRCH;
		break;
	case 1:
		w->wrong += panthor_mem_claim(fd, -1, NULL) != -EINVAL;
		break;
	case 2:
		w->wrong += panthor_mem_probe(-1) != -EBADF;
		break;
	default:
		w->wrong += panthor_mem_probe(fd) != 0;
	}
	w->wrong += errno != (int)w->number;

	ro.max_bytes = BO_SIZE * (1 + w->number % 3);
	w->wrong += panthor_mem_reclaim_with(fd, app_tgid(w->f), &ro, &rr) != 0;
	w->wrong += rr.evicted_bytes > ro.max_bytes || rr.freed_bytes != rr.evicted_bytes;
	w->evicted += rr.evicted_bytes;

	w->wrong += panthor_mem_claim_with(fd, app_tgid(w->f), NULL, &cr) != 0;
	w->claimed += cr.claimed_bytes;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int i;

	for (i = 0; i < ROUNDS; i++)
		one_round(w);
	return NULL;
}

static void hammer(void **state)
{
	struct fixture *f = *state;
	struct worker workers[THREADS] = { { 0 } };
	uint64_t evicted = 0, claimed = 0;
	unsigned int i, wrong = 0;

	for (i = 0; i < THREADS; i++) {
		workers[i].f = f;
		workers[i].number = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		evicted += workers[i].evicted;
		claimed += workers[i].claimed;
		wrong += workers[i].wrong;
	}
	assert_int_equal(wrong, 0);
	assert_true(evicted >= THREADS * BO_SIZE);
	/* Each byte was counted exactly once. */
	assert_true(evicted - claimed == APP_SIZE - app_resident(f));
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	check_content(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(hammer),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
