/* SPDX-License-Identifier: MIT */
/*
 * Prints samples, each as one JSON object in a line of standard output.
 */
#include <stdio.h>

#include <json.h>

#include "bench.h"

static struct json_object *sample;

void emit_begin(const struct bench *b, const char *arm)
{
	sample = json_object_new_object();
	emit_text("set", b->opt.set);
	emit_text("arm", arm);
	emit_number("round", b->round);
	emit_number("bytes", (int64_t)b->opt.bytes);
}

void emit_number(const char *name, int64_t value)
{
	json_object_object_add(sample, name, json_object_new_int64(value));
}

void emit_text(const char *name, const char *value)
{
	json_object_object_add(sample, name, json_object_new_string(value));
}

void emit_list(const char *name, const int64_t *values, unsigned int count)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < count; i++)
		json_object_array_add(list, json_object_new_int64(values[i]));
	json_object_object_add(sample, name, list);
}

void emit_end(void)
{
	puts(json_object_to_json_string_ext(sample, JSON_C_TO_STRING_PLAIN));
	fflush(stdout);
	json_object_put(sample);
	sample = NULL;
}
