/* SPDX-License-Identifier: MIT */
/* Threads that run one job at a time, and the queue that returns finished jobs to the loop. */
#ifndef BROKER_WORKER_H
#define BROKER_WORKER_H

#include <stdbool.h>

#include "job.h"
#include "sdbus.h"

struct worker;

/* Call this before worker_new(). The loop passes each finished job to @done. 0 or -errno. */
int workers_start(sd_event *event, void (*done)(struct job *job, void *data), void *data);
/* Call this after the last worker_free(). */
void workers_stop(void);

struct worker *worker_new(void);
/* Waits for a running job. @w may be NULL. */
void worker_free(struct worker *w);

bool worker_idle(const struct worker *w);
/* @w has to be idle. @job must not move or be freed until it is passed to done(). */
void worker_give(struct worker *w, struct job *job);

/*
 * End the call of the driver that the job is in. A job that has not entered the call yet does not
 * notice: repeat this until the job is done.
 */
void worker_interrupt(const struct worker *w);

#endif /* BROKER_WORKER_H */
