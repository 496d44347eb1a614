/* SPDX-License-Identifier: MIT */
/*
 * Messages of sway's IPC, see sway-ipc(7): "i3-ipc", the length and the type of the payload,
 * in the byte order of the machine, and the payload.
 */
#ifndef AGENT_SWAY_MESSAGE_H
#define AGENT_SWAY_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define SWAY_HEADER 14
/* The tree of a session with hundreds of windows has less than 1 MiB. */
#define SWAY_PAYLOAD_MOST (8u << 20)

enum sway_type {
	SWAY_SUBSCRIBE = 2,
	SWAY_GET_TREE = 4,
	SWAY_EVENT_WORKSPACE = (int)0x80000000,
	SWAY_EVENT_WINDOW = (int)0x80000003,
	SWAY_EVENT_BINDING = (int)0x80000005,
	SWAY_EVENT_SHUTDOWN = (int)0x80000006,
};

struct sway_message {
	uint32_t type;
	uint32_t length;
	const char *payload; /* until the next call for the same reader */
};

struct sway_reader {
	char *data;
	size_t used, size, taken;
};

void sway_reader_add(struct sway_reader *r, const void *bytes, size_t count);
/* Returns 1 and the next message, 0 if it is not complete yet, or -EBADMSG or -EMSGSIZE. */
int sway_reader_next(struct sway_reader *r, struct sway_message *m);
void sway_reader_free(struct sway_reader *r);

/* Write a message to @to, which has room for it. Returns its size. */
size_t sway_write(char *to, uint32_t type, const char *payload);

#endif /* AGENT_SWAY_MESSAGE_H */
