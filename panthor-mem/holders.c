/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "cgroup.h"
#include "holders.h"
#include "memory.h"
#include "table.h"
#include "text.h"

/* --- lines ------------------------------------------------------------------ */

static struct holders_line *add_line(struct holders *h)
{
	h->lines = memory_grow(h->lines, h->count, h->count + 1, sizeof(*h->lines));
	return &h->lines[h->count++];
}

static void add_sums(struct holders_line *line, const struct fdinfo_bytes *sum,
		     bool has_internal, uint64_t internal)
{
	fdinfo_add(&line->sum, sum);
	line->has_internal |= has_internal;
	line->internal = fdinfo_plus(line->internal, internal);
}

static void add_process(struct holders *h, const struct scan_holder *from)
{
	struct holders_line *line = add_line(h);

	line->pid = from->pid;
	line->name = memory_text("%s", from->name);
	line->driver = from->driver;
	line->node = from->node;
	if (from->unreached > 1)
		line->note = memory_text("%u only by --client, like %" PRIu64, from->unreached,
					 from->unreached_id);
	else if (from->unreached)
		line->note = memory_text("only --client %" PRIu64, from->unreached_id);
	add_sums(line, &from->sum, from->has_internal, from->internal);
}

/* Shows the process that a call by PID reaches or, if there is none, one that has it open. */
static void add_client(struct holders *h, const struct scan_client *from, const struct roots *roots)
{
	const struct number_list *whose = from->reached.count ? &from->reached : &from->pids;
	struct holders_line *line = add_line(h);
	char name[PROCESS_NAME];

	process_name(roots, whose->numbers[0], name);
	line->pid = whose->numbers[0];
	line->name = memory_text("%s", name);
	line->client = from->info.id;
	line->has_client = from->info.has_id;
	line->driver = from->info.driver;
	line->node = from->node;
	if (from->reach_known && !from->reached.count)
		line->note = memory_text("no PID reaches it");
	else if (from->pids.count > 1)
		line->note = memory_text("open in %zu processes", from->pids.count);
	add_sums(line, &from->sum, from->info.has_internal, from->info.internal);
}

static void add_to_cgroup(struct holders *h, const struct scan_holder *from, bool again,
			  const struct roots *roots)
{
	char *name = cgroup_of(roots, from->pid);
	struct holders_line *line = NULL;
	size_t i;

	if (!name)
		name = memory_text("?");
	for (i = 0; i < h->count && !line; i++) {
		if (!strcmp(h->lines[i].name, name))
			line = &h->lines[i];
	}
	if (line) {
		free(name);
	} else {
		line = add_line(h);
		line->name = name;
		line->has_client = true;
	}
	/* Count a process with memory on several devices once. */
	line->client += !again;
	add_sums(line, &from->sum, from->has_internal, from->internal);
}

static uint64_t size_of(const struct holders_line *line)
{
	const struct fdinfo_bytes *b = &line->sum;
	uint64_t size = b->known[FDINFO_TOTAL] ? b->value[FDINFO_TOTAL] :
						 b->value[FDINFO_RESIDENT];

	return fdinfo_plus(size, line->internal);
}

/* Largest first; equal amounts by PID. */
static int by_amount(uint64_t x, uint64_t y)
{
	return (x < y) - (x > y);
}

static int by_identity(const struct holders_line *x, const struct holders_line *y)
{
	int order = (x->pid > y->pid) - (x->pid < y->pid);

	return order ? order : (x->client > y->client) - (x->client < y->client);
}

#define COMPARE(name, first) \
	static int name(const void *a, const void *b) \
	{ \
		const struct holders_line *x = a, *y = b; \
		int order = first; \
	\
		return order ? order : by_identity(x, y); \
	}

COMPARE(compare_size, by_amount(size_of(x), size_of(y)))
COMPARE(compare_resident, by_amount(x->sum.value[FDINFO_RESIDENT], y->sum.value[FDINFO_RESIDENT]))
COMPARE(compare_evicted, by_amount(x->sum.value[FDINFO_EVICTED], y->sum.value[FDINFO_EVICTED]))
COMPARE(compare_shared, by_amount(x->sum.value[FDINFO_SHARED], y->sum.value[FDINFO_SHARED]))
COMPARE(compare_pid, 0)
COMPARE(compare_name, strcmp(x->name, y->name))

static void sort(struct holders *h, enum list_sort by)
{
	static int (*const compare[])(const void *, const void *) = {
		[SORT_SIZE] = compare_size,	  [SORT_RESIDENT] = compare_resident,
		[SORT_EVICTED] = compare_evicted, [SORT_SHARED] = compare_shared,
		[SORT_PID] = compare_pid,	  [SORT_NAME] = compare_name,
	};

	if (h->count)
		qsort(h->lines, h->count, sizeof(*h->lines), compare[by]);
}

void holders_make(struct holders *h, const struct scan *s, const struct options *o)
{
	size_t i;

	*h = (struct holders){
		.by = o->by,
		.sum = s->sum,
		.has_internal = s->has_internal,
		.internal = s->internal,
	};
	for (i = 0; o->by == LIST_BY_CLIENT && i < s->n_clients; i++)
		add_client(h, &s->clients[i], &o->roots);
	for (i = 0; o->by == LIST_BY_PROCESS && i < s->n_holders; i++)
		add_process(h, &s->holders[i]);
	for (i = 0; o->by == LIST_BY_CGROUP && i < s->n_holders; i++)
		add_to_cgroup(h, &s->holders[i], i && s->holders[i - 1].pid == s->holders[i].pid,
			      &o->roots);
	sort(h, o->sort);
}

void holders_free(struct holders *h)
{
	size_t i;

	for (i = 0; i < h->count; i++) {
		free(h->lines[i].name);
		free(h->lines[i].note);
	}
	free(h->lines);
	*h = (struct holders){ 0 };
}

/* --- the table -------------------------------------------------------------- */

/* The column with the highest value is hidden first when there is no room. */
enum { KEEP, DROP_SHARED, DROP_INTERNAL, DROP_DEVICE, DROP_DRIVER };

#define PID { "PID", true, false, NULL, KEEP }
#define COMMAND { "COMMAND", false, true, NULL, KEEP }
#define CLIENT { "CLIENT", true, false, NULL, KEEP }
#define CGROUP { "CGROUP", false, true, NULL, KEEP }
#define PROCESSES { "PROCESSES", true, false, NULL, DROP_SHARED }
#define DRIVER { "DRIVER", false, false, "2", DROP_DRIVER }
#define DEVICE { "DEVICE", false, false, "2", DROP_DEVICE }
#define SIZES \
	{ "RESIDENT", true, false, NULL, KEEP }, { "EVICTED", true, false, "36", KEEP }, \
	{ "SHARED", true, false, NULL, DROP_SHARED }, \
	{ "INTERNAL", true, false, NULL, DROP_INTERNAL }
#define CHANGE { "CHANGE", true, false, "33", KEEP }
#define NOTES { "NOTES", false, true, NULL, KEEP }
#define COLUMNS_MOST 12

static const struct table_column by_process[] = { PID, COMMAND, DRIVER, DEVICE, SIZES };
static const struct table_column by_client[] = { CLIENT, PID, COMMAND, DRIVER, DEVICE, SIZES };
static const struct table_column by_cgroup[] = { CGROUP, PROCESSES, SIZES };
static const struct table_column change = CHANGE, notes = NOTES;

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

static void add_sizes(struct table *t, const struct fdinfo_bytes *sum, bool has_internal,
		      uint64_t internal, bool bytes)
{
	static const enum fdinfo_kind kinds[] = { FDINFO_RESIDENT, FDINFO_EVICTED, FDINFO_SHARED };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		add_size(t, sum->known[kinds[i]], sum->value[kinds[i]], bytes);
	add_size(t, has_internal, internal, bytes);
}

static void add_change(struct table *t, uint64_t now, uint64_t before, bool bytes)
{
	char text[AMOUNT_TEXT] = "";
	int64_t difference = (int64_t)(now - before);

	if (bytes && difference)
		snprintf(text, sizeof(text), "%+" PRId64, difference);
	else if (difference)
		amount_change(text, difference);
	table_add(t, text);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* 0 if the line is new. */
static uint64_t resident_before(const struct holders *before, const struct holders_line *line)
{
	size_t i;

	for (i = 0; i < before->count; i++) {
		const struct holders_line *l = &before->lines[i];

		if (l->pid == line->pid && same_text(l->node, line->node) &&
		    same_text(l->driver, line->driver) &&
		    (before->by == LIST_BY_CGROUP ? same_text(l->name, line->name) :
						    l->client == line->client))
			return l->sum.value[FDINFO_RESIDENT];
	}
	return 0;
}

static void add_text(struct table *t, const char *raw)
{
	size_t size = strlen(raw) + 1;
	char *text = memory_grow(NULL, 0, size, 1);

	text_printable(text, size, raw);
	table_add(t, text);
	free(text);
}

static void add_number(struct table *t, bool known, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	table_add(t, known ? text : "-");
}

/* Adds the columns before the sizes. */
static void add_identity(struct table *t, enum list_by by, const struct holders_line *l)
{
	if (by == LIST_BY_CGROUP) {
		add_text(t, l->name);
		add_number(t, true, l->client);
		return;
	}
	if (by == LIST_BY_CLIENT)
		add_number(t, l->has_client, l->client);
	add_number(t, true, (uint64_t)l->pid);
	add_text(t, l->name);
	add_text(t, l->driver);
	table_add(t, l->node);
}

static void add_total(struct table *t, const struct holders *h)
{
	size_t i, last = h->by == LIST_BY_CGROUP ? 2 : h->by == LIST_BY_CLIENT ? 5 : 4;
	size_t word = h->by == LIST_BY_CGROUP ? 0 : h->by == LIST_BY_CLIENT ? 2 : 1;

	for (i = 0; i < last; i++)
		table_add(t, i == word ? "total" : "");
}

static bool any_notes(const struct holders *h)
{
	size_t i;

	for (i = 0; i < h->count; i++) {
		if (h->lines[i].note)
			return true;
	}
	return false;
}

static size_t choose_columns(const struct holders *h, bool with_change, bool with_notes,
			     struct table_column columns[COLUMNS_MOST])
{
	size_t n = sizeof(by_process) / sizeof(by_process[0]);
	const struct table_column *from = by_process;

	if (h->by == LIST_BY_CLIENT) {
		from = by_client;
		n = sizeof(by_client) / sizeof(by_client[0]);
	} else if (h->by == LIST_BY_CGROUP) {
		from = by_cgroup;
		n = sizeof(by_cgroup) / sizeof(by_cgroup[0]);
	}
	memcpy(columns, from, n * sizeof(*columns));
	if (with_change)
		columns[n++] = change;
	if (with_notes)
		columns[n++] = notes;
	return n;
}

unsigned int holders_table(const struct holders *h, const struct holders *before, bool bytes,
			   FILE *out, const struct term *term, unsigned int max_lines)
{
	const bool with_notes = any_notes(h);
	struct table_column columns[COLUMNS_MOST];
	struct table t = { .columns = columns };
	unsigned int lines;
	size_t i;

	t.n_columns = choose_columns(h, before, with_notes, columns);
	for (i = 0; i < h->count; i++) {
		const struct holders_line *l = &h->lines[i];

		add_identity(&t, h->by, l);
		add_sizes(&t, &l->sum, l->has_internal, l->internal, bytes);
		if (before)
			add_change(&t, l->sum.value[FDINFO_RESIDENT], resident_before(before, l),
				   bytes);
		if (with_notes)
			table_add(&t, l->note ? l->note : "");
	}
	if (h->count > 1) {
		t.total = true;
		add_total(&t, h);
		add_sizes(&t, &h->sum, h->has_internal, h->internal, bytes);
		if (before)
			add_change(&t, h->sum.value[FDINFO_RESIDENT],
				   before->sum.value[FDINFO_RESIDENT], bytes);
		if (with_notes)
			table_add(&t, "");
	}
	lines = table_print(&t, out, term, max_lines ? max_lines - 1 : 0);
	table_free(&t);
	return lines;
}

/* --- dma-bufs --------------------------------------------------------------- */

struct exported {
	const char *exporter;
	uint64_t count;
	uint64_t bytes;
};

#define EXPORTERS_MOST 16

/* Sums up by exporter; the last entry takes all beyond the limit. Returns the number of entries. */
static size_t sum_dmabufs(const struct scan *s, struct exported all[EXPORTERS_MOST])
{
	size_t i, e, n = 0;

	for (i = 0; i < s->n_dmabufs; i++) {
		const struct fdinfo_dmabuf *b = &s->dmabufs[i];

		for (e = 0; e < n && strcmp(all[e].exporter, b->exporter); e++)
			;
		if (e == EXPORTERS_MOST) {
			all[--e].exporter = "others";
		} else if (e == n) {
			n++;
			all[e] = (struct exported){ .exporter = b->exporter };
		}
		all[e].count++;
		all[e].bytes = fdinfo_plus(all[e].bytes, b->bytes);
	}
	return n;
}

void holders_dmabufs(const struct scan *s, bool bytes, FILE *out)
{
	struct exported all[EXPORTERS_MOST];
	size_t i, n = sum_dmabufs(s, all);

	for (i = 0; i < n; i++) {
		char name[FDINFO_NAME], size[AMOUNT_TEXT];

		text_printable(name, sizeof(name), all[i].exporter);
		if (bytes)
			snprintf(size, sizeof(size), "%" PRIu64, all[i].bytes);
		else
			amount_size(size, all[i].bytes);
		fprintf(out, "dma-bufs of %s: %s in %" PRIu64 " (those with a handle are also "
			"counted above)\n", name, size, all[i].count);
	}
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

static struct json_object *pid_array(const struct number_list *list)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < list->count; i++)
		json_object_array_add(array, json_object_new_int(list->numbers[i]));
	return array;
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
	struct json_object *regions = json_object_new_object();
	unsigned int r;

	if (c->info.has_id)
		json_add_number(o, "client_id", c->info.id);
	else
		json_add(o, "client_id", NULL);
	json_add_name(o, "driver", c->info.driver);
	json_add_text(o, "device", c->node);
	if (*c->info.pdev)
		json_add_name(o, "pdev", c->info.pdev);
	else
		json_add(o, "pdev", NULL);
	json_add_name(o, "name", c->info.name);
	json_add(o, "pids", pid_array(&c->pids));
	json_add(o, "reached_by_pids", c->reach_known ? pid_array(&c->reached) : NULL);
	for (r = 0; r < c->info.n_regions; r++) {
		struct json_object *region = json_object_new_object();
		char name[FDINFO_NAME];

		add_bytes(region, &c->info.regions[r].bytes);
		text_utf8(name, sizeof(name), c->info.regions[r].name);
		json_add(regions, name, region);
	}
	json_add(o, "regions", regions);
	json_add_flag(o, "regions_complete", !c->info.cut);
	add_internal(o, c->info.has_internal, c->info.internal);
	return o;
}

static struct json_object *cgroups_array(const struct scan *s, const struct options *o)
{
	struct json_object *array = json_object_new_array();
	struct options by_cgroup_options = *o;
	struct holders h;
	size_t i;

	by_cgroup_options.by = LIST_BY_CGROUP;
	holders_make(&h, s, &by_cgroup_options);
	for (i = 0; i < h.count; i++) {
		struct json_object *cgroup = json_object_new_object();

		json_add_name(cgroup, "cgroup", h.lines[i].name);
		json_add_number(cgroup, "processes", h.lines[i].client);
		add_bytes(cgroup, &h.lines[i].sum);
		add_internal(cgroup, h.lines[i].has_internal, h.lines[i].internal);
		json_object_array_add(array, cgroup);
	}
	holders_free(&h);
	return array;
}

static struct json_object *dmabufs_array(const struct scan *s)
{
	struct json_object *array = json_object_new_array();
	struct exported all[EXPORTERS_MOST];
	size_t i, n = sum_dmabufs(s, all);

	for (i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		json_add_name(o, "exporter", all[i].exporter);
		json_add_number(o, "count", all[i].count);
		json_add_number(o, "bytes", all[i].bytes);
		json_object_array_add(array, o);
	}
	return array;
}

/* If there are no clients, the sums are known to be 0. */
static void add_totals(struct json_object *o, const struct scan *s)
{
	struct json_object *total = json_object_new_object();
	struct fdinfo_bytes sum = s->sum;
	int kind;

	for (kind = 0; !s->n_clients && kind < FDINFO_KINDS; kind++)
		sum.known[kind] = true;
	add_bytes(total, &sum);
	add_internal(total, s->has_internal || !s->n_clients, s->internal);
	json_add(o, "total", total);
}

void holders_json(const struct scan *s, const struct options *o, struct json_object *object)
{
	struct json_object *processes = json_object_new_array();
	struct json_object *clients = json_object_new_array();
	size_t i;

	for (i = 0; i < s->n_holders; i++)
		json_object_array_add(processes, process_object(&s->holders[i]));
	for (i = 0; i < s->n_clients; i++)
		json_object_array_add(clients, client_object(&s->clients[i]));
	json_add(object, "processes", processes);
	json_add(object, "clients", clients);
	if (o->by == LIST_BY_CGROUP)
		json_add(object, "cgroups", cgroups_array(s, o));
	add_totals(object, s);
	json_add(object, "dmabufs", dmabufs_array(s));
	json_add_number(object, "unreadable_processes", s->unreadable + s->protected_own);
	json_add_number(object, "cut_processes", s->cut);
	json_add_flag(object, "own_pid_namespace", process_numbers_count(&o->roots));
}
