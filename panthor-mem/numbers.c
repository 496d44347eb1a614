/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "memory.h"
#include "numbers.h"

void number_list_append(struct number_list *list, uint64_t number)
{
	list->numbers = memory_grow(list->numbers, list->count, list->count + 1,
				    sizeof(*list->numbers));
	list->numbers[list->count++] = number;
}

void number_list_add(struct number_list *list, uint64_t number)
{
	if (!number_list_has(list, number))
		number_list_append(list, number);
}

bool number_list_has(const struct number_list *list, uint64_t number)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->numbers[i] == number)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void number_list_sort(struct number_list *list)
{
	if (list->count)
		qsort(list->numbers, list->count, sizeof(*list->numbers), compare);
}

void number_list_free(struct number_list *list)
{
	free(list->numbers);
	*list = (struct number_list){ 0 };
}
