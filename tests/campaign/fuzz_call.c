/* SPDX-License-Identifier: MIT */
/*
 * fuzz: a process that makes calls in several threads. A call that has reached code that no
 * call reached before is kept, and later calls are kept ones with some words changed.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cover.h"
#include "fuzz.h"
#include "gpu/pattern.h"

#define KEPT_MAX 1024
#define SIGNAL_PAUSE_US 10000

struct thread {
	pthread_t thread;
	unsigned int process, number;
	uint64_t seed;
};

static struct fuzz_call kept[KEPT_MAX];
static atomic_uint kept_count;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

/* One thread, which shares its file with others, has no privileges. */
#define UNPRIVILEGED_PROCESS 0
#define UNPRIVILEGED_THREAD 0
#define NOBODY 65534

__thread bool fuzz_privileged = true;

static __thread struct fuzz_call current;
static __thread unsigned int next_word;
static __thread uint64_t random_state;

uint64_t fuzz_draw(void)
{
	return current.word[next_word++ % FUZZ_WORDS];
}

uint64_t fuzz_below(uint64_t below)
{
	return fuzz_draw() % below;
}

static uint64_t fuzz_random(uint64_t below)
{
	return pattern_random(&random_state) % below;
}

static uint8_t random_op(void)
{
	unsigned int sum = 0, at;

	for (unsigned int i = 0; i < fuzz_op_count; i++)
		sum += fuzz_ops[i].weight;
	at = (unsigned int)fuzz_random(sum);
	for (unsigned int i = 0; i < fuzz_op_count; i++) {
		if (at < fuzz_ops[i].weight)
			return (uint8_t)i;
		at -= fuzz_ops[i].weight;
	}
	return 0;
}

static void new_call(void)
{
	current.op = random_op();
	for (unsigned int i = 0; i < FUZZ_WORDS; i++)
		current.word[i] = pattern_random(&random_state);
}

static void change_call(void)
{
	pthread_mutex_lock(&kept_lock);
	current = kept[fuzz_random(atomic_load(&kept_count))];
	pthread_mutex_unlock(&kept_lock);
	/* Few calls use more than half of their words. */
	for (uint64_t i = fuzz_random(4); i > 0; i--) {
		uint64_t *word = &current.word[fuzz_random(FUZZ_WORDS / 2)];

		*word = fuzz_random(2) ? pattern_random(&random_state) :
			*word + fuzz_random(9) - 4;
	}
}

static void keep_call(void)
{
	unsigned int count;

	pthread_mutex_lock(&kept_lock);
	count = atomic_load(&kept_count);
	kept[count < KEPT_MAX ? count : fuzz_random(KEPT_MAX)] = current;
	if (count < KEPT_MAX)
		atomic_store(&kept_count, count + 1);
	pthread_mutex_unlock(&kept_lock);
	atomic_fetch_add(&fuzz->kept, 1);
}

static void make_call(const struct thread *t)
{
	int ret;

	if (atomic_load(&kept_count) && fuzz_random(2))
		change_call();
	else
		new_call();
	next_word = 0;
	atomic_store(&fuzz->current[t->process][t->number], current.op);
	cover_restart();
	ret = fuzz_ops[current.op].run();
	if (cover_add())
		keep_call();
	atomic_fetch_add(&fuzz->calls[current.op], 1);
	if (!ret)
		atomic_fetch_add(&fuzz->good[current.op], 1);
	atomic_fetch_add(&fuzz->beat[t->process][t->number], 1);
}

static void *run_thread(void *arg)
{
	const struct thread *t = arg;

	random_state = t->seed;
	cover_thread();
	/* The system call changes this thread only, unlike the function of the C library. */
	if (t->process == UNPRIVILEGED_PROCESS && t->number == UNPRIVILEGED_THREAD) {
		fuzz_privileged = false;
		if (syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY))
			fuzz_bad("setresuid: %s", strerror(errno));
	}
	while (!atomic_load(&fuzz->stop))
		make_call(t);
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
}

void fuzz_process(unsigned int number, uint64_t seed)
{
	struct sigaction action = { .sa_handler = on_signal };
	static struct thread threads[FUZZ_THREADS];
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Without SA_RESTART: a wait ends, and the call returns to this program. */
	sigaction(SIGUSR1, &action, NULL);
	ret = fuzz_objects_open();
	if (ret == -ENOMEM)
		_exit(1);
	if (ret) {
		fuzz_bad("opening the device: %s", strerror(-ret));
		_exit(1);
	}
	for (unsigned int i = 0; i < FUZZ_THREADS; i++) {
		threads[i] = (struct thread) {
			.process = number, .number = i, .seed = seed * FUZZ_THREADS + i + 1,
		};
		if (pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]))
			_exit(1);
	}
	while (!atomic_load(&fuzz->stop)) {
		usleep(SIGNAL_PAUSE_US);
		pthread_kill(threads[fuzz_random(FUZZ_THREADS)].thread, SIGUSR1);
	}
	for (unsigned int i = 0; i < FUZZ_THREADS; i++) {
		pthread_kill(threads[i].thread, SIGUSR1);
		pthread_join(threads[i].thread, NULL);
	}
	_exit(0);
}
