/*
 * A scripted world for the deciding core: whatever the core asks or says is
 * written to a log, nothing outside happens, and the clock stands still until
 * it is moved.
 */
#ifndef TESTS_SUPPORT_SCRIPTED_H
#define TESTS_SUPPORT_SCRIPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ref_list.h"
#include "base/strvec.h"
#include "delivery/delivery.h"

/* The repository of every scenario. */
#define REPOSITORY "example.org/r"
#define TARGETS_MAX 8
#define ASKED_MAX 64

/* A question that the core asked. */
struct asked {
	char *ref;
	uint64_t ticket;
	struct record_plan *plan;
};

struct world {
	struct delivery_core *core;
	struct delivery_options options;
	struct delivery_target targets[TARGETS_MAX];
	struct strvec globs[TARGETS_MAX];
	struct strvec names;
	struct app_list apps;
	struct strvec held;
	bool remote;            // a plan said what is referred to elsewhere: all others do, too
	bool unknown;
	bool tell_kept;         // keep and refers are written to the log
	int64_t now;
	int64_t wake;
	struct asked asked[ASKED_MAX];
	size_t asked_count;
	int64_t next_trigger;
	struct strvec ids;      // index + 1 is a trigger's id: "app@target"
	int64_t sending[ASKED_MAX];
	size_t sending_count;
	int64_t sent_pushed_ms; // of the trigger that was sent last
	struct buf log;         // what the core asked and said since the last input
};


/* A commit of one letter; "0" is the zero id, "-" or NULL none. */
struct oid oid_of(const char *letter);

/* "main" as refs/heads/main, a full name as it is; a new string. */
char *full_ref(const char *ref);

/* Wall clock of the world. */
int64_t scripted_wall(const struct world *w);

/* An empty world without a core. */
void world_open(struct world *w);

/* Make the core from the options so far, if there is none. */
void world_begin(struct world *w);

/* Give the core a listing of REPOSITORY; what it says of it goes to the log. */
void scripted_look(struct world *w, const struct ref_list *listing, bool new_is_created);

/* Free what it holds. */
void world_close(struct world *w);

#endif
