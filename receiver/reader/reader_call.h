/*
 * The protocol between the receiver and its readers, as a table.
 *
 * One question is one call: one row of reader_calls[], and one file, call_NAME.c,
 * that holds all of it in the order in which it happens.  The receiver writes
 * the question down; the reader handles it and writes the answer; the receiver
 * reads the answer, checks each field, gives it to whoever asked, and frees it.
 * Both halves stand in one file because one program has both: a reader is the
 * same program, started as "doorbell reader".
 *
 * All frames hold one JSON object.  That of a question has its call ("op"), its
 * number ("id") and, below "repository", whose it is if it is of one.  An answer repeats the
 * number; {"ok":true} is its last frame, {"more":true} one before, {"error":why}
 * says that it cannot be done, and {"stale":true} that this reader cannot do it
 * though another one can.  Nothing of it outlives a process, so any of it may
 * change with the next version.
 */
#ifndef RECEIVER_READER_READER_CALL_H
#define RECEIVER_READER_READER_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "receiver/reader/reader.h"

struct child;
struct reader_job;

/* The descriptor of the channel in a reader. */
#define READER_CHANNEL 3

/*
 * One frame of an answer: small, because parsed JSON takes up to 60 times its
 * size. All frames of one answer together; the reader shortens its reasons to
 * stay below.
 */
#define READER_ANSWER_BYTES (1024U * 1024)
#define READER_ANSWERS_BYTES (64U * 1024 * 1024)

/* A path in an answer: bytes that are not UTF-8 take three. */
#define READER_TEXT_BYTES (3 * 4096)
#define READER_WHY_BYTES (3 * ERROR_TEXT_MAX)

/* What a reader must have been told before it can answer. */
enum reader_needs {
	READER_NEEDS_NOTHING,
	READER_NEEDS_REPOSITORY, // the call "open"
	READER_NEEDS_APPS        // that, and the call "apps" until all of them are there
};

struct reader_call {
	/* Its name in frames, unlike that of all other rows. */
	const char *name;
	enum reader_needs needs;
	/* True: it reads files of its repository; without the right to, the reader says "stale". */
	bool reads_files;
	/* True: that it is refused says that the repository cannot be read, which is logged. */
	bool tells_of_repository;
	/* Bytes of what job->state points to, where the answer is gathered; 0: nothing is. */
	size_t state_size;
	/*
	 * In the receiver: write the content of the frame that asks job's question
	 * under the number id to out, which is empty. May be called again if the
	 * reader went before it answered. 0, or -1 with err if it cannot be written.
	 */
	int (*write)(struct reader_job *job, uint64_t id, struct buf *out, struct error *err);
	/*
	 * In the reader: do what request asks and answer by child_answer() and the
	 * like. 0, or -1 or REPO_UNSUPPORTED (repo/repo.h) with err, which becomes the
	 * answer unless child->broken is set. The receiver is trusted: members are not checked.
	 */
	int (*handle)(struct child *child, const json_t *request, struct error *err);
	/*
	 * In the receiver: check one frame of the answer field by field, as if it
	 * came from the Internet, and add it to job->state. last says that it is the
	 * last one. 0, with a text in err that goes with the answer or with err
	 * untouched; -1 if a field cannot be.
	 */
	int (*read)(struct reader_job *job, const json_t *answer, bool last, struct error *err);
	/*
	 * In the receiver: the answer is complete, or there is none (any result but
	 * READER_OK): call job->done.  "open" and "apps", which nobody asks for their
	 * own sake, note what the reader knows now; they finish with READER_OK only.
	 */
	void (*finish)(struct reader_job *job, enum reader_result result, const char *why);
	/* In the receiver: free what state holds, not state itself. NULL: it holds nothing. */
	void (*release)(void *state);
};

/* What a reader is told before it is asked. */
extern const struct reader_call call_open;
extern const struct reader_call call_apps;

/* What it is asked. */
extern const struct reader_call call_affected;
extern const struct reader_call call_inputs;
extern const struct reader_call call_resolve;
extern const struct reader_call call_read_apps;
extern const struct reader_call call_parse;
extern const struct reader_call call_list;

/* All calls, a NULL after the last. */
extern const struct reader_call *const reader_calls[];

/* The call of that name, or NULL. */
const struct reader_call *reader_call_find(const char *name);

/*
 * A reader_call.write for a question that is kept as JSON in job->request: write
 * that, with the name of its call and its number.
 */
int reader_call_write(struct reader_job *job, uint64_t id, struct buf *out, struct error *err);

/* The same for JSON that is not kept: content is taken; NULL says that it is not UTF-8. */
int reader_call_write_take(json_t *content, const char *name, uint64_t id, struct buf *out,
			   struct error *err);

#endif
