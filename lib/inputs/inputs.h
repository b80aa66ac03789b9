/*
 * The room for what a source's manifests are made from, as probes of a Git tree.
 * lib/affected and lib/index call it.  It never renders anything, never runs a
 * program or a plugin, and never looks beyond the tree it was given.
 *
 * A walker (one renderer a file: inputs_impl.h) is a deterministic function
 * of the tree and its unit; everything it looks at, hits and misses alike,
 * becomes a probe.  If no probe of a unit is touched by the step to another
 * tree, the walker would look at the same things there and find the same: so
 * the unit's inputs are the same.
 *
 * A unit is (walker, directory, options).  It names the units it is made
 * from; whoever walks keeps each once, however many use it (lib/index).
 */
#ifndef LIB_INPUTS_INPUTS_H
#define LIB_INPUTS_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "base/glob.h"
#include "base/probe.h"
#include "repo/treereader.h"

/*
 * Which paths in a SUBTREE or LIST matter. A row is a constant with a name
 * of its own: the index on disk names it.
 */
struct inputs_filter {
	const char *name; // unique, stable between versions
	/*
	 * True if path (relative to the probe's directory, its last component
	 * at name_at) matters. argument is the probe's. Must be pure.
	 */
	bool (*match)(const char *argument, const char *path, size_t name_at);
};

/* One probe; all pointers belong to the trace. */
struct inputs_probe {
	enum probe_kind kind;
	uint8_t flags;
	enum glob_dialect dialect;          // GLOB
	const char *path;                   // from the root, "" is the root; GLOB: the pattern
	const struct inputs_filter *filter; // SUBTREE and LIST: NULL takes all
	const char *argument;               // of the filter; "" if none
};

struct inputs_walker;

/* Another unit that a unit is made from. */
struct inputs_child {
	const struct inputs_walker *walker;
	const char *dir;
	const char *options; // canonical JSON, "" for none
	const char *via;     // how the referring file writes it ("../../base"), or NULL
	bool listed;         // for the loose fingerprint: among others in any order
};

/* What one walk of one unit found. */
struct inputs_trace {
	struct inputs_probe *probes; // each once
	size_t probe_count;
	struct inputs_child *children;
	size_t child_count;
	const char *origin;          // path of the file that refers to the rest, or NULL
	const char *opaque;          // why the whole repository counts, or NULL
	const char *always;          // why any push counts, or NULL
	const char *print;           // the fingerprint (print.h); NULL: none
	/*
	 * A weaker fingerprint, or NULL: good wherever no unit around, above or
	 * below, minds the order of objects, or how they get their names.
	 */
	const char *loose;
	bool minds;                  // this unit does
	/*
	 * Which ref the tree is of was asked: at another ref of the same
	 * commit the walk may find something else.
	 */
	bool asks_ref;
};

enum inputs_mode {
	INPUTS_EXACT,  // walkers; the annotation only where they cannot know
	INPUTS_UNION,  // walkers and the annotation
	INPUTS_ARGOCD  // the annotation exactly as Argo CD matches it, nothing else
};

/* One source of an application, filled by lib/affected; everything borrowed. */
struct inputs_source {
	const char *app_name;
	const char *app_namespace;  // "" if not known
	const char *app_project;
	const char *path;           // cleaned, "" is the root
	const char *ref;            // other sources say "$ref/...", or NULL
	const json_t *spec;         // the source object
	const json_t *const *siblings; // the other sources' objects
	size_t sibling_count;
	const char *generate_paths; // the annotation's text, or NULL
	bool annotation_applies;    // false: a hydrator's sync source
	/*
	 * Who reads it: then this source is that unit, of path, with the
	 * "options" of spec, and nothing else of it counts. NULL: found out
	 * as Argo CD does.
	 */
	const struct inputs_walker *walker;
	enum inputs_mode mode;
};

struct inputs; // the walking machine: caches and the arena of the last trace

/*
 * A machine for one repository. repository is its normalised address
 * (giturl.h) or NULL, ref the full name of the ref whose tree is walked or
 * NULL: walkers may recognise references to the same repository by them.
 * Both are copied.  Free it with inputs_free().
 */
struct inputs *inputs_new(const char *repository, const char *ref);

/* Free it and its last trace; NULL is fine. */
void inputs_free(struct inputs *inputs);

/*
 * Walk a source: its .argocd-source files, the detection of its type, its
 * renderer as a child unit, the annotation.  Always gives a trace: what could
 * not be read makes it opaque, with the reason.  The trace lives until the
 * next walk of this machine or inputs_free().  0, or -1 with err if the
 * repository itself cannot be used.
 */
int inputs_walk_source(struct inputs *inputs, const struct treereader *reader,
		       const struct inputs_source *source, const struct inputs_trace **ret_trace,
		       struct error *err);

/* Walk one unit; options as in inputs_child. Otherwise as inputs_walk_source(). */
int inputs_walk_unit(struct inputs *inputs, const struct treereader *reader,
		     const struct inputs_walker *walker, const char *dir, const char *options,
		     const struct inputs_trace **ret_trace, struct error *err);

/*
 * From now on walks give fingerprints (or no longer do): what of a unit can
 * reach the rendered output, its children apart, as text.  Equal ones of two
 * walks of this process say that the difference between the trees does not.
 * Files of max_bytes in all may be read to find out what they mean.
 */
void inputs_take_prints(struct inputs *inputs, bool take, size_t max_bytes);

/* The name of a walker, stable between versions. */
const char *inputs_walker_name(const struct inputs_walker *walker);

/* Can its units have a fingerprint? */
bool inputs_walker_prints(const struct inputs_walker *walker);

/* The walker or filter with this name, or NULL. */
const struct inputs_walker *inputs_walker_find(const char *name);
const struct inputs_filter *inputs_filter_find(const char *name);

#endif
