/*
 * What an application reads, for people: all probes of its sources at one
 * commit, each with the chain from the application to whatever reads it; and
 * where a manifest-generate-paths annotation disagrees with them.
 */
#ifndef LIB_AFFECTED_AFFECTED_INPUTS_H
#define LIB_AFFECTED_AFFECTED_INPUTS_H

#include <stddef.h>

#include "affected/affected_result.h"
#include "base/error.h"
#include "base/glob.h"

struct affected_state;

/* Inputs told in one answer; more are only counted. */
#define AFFECTED_INPUTS_MAX 100000

/* One probe of an application, or one path that its annotation misses. */
struct affected_input {
	size_t app;           // index into the list given to affected_set_apps()
	size_t source;        // index of the source that reads it
	enum probe_kind kind;
	unsigned flags;       // INPUTS_* (base/probe.h)
	char *path;           // from the root, a pattern for PROBE_GLOB, "" for PROBE_ALWAYS
	enum glob_dialect dialect; // of a pattern
	char *filter;         // which paths below it: a filter's name, "" takes all
	char *argument;       // of the filter
	char *why;            // why the whole repository, or any push, counts; or ""
	struct strvec via;    // as in struct affected_reason
};

struct affected_inputs {
	struct affected_input *items; // by application, source and path
	size_t count;
	size_t capacity;
	size_t total;         // found, those left out too
	size_t sources;       // that were looked at
};

struct affected_inputs_request {
	const char *ref;            // full name of the ref that the sources follow
	const char *default_branch; // short name, or NULL if unknown
	struct oid commit;          // whose tree is read
	/*
	 * Full name (app_full_name()) of the application whose inputs are
	 * wanted. NULL: the inputs of all applications that their annotation
	 * misses, LIMIT_REASONS of each source at most.
	 */
	const char *application;
};

/*
 * List inputs. Meant for a state of mode AFFECTED_EXACT; the index of the ref
 * moves to the commit. 0 with *ret_inputs (affected_inputs_release()); sources
 * is 0 if no such application follows the ref. -1 with err if the commit or
 * the repository cannot be read.
 */
int affected_inputs(struct affected_state *state, const struct affected_inputs_request *request,
		    struct affected_inputs *ret_inputs, struct error *err);

/* Free what an answer holds; it may be zeroed. */
void affected_inputs_release(struct affected_inputs *inputs);

#endif
