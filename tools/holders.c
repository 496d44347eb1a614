/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "amount.h"
#include "holders.h"
#include "table.h"
#include "text.h"

static const struct table_column columns[] = {
	{ "PID", true, false, NULL },	    { "COMMAND", false, true, NULL },
	{ "DRIVER", false, false, "2" },    { "DEVICE", false, false, "2" },
	{ "RESIDENT", true, false, NULL },  { "EVICTED", true, false, "36" },
	{ "SHARED", true, false, NULL },    { "INTERNAL", true, false, NULL },
	{ "CHANGE", true, false, "33" },
};

static void add_size(struct table *t, bool known, uint64_t value, bool bytes)
{
	char text[AMOUNT_TEXT];

	if (!known)
		snprintf(text, sizeof(text), "-");
	else if (bytes)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	else
		amount_size(text, value);
	table_add(t, text);
}

static void add_kind(struct table *t, const struct fdinfo_bytes *sum, enum fdinfo_kind kind,
		     bool bytes)
{
	add_size(t, sum->known[kind], sum->value[kind], bytes);
}

static void add_sizes(struct table *t, const struct fdinfo_bytes *sum, bool has_internal,
		      uint64_t internal, bool bytes)
{
	add_kind(t, sum, FDINFO_RESIDENT, bytes);
	add_kind(t, sum, FDINFO_EVICTED, bytes);
	add_kind(t, sum, FDINFO_SHARED, bytes);
	add_size(t, has_internal, internal, bytes);
}

static void add_change(struct table *t, uint64_t now, uint64_t before, bool bytes)
{
	char text[AMOUNT_TEXT] = "";
	int64_t change = (int64_t)(now - before);

	if (bytes && change)
		snprintf(text, sizeof(text), "%+" PRId64, change);
	else if (change)
		amount_change(text, change);
	table_add(t, text);
}

/* 0 for one that was not there. */
static uint64_t resident_before(const struct scan *before, const struct scan_holder *holder)
{
	size_t i;

	for (i = 0; i < before->n_holders; i++) {
		const struct scan_holder *h = &before->holders[i];

		if (h->pid == holder->pid && !strcmp(h->node, holder->node) &&
		    !strcmp(h->driver, holder->driver))
			return h->sum.value[FDINFO_RESIDENT];
	}
	return 0;
}

static void add_holder(struct table *t, const struct scan_holder *h, bool bytes)
{
	char pid[16], text[PROCESS_NAME];

	snprintf(pid, sizeof(pid), "%d", (int)h->pid);
	table_add(t, pid);
	text_printable(text, sizeof(text), h->name);
	table_add(t, text);
	text_printable(text, sizeof(text), h->driver);
	table_add(t, text);
	table_add(t, h->node);
	add_sizes(t, &h->sum, h->has_internal, h->internal, bytes);
}

unsigned int holders_table(const struct scan *s, const struct scan *before, bool bytes,
			   FILE *out, const struct term *term, unsigned int max_lines)
{
	struct table t = { .columns = columns, .n_columns = 8 + !!before };
	unsigned int lines;
	size_t i;

	for (i = 0; i < s->n_holders; i++) {
		const struct scan_holder *h = &s->holders[i];

		add_holder(&t, h, bytes);
		if (before)
			add_change(&t, h->sum.value[FDINFO_RESIDENT], resident_before(before, h),
				   bytes);
	}
	if (s->n_holders > 1) {
		t.total = true;
		table_add(&t, "");
		table_add(&t, "total");
		table_add(&t, "");
		table_add(&t, "");
		add_sizes(&t, &s->sum, s->has_internal, s->internal, bytes);
		if (before)
			add_change(&t, s->sum.value[FDINFO_RESIDENT],
				   before->sum.value[FDINFO_RESIDENT], bytes);
	}
	lines = table_print(&t, out, term, max_lines ? max_lines - 1 : 0);
	table_free(&t);
	return lines;
}

/* --- JSON ----------------------------------------------------------------- */

static void add_bytes(struct json_object *o, const struct fdinfo_bytes *b)
{
	int kind;

	for (kind = 0; kind < FDINFO_KINDS; kind++) {
		char key[32];

		snprintf(key, sizeof(key), "%s_bytes", fdinfo_kind_names[kind]);
		if (b->known[kind])
			json_add_number(o, key, b->value[kind]);
		else
			json_add(o, key, NULL);
	}
}

static void add_internal(struct json_object *o, bool has, uint64_t bytes)
{
	if (has)
		json_add_number(o, "internal_bytes", bytes);
	else
		json_add(o, "internal_bytes", NULL);
}

static struct json_object *process_object(const struct scan_holder *h)
{
	struct json_object *o = json_object_new_object();

	json_add_number(o, "pid", (uint64_t)h->pid);
	json_add_name(o, "comm", h->name);
	json_add_name(o, "driver", h->driver);
	json_add_text(o, "device", h->node);
	json_add_number(o, "clients", h->clients);
	add_bytes(o, &h->sum);
	add_internal(o, h->has_internal, h->internal);
	return o;
}

static struct json_object *client_object(const struct scan_client *c)
{
	struct json_object *o = json_object_new_object();
	struct json_object *pids = json_object_new_array();
	struct json_object *regions = json_object_new_object();
	unsigned int r;
	size_t i;

	if (c->info.has_id)
		json_add_number(o, "client_id", c->info.id);
	else
		json_add(o, "client_id", NULL);
	json_add_name(o, "driver", c->info.driver);
	json_add_text(o, "device", c->node);
	json_add(o, "pdev", *c->info.pdev ? json_object_new_string(c->info.pdev) : NULL);
	json_add_name(o, "name", c->info.name);
	for (i = 0; i < c->pids.count; i++)
		json_object_array_add(pids, json_object_new_int(c->pids.pids[i]));
	json_add(o, "pids", pids);
	for (r = 0; r < c->info.n_regions; r++) {
		struct json_object *region = json_object_new_object();
		char name[FDINFO_NAME];

		add_bytes(region, &c->info.regions[r].bytes);
		text_utf8(name, sizeof(name), c->info.regions[r].name);
		json_add(regions, name, region);
	}
	json_add(o, "regions", regions);
	add_internal(o, c->info.has_internal, c->info.internal);
	return o;
}

void holders_json(const struct scan *s, struct json_object *o)
{
	struct json_object *processes = json_object_new_array();
	struct json_object *clients = json_object_new_array();
	struct json_object *total = json_object_new_object();
	size_t i;

	for (i = 0; i < s->n_holders; i++)
		json_object_array_add(processes, process_object(&s->holders[i]));
	for (i = 0; i < s->n_clients; i++)
		json_object_array_add(clients, client_object(&s->clients[i]));
	add_bytes(total, &s->sum);
	add_internal(total, s->has_internal, s->internal);
	json_add(o, "processes", processes);
	json_add(o, "clients", clients);
	json_add(o, "total", total);
	json_add_number(o, "unreadable_processes", s->unreadable);
}
