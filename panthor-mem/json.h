/* SPDX-License-Identifier: MIT */
/* The JSON that docs/schema.rst describes. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "problem.h"

/* Incremented if a member changes its meaning or is removed, but not if one is added. */
#define JSON_VERSION 1

/* An object with the name of its schema, "panthor-mem.<command>", and the version. */
struct json_object *json_new(const char *command);

void json_add(struct json_object *o, const char *key, struct json_object *value);
void json_add_number(struct json_object *o, const char *key, uint64_t value);
void json_add_text(struct json_object *o, const char *key, const char *value);
void json_add_flag(struct json_object *o, const char *key, bool value);

/* For text from outside, which may not be UTF-8. */
void json_add_name(struct json_object *o, const char *key, const char *value);

/* Adds null if there is no problem. */
void json_add_problem(struct json_object *o, const char *key, const struct problem *p);

struct target_problems;

/* Adds an array of the problems with named targets. */
void json_add_problems(struct json_object *o, const char *key, const struct target_problems *p);

/* Prints the object to standard output, in one line or in many, and releases it. */
void json_print(struct json_object *o, bool one_line);

#endif /* TOOL_JSON_H */
