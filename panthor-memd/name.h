/* SPDX-License-Identifier: MIT */
/* The names of the service on the bus. */
#ifndef BROKER_NAME_H
#define BROKER_NAME_H

#define BROKER_NAME "org.panthormem.Broker1"
#define BROKER_PATH "/org/panthormem/Broker1"
#define BROKER_ERROR BROKER_NAME ".Error."
#define BROKER_ACTION "org.panthormem.broker1.manage-others"

/* Members of this group may manage processes of other users without asking polkit. */
#define BROKER_GROUP "panthor-mem"
#define BROKER_USER "panthor-memd"

#endif /* BROKER_NAME_H */
