/* SPDX-License-Identifier: MIT */
/* The JSON that docs/schema.rst describes. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "problem.h"

/* Rises when a member changes its meaning or goes; new ones can come without. */
#define JSON_VERSION 1

/* An object with the names of its schema, "panthor-mem.<command>", and version. */
struct json_object *json_new(const char *command);

void json_add(struct json_object *o, const char *key, struct json_object *value);
void json_add_number(struct json_object *o, const char *key, uint64_t value);
void json_add_text(struct json_object *o, const char *key, const char *value);
void json_add_flag(struct json_object *o, const char *key, bool value);

/* Text that another program chose. */
void json_add_name(struct json_object *o, const char *key, const char *value);

/* null if it is none. */
void json_add_problem(struct json_object *o, const char *key, const struct problem *p);

struct target_problems;

/* An array: of those that were named and not found. */
void json_add_problems(struct json_object *o, const char *key, const struct target_problems *p);

/* On standard output, in one line or in many; and release it. */
void json_print(struct json_object *o, bool one_line);

#endif /* TOOL_JSON_H */
