/*
 * What the files of the reader's half share: reader_child.c (its life),
 * reader_child_answer.c (answers), reader_child_grant.c (what it may read) and
 * the calls.
 */
#ifndef RECEIVER_READER_READER_CHILD_IMPL_H
#define RECEIVER_READER_READER_CHILD_IMPL_H

#include <jansson.h>
#include <sys/types.h>

#include "affected/affected.h"
#include "affected/affected_json.h"
#include "base/error.h"
#include "base/oid.h"
#include "base/strvec.h"
#include "manifest/app.h"
#include "receiver/reader/reader_call.h"

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
	struct child_coming *coming;    // to be used once all are there (call_apps.c)
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

/* --- reader_child.c: what a request says --- */

/* The text at key, borrowed; "" if there is none. */
const char *child_text(const json_t *request, const char *key);

/* The id at key; one of no length if there is none. */
struct oid child_oid(const json_t *request, const char *key);

/* The open repository that request is for, or NULL with err (which may be NULL). */
struct child_repository *child_find(const struct child *child, const json_t *request,
				    struct error *err);

/* --- call_apps.c --- */

/* Give up the applications that were to come; those in use stay. */
void child_drop_coming(struct child_repository *repository);

/* --- reader_child_answer.c: all return 0, or -1 with child->broken set --- */

/* Answer with the members of content, which is taken. */
int child_answer(struct child *child, json_t *content);

/* Answer that the sandbox does not grant what the repository needs by now. */
int child_answer_stale(struct child *child);

/* Answer that the request cannot be done; lasting: nor will it ever. */
int child_answer_error(struct child *child, const char *why, bool lasting);

/* Lists that one answer may have. */
#define PIECE_ARRAYS 4

/* Items are gathered into a frame of about this size, and have to be smaller. */
#define PIECE_BYTES (READER_ANSWER_BYTES / 8)

/* A call whose answer may be too long for the parent leaves out what goes beyond this. */
#define PIECES_BYTES (READER_ANSWERS_BYTES / 8 * 7)

/* An answer in as many frames as it takes: the one being gathered. */
struct child_piece {
	struct child *child;
	const char *names[PIECE_ARRAYS]; // of its arrays; the last ones may be NULL
	json_t *arrays[PIECE_ARRAYS];
	size_t bytes;          // in arrays
	size_t total;          // in frames sent before
};

/* Begin the first frame; child and names are set, all else is zero. */
void child_piece_begin(struct child_piece *piece);

/* Add a value, which is taken, of so many bytes to an array; a full frame is sent before. */
int child_piece_add(struct child_piece *piece, size_t array, json_t *value, size_t bytes);

/* Send the last frame, with the members of content, which is taken; piece is released. */
int child_piece_end(struct child_piece *piece, json_t *content);

/* Release what was gathered: the answer cannot be finished. */
void child_piece_drop(struct child_piece *piece);

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

/*
 * Answer the requests on a blocking descriptor until its end, behind a sandbox
 * that grants what grants says, or without one (NULL).  Each may take that many
 * seconds of processor time, 0: no limit.  Returns 0 at the end, -1 if the
 * channel broke or a request was none.
 */
int child_serve(int channel, unsigned seconds, const struct child_grants *grants);

#endif
