/* SPDX-License-Identifier: MIT */
/*
 * One file of /proc/PID/fdinfo, as the kernel's "DRM client usage stats"
 * document describes it.
 */
#ifndef TOOL_FDINFO_H
#define TOOL_FDINFO_H

#include <stdbool.h>
#include <stdint.h>

#define FDINFO_NAME 64
#define FDINFO_REGIONS 16

enum fdinfo_kind {
	FDINFO_TOTAL,
	FDINFO_RESIDENT,
	FDINFO_EVICTED,
	FDINFO_SHARED,
	FDINFO_PURGEABLE,
	FDINFO_ACTIVE,
	FDINFO_KINDS,
};

/* Bytes of each kind, and whether they are known. */
struct fdinfo_bytes {
	uint64_t value[FDINFO_KINDS];
	bool known[FDINFO_KINDS];
};

struct fdinfo_region {
	char name[FDINFO_NAME];
	struct fdinfo_bytes bytes;
};

struct fdinfo {
	char driver[FDINFO_NAME];
	char pdev[FDINFO_NAME]; /* "" if the device is not on PCI */
	char name[FDINFO_NAME]; /* that the program gave its client, or "" */
	bool has_id;
	uint64_t id;
	unsigned int n_regions;
	struct fdinfo_region regions[FDINFO_REGIONS];
	bool cut; /* there are more regions */
	/* Resident memory that the driver holds for the client in addition to its buffers. */
	bool has_internal;
	uint64_t internal;
	/* How long all engines have worked for the client, in nanoseconds. */
	uint64_t engine_ns;
};

/* Returns false if the file does not belong to a DRM driver. */
bool fdinfo_parse(const char *text, struct fdinfo *info);

/* Adds @from to @to. A sum is known if either part is. */
void fdinfo_add(struct fdinfo_bytes *to, const struct fdinfo_bytes *from);

/* A dma-buf. Its inode number identifies it. */
struct fdinfo_dmabuf {
	char exporter[FDINFO_NAME];
	uint64_t ino;
	uint64_t bytes;
};

/* Returns false if the file is not a dma-buf. */
bool fdinfo_parse_dmabuf(const char *text, struct fdinfo_dmabuf *buffer);

/* Returns the sum, or UINT64_MAX if it overflows. */
uint64_t fdinfo_plus(uint64_t a, uint64_t b);

/* Name of a kind: "total", "resident" and so on. */
extern const char *const fdinfo_kind_names[FDINFO_KINDS];

#endif /* TOOL_FDINFO_H */
