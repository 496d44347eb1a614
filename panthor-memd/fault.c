/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "name.h"
#include "problem.h"

#define DBUS_ERROR "org.freedesktop.DBus.Error."

static const char *const names[FAULT_KINDS] = {
	[FAULT_NONE] = "",
	[FAULT_INVALID_ARGS] = DBUS_ERROR "InvalidArgs",
	[FAULT_ACCESS_DENIED] = DBUS_ERROR "AccessDenied",
	[FAULT_INTERACTIVE] = DBUS_ERROR "InteractiveAuthorizationRequired",
	[FAULT_LIMITS] = DBUS_ERROR "LimitsExceeded",
	[FAULT_NO_PROCESS] = BROKER_ERROR "NoSuchProcess",
	[FAULT_NO_GPU_MEMORY] = BROKER_ERROR "NoGpuMemory",
	[FAULT_NO_DEVICE] = BROKER_ERROR "NoDevice",
	[FAULT_NOT_SUPPORTED] = BROKER_ERROR "NotSupported",
	[FAULT_SWAP_FULL] = BROKER_ERROR "SwapFull",
	[FAULT_TOO_SOON] = BROKER_ERROR "TooSoon",
	[FAULT_CANCELLED] = BROKER_ERROR "Cancelled",
	[FAULT_NO_MEMORY] = BROKER_ERROR "NoMemory",
	[FAULT_FAILED] = BROKER_ERROR "Failed",
};

const char *fault_name(enum fault_kind kind)
{
	return names[kind];
}

const char *fault_reason(enum fault_kind kind)
{
	const char *dot = strrchr(names[kind], '.');

	return dot ? dot + 1 : names[kind];
}

int fault_set(struct fault *f, enum fault_kind kind, const char *format, ...)
{
	va_list args;

	f->kind = kind;
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
	return -1;
}

void fault_of_call(struct fault *f, int error)
{
	switch (error) {
	case ESRCH:
		fault_set(f, FAULT_NO_GPU_MEMORY, "the process has no panthor device open: name "
			  "the process that renders, see `panthor-mem list`");
		break;
	case ENODEV:
		fault_set(f, FAULT_NO_DEVICE, "the device is gone: try again");
		break;
	case EPERM:
		fault_set(f, FAULT_NOT_SUPPORTED, "panthor-memd lacks CAP_SYS_RESOURCE in the "
			  "initial user namespace: start it with its unit, outside of containers");
		break;
	case ENOSYS:
	case EINVAL:
		fault_set(f, FAULT_NOT_SUPPORTED, "this kernel's panthor cannot reclaim and claim: "
			  "version 1.10 of the driver, or its patches, are needed");
		break;
	case EOPNOTSUPP:
		fault_set(f, FAULT_NOT_SUPPORTED, "this kernel is built without swap: CONFIG_SWAP "
			  "is needed");
		break;
	case ENOSPC:
		fault_set(f, FAULT_SWAP_FULL, "no swap is free: add some, see swapon(8), or close "
			  "something");
		break;
	case ENOMEM:
		fault_set(f, FAULT_NO_MEMORY, "memory ran out: reclaim another process, then claim "
			  "again");
		break;
	case EFAULT:
		fault_set(f, FAULT_FAILED, "EFAULT: panthor-memd had no memory for the result: raise "
			  "MemoryMax of its unit");
		break;
	case EIO:
		fault_set(f, FAULT_FAILED, "EIO: swap could not be read: dmesg(1) has the errors "
			  "of the disk");
		break;
	case ETIMEDOUT:
		fault_set(f, FAULT_FAILED, "ETIMEDOUT: the GPU did not answer and is reset: try "
			  "again");
		break;
	default:
		fault_set(f, FAULT_FAILED, "%s: %s", problem_code(error), strerror(error));
	}
}

void fault_stopping(struct fault *f)
{
	fault_set(f, FAULT_CANCELLED, "panthor-memd is stopping: try again, and the bus starts it "
		  "again");
}

int fault_reply(sd_bus_message *message, const struct fault *f)
{
	return sd_bus_reply_method_errorf(message, names[f->kind], "%s", f->text);
}
