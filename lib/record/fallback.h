/*
 * Why all applications that follow a ref were taken for affected, without an
 * exact answer: one list of reasons from the engine, through the reader's
 * protocol and the plan, to the record of the push and the metrics.
 */
#ifndef LIB_RECORD_FALLBACK_H
#define LIB_RECORD_FALLBACK_H

enum fallback {
	FALLBACK_NONE,       // none: which applications are affected was worked out
	FALLBACK_FIRST,      // nothing is known of the ref before
	FALLBACK_DELETED,    // the ref was deleted
	FALLBACK_BEFORE,     // the commit before is not in the repository
	FALLBACK_AFTER,      // the pushed commit is not in the repository
	FALLBACK_LIMIT,      // more changes than we are willing to look at
	FALLBACK_DAMAGED,    // an object is missing or malformed
	FALLBACK_EMPTY,      // no file changed, and Argo CD's own rule is asked for
	FALLBACK_READER,     // the reader had no answer
	FALLBACK_REPOSITORY, // the repository stayed out of reach
	FALLBACKS
};

/* The word that journals and readers know it by: "none", "first", ... A constant. */
const char *fallback_name(enum fallback fallback);

/* The fall-back of that name (NULL: no name); FALLBACKS if there is none. */
enum fallback fallback_by_name(const char *name);

/* What is told to people; "" for FALLBACK_NONE. A constant. */
const char *fallback_text(enum fallback fallback);

/* The value of the label "reason" that it is counted under (metrics_table.c). A constant. */
const char *fallback_label(enum fallback fallback);

#endif
