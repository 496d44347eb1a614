/* SPDX-License-Identifier: MIT */
/* A list that goes both ways, through members of what is in it. */
#ifndef BROKER_LIST_H
#define BROKER_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_append(struct list *head, struct list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

/* Of an item that is in no list, too, if it was initialized. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define list_entry(item, type, member) \
	((type *)(void *)((char *)(item) - offsetof(type, member)))

/* @at may be removed meanwhile, and nothing else. */
#define list_each(at, following, head) \
	for (at = (head)->next, following = at->next; at != (head); \
	     at = following, following = at->next)

#endif /* BROKER_LIST_H */
