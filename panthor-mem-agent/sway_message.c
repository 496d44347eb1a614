/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sway_message.h"

#define MAGIC "i3-ipc"
#define MAGIC_SIZE 6
#define AT_LENGTH 6
#define AT_TYPE 10

void sway_reader_add(struct sway_reader *r, const void *bytes, size_t count)
{
	if (!count)
		return;
	if (r->taken) {
		memmove(r->data, r->data + r->taken, r->used - r->taken);
		r->used -= r->taken;
		r->taken = 0;
	}
	if (r->used + count > r->size) {
		r->data = memory_grow(r->data, r->size, 2 * (r->used + count), 1);
		r->size = 2 * (r->used + count);
	}
	memcpy(r->data + r->used, bytes, count);
	r->used += count;
}

int sway_reader_next(struct sway_reader *r, struct sway_message *m)
{
	const size_t left = r->used - r->taken;
	const char *at = left ? r->data + r->taken : NULL;
	size_t magic = left < MAGIC_SIZE ? left : MAGIC_SIZE;

	if (!left)
		return 0;
	if (memcmp(at, MAGIC, magic))
		return -EBADMSG;
	if (left < SWAY_HEADER)
		return 0;
	memcpy(&m->length, at + AT_LENGTH, sizeof(m->length));
	memcpy(&m->type, at + AT_TYPE, sizeof(m->type));
	if (m->length > SWAY_PAYLOAD_MOST)
		return -EMSGSIZE;
	if (left - SWAY_HEADER < m->length)
		return 0;
	m->payload = at + SWAY_HEADER;
	r->taken += SWAY_HEADER + m->length;
	return 1;
}

void sway_reader_free(struct sway_reader *r)
{
	free(r->data);
	*r = (struct sway_reader){ 0 };
}

size_t sway_write(char *to, uint32_t type, const char *payload)
{
	const uint32_t length = (uint32_t)strlen(payload);

	memcpy(to, MAGIC, MAGIC_SIZE);
	memcpy(to + AT_LENGTH, &length, sizeof(length));
	memcpy(to + AT_TYPE, &type, sizeof(type));
	memcpy(to + SWAY_HEADER, payload, length);
	return SWAY_HEADER + length;
}
