/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <panthor_drmif.h>

#include "act.h"
#include "act_broker.h"
#include "commands.h"
#include "device.h"
#include "memory.h"
#include "metrics.h"
#include "output.h"
#include "progress.h"
#include "reach.h"
#include "stop.h"
#include "target.h"

static uint64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* Finds errors that every call would get before the first one. Claims need no free swap. */
static int probe(const struct act *act, const struct device *d)
{
	int ret = -panthor_mem_probe(d->fd);

	return act->op.kind == OPERATION_CLAIM && ret == ENOSPC ? 0 : ret;
}

static void run_one(const struct options *o, const struct act *act, int fd,
		    const struct target *t, struct outcome *out)
{
	struct progress *progress;

	out->error = t->error;
	if (out->error)
		return;
	progress = act->op.dry_run ? NULL :
				     progress_start(&o->roots, act->node, act->op.kind, t,
						    !act->op.prefetch);
	operation_run(&act->op, fd, t, out);
	progress_end(progress);
}

static void add_result(struct act *act, const struct options *o, int fd, const struct target *t,
		       const struct outcome *out)
{
	struct act_result *r;

	act->results = memory_grow(act->results, act->n_results, act->n_results + 1,
				   sizeof(*act->results));
	r = &act->results[act->n_results++];
	r->target = t;
	r->outcome = *out;
	if (out->error == ESRCH && t->kind == TARGET_PROCESS)
		reach_explain(&r->problem, &o->roots, act->node, fd, t->pid);
	else if (out->error == ESRCH)
		problem_set(&r->problem, ESRCH, STATUS_NO_TARGET,
			    "`panthor-mem list --by client` shows the clients",
			    "%s has no such client", act->node);
	else if (out->error)
		problem_of_call(&r->problem, out->error, &o->roots, act->node);
}

/*
 * Handles the targets one after the other. One that was found by name or cgroup may hold nothing
 * on this device, and is then skipped.
 */
static void run_all(const struct options *o, struct act *act, int fd, struct metrics *metrics)
{
	const struct target_list *list = &act->targets;
	uint64_t limit = act->op.max_bytes;
	size_t i;

	for (i = 0; i < list->count && !stop_signal(); i++) {
		const struct target *t = &list->targets[i];
		struct outcome out = { 0 };
		uint64_t counted;

		run_one(o, act, fd, t, &out);
		if (out.error == EINTR)
			break;
		if (out.error == ESRCH && !out.evicted && !out.claimed && !t->named)
			continue;
		metrics_record(metrics, act->op.kind, &out, seconds_now());
		add_result(act, o, fd, t, &out);
		counted = operation_counted(&act->op, &out);
		if (limit && counted >= act->op.max_bytes) {
			i++;
			break;
		}
		if (limit)
			act->op.max_bytes -= counted;
	}
	act->tried = i;
	act->op.max_bytes = limit;
}

/* Sets the reason if nothing was done. */
static void judge(struct act *act)
{
	if (act->n_results || act->tried < act->targets.count)
		return;
	if (act->problems.count)
		act->problem = act->problems.items[0].problem;
	else if (act->targets.left_out)
		act->problem = act->targets.left_out_why;
	else
		problem_set(&act->problem, ESRCH, STATUS_NO_TARGET,
			    "`panthor-mem list` shows who holds GPU memory",
			    "none of the processes found holds memory of %s", act->node);
}

/* Says that clients of a cgroup were left out. */
static void complain_left_out(const struct target_list *list)
{
	char *subject;

	if (!list->left_out)
		return;
	subject = memory_text("%zu client%s of a cgroup %s left out", list->left_out,
			      list->left_out == 1 ? "" : "s",
			      list->left_out == 1 ? "was" : "were");
	problem_say(&list->left_out_why, subject);
	free(subject);
}

static void directly(const struct options *o, struct act *act, struct metrics *metrics)
{
	struct device d = { .fd = -1 };
	int ret;

	if (!device_open(&d, &o->roots, o->device, &act->problem)) {
		memcpy(act->node, d.node, sizeof(act->node));
		ret = probe(act, &d);
		if (ret) {
			problem_of_call(&act->problem, ret, &o->roots, d.node);
		} else {
			target_find(o, d.node, d.fd, &act->targets, &act->problems);
			run_all(o, act, d.fd, metrics);
			judge(act);
		}
	}
	device_close(&d);
}

/* If the user is not permitted to act directly, panthor-memd may be. */
static void start(const struct options *o, struct act *act, struct metrics *metrics)
{
	struct problem why = { 0 };

	if (o->broker == BROKER_ALWAYS) {
		if (!act_broker(o, act, metrics, &why))
			act->problem = why;
		return;
	}
	directly(o, act, metrics);
	if (o->broker == BROKER_AUTO && act->problem.status == STATUS_NOT_PERMITTED &&
	    !act->targets.count) {
		const struct problem direct = act->problem;

		act->problem = (struct problem){ 0 };
		if (!act_broker(o, act, metrics, &why))
			act->problem = direct;
	}
}

static void complain(const struct act *act)
{
	const char *what = operation_names[act->op.kind];
	const size_t rest = act->targets.count - act->tried;
	size_t i;

	for (i = 0; i < act->n_results; i++) {
		const struct act_result *r = &act->results[i];
		char *target, *subject;

		if (!r->problem.error)
			continue;
		target = target_text(r->target);
		subject = memory_text("%s of %s", what, target);
		problem_say(&r->problem, subject);
		free(subject);
		free(target);
	}
	if (act->skipped)
		say("%zu process%s found %s skipped: %s", act->skipped,
		    act->skipped == 1 ? "" : "es", act->skipped == 1 ? "was" : "were",
		    act->skipped_why.what);
	complain_left_out(&act->targets);
	for (i = 0; i < act->problems.count; i++)
		problem_say(&act->problems.items[i].problem, what);
	if (act->problem.error && !act->problems.count && !act->targets.left_out)
		problem_say(&act->problem, what);
	if (rest && (act->stopped || !act->problem.error))
		say("%zu%s not tried: %s", rest, act->n_results ? " more" : "",
		    act->stopped ? "interrupted" : "the limit was reached");
}

static int status_of(const struct act *act)
{
	size_t i;

	if (act->stopped)
		return 128 + act->stopped;
	if (act->problem.error)
		return act->problem.status;
	for (i = 0; i < act->n_results; i++) {
		if (act->results[i].problem.error)
			return act->results[i].problem.status;
	}
	return act->problems.count ? act->problems.items[0].problem.status : STATUS_OK;
}

/* Counts a run that failed before it had a target, unless the command line was wrong. */
static void count_refusal(const struct act *act, struct metrics *metrics)
{
	const struct problem *p = &act->problem;

	if (p->error && p->status != STATUS_USAGE)
		metrics_refused(metrics, act->op.kind,
				p->status == STATUS_NO_TARGET ? ESRCH : p->error);
}

/*
 * Runs after the report, since it can wait for a lock. With --json, an error goes to standard
 * output, too. Returns false if the run was not counted.
 */
static bool count(const struct options *o, const struct act *act, const struct metrics *metrics)
{
	struct problem p = { 0 };
	char *subject;

	if (!metrics_file_add(o->metrics, act->node, metrics, &p))
		return true;
	if (o->json)
		metrics_json(o->metrics, &p);
	subject = memory_text("this run was not counted: %s", o->metrics);
	problem_say(&p, subject);
	free(subject);
	return false;
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

	stop_catch(progress_clear);
	output_outlive_reader();
	start(o, &act, &metrics);
	act.stopped = stop_settle();
	if (o->json)
		act_json(&act);
	else
		act_table(&act, o->bytes, o->colour);
	/* Report everything before count() can wait, and count even if nobody reads the report. */
	output_flush();
	complain(&act);
	status = status_of(&act);
	count_refusal(&act, &metrics);
	if (o->metrics && !o->dry_run && metrics_any(&metrics) && !count(o, &act, &metrics) &&
	    !status)
		status = STATUS_METRICS;
	free(act.results);
	target_free(&act.targets);
	target_problem_free(&act.problems);
	return status;
}
