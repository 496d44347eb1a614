/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "problem.h"

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

void problem_of_scan(struct problem *p, int error, const char *proc)
{
	if (error == EMFILE || error == ENFILE)
		problem_set(p, error, STATUS_FAILED, "raise the limit: see `ulimit -n`",
			    "cannot inspect all processes: %s", strerror(error));
	else
		problem_set(p, error, STATUS_FAILED, "is it mounted?", "cannot read %s: %s", proc,
			    strerror(error));
}

void problem_no_process(struct problem *p, pid_t pid)
{
	problem_set(p, ESRCH, STATUS_NO_TARGET, SEE_LIST, "there is no process %d", (int)pid);
}

void problem_thread(struct problem *p, pid_t pid, pid_t process)
{
	problem_set(p, ESRCH, STATUS_NO_TARGET, "name the process",
		    "%d is a thread of process %d", (int)pid, (int)process);
}

void problem_foreign(struct problem *p, const char *proc)
{
	problem_set(p, EREMOTE, STATUS_UNSUPPORTED,
		    "mount a /proc of this namespace (`unshare --mount-proc`), or use --client",
		    "%s belongs to another pid namespace, where numbers mean other processes",
		    proc);
}

const char *problem_more_rights(void)
{
	return geteuid() ? "run it as root" :
			   "run it with all capabilities of root, outside of containers";
}

void problem_unreadable(struct problem *p)
{
	problem_set(p, EACCES, STATUS_NOT_PERMITTED, problem_more_rights(),
		    "no permission to inspect the processes found");
}

static void no_swap(struct problem *p, const struct roots *roots)
{
	struct machine m;

	machine_read(&m, roots);
	if (!m.swap_total.known)
		problem_set(p, ENOSPC, STATUS_UNSUPPORTED, "see swapon(8)", "no swap is free");
	else if (!m.swap_total.bytes)
		problem_set(p, ENOSPC, STATUS_UNSUPPORTED, "see swapon(8)", "no swap is active");
	else
		problem_set(p, ENOSPC, STATUS_UNSUPPORTED,
			    "claim another process, or add swap: see swapon(8)", "swap is full");
}

void problem_of_call(struct problem *p, int error, const struct roots *roots, const char *node)
{
	switch (error) {
	case EPERM:
		problem_set(p, error, STATUS_NOT_PERMITTED,
			    "run it as root, outside of containers with a user namespace",
			    "the capability CAP_SYS_RESOURCE is needed");
		break;
	case ESRCH:
		problem_set(p, error, STATUS_NO_TARGET, SEE_LIST, "it has no file of %s", node);
		break;
	case EMFILE:
	case ENFILE:
		problem_set(p, error, STATUS_FAILED,
			    "name fewer, or raise the limit: see `ulimit -n`", "%s",
			    strerror(error));
		break;
	case EBADF:
		problem_set(p, error, STATUS_NO_TARGET, "name a cgroup of version 2",
			    "the kernel does not accept this cgroup");
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
			    "version 1.10 of the driver is needed, or its patches",
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
	case EFAULT:
		problem_set(p, error, STATUS_FAILED, "raise memory.max of its cgroup",
			    "this process had no memory for the result");
		break;
	case EIO:
		problem_set(p, error, STATUS_FAILED, "dmesg(1) shows the disk's errors",
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
#define E(name) [name] = #name
	static const char *const codes[] = {
		E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG),
		E(ENOEXEC), E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT),
		E(ENOTBLK), E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR),
		E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC),
		E(ESPIPE), E(EROFS), E(EMLINK), E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK),
		E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP), E(ENODATA),
		E(ETIME), E(ENOLINK), E(EPROTO), E(EOVERFLOW), E(EILSEQ), E(EUSERS),
		E(ENOTSOCK), E(EMSGSIZE), E(EOPNOTSUPP), E(ENETDOWN), E(ENETUNREACH),
		E(ECONNRESET), E(ENOBUFS), E(ETIMEDOUT), E(ECONNREFUSED), E(EHOSTDOWN),
		E(EHOSTUNREACH), E(EALREADY), E(ESTALE), E(EREMOTE), E(EUCLEAN), E(EDQUOT),
		E(ENOMEDIUM), E(EREMOTEIO), E(ECANCELED), E(EKEYREJECTED), E(EHWPOISON),
	};
#undef E

	if (error > 0 && (size_t)error < sizeof(codes) / sizeof(codes[0]) && codes[error])
		return codes[error];
	return "OTHER";
}

void problem_say(const struct problem *p, const char *subject)
{
	say("%s%s%s%s%s", subject ? subject : "", subject ? ": " : "", p->what,
	    *p->remedy ? ": " : "", p->remedy);
}
