/* SPDX-License-Identifier: MIT */
/* sd-bus, sd-event and what goes with them: from systemd, or from elogind. */
#ifndef BROKER_SDBUS_H
#define BROKER_SDBUS_H

#ifdef WITH_ELOGIND
#include <elogind/sd-bus.h>
#include <elogind/sd-daemon.h>
#include <elogind/sd-event.h>
#include <elogind/sd-login.h>
#else
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-login.h>
#endif

#endif /* BROKER_SDBUS_H */
