/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <panthor_drmif.h>

#include "act.h"
#include "commands.h"
#include "device.h"
#include "memory.h"
#include "metrics.h"
#include "output.h"
#include "progress.h"
#include "scan.h"
#include "stop.h"
#include "target.h"
#include "text.h"

static uint64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

/*
 * Whatever would stop every call alike is found before the first one. Claims
 * need no free swap.
 */
static int probe(const struct act *act, const struct device *d)
{
	int ret = -panthor_mem_probe(d->fd);

	return act->op.kind == OPERATION_CLAIM && ret == ENOSPC ? 0 : ret;
}

/* A claim has no dry run in the kernel: this is what fdinfo says. */
static void look_instead(const struct options *o, const struct act *act, struct outcome *out)
{
	struct pid_list one = { .pids = &out->pid, .count = 1 };
	struct scan s;

	if (scan(&s, &o->roots, act->node, &one))
		return;
	out->remaining = s.sum.value[FDINFO_EVICTED];
	if (s.unreadable)
		out->error = EACCES;
	else if (!s.n_holders)
		out->error = ESRCH;
	scan_free(&s);
}

static void run_one(const struct options *o, const struct act *act, int fd, int pidfd,
		    struct outcome *out)
{
	struct progress *progress;

	process_name(&o->roots, out->pid, out->name);
	if (act->op.kind == OPERATION_CLAIM && act->op.dry_run) {
		look_instead(o, act, out);
		return;
	}
	progress = progress_start(&o->roots, act->node, act->op.kind, out->pid, out->name,
				  !act->op.prefetch);
	operation_run(&act->op, fd, pidfd, out);
	progress_end(progress);
}

static void add_result(struct act *act, const struct options *o, const struct outcome *out)
{
	struct act_result *r;

	act->results = memory_grow(act->results, act->n_results, act->n_results + 1,
				   sizeof(*act->results));
	r = &act->results[act->n_results++];
	r->outcome = *out;
	if (out->error)
		problem_of_call(&r->problem, out->error, &o->roots, act->node, out->pid);
}

/*
 * One after the other. Who was not named by its number may well hold nothing on
 * this device, and is left out then.
 */
static void run_all(const struct options *o, struct act *act, int fd,
		    const struct pid_list *targets, const int *pidfds, struct metrics *metrics)
{
	uint64_t limit = act->op.max_bytes;
	size_t i;

	for (i = 0; i < targets->count && !stop_signal(); i++) {
		struct outcome out = { .pid = targets->pids[i] };
		uint64_t counted;

		run_one(o, act, fd, pidfds[i], &out);
		if (out.error == EINTR)
			break;
		if (out.error == ESRCH && !out.evicted && !out.claimed &&
		    !pid_list_has(&o->pids, out.pid))
			continue;
		metrics_record(metrics, act->op.kind, &out, seconds_now());
		add_result(act, o, &out);
		counted = operation_counted(&act->op, &out);
		if (limit && counted >= act->op.max_bytes) {
			i++;
			break;
		}
		if (limit)
			act->op.max_bytes -= counted;
	}
	for (; i < targets->count; i++)
		pid_list_add(&act->rest, targets->pids[i]);
	act->op.max_bytes = limit;
	if (!act->n_results && !act->rest.count)
		problem_set(&act->problem, ESRCH, STATUS_NO_TARGET,
			    "`panthor-mem list` shows who holds GPU memory",
			    targets->count == 1 ? "the one process found holds nothing of %s" :
						  "no process of those found holds anything of %s",
			    act->node);
}

static void start(const struct options *o, struct act *act, struct metrics *metrics)
{
	struct pid_list targets = { 0 };
	struct device d = { .fd = -1 };
	int *pidfds = NULL;
	int ret;

	if (!target_find(o, &targets, &act->problem) &&
	    !device_open(&d, &o->roots, o->device, &act->problem)) {
		memcpy(act->node, d.node, sizeof(act->node));
		ret = probe(act, &d);
		if (ret) {
			problem_of_call(&act->problem, ret, &o->roots, d.node, 0);
		} else {
			pidfds = target_hold(o, &targets);
			run_all(o, act, d.fd, &targets, pidfds, metrics);
		}
	}
	target_release(pidfds, &targets);
	device_close(&d);
	pid_list_free(&targets);
}

static void complain(const struct act *act)
{
	size_t i;

	for (i = 0; i < act->n_results; i++) {
		const struct act_result *r = &act->results[i];
		char subject[PROCESS_NAME + 32], name[PROCESS_NAME];

		if (!r->problem.error)
			continue;
		text_printable(name, sizeof(name), r->outcome.name);
		snprintf(subject, sizeof(subject), "%s of %d%s%s%s", operation_names[act->op.kind],
			 (int)r->outcome.pid, *name ? " (" : "", name, *name ? ")" : "");
		problem_say(&r->problem, subject);
	}
	if (act->problem.error)
		problem_say(&act->problem, operation_names[act->op.kind]);
	if (act->rest.count)
		say("%zu%s not tried: %s", act->rest.count, act->n_results ? " more" : "",
		    stop_signal() ? "interrupted" : "the limit was reached");
}

static int status_of(const struct act *act)
{
	size_t i;

	if (stop_signal())
		return 128 + stop_signal();
	if (act->problem.error)
		return act->problem.status;
	for (i = 0; i < act->n_results; i++) {
		if (act->results[i].problem.error)
			return act->results[i].problem.status;
	}
	return STATUS_OK;
}

/* What did not even begin; a name that cannot be right is nothing to count. */
static void count_refusal(const struct act *act, struct metrics *metrics)
{
	const struct problem *p = &act->problem;

	if (p->error && p->status != STATUS_USAGE)
		metrics_refused(metrics, act->op.kind,
				p->status == STATUS_NO_TARGET ? ESRCH : p->error);
}

int command_act(const struct options *o)
{
	struct metrics metrics = { 0 };
	struct act act = {
		.op = {
			.kind = o->command == COMMAND_CLAIM ? OPERATION_CLAIM : OPERATION_RECLAIM,
			.dry_run = o->dry_run,
			.no_pageout = o->no_pageout,
			.prefetch = o->prefetch,
			.max_bytes = o->max_bytes,
			.wait_ns = o->wait_ns,
		},
	};
	int status;

	stop_catch();
	output_outlive_reader();
	start(o, &act, &metrics);
	if (o->json)
		act_json(&act);
	else
		act_table(&act, o->bytes, o->colour);
	/* All is said before anything can wait, and counted whoever reads it. */
	output_flush();
	complain(&act);
	status = status_of(&act);
	count_refusal(&act, &metrics);
	if (o->metrics && !o->dry_run && metrics_any(&metrics) &&
	    metrics_file_add(o->metrics, &metrics) && !status)
		status = STATUS_METRICS;
	free(act.results);
	pid_list_free(&act.rest);
	return status;
}
