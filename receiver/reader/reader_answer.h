/*
 * What a reader says, checked: one frame at a time, and the fields that the
 * answers of several calls have.
 */
#ifndef RECEIVER_READER_READER_ANSWER_H
#define RECEIVER_READER_READER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "affected/affected_result.h"
#include "base/error.h"
#include "base/strvec.h"

struct reader_job;

enum answer_result {
	ANSWER_DONE = 0,
	ANSWER_MORE = 1,     // another frame follows
	ANSWER_REFUSED = 2,  // an "error", now in err
	ANSWER_UNUSABLE = 3, // likewise, and it will be the same whenever it is asked
	ANSWER_NONSENSE = 4, // err says what is wrong: the reader must go
	ANSWER_STALE = 5     // nothing was done: its sandbox does not grant what is needed by now
};

/*
 * Take one frame of the answer to what job was asked last (job->asked), under
 * the number id.  Everything is checked as if it came from the Internet.  With
 * ANSWER_DONE err may have a text that goes with the answer.
 */
enum answer_result reader_answer_take(struct reader_job *job, uint64_t id, const char *body,
				      size_t len, struct error *err);

/*
 * The first frame of a reader, which says what walls it has. 0 with the number
 * of the Landlock ABI and whether there is a filter, or -1 with err.
 */
int reader_answer_hello(const char *body, size_t len, int *ret_landlock, bool *ret_seccomp,
			struct error *err);

/* --- for the calls: any value may be NULL or of a wrong type --- */

/* The string of at most max bytes at key of object, borrowed, or NULL. */
const char *answer_text(const json_t *object, const char *key, size_t max);

/* An integer from 0 to max: 0 with *ret_value, or -1. */
int answer_count(const json_t *value, size_t max, size_t *ret_value);

/* The name of a kind of probe at key of object: 0 with *ret_kind, or -1. */
int answer_probe(const json_t *object, const char *key, enum probe_kind *ret_kind);

/* Is it a list of links of a chain? 0, or -1. */
int answer_check_via(const json_t *value);

/* A list of links of a chain. 0 with copies in *via, or -1. */
int answer_via(const json_t *value, struct strvec *via);

/*
 * The "read" of a call whose answer says nothing but that it was done: 0, or -1
 * if another frame is to follow.  Nothing is looked at or kept.
 */
int answer_empty(struct reader_job *job, const json_t *answer, bool last, struct error *err);

#endif
