/*
 * What a reader says, checked: one frame at a time.
 */
#ifndef RECEIVER_READER_READER_ANSWER_H
#define RECEIVER_READER_READER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct reader_job;

enum answer_result {
	ANSWER_DONE = 0,
	ANSWER_MORE = 1,     // another frame follows
	ANSWER_REFUSED = 2,  // an "error", now in err
	ANSWER_NONSENSE = 3, // err says what is wrong: the reader must go
	ANSWER_STALE = 4     // nothing was done: its sandbox does not grant what is needed by now
};

/*
 * Take one frame of the answer to a request with id into job.  Everything is
 * checked as if it came from the Internet.
 */
enum answer_result reader_answer_take(struct reader_job *job, uint64_t id, const char *body,
				      size_t len, struct error *err);

/*
 * The first frame of a reader, which says what walls it has. 0 with the number
 * of the Landlock ABI and whether there is a filter, or -1 with err.
 */
int reader_answer_hello(const char *body, size_t len, int *ret_landlock, bool *ret_seccomp,
			struct error *err);

#endif
