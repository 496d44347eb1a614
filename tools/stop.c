/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "stop.h"

/* From one interruption of a call to the next. */
#define AGAIN_NS 10000000L

static const int signals[] = { SIGINT, SIGTERM };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t came;
static volatile sig_atomic_t waiting;
static volatile sig_atomic_t taken[SIGNALS];
static timer_t timer;
static bool has_timer;

static void set_timer(long ns)
{
	const struct itimerspec every = { .it_interval = { 0, ns }, .it_value = { 0, ns } };

	if (has_timer)
		timer_settime(timer, 0, &every, NULL);
}

static void handler(int number)
{
	const struct sigaction end = { .sa_handler = SIG_DFL };
	int saved = errno;
	size_t i;

	came = number;
	for (i = 0; i < SIGNALS; i++) {
		if (taken[i])
			sigaction(signals[i], &end, NULL);
	}
	if (waiting)
		set_timer(AGAIN_NS);
	errno = saved;
}

static void tick(int number)
{
	(void)number;
}

static void make_timer(void)
{
	const struct sigaction action = { .sa_handler = tick };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	sigset_t set;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	has_timer = !timer_create(CLOCK_MONOTONIC, &event, &timer);
}

void stop_catch(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct sigaction old;
	size_t i;

	make_timer();
	/* A second signal that comes while the first is handled waits for its end. */
	sigemptyset(&action.sa_mask);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&action.sa_mask, signals[i]);
	for (i = 0; i < SIGNALS; i++) {
		if (sigaction(signals[i], NULL, &old) || old.sa_handler == SIG_IGN)
			continue;
		taken[i] = true;
		sigaction(signals[i], &action, NULL);
	}
}

int stop_signal(void)
{
	return came;
}

void stop_begin(void)
{
	waiting = true;
}

void stop_end(void)
{
	waiting = false;
	set_timer(0);
}
