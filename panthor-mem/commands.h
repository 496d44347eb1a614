/* SPDX-License-Identifier: MIT */
/* The commands of the program. Each returns the exit status. */
#ifndef TOOL_COMMANDS_H
#define TOOL_COMMANDS_H

#include "options.h"

int command_list(const struct options *o);
int command_watch(const struct options *o);
int command_doctor(const struct options *o);
int command_metrics(const struct options *o);
int command_act(const struct options *o); /* reclaim and claim */

#endif /* TOOL_COMMANDS_H */
