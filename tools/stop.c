/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stddef.h>

#include "stop.h"

static volatile sig_atomic_t came;

static void handler(int number)
{
	came = number;
}

void stop_catch(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int stop_signal(void)
{
	return came;
}
