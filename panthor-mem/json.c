/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "json.h"
#include "memory.h"
#include "target.h"
#include "text.h"

#define NAME_MAX_BYTES 4096

struct json_object *json_new(const char *command)
{
	struct json_object *o = json_object_new_object();
	char name[64];

	if (!o)
		say_fatal("out of memory");
	snprintf(name, sizeof(name), "panthor-mem.%s", command);
	json_add_text(o, "schema", name);
	json_add_number(o, "version", JSON_VERSION);
	return o;
}

void json_add(struct json_object *o, const char *key, struct json_object *value)
{
	if (json_object_object_add(o, key, value))
		say_fatal("out of memory");
}

void json_add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_add(o, key, json_object_new_uint64(value));
}

void json_add_text(struct json_object *o, const char *key, const char *value)
{
	json_add(o, key, json_object_new_string(value));
}

void json_add_flag(struct json_object *o, const char *key, bool value)
{
	json_add(o, key, json_object_new_boolean(value));
}

void json_add_name(struct json_object *o, const char *key, const char *value)
{
	char text[NAME_MAX_BYTES];

	text_utf8(text, sizeof(text), value);
	json_add_text(o, key, text);
}

static struct json_object *problem_object(const struct problem *p)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "code", problem_code(p->error));
	json_add_name(o, "message", p->what);
	json_add_name(o, "remedy", p->remedy);
	return o;
}

void json_add_problem(struct json_object *o, const char *key, const struct problem *p)
{
	json_add(o, key, p->error ? problem_object(p) : NULL);
}

void json_add_problems(struct json_object *o, const char *key, const struct target_problems *p)
{
	struct json_object *all = json_object_new_array();
	size_t i;

	for (i = 0; i < p->count; i++) {
		struct json_object *one = problem_object(&p->items[i].problem);

		json_add_name(one, "target", p->items[i].named);
		json_object_array_add(all, one);
	}
	json_add(o, key, all);
}

void json_print(struct json_object *o, bool one_line)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (!one_line)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	text_json(json_object_to_json_string_ext(o, flags), stdout);
	putchar('\n');
	json_object_put(o);
}
