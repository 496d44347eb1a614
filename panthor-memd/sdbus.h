/* SPDX-License-Identifier: MIT */
/*
 * sd-bus, sd-event and what goes with them: from systemd, or from elogind, whose folder has
 * one of that name.
 */
#ifndef BROKER_SDBUS_H
#define BROKER_SDBUS_H

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-login.h>

#endif /* BROKER_SDBUS_H */
