/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "problem.h"
#include "process.h"

#define SEE_LIST "`panthor-mem list` shows who holds GPU memory"

void problem_set(struct problem *p, int error, enum status status, const char *remedy,
		 const char *what, ...)
{
	va_list args;

	p->error = error;
	p->status = status;
	snprintf(p->remedy, sizeof(p->remedy), "%s", remedy ? remedy : "");
	va_start(args, what);
	vsnprintf(p->what, sizeof(p->what), what, args);
	va_end(args);
}

static void no_target(struct problem *p, const struct roots *roots, const char *node, pid_t pid)
{
	pid_t process = process_of(roots, pid);

	if (!process)
		problem_set(p, ESRCH, STATUS_NO_TARGET, SEE_LIST, "there is no process %d",
			    (int)pid);
	else if (process != pid)
		problem_set(p, ESRCH, STATUS_NO_TARGET, "name the process",
			    "%d is a thread of process %d", (int)pid, (int)process);
	else
		problem_set(p, ESRCH, STATUS_NO_TARGET, SEE_LIST, "it has no file of %s", node);
}

static void no_swap(struct problem *p, const struct roots *roots)
{
	struct machine m;

	machine_read(&m, roots);
	if (!m.swap_total)
		problem_set(p, ENOSPC, STATUS_UNSUPPORTED, "see swapon(8)", "no swap is active");
	else
		problem_set(p, ENOSPC, STATUS_UNSUPPORTED,
			    "claim another process, or add swap: see swapon(8)", "swap is full");
}

void problem_of_call(struct problem *p, int error, const struct roots *roots, const char *node,
		     pid_t pid)
{
	switch (error) {
	case EPERM:
		problem_set(p, error, STATUS_NOT_PERMITTED,
			    "run it as root, outside of containers with users of their own",
			    "the capability CAP_SYS_RESOURCE is needed");
		break;
	case EACCES:
		problem_set(p, error, STATUS_NOT_PERMITTED, "run it as root",
			    "it may not be looked at");
		break;
	case ESRCH:
		no_target(p, roots, node, pid);
		break;
	case ENOSPC:
		no_swap(p, roots);
		break;
	case EOPNOTSUPP:
		problem_set(p, error, STATUS_UNSUPPORTED, "CONFIG_SWAP is needed",
			    "this kernel is built without swap");
		break;
	case ENOSYS:
		problem_set(p, error, STATUS_UNSUPPORTED,
			    "version 1.10 of the driver, or its patches, are needed",
			    "this kernel's panthor cannot reclaim and claim");
		break;
	case ENODEV:
		problem_set(p, error, STATUS_UNSUPPORTED, "dmesg(1) may say why",
			    "%s is gone", node);
		break;
	case ENOMEM:
		problem_set(p, error, STATUS_FAILED, "reclaim another process, then claim again",
			    "memory ran out part-way");
		break;
	case EIO:
		problem_set(p, error, STATUS_FAILED, "dmesg(1) has the disk's errors",
			    "swap could not be read");
		break;
	case ETIMEDOUT:
		problem_set(p, error, STATUS_FAILED, "the driver resets it; try again",
			    "the GPU did not answer");
		break;
	default:
		problem_set(p, error, STATUS_FAILED, NULL, "%s", strerror(error));
	}
}

const char *problem_code(int error)
{
	static const struct {
		int error;
		const char *code;
	} codes[] = {
		{ EACCES, "EACCES" }, { EBADF, "EBADF" },	    { EINTR, "EINTR" },
		{ EINVAL, "EINVAL" },
		{ EIO, "EIO" },	      { ENODEV, "ENODEV" },	    { ENOENT, "ENOENT" },
		{ ENOMEM, "ENOMEM" }, { ENOSPC, "ENOSPC" },	    { ENOSYS, "ENOSYS" },
		{ ENOTDIR, "ENOTDIR" }, { ENOTTY, "ENOTTY" },	    { EOPNOTSUPP, "EOPNOTSUPP" },
		{ EPERM, "EPERM" },   { ESRCH, "ESRCH" },	    { ETIMEDOUT, "ETIMEDOUT" },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].error == error)
			return codes[i].code;
	}
	return "OTHER";
}

void problem_say(const struct problem *p, const char *subject)
{
	say("%s%s%s%s%s", subject ? subject : "", subject ? ": " : "", p->what,
	    *p->remedy ? ": " : "", p->remedy);
}
