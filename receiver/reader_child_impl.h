/*
 * What the files of the reader process share: reader_child.c (requests),
 * reader_child_answer.c (answers), reader_child_grant.c (what it may read).
 */
#ifndef RECEIVER_READER_CHILD_IMPL_H
#define RECEIVER_READER_CHILD_IMPL_H

#include <jansson.h>

#include "app/affected.h"
#include "app/affected_inputs.h"
#include "app/affected_json.h"
#include "app/app.h"
#include "base/strvec.h"

/* An application of the list to come: new, or number old - 1 of the one in use. */
struct coming {
	struct app *app;
	size_t old;
};

struct child_repository {
	char *key;                // as the parent calls it
	struct affected_state *state;
	struct app_list apps;     // in use
	struct coming *coming;    // of which more is to come
	size_t coming_count;
	size_t coming_capacity;
	size_t old_next;          // numbers below are taken
	struct child_repository *next;
};

struct child {
	int channel;
	json_int_t id;            // of the request at hand
	bool broken;              // writing failed
	bool unsaved;             // an index may have changed since all were written
	struct child_repository *repositories;
};

/* --- reader_child_answer.c: all return 0, or -1 with child->broken set --- */

/* Answer with the members of content, which is taken. */
int child_answer(struct child *child, json_t *content);

/* Answer that the request cannot be done. */
int child_answer_error(struct child *child, const char *why);

/*
 * Answer in as many frames as it takes. Reasons are cut to what the parent
 * accepts, and left out once the answer as a whole becomes long.
 */
int child_answer_affected(struct child *child, const struct affected *affected);

/* Answer in as many frames as it takes. What is too long for one is counted only. */
int child_answer_inputs(struct child *child, const struct affected_inputs *inputs);

/* Answer in as many frames as it takes; what is too large becomes a problem. */
int child_answer_apps(struct child *child, const struct app_list *list,
		      const struct strvec *problems);

/* --- reader_child_grant.c --- */

/*
 * Append to dirs what reading the repository at path needs: itself, the
 * directory that it shares with others (a linked work tree), and with
 * alternates those that it borrows objects from, five deep.
 */
void child_grant_repository(struct strvec *dirs, const char *path, bool alternates);

#endif
