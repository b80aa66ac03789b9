/*
 * What is asked of the engine and what it answers, without the engine.
 *
 * Whoever decides, records or shows what is affected includes this header; it
 * knows nothing of repositories, of their index and of renderers.  Only who
 * computes an answer includes affected.h.
 *
 * Plain data: a request borrows what it points to, a result owns it.
 */
#ifndef LIB_AFFECTED_AFFECTED_RESULT_H
#define LIB_AFFECTED_AFFECTED_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/oid.h"
#include "base/probe.h"
#include "base/strvec.h"
#include "record/fallback.h"

enum affected_mode {
	AFFECTED_EXACT,  // what the walkers find; the annotation only where they cannot know
	AFFECTED_UNION,  // walkers and manifest-generate-paths
	AFFECTED_ARGOCD  // manifest-generate-paths exactly as Argo CD matches it
};

/* The name of a mode in the configuration and in JSON: "exact", "union" or "argocd". */
const char *affected_mode_name(enum affected_mode mode);

struct affected_reason {
	char *path;              // the changed path; "" for PROBE_ALWAYS
	enum change_kind change;
	enum probe_kind probe;
	struct strvec via;       // from what read the path up to the root; may be empty;
				 // LIMIT_VIA at most: of more, "..." is for the middle
};

struct affected_application {
	size_t app;              // index into the list given to affected_set_apps()
	size_t source;           // index of its source (the first affected one)
	struct affected_reason *reasons; // up to LIMIT_REASONS; none in a fall-back
	size_t reason_count;
	/*
	 * Beyond the engine: the same as text, a JSON array as affected_json.h has
	 * it.  It is made where the engine answers, and kept, sent and printed as
	 * it is by whoever comes after.  NULL: none, or still inside the engine.
	 */
	char *told;
	size_t touched;          // changed paths that touched it, all counted
	bool hard;               // through a remote reference (app.h), perhaps among others
};

struct affected {
	size_t changed_paths;    // paths that differ between the trees
	bool changed_paths_exact; // false: only those near an input were counted
	struct strvec paths;     // LIMIT_PATHS_KEPT of them, as "M apps/web/a.yaml" (or A, D)
	size_t tracked;          // applications (not sources) that follow this ref
	struct affected_application *items; // sorted by application, each once
	size_t count;
	/*
	 * Those beside items that read a changed path and are
	 * rendered to the same as before; in a fall-back there are none.
	 */
	struct affected_application *same; // sorted by application, each once
	size_t same_count;
	enum fallback fallback;  // why all tracked applications are affected, if they are
	/*
	 * The remote references of the applications that follow this ref: an array,
	 * owned, or NULL: none.  Each of its objects has the fields of a struct
	 * remote_reference (app.h) and "applications", their numbers as in items;
	 * none in the last one: there was more than can be told.
	 */
	json_t *remote_references;
};

struct affected_request {
	const char *ref;             // full name of the ref that moved
	const char *default_branch;  // short name, or NULL if unknown
	/*
	 * Commit (or tag object) to compare with. None or zero: the one
	 * processed last, which is what a service wants: a lost delivery then
	 * does no harm. Given: exactly that one, and the state moves there
	 * first, which is what "explain" wants.
	 */
	struct oid before;
	struct oid after;            // commit (or tag object); zero: the ref was deleted
	/*
	 * For people: count every changed path, not only those near an input.
	 */
	bool count_all;
};

/* Free what a result holds; it may be zeroed. */
void affected_release(struct affected *result);

#endif
