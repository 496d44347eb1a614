/* SPDX-License-Identifier: MIT */
#ifndef BROKER_GROUP_H
#define BROKER_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns false if there is no such group, or if that could not be found out. */
bool group_find(const char *name, gid_t *gid);

#endif /* BROKER_GROUP_H */
