/* SPDX-License-Identifier: MIT */
/* panthor-mem(1): GPU memory of processes, listed, reclaimed and claimed. */
#include <locale.h>
#include <sys/resource.h>

#include "commands.h"
#include "output.h"

static int run(const struct options *o)
{
	switch (o->command) {
	case COMMAND_LIST:
		return command_list(o);
	case COMMAND_WATCH:
		return command_watch(o);
	case COMMAND_DOCTOR:
		return command_doctor(o);
	case COMMAND_METRICS:
		return command_metrics(o);
	default:
		return command_act(o);
	}
}

/* Each named process takes a file descriptor. Without select(2), a high limit does no harm. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct options o;
	int status;

	output_begin();
	raise_limit();
	setlocale(LC_CTYPE, "");
	if (options_parse(&o, argc, argv, &status))
		status = run(&o);
	options_free(&o);
	return output_end(status);
}
