/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "stop.h"

/* The time between two interruptions of a call. */
#define AGAIN_NS 10000000L

static const int signals[] = { SIGINT, SIGTERM };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t came;
static int settled;
static volatile sig_atomic_t waiting;
static volatile sig_atomic_t taken[SIGNALS];
static timer_t timer;
static bool has_timer;
static void (*tidy_up)(void);

static void set_timer(long ns)
{
	const struct itimerspec every = { .it_interval = { 0, ns }, .it_value = { 0, ns } };

	if (has_timer)
		timer_settime(timer, 0, &every, NULL);
}

/* Lets the signal take its default action when the handler returns: until then it is blocked. */
static void end(int number)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	tidy_up();
	sigaction(number, &action, NULL);
	raise(number);
}

static void handler(int number)
{
	const struct sigaction next = { .sa_handler = end };
	int saved = errno;
	size_t i;

	came = number;
	for (i = 0; i < SIGNALS; i++) {
		if (taken[i])
			sigaction(signals[i], &next, NULL);
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

/* Returns false if the signal is ignored, and leaves it so. */
static bool take(int number, void (*with)(int))
{
	struct sigaction action = { .sa_handler = with };
	struct sigaction old;
	size_t i;

	if (sigaction(number, NULL, &old) || old.sa_handler == SIG_IGN)
		return false;
	/* A second signal waits until the handler of the first returns. */
	sigemptyset(&action.sa_mask);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&action.sa_mask, signals[i]);
	sigaction(number, &action, NULL);
	return true;
}

void stop_catch(void (*before_end)(void))
{
	size_t i;

	tidy_up = before_end;
	make_timer();
	for (i = 0; i < SIGNALS; i++)
		taken[i] = take(signals[i], handler);
	take(SIGHUP, end);
	take(SIGQUIT, end);
}

int stop_signal(void)
{
	return came;
}

int stop_settle(void)
{
	settled = came;
	return settled;
}

bool stop_again(void)
{
	return came != settled;
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
