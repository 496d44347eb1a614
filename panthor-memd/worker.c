/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "worker.h"

/* The default would depend on RLIMIT_STACK, which the unit's system call filter hides. */
#define STACK_BYTES (256 << 10)

/* The signal that ends a call of the driver. */
#define INTERRUPT SIGUSR1

struct worker {
	pthread_t thread;
	sem_t wakeup; /* posted for each job, and to quit */
	struct job *job; /* the next job to run */
	atomic_bool quit;
	bool idle; /* used by the loop only */
};

static struct {
	pthread_mutex_t lock;
	struct job *first, **last;
	int wakeup;
	sd_event_source *source;
	void (*done)(struct job *job, void *data);
	void *data;
} back = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.wakeup = -1,
};

/* --- a worker's thread ---------------------------------------------------- */

static void give_back(struct job *job)
{
	bool first;

	pthread_mutex_lock(&back.lock);
	first = !back.first;
	job->next = NULL;
	*back.last = job;
	back.last = &job->next;
	pthread_mutex_unlock(&back.lock);
	/* The loop takes all jobs at once. */
	if (first)
		eventfd_write(back.wakeup, 1);
}

/*
 * The unit gives panthor-memd a higher priority than other programs, so that it answers during
 * a flood. Work for a client must not have it. In Linux, each thread has its own nice value.
 */
static void use_normal_priority(void)
{
	if (getpriority(PRIO_PROCESS, 0) < 0)
		setpriority(PRIO_PROCESS, 0, 0);
}

static void *thread(void *data)
{
	struct worker *w = data;

	use_normal_priority();
	for (;;) {
		/* worker_interrupt() can end the wait. */
		while (sem_wait(&w->wakeup))
			;
		if (w->quit)
			return NULL;
		job_run(w->job);
		w->job->worker = w;
		give_back(w->job);
	}
}

/* --- the loop's thread ---------------------------------------------------- */

static int on_wakeup(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct job *job, *next;

	/* Each write wakes the loop once, so the counter is not read. */
	(void)source;
	(void)fd;
	(void)events;
	(void)data;
	pthread_mutex_lock(&back.lock);
	job = back.first;
	back.first = NULL;
	back.last = &back.first;
	pthread_mutex_unlock(&back.lock);
	for (; job; job = next) {
		next = job->next;
		job->worker->idle = true;
		back.done(job, back.data);
	}
	return 0;
}

/* The handler only has to exist: the signal then ends a system call with EINTR. */
static void on_interrupt(int number)
{
	(void)number;
}

/* Only the threads of workers receive the signal. */
static int handle_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	sigset_t set;

	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, INTERRUPT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return sigaction(INTERRUPT, &action, NULL) ? -errno : 0;
}

int workers_start(sd_event *event, void (*done)(struct job *job, void *data), void *data)
{
	int ret = handle_interrupts();

	if (ret)
		return ret;
	back.first = NULL;
	back.last = &back.first;
	back.done = done;
	back.data = data;
	back.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (back.wakeup < 0)
		return -errno;
	return sd_event_add_io(event, &back.source, back.wakeup, EPOLLIN | EPOLLET, on_wakeup,
			       NULL);
}

void workers_stop(void)
{
	back.source = sd_event_source_disable_unref(back.source);
	if (back.wakeup >= 0)
		close(back.wakeup);
	back.wakeup = -1;
}

/* The thread blocks all other signals, so that the loop receives them. */
static int start(struct worker *w)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	sigdelset(&all, INTERRUPT);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&w->thread, &attr, thread, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ret;
}

struct worker *worker_new(void)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	sem_init(&w->wakeup, 0, 0);
	w->idle = true;
	if (!start(w))
		return w;
	sem_destroy(&w->wakeup);
	free(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	w->quit = true;
	sem_post(&w->wakeup);
	pthread_join(w->thread, NULL);
	sem_destroy(&w->wakeup);
	free(w);
}

bool worker_idle(const struct worker *w)
{
	return w->idle;
}

void worker_give(struct worker *w, struct job *job)
{
	w->idle = false;
	w->job = job;
	sem_post(&w->wakeup);
}

void worker_interrupt(const struct worker *w)
{
	if (!w->idle)
		pthread_kill(w->thread, INTERRUPT);
}
