/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <time.h>

#include <panthor_mem.h>

#include "broker.h"
#include "log.h"

void answer_request(struct request *r, const struct outcome *sum, enum fault_kind error)
{
	if (r->method == METHOD_CLAIM)
		sd_bus_reply_method_return(r->message, "ttus", sum->claimed, sum->remaining,
					   sum->status, fault_name(error));
	else
		sd_bus_reply_method_return(r->message, "tttus", sum->freed, sum->evicted,
					   sum->skipped, sum->status, fault_name(error));
	request_free(r);
}

/* Set @f to the error that ended the work, or to FAULT_NONE. */
static void find_fault(const struct work *w, struct fault *f)
{
	const bool interrupted = w->sum.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED;

	f->kind = FAULT_NONE;
	if (w->sum.error)
		fault_of_call(f, w->sum.error);
	else if (!w->found && !interrupted)
		fault_of_call(f, ESRCH);
	if (f->kind == FAULT_NO_GPU_MEMORY && target_gone(w->target))
		fault_set(f, FAULT_NO_PROCESS, "process %u has exited", w->target->pid);
}

static void reply_to_all(struct work *w, const struct fault *f, bool done)
{
	while (!list_empty(&w->requests)) {
		struct request *r = list_entry(w->requests.next, struct request, of_work);

		list_remove(&r->of_work);
		r->work = NULL;
		if (f->kind == FAULT_NONE || done)
			answer_request(r, &w->sum, f->kind);
		else
			request_refuse(r, f);
	}
}

static void count(struct broker *b, const struct work *w, const struct fault *f)
{
	struct outcome out = w->sum;

	if (!w->begun || w->wish.dry_run)
		return;
	if (f->kind == FAULT_NO_GPU_MEMORY || f->kind == FAULT_NO_PROCESS)
		out.error = ESRCH;
	metrics_record(&b->stats.done, w->kind, &out, (uint64_t)time(NULL));
}

void answer_work(struct work *w)
{
	const struct outcome *o = &w->sum;
	const uint64_t bytes = w->kind == OPERATION_CLAIM ? o->claimed : o->freed;
	struct fault f;

	find_fault(w, &f);
	count(w->broker, w, &f);
	log_operation(w->kind, w->user->uid, w->target->pid, o,
		      f.kind ? fault_reason(f.kind) : "ok");
	bus_finished(w, bytes, fault_name(f.kind));
	reply_to_all(w, &f, o->freed || o->evicted || o->claimed);
}
