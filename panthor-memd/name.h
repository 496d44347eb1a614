/* SPDX-License-Identifier: MIT */
/* What the service is called on the bus. */
#ifndef BROKER_NAME_H
#define BROKER_NAME_H

#define BROKER_NAME "org.panthormem.Broker1"
#define BROKER_PATH "/org/panthormem/Broker1"
#define BROKER_ERROR BROKER_NAME ".Error."
#define BROKER_ACTION "org.panthormem.broker1.manage-others"

/* Who may manage the processes of other users without a question. */
#define BROKER_GROUP "panthor-mem"
#define BROKER_USER "panthor-memd"

#endif /* BROKER_NAME_H */
