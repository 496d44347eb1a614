/* SPDX-License-Identifier: MIT */
#include <errno.h>
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

static void add_result(struct act *act, const struct target *t, const struct outcome *out,
		       const struct broker_error *e)
{
	struct act_result *r;

	act->results = memory_grow(act->results, act->n_results, act->n_results + 1,
				   sizeof(*act->results));
	r = &act->results[act->n_results++];
	r->target = t;
	r->outcome = *out;
	if (e->code)
		set_problem(&r->problem, e);
}

/* Did panthor-memd answer at all? */
static bool is_there(const struct broker_error *e)
{
	return e->code != ECONNREFUSED && strcmp(e->reason, "Disconnected");
}

static bool run_all(struct broker_client *c, const struct options *o, struct act *act,
		    struct metrics *metrics, struct problem *why)
{
	const struct target_list *list = &act->targets;
	uint64_t limit = act->op.max_bytes;
	size_t i;

	for (i = 0; i < list->count && !stop_signal(); i++) {
		const struct target *t = &list->targets[i];
		struct broker_error e;
		struct outcome out;
		uint64_t counted;

		broker_client_call(c, &act->op, t->pid, o->device, isatty(STDERR_FILENO),
				   stop_signal, &out, &e);
		if (!i && !is_there(&e)) {
			set_problem(why, &e);
			return false;
		}
		if (!strcmp(e.reason, "NoGpuMemory") && !t->named)
			continue;
		metrics_record(metrics, act->op.kind, &out, (uint64_t)time(NULL));
		add_result(act, t, &out, &e);
		counted = operation_counted(&act->op, &out);
		if (limit && counted >= act->op.max_bytes) {
			i++;
			break;
		}
		act->op.max_bytes -= limit ? counted : 0;
	}
	act->tried = i;
	act->op.max_bytes = limit;
	return true;
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
