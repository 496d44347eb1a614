/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "act_broker.h"
#include "memory.h"
#include "stop.h"

#ifdef WITH_BROKER

#include "client.h"

static enum status status_of(int code)
{
	switch (code) {
	case ESRCH:
		return STATUS_NO_TARGET;
	case EACCES:
		return STATUS_NOT_PERMITTED;
	case ENODEV:
	case ENOSPC:
	case EOPNOTSUPP:
	case ECONNREFUSED:
		return STATUS_UNSUPPORTED;
	default:
		return STATUS_FAILED;
	}
}

/* The remedy is NULL, because the message already contains it. */
static void set_problem(struct problem *p, const struct broker_error *e)
{
	problem_set(p, e->code, status_of(e->code), NULL, "%s", e->text);
}

static void no_pidfd(struct problem *p, const struct target *t)
{
	if (t->error == ESRCH)
		problem_no_process(p, t->pid);
	else if (t->error == ENOSYS)
		problem_set(p, ENOSYS, STATUS_UNSUPPORTED, "run it as root, with --broker never",
			    "panthor-memd needs a pidfd, which cannot be opened here");
	else if (t->error == EMFILE || t->error == ENFILE)
		problem_of_call(p, t->error, NULL, NULL);
	else
		problem_set(p, t->error, STATUS_FAILED, NULL, "%s", strerror(t->error));
}

static void add_result(struct act *act, const struct target *t, const struct outcome *out,
		       const struct broker_error *e, struct metrics *metrics)
{
	struct act_result *r;

	metrics_record(metrics, act->op.kind, out, (uint64_t)time(NULL));
	act->results = memory_grow(act->results, act->n_results, act->n_results + 1,
				   sizeof(*act->results));
	r = &act->results[act->n_results++];
	r->target = t;
	r->outcome = *out;
	if (t->error)
		no_pidfd(&r->problem, t);
	else if (e->code)
		set_problem(&r->problem, e);
}

/* Did panthor-memd answer at all? */
static bool is_there(const struct broker_error *e)
{
	return e->code != ECONNREFUSED && strcmp(e->reason, "Disconnected");
}

static bool holds_nothing(const struct broker_error *e)
{
	return !strcmp(e->reason, "NoGpuMemory") || !strcmp(e->reason, "NoSuchProcess");
}

/* Processes found by name or cgroup that panthor-memd refused. */
struct refused {
	const struct target *target;
	struct outcome outcome;
	struct broker_error error;
};

struct refused_list {
	struct refused *items;
	size_t count;
};

static void add_refused(struct refused_list *list, const struct target *t,
			const struct outcome *out, const struct broker_error *e)
{
	list->items = memory_grow(list->items, list->count, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct refused){ t, *out, *e };
}

/*
 * A refused process may hold nothing, like the many that others run under a common name. So a
 * refusal is an error only if there is no other result.
 */
static void judge_refused(struct act *act, const struct refused_list *list, struct metrics *metrics)
{
	size_t i;

	if (act->n_results && list->count) {
		act->skipped = list->count;
		set_problem(&act->skipped_why, &list->items[0].error);
		return;
	}
	for (i = 0; i < list->count; i++)
		add_result(act, list->items[i].target, &list->items[i].outcome,
			   &list->items[i].error, metrics);
}

static bool run_all(struct broker_client *c, const struct options *o, struct act *act,
		    struct metrics *metrics, struct problem *why)
{
	const struct target_list *list = &act->targets;
	struct refused_list refused = { 0 };
	uint64_t limit = act->op.max_bytes;
	bool asked = false, answered = true;
	size_t i;

	for (i = 0; i < list->count && !stop_signal(); i++) {
		const struct target *t = &list->targets[i];
		struct outcome out = { .error = t->error };
		struct broker_error e = { 0 };
		uint64_t counted;

		if (!t->error) {
			broker_client_call(c, &act->op, t->pid, t->fd, o->device,
					   isatty(STDERR_FILENO), stop_signal, &out, &e);
			answered = asked || is_there(&e);
			/* The client code itself notices that a process has exited. */
			asked = asked || strcmp(e.reason, "NoSuchProcess");
		}
		if (!answered) {
			set_problem(why, &e);
			break;
		}
		if (!t->named && (t->error == ESRCH || holds_nothing(&e)))
			continue;
		if (!t->named && e.code == EACCES) {
			add_refused(&refused, t, &out, &e);
			continue;
		}
		add_result(act, t, &out, &e, metrics);
		counted = operation_counted(&act->op, &out);
		if (limit && counted >= act->op.max_bytes) {
			i++;
			break;
		}
		act->op.max_bytes -= limit ? counted : 0;
	}
	if (answered)
		judge_refused(act, &refused, metrics);
	free(refused.items);
	act->tried = i;
	act->op.max_bytes = limit;
	return answered;
}

/* panthor-memd supports less than the kernel. */
static bool can_ask(const struct options *o, const struct act *act, struct problem *why)
{
	if (o->clients.count)
		problem_set(why, EINVAL, STATUS_USAGE, "name a process, or run it as root",
			    "panthor-memd takes no --client");
	else if (act->op.kind == OPERATION_CLAIM && act->op.dry_run)
		problem_set(why, EINVAL, STATUS_USAGE, "run it as root",
			    "panthor-memd has no dry run of a claim");
	else
		return true;
	return false;
}

bool act_broker(const struct options *o, struct act *act, struct metrics *metrics,
		struct problem *why)
{
	struct broker_client *c;
	struct broker_error e;
	bool asked;

	if (!can_ask(o, act, why))
		return false;
	c = broker_client_new(&e);
	if (!c) {
		set_problem(why, &e);
		return false;
	}
	target_processes(o, &act->targets, &act->problems);
	asked = run_all(c, o, act, metrics, why);
	broker_client_free(c);
	if (asked && !act->n_results && act->tried == act->targets.count && !stop_signal()) {
		if (act->problems.count)
			act->problem = act->problems.items[0].problem;
		else
			problem_set(&act->problem, ESRCH, STATUS_NO_TARGET,
				    "`panthor-mem list` shows who holds GPU memory",
				    "none of the processes found has GPU memory");
	}
	return asked;
}

#else

bool act_broker(const struct options *o, struct act *act, struct metrics *metrics,
		struct problem *why)
{
	(void)o;
	(void)act;
	(void)metrics;
	problem_set(why, ENOSYS, STATUS_UNSUPPORTED, "build it with libsystemd or libelogind",
		    "this panthor-mem cannot ask panthor-memd");
	return false;
}

#endif
