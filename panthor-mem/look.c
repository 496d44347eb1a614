/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "look.h"
#include "memory.h"

/* One scan finds both the named clients and the clients of the named processes. */
static bool is_wanted(const struct scan_client *c, const struct options *o,
		      const struct number_list *pids)
{
	size_t i;

	if (c->info.has_id && number_list_has(&o->clients, c->info.id))
		return true;
	for (i = 0; i < c->pids.count; i++) {
		if (number_list_has(pids, c->pids.numbers[i]))
			return true;
	}
	return false;
}

static void keep_wanted(struct scan *s, const struct options *o, const struct number_list *pids)
{
	size_t i, kept = 0;

	for (i = 0; i < s->n_clients; i++) {
		if (is_wanted(&s->clients[i], o, pids)) {
			s->clients[kept++] = s->clients[i];
			continue;
		}
		number_list_free(&s->clients[i].pids);
		number_list_free(&s->clients[i].reached);
	}
	s->n_clients = kept;
	scan_count(s, &o->roots);
}

static void check_clients(const struct scan *s, const struct options *o,
			  struct target_problems *problems)
{
	size_t i, n;

	for (i = 0; i < o->clients.count; i++) {
		for (n = 0; n < s->n_clients; n++) {
			if (s->clients[n].info.has_id &&
			    s->clients[n].info.id == o->clients.numbers[i])
				break;
		}
		if (n == s->n_clients)
			target_no_client(problems, o->clients.numbers[i]);
	}
}

void look_around(struct look *look, const struct options *o)
{
	const bool all = !target_any(o);
	struct number_list pids = { 0 };
	struct scan_wish wish = { 0 };
	char node[NODE_NAME];
	int ret = 0;

	memset(look, 0, sizeof(*look));
	if (o->device) {
		if (!node_of_name(&o->roots, o->device, node)) {
			problem_set(&look->error, EINVAL, STATUS_USAGE, "name one like renderD128",
				    "%s is not the name of a DRM node", o->device);
			return;
		}
		wish.node = node;
	}
	if (!all)
		target_pids(o, &pids, &look->problems);
	/* A named client can be in any process, so that all have to be scanned. */
	if (!all && !o->clients.count)
		wish.pids = &pids;
	if (all || pids.count || o->clients.count)
		ret = scan(&look->scan, &o->roots, &wish);
	if (ret)
		problem_of_scan(&look->error, -ret, o->roots.proc);
	else if (o->clients.count)
		keep_wanted(&look->scan, o, &pids);
	if (!ret)
		check_clients(&look->scan, o, &look->problems);
	number_list_free(&pids);
}

void look_free(struct look *look)
{
	scan_free(&look->scan);
	target_problem_free(&look->problems);
}

int look_status(const struct look *look)
{
	if (look->error.error)
		return look->error.status;
	return look->problems.count ? look->problems.items[0].problem.status : STATUS_OK;
}
