/* SPDX-License-Identifier: MIT */
/*
 * One call of each kind of the library, on the mock, with a C library other than glibc. It
 * does without cmocka, which Debian does not build for musl.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <panthor_drmif.h>

#include "drm_core.h"
#include "model.h"
#include "process.h"

#define BOS 4
#define SIZE (16 * MODEL_PAGE)

static int wrong;

static void is(const char *what, uint64_t have, uint64_t want)
{
	if (have == want)
		return;
	printf("%s: %" PRIu64 ", not %" PRIu64 "\n", what, have, want);
	wrong = 1;
}

static void returns(const char *what, int have, int want)
{
	if (have == want)
		return;
	printf("%s: returned %d, not %d\n", what, have, want);
	wrong = 1;
}

static void by_number(int fd, pid_t tgid)
{
	struct panthor_mem_query_result state = PANTHOR_MEM_QUERY_RESULT_INIT;
	uint64_t bytes = 0;

	returns("probe", panthor_mem_probe(fd), 0);
	returns("probe of no device", panthor_mem_probe(STDIN_FILENO), -ENOTTY);
	returns("reclaim", panthor_mem_reclaim(fd, tgid, &bytes), 0);
	is("freed", bytes, BOS * SIZE);
	returns("query", panthor_mem_query(fd, tgid, &state), 0);
	is("evicted", state.evicted_bytes, BOS * SIZE);
	returns("claim", panthor_mem_claim(fd, tgid, &bytes), 0);
	is("claimed", bytes, BOS * SIZE);
	returns("reclaim of nobody", panthor_mem_reclaim(fd, tgid + 1000, NULL), -ESRCH);
}

/* The PID of a pidfd from the kernel, and from procfs, as before Linux 6.13. */
static void by_pidfd(struct drm_core *core, int fd, const struct process *p)
{
	uint64_t bytes = 0;
	int old;

	for (old = 0; old < 2; old++) {
		core->no_targets = true;
		core->old_pidfd = old;
		returns("reclaim_pidfd", panthor_mem_reclaim_pidfd(fd, p->pidfd, &bytes), 0);
		is("freed by pidfd", bytes, BOS * SIZE);
		returns("claim_pidfd", panthor_mem_claim_pidfd(fd, p->pidfd, &bytes), 0);
		is("claimed by pidfd", bytes, BOS * SIZE);
	}
	core->no_targets = core->old_pidfd = false;
}

static void with_signals(struct model *m, int fd, pid_t tgid)
{
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	m->script[0] = m->script[1] = 0;
	m->script_len = 2;
	opts.flags = PANTHOR_MEM_INTERRUPTIBLE;
	returns("cancelled", panthor_mem_reclaim_with(fd, tgid, &opts, &res), -EINTR);
	opts.flags = 0;
	returns("repeated", panthor_mem_reclaim_with(fd, tgid, &opts, &res), 0);
	is("freed after a signal", res.freed_bytes, BOS * SIZE);
}

int main(void)
{
	struct model *m = model_new();
	struct model_proc *manager = model_proc_new(m, MODEL_NS_INIT);
	struct model_proc *app = model_proc_new(m, MODEL_NS_INIT);
	struct model_file *file = model_file_new(m, app, 1);
	struct drm_core core;
	struct process p;
	unsigned int i;
	int fd;

	if (process_start(&p))
		return 77;
	manager->cap_sys_resource = true;
	m->current = manager;
	app->tgid.nr[MODEL_NS_INIT] = p.pid;
	for (i = 0; i < BOS; i++) {
		if (model_bo_bind(m, model_bo_new(m, file, SIZE), &file->vms[0]))
			return 1;
	}
	drm_core_start(&core, m);
	fd = drm_core_open(model_file_new(m, manager, 0));

	by_number(fd, p.pid);
	by_pidfd(&core, fd, &p);
	with_signals(m, fd, p.pid);

	process_reap(&p);
	drm_core_stop();
	close(fd);
	model_free(m);
	return wrong;
}
