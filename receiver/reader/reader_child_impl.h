/*
 * What the files of the reader process share: reader_child.c (requests),
 * reader_child_answer.c (answers), reader_child_grant.c (what it may read).
 */
#ifndef RECEIVER_READER_READER_CHILD_IMPL_H
#define RECEIVER_READER_READER_CHILD_IMPL_H

#include <jansson.h>
#include <sys/types.h>

#include "affected/affected.h"
#include "affected/affected_inputs.h"
#include "affected/affected_json.h"
#include "base/strvec.h"
#include "manifest/app.h"

/* An application of the list to come: new, or number old - 1 of the one in use. */
struct coming {
	struct app *app;
	size_t old;
};

/* One directory, whatever its name. */
struct child_directory {
	dev_t device;
	ino_t inode;
};

/* The directories that the sandbox grants, as they were when it went up. */
struct child_grants {
	struct child_directory *items; // free() them
	size_t count;
	size_t capacity;
};

struct child_repository {
	char *key;                // as the parent calls it
	char *path;
	char *cache_directory;    // or NULL
	bool allow_alternates;
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
	const struct child_grants *grants; // NULL: there is no sandbox
	json_int_t id;            // of the request at hand
	bool broken;              // writing failed
	bool unsaved;             // an index may have changed since all were written
	struct child_repository *repositories;
};

/* --- reader_child_answer.c: all return 0, or -1 with child->broken set --- */

/* Answer with the members of content, which is taken. */
int child_answer(struct child *child, json_t *content);

/* Answer that the sandbox does not grant what the repository needs by now. */
int child_answer_stale(struct child *child);

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
 * Append the directory at path to dirs unless it is there, and note in grants
 * which one that is now. One that does not exist is not noted.
 */
void child_grant(struct child_grants *grants, struct strvec *dirs, const char *path);

/*
 * Do the same with all that reading the repository at path needs: itself, the
 * directory that it shares with others (a linked work tree), and with
 * alternates those that it borrows objects from, five deep and at most 64.
 */
void child_grant_repository(struct child_grants *grants, struct strvec *dirs, const char *path,
			    bool alternates);

/*
 * Is all that the repository at path needs now, and its cache directory
 * (NULL: it has none), noted in grants?  False if one of the directories was
 * made, moved or made anew since it was noted.  One that does not exist needs
 * no grant.  Works behind the sandbox.
 */
bool child_is_granted(const struct child_grants *grants, const char *path, const char *cache,
		      bool alternates);

#endif
