/*
 * A small model of the world for random tests of the deciding core: what was
 * stored, what is asked, what was wrong.  It answers nothing by itself.
 */
#ifndef TESTS_SUPPORT_MODEL_H
#define TESTS_SUPPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/delivery.h"

#define REPOSITORY "example.org/r"
#define REFS 3
#define APPS 6
#define TARGETS 3
#define QUESTIONS_MAX 64

enum question_kind { ASKED_RESOLVE, ASKED_MATCH, ASKED_PLAN };

/* One question of the core without an answer. */
struct question {
	enum question_kind kind;
	uint64_t ticket;
	int ref;
	struct oid after;
	struct oid tip;
	struct record_plan *plan;
};

/* A row of push: index + 1 is its id. */
struct push_row {
	struct record_push push; // strings are borrowed
	int ref;
	bool final;
	bool broken;              // no plan with it can be stored
	bool dropped;             // the core said so
	int told;                 // times
};

/* A row of trigger: index + 1 is its id. */
struct trigger_row {
	int app, target, ref;
	enum trigger_state state; // as it was recorded last
	bool sending;
	bool hard;
	bool told;                // that it was superseded
	bool observed;            // as it was recorded last, like the two below
	bool watched;             // the core asked to observe it
	int64_t next_ms;
	int64_t push;
};

struct model {
	struct delivery_core *core;
	struct delivery_options options;
	struct delivery_target targets[TARGETS];
	bool down[TARGETS]; // what the core said of each
	struct app_list apps;
	uint64_t seed;
	int64_t now;
	int64_t wake;
	bool ready;
	bool calm;                // the world behaves: everything ends well
	struct oid refs[REFS];    // journal: processed last
	struct oid kept[REFS];    // the core said so, likewise
	int commits;              // commits so far; their numbers are ids
	struct question questions[QUESTIONS_MAX];
	size_t question_count;
	struct push_row *pushes;
	size_t push_count;
	struct trigger_row *triggers;
	size_t trigger_count;
	unsigned affected[REFS];  // bits of applications that the engine named last, per ref
	bool matched[REFS];       // the plan that follows comes from the engine
	const char *wrong;        // first rule that was broken
};

extern const char *const model_refs[REFS];
extern const char *const model_targets[TARGETS + 1]; // the last: no target

/* The next random number of the model's seed. */
uint64_t model_number(struct model *m);

/* True in percent of a hundred cases; never when the world behaves. */
bool model_bad_luck(struct model *m, unsigned percent);

/* Note the first rule that does not hold. */
void model_must(struct model *m, bool holds, const char *rule);

/* The id of commit n. */
struct oid model_commit(int n);

/* The number of a target, and of an application (-1: none), by name. */
int model_target(const char *name);
int model_app(const struct model *m, const char *full_name);

/* Is that trigger over, by what was recorded of it? */
bool model_is_over(const struct trigger_row *row);

/* Make the model's core, empty. */
void model_start(struct model *m);

#endif
