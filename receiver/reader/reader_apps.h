/*
 * Applications and problems as an answer: that of each call that reads manifests.
 */
#ifndef RECEIVER_READER_READER_APPS_H
#define RECEIVER_READER_READER_APPS_H

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "base/strvec.h"
#include "manifest/app_yaml.h"
#include "receiver/reader/reader.h"

struct child;
struct reader_job;

/* What was answered so far: the beginning of the state of such a call. */
struct apps_answer {
	struct manifests found;
};

/*
 * In the reader: answer in as many frames as it takes.  What is too large
 * becomes a problem.  0, or -1 with child->broken set.
 */
int apps_answer_write(struct child *child, const struct manifests *found);

/* In the receiver: read, finish and release of such a call (struct reader_call). */
int apps_answer_read(struct reader_job *job, const json_t *answer, bool last, struct error *err);
void apps_answer_finish(struct reader_job *job, enum reader_result result, const char *why);
void apps_answer_release(void *state);

#endif
