/* SPDX-License-Identifier: MIT */
/* The model as a whole: creation, clock, signals. */
#include <stdlib.h>

#include "model.h"

#define MIB (1024ull * 1024)

struct model *model_new(void)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->now = 1000000000;
	m->next_pid = MODEL_FIRST_PID;
	m->next_child_pid = 2;
	m->ram_total = 256 * MIB;
	m->ram_other = 64 * MIB;
	m->swap_supported = true;
	m->cgroups_supported = true;
	m->compressed_percent = 45;
	m->pages_to_signal = MODEL_NO_SIGNAL;
	model_swap_resize(m, 128 * MIB / MODEL_PAGE);
	return m;
}

void model_free(struct model *m)
{
	while (m->procs) {
		struct model_proc *proc = m->procs;

		m->procs = proc->next;
		free(proc);
	}
	while (m->cgroups) {
		struct model_cgroup *cgroup = m->cgroups;

		m->cgroups = cgroup->next;
		free(cgroup);
	}
	while (m->bos) {
		struct model_bo *bo = m->bos;

		m->bos = bo->next;
		free(bo->pages);
		free(bo->bindings);
		free(bo->handles);
		free(bo);
	}
	while (m->files) {
		struct model_file *file = m->files;

		m->files = file->next;
		free(file);
	}
	free(m->slots);
	free(m);
}

void model_advance(struct model *m, int64_t ns)
{
	int64_t until = m->now + ns;
	struct model_event *event = m->event;

	if (event && !event->done && event->at <= until) {
		if (event->at > m->now)
			m->now = event->at;
		/* Removed before it is called, because it may take time itself. */
		event->done = true;
		event->fn(m, event->arg);
	}
	if (m->now < until)
		m->now = until;
}

void model_page_moved(struct model *m, int64_t ns)
{
	if (m->pages_to_signal > 0 && --m->pages_to_signal == 0)
		m->signal = true;
	model_advance(m, ns);
}

bool model_countdown(unsigned int *left)
{
	return *left && --*left == 0;
}

void model_call_begin(struct model *m)
{
	m->calls++;
	model_cgroup_forget_promises(m);
	m->pages_to_signal = MODEL_NO_SIGNAL;
	if (m->script_at < m->script_len) {
		m->pages_to_signal = m->script[m->script_at++];
		if (m->pages_to_signal == 0)
			m->signal = true;
	}
}

void model_call_end(struct model *m)
{
	/* The handler runs on return to user space. */
	m->signal = false;
	m->pages_to_signal = MODEL_NO_SIGNAL;
}
