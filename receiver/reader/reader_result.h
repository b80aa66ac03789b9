/*
 * What readers answer, and the callbacks that are told (reader.h asks).
 */
#ifndef RECEIVER_READER_READER_RESULT_H
#define RECEIVER_READER_READER_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "affected/affected_result.h"
#include "affected/affected_inputs.h"
#include "base/oid.h"
#include "base/strvec.h"
#include "manifest/app_yaml.h"

enum reader_result {
	READER_OK = 0,
	READER_REFUSED, // the reader is well and says that this cannot be done: why
	READER_UNUSABLE, // likewise, of a repository that it will never read (REPO_UNSUPPORTED)
	READER_DIED,    // it ended or talked nonsense while it worked on this
	READER_TIMEOUT  // it was killed because this took too long
};

/* What a reader found; all of it is borrowed for the time of the callback. */
struct reader_affected {
	const struct affected *affected; // app of items and same: places in the list of generation
	uint64_t generation;    // which reader_set_apps() the indices belong to
	const char *const *names; // full name of the application of each item
};

struct ref_list;

struct reader_tip {
	bool found;             // the revision is there
	struct oid commit;      // what it means
	bool present;           // the second commit asked for is there too
	struct oid asked;       // with present: that commit, which a tag's own id leads to
};

/*
 * Answer to reader_affected(). answer is NULL unless READER_OK; why is ""
 * or says what went wrong.
 */
typedef void (*reader_affected_fn)(void *arg, enum reader_result result,
				   const struct reader_affected *answer, const char *why);

/*
 * Answer to reader_inputs(). inputs is NULL unless READER_OK, and borrowed for
 * the time of the callback; item.app is an index into the list of generation.
 */
typedef void (*reader_inputs_fn)(void *arg, enum reader_result result,
				 const struct affected_inputs *inputs, uint64_t generation,
				 const char *why);

/* Answer to reader_resolve(). tip is NULL unless READER_OK; with found false, why says why. */
typedef void (*reader_resolve_fn)(void *arg, enum reader_result result,
				  const struct reader_tip *tip, const char *why);

/* Answer to reader_list(). listing is NULL unless READER_OK, and borrowed for the callback. */
typedef void (*reader_list_fn)(void *arg, enum reader_result result,
			       const struct ref_list *listing, const char *why);

/*
 * Answer to reader_read_apps(). found is NULL unless READER_OK; the callback
 * may move what it holds out (and leave it zeroed).
 */
typedef void (*reader_apps_fn)(void *arg, enum reader_result result, struct manifests *found,
			       const char *why);

#endif
