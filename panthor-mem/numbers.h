/* SPDX-License-Identifier: MIT */
/* Lists of PIDs or client ids. */
#ifndef TOOL_NUMBERS_H
#define TOOL_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number_list {
	uint64_t *numbers;
	size_t count;
};

void number_list_add(struct number_list *list, uint64_t number); /* unless it is there */
void number_list_append(struct number_list *list, uint64_t number);
bool number_list_has(const struct number_list *list, uint64_t number);
void number_list_sort(struct number_list *list);
void number_list_free(struct number_list *list);

#endif /* TOOL_NUMBERS_H */
