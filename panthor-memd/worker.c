/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "worker.h"

/* The default would depend on RLIMIT_STACK, which the unit's system call filter hides. */
#define STACK_BYTES (256 << 10)

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *job; /* the next job to run */
	bool quit;
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
	pthread_mutex_lock(&back.lock);
	job->next = NULL;
	*back.last = job;
	back.last = &job->next;
	pthread_mutex_unlock(&back.lock);
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
	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		struct job *job = w->job;

		if (!job) {
			pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		w->job = NULL;
		pthread_mutex_unlock(&w->lock);
		job_run(job);
		job->worker = w;
		give_back(job);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- the loop's thread ---------------------------------------------------- */

static int on_wakeup(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct job *job, *next;
	eventfd_t count;

	(void)source;
	(void)events;
	(void)data;
	eventfd_read(fd, &count);
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

int workers_start(sd_event *event, void (*done)(struct job *job, void *data), void *data)
{
	back.first = NULL;
	back.last = &back.first;
	back.done = done;
	back.data = data;
	back.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (back.wakeup < 0)
		return -errno;
	return sd_event_add_io(event, &back.source, back.wakeup, EPOLLIN, on_wakeup, NULL);
}

void workers_stop(void)
{
	back.source = sd_event_source_disable_unref(back.source);
	if (back.wakeup >= 0)
		close(back.wakeup);
	back.wakeup = -1;
}

/* The thread blocks all signals, so that the loop receives them. */
static int start(struct worker *w)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
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
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	w->idle = true;
	if (!start(w))
		return w;
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

bool worker_idle(const struct worker *w)
{
	return w->idle;
}

void worker_give(struct worker *w, struct job *job)
{
	w->idle = false;
	pthread_mutex_lock(&w->lock);
	w->job = job;
	pthread_mutex_unlock(&w->lock);
	/* If the lock were still held, the thread would wake up only to wait for it. */
	pthread_cond_signal(&w->work);
}
