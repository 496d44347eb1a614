/* SPDX-License-Identifier: MIT */
/* A reclaim or claim by panthor-memd, for who may not do it directly. */
#ifndef TOOL_ACT_BROKER_H
#define TOOL_ACT_BROKER_H

#include <stdbool.h>

#include "act.h"
#include "metrics.h"
#include "options.h"

/*
 * False if there is no panthor-memd, or nothing that it could be asked: why is in @why.
 * Else it was asked, and results and problems are those of its replies.
 */
bool act_broker(const struct options *o, struct act *act, struct metrics *metrics,
		struct problem *why);

#endif /* TOOL_ACT_BROKER_H */
