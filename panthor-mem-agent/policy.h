/* SPDX-License-Identifier: MIT */
/*
 * Which application is reclaimed or claimed, and when. policy_step() takes an event and the
 * time, changes the state and returns actions. It makes no system call and allocates nothing,
 * so that tests control everything it sees.
 *
 * Only the events that follow POLICY_EVENT_LOOKED in the list, and this one, lead to decisions.
 * The others come in groups that end with it. Still, what is shown is cancelled at once.
 *
 * Times are microseconds of a clock that never goes back. An application is a number that is
 * never given to another one.
 */
#ifndef AGENT_POLICY_H
#define AGENT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More applications than this are left alone. */
#define POLICY_APPS 256
/* A step cancels or claims for each application at most once, and thaws it at most once. */
#define POLICY_ACTIONS (2 * POLICY_APPS + 8)
#define POLICY_NEVER UINT64_MAX

#define POLICY_SECOND UINT64_C(1000000)
#define POLICY_MINUTE (60 * POLICY_SECOND)
#define POLICY_HOUR (60 * POLICY_MINUTE)

/* The grace of an application is never doubled beyond this. */
#define POLICY_GRACE_MOST (30 * POLICY_MINUTE)
/* An application that is shown this soon after its reclaim should not have been reclaimed. */
#define POLICY_SHOWN_SOON (60 * POLICY_SECOND)
/* A longer grace is halved after this time without a reason for it. */
#define POLICY_GRACE_KEPT POLICY_HOUR
/* The GPU may finish the last frames of an application that was just hidden. */
#define POLICY_SETTLE (2 * POLICY_SECOND)
/* The pause after a reclaim, and the longest one after reclaims that freed nothing. */
#define POLICY_NEXT POLICY_SECOND
#define POLICY_BACKOFF_MOST (60 * POLICY_SECOND)
/* RAM has to be available for this long before memory is restored. */
#define POLICY_ROOM (10 * POLICY_SECOND)
/* The pause after a claim that failed. */
#define POLICY_CLAIM_AGAIN (60 * POLICY_SECOND)
/*
 * A frozen application that is shown waits for its memory no longer than this. The timer of the
 * agent can be 0.1 s late, and the documents say 0.3 s.
 */
#define POLICY_THAW_MOST (200 * POLICY_SECOND / 1000)
/* How often windows and processes are looked at while something is hidden. */
#define POLICY_LOOK_EVERY (10 * POLICY_SECOND)
/*
 * How often this is done while there is much free RAM and nothing is in swap. A look precedes each
 * reclaim in any case.
 */
#define POLICY_LOOK_RARELY (30 * POLICY_SECOND)
#define POLICY_MEASURE_EVERY (5 * POLICY_SECOND)
/*
 * RAM is measured before a program that takes all of it in POLICY_MEASURE_ALL could make memory
 * short. The interval is never shorter than POLICY_MEASURE_LEAST.
 */
#define POLICY_MEASURE_ALL (2 * POLICY_SECOND)
#define POLICY_MEASURE_LEAST (POLICY_SECOND / 4)
/* A hint is about this many applications, and is over after this time. */
#define POLICY_HINT_APPS 3
#define POLICY_HINT_LASTS (5 * POLICY_SECOND)

enum policy_mode { POLICY_OFF, POLICY_PRESSURE, POLICY_EAGER };

struct policy_config {
	enum policy_mode mode;
	bool psi;	       /* the kernel reports pressure */
	uint64_t pressure_for; /* how long such a report counts */
	unsigned int keep;     /* how many of the last shown applications are never chosen */
	uint64_t least;	       /* bytes that an application must have to be chosen */
	bool reclaim_playing;  /* also applications that play sound */
	bool freeze;	       /* applications that were reclaimed */
	/*
	 * Percent of RAM that is available. Memory is short below @low if the kernel reports
	 * pressure, and below @urgent even if it does not.
	 */
	unsigned int low, high, urgent, critical;
};

enum policy_state {
	POLICY_VISIBLE,
	POLICY_HIDDEN,
	POLICY_ELIGIBLE,
	POLICY_RECLAIMING,
	POLICY_RECLAIMED,
};

enum policy_request { POLICY_NONE, POLICY_RECLAIM, POLICY_CLAIM };

struct policy_app {
	uint64_t id;
	enum policy_state state;
	uint64_t changed; /* when the state changed */
	bool unsure;	  /* VISIBLE only because nobody knows */
	bool exempt;
	bool playing;	/* sound */
	bool freezable; /* freezing it would stop nothing else */
	bool frozen;
	uint64_t thaw_at; /* while @frozen and a claim is pending */

	/* The request that has no reply yet. */
	enum policy_request pending;
	bool cancelled;
	bool hinted; /* a hint asked for the claim */

	uint64_t grace_least; /* as configured */
	uint64_t grace;
	uint64_t grace_changed;
	bool drew;    /* the grace was doubled because it drew since it was hidden */
	bool doubled; /* the grace was doubled because of the last reclaim */

	uint64_t since;	     /* when the grace period began */
	uint64_t last_shown; /* when it was last visible */
	uint64_t reclaimed_at;

	bool measured;
	uint64_t resident, evicted, gpu_ns;
	bool gpu_known;
	uint64_t gpu_hidden; /* gpu_ns some time after it was hidden */
	/* While RECLAIMED: the bytes in swap, and those that stayed resident. */
	uint64_t reclaimed, left;
	bool left_known;
	bool nothing_to_claim;
	bool restored; /* claimed because there was room, since it was last shown or reclaimed */
};

struct policy {
	struct policy_config config;
	struct policy_app apps[POLICY_APPS];
	size_t n_apps;

	bool lost; /* nobody knows which windows are visible */
	bool held; /* the screen is shared, and nobody knows which windows are seen */
	bool away; /* another session is on the screen */
	bool look_pending;
	uint64_t looked;

	bool memory_known;
	uint64_t available, total;
	uint64_t measured;
	uint64_t pressure_until;
	uint64_t room_since; /* POLICY_NEVER: there is no room */
	bool restoring;
	bool measure_first; /* a claim has changed how much RAM is available */

	uint64_t next_reclaim, backoff;
	uint64_t next_claim;
	uint64_t paused_until;
	uint64_t hint_until; /* 0: there is no hint */
};

enum policy_result {
	POLICY_OK,
	POLICY_BUSY,
	POLICY_INTERRUPTED,
	POLICY_FAILED,
};

enum policy_event_kind {
	POLICY_EVENT_SHOWN,  /* a window of the application is visible */
	POLICY_EVENT_HIDDEN, /* all windows are hidden */
	POLICY_EVENT_UNSURE, /* nobody knows */
	POLICY_EVENT_GONE,
	POLICY_EVENT_SIZE,   /* its GPU memory was measured */
	POLICY_EVENT_LOOKED, /* everything above and the RAM were looked at just now */
	POLICY_EVENT_TICK,   /* the time that policy_step() has returned has come */
	POLICY_EVENT_MEMORY, /* the RAM of the machine was measured */
	POLICY_EVENT_LOST,   /* the source of windows is lost */
	POLICY_EVENT_REPLY,
	POLICY_EVENT_HINT,   /* @app, or the last shown ones if it is 0, may be shown soon */
	POLICY_EVENT_PAUSE,  /* reclaim nothing for @usec */
	POLICY_EVENT_HOLD,   /* the screen is shared if @on */
	POLICY_EVENT_AWAY,   /* another session is on the screen if @on */
	POLICY_EVENT_RAN,    /* the application could not be frozen, or was thawed */
};

struct policy_event {
	enum policy_event_kind kind;
	uint64_t app;

	/* SHOWN, HIDDEN, UNSURE. */
	uint64_t grace;
	bool exempt, playing, freezable;

	/* SIZE. */
	uint64_t resident, evicted, gpu_ns;

	/* MEMORY, LOOKED. @pressure: the kernel has reported pressure. */
	bool known;
	uint64_t available, total;
	bool pressure;

	/* REPLY. @bytes were freed or claimed. */
	enum policy_request request;
	enum policy_result result;
	uint64_t bytes;

	/* PAUSE. */
	uint64_t usec;

	/* HOLD, AWAY. */
	bool on;
};

enum policy_action_kind {
	POLICY_ACTION_RECLAIM,
	POLICY_ACTION_CLAIM,
	POLICY_ACTION_CANCEL,
	POLICY_ACTION_FREEZE,
	POLICY_ACTION_THAW,
	POLICY_ACTION_LOOK,    /* look at windows and memory; POLICY_EVENT_LOOKED follows */
	POLICY_ACTION_MEASURE, /* look at the RAM of the machine */
};

struct policy_action {
	enum policy_action_kind kind;
	uint64_t app;
	const char *why;
};

struct policy_actions {
	struct policy_action list[POLICY_ACTIONS];
	size_t count;
	uint64_t wake; /* when POLICY_EVENT_TICK is due; POLICY_NEVER: not at all */
};

void policy_init(struct policy *p, const struct policy_config *config);
void policy_step(struct policy *p, const struct policy_event *e, uint64_t now,
		 struct policy_actions *out);

const struct policy_app *policy_find(const struct policy *p, uint64_t app);
extern const char *const policy_state_names[];

/* Why the application is, or is not, reclaimed now. */
const char *policy_why(const struct policy *p, const struct policy_app *a, uint64_t now);
bool policy_is_short(const struct policy *p, uint64_t now);

#endif /* AGENT_POLICY_H */
