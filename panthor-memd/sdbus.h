/* SPDX-License-Identifier: MIT */
/*
 * sd-bus, sd-event and the rest of libsystemd or libelogind. The headers of elogind are also
 * in a directory systemd/.
 */
#ifndef BROKER_SDBUS_H
#define BROKER_SDBUS_H

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-login.h>

#endif /* BROKER_SDBUS_H */
