/* SPDX-License-Identifier: MIT */
/* A reclaim or claim through panthor-memd, for users who may not do it directly. */
#ifndef TOOL_ACT_BROKER_H
#define TOOL_ACT_BROKER_H

#include <stdbool.h>

#include "act.h"
#include "metrics.h"
#include "options.h"

/*
 * Returns false and sets @why if panthor-memd cannot be reached or does not support the
 * operation. Otherwise the results and problems in @act are those of its replies.
 */
bool act_broker(const struct options *o, struct act *act, struct metrics *metrics,
		struct problem *why);

#endif /* TOOL_ACT_BROKER_H */
