/* SPDX-License-Identifier: MIT */
/* Threads that run one job at a time each, and one way back for all of them. */
#ifndef BROKER_WORKER_H
#define BROKER_WORKER_H

#include <stdbool.h>

#include "job.h"
#include "sdbus.h"

struct worker;

/* Before the first worker: @done gets each job back, on the loop's thread. 0 or -errno. */
int workers_start(sd_event *event, void (*done)(struct job *job, void *data), void *data);
/* After the last one. */
void workers_stop(void);

struct worker *worker_new(void);
/* Waits for its job, if it has one. */
void worker_free(struct worker *w);

bool worker_idle(const struct worker *w);
/* To one that is idle; @job has to stay where it is until it comes back. */
void worker_give(struct worker *w, struct job *job);

#endif /* BROKER_WORKER_H */
