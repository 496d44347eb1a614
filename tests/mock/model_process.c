/* SPDX-License-Identifier: MIT */
/* Processes: PIDs, namespaces, exit. */
#include <stdlib.h>

#include "model.h"

static void new_pid(struct model *m, struct model_pid *pid, enum model_ns ns)
{
	pid->alive = true;
	/* All processes are visible in the initial namespace, the child's in the child one. */
	pid->nr[MODEL_NS_INIT] = m->next_pid++;
	if (ns == MODEL_NS_CHILD)
		pid->nr[MODEL_NS_CHILD] = m->next_child_pid++;
}

struct model_proc *model_proc_new(struct model *m, enum model_ns ns)
{
	struct model_proc *proc = calloc(1, sizeof(*proc));

	if (!proc)
		abort();
	new_pid(m, &proc->tgid, ns);
	new_pid(m, &proc->thread, ns);
	proc->ns = ns;
	proc->next = m->procs;
	m->procs = proc;
	return proc;
}

void model_proc_kill(struct model *m, struct model_proc *proc)
{
	unsigned int i;

	for (i = 0; i < proc->n_files; i++) {
		if (proc->files[i] && !proc->files[i]->kept)
			model_file_close(m, proc->files[i]);
	}
	proc->tgid.alive = false;
	proc->thread.alive = false;
}

struct model_pid *model_find_pid(struct model *m, enum model_ns ns, pid_t nr)
{
	struct model_proc *proc;

	for (proc = m->procs; proc; proc = proc->next) {
		if (proc->tgid.alive && proc->tgid.nr[ns] == nr)
			return &proc->tgid;
		if (proc->thread.alive && proc->thread.nr[ns] == nr)
			return &proc->thread;
	}
	return NULL;
}
