/* SPDX-License-Identifier: MIT */
/* A doubly linked list. The links are members of the items. */
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

/* An initialized item that is in no list may be removed, too. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#define list_entry(item, type, member) \
	((type *)(void *)((char *)(item) - offsetof(type, member)))

/* The body may remove @at, but no other item. */
#define list_each(at, following, head) \
	for (at = (head)->next, following = at->next; at != (head); \
	     at = following, following = at->next)

#endif /* BROKER_LIST_H */
