/*
 * For those who write a walker (kustomize.c, helm.c, directory.c ...).
 *
 * A walker ends in one const struct inputs_walker, named in the table of
 * renderers.c.  It sees the repository only through the functions below, and
 * each logs what it was asked, so that no probe can be forgotten.  Paths are
 * relative to the repository's root, cleaned, "" is the root.  A walker does
 * not follow references into other units itself: it names them with
 * inputs_child(), and the machine walks each of them once.
 *
 * Where a walker cannot know what a renderer would read, it calls
 * inputs_opaque(): the unit then depends on the whole repository.  It may go
 * on or return after that.  The same happens by itself when a limit trips,
 * when an object cannot be read, and when a file that must be parsed cannot
 * be, or is an LFS pointer.
 *
 * Strings and entries given by these functions live until the walk ends.
 */
#ifndef LIB_INPUTS_INPUTS_IMPL_H
#define LIB_INPUTS_INPUTS_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/buf.h"
#include "inputs/inputs.h"

struct inputs_walk;

/* A renderer. */
struct inputs_walker {
	/*
	 * Unique, stable between versions: "kustomize".  If it reads one of Argo
	 * CD's types of sources, that is its name.
	 */
	const char *name;
	/*
	 * For a source of this type: what of it matters to walk(), as a new
	 * reference, or NULL for nothing. spec is source->spec after the
	 * .argocd-source files were merged.  Units with equal directory and
	 * options are walked once, so put in no more than is needed.  May be
	 * NULL: no options.
	 */
	json_t *(*options)(struct inputs_walk *w, const struct inputs_source *source,
			   const json_t *spec);
	/* Log all inputs of the unit. options is what options() or a parent gave, or NULL. */
	void (*walk)(struct inputs_walk *w, const char *dir, const json_t *options);
	/*
	 * For a source with a ref: log what a sibling source (its spec) reads
	 * as "$ref/..." from this repository's root. May be NULL.
	 */
	void (*refs)(struct inputs_walk *w, const struct inputs_source *source,
		     const json_t *sibling);
	bool prints; // walk() says all that a fingerprint needs (print.h)
};

/* What a path turned out to be, links followed. */
enum inputs_found {
	INPUTS_NOTHING = 0, // absent, a dangling or looping link, a link out of the repository
	INPUTS_FILE,
	INPUTS_DIRECTORY,
	INPUTS_SUBMODULE,   // at or below a submodule: its content is not ours to read
	INPUTS_UNREADABLE   // could not be read; the unit is opaque already
};

struct inputs_entry {
	enum inputs_found found;
	const char *real; // the path after all links, "" is the root; where it is or would be
	struct oid id;    // of the blob or tree
	bool executable;
};

/* dir and relative joined and cleaned lexically; NULL if absolute or above the root. */
const char *inputs_join(struct inputs_walk *w, const char *dir, const char *relative);

/* As inputs_join(), but above the root is the root, as Go does it for absolute paths. */
const char *inputs_join_clamped(struct inputs_walk *w, const char *dir, const char *relative);

/* A copy of text that lives as long as the walk. */
const char *inputs_keep(struct inputs_walk *w, const char *text);

/* printf into a string that lives as long as the walk. */
const char *inputs_format(struct inputs_walk *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * What is at path? Only that is logged: a later change of a file's content
 * does not touch this probe.  NULL for path (a failed join) is INPUTS_NOTHING.
 * Returns ret_entry->found; ret_entry may be NULL.
 */
enum inputs_found inputs_lookup(struct inputs_walk *w, const char *path,
				struct inputs_entry *ret_entry);

/*
 * path is read by the renderer, but not by us: log its content. flags:
 * PROBE_MEANING, PROBE_EXEC. Otherwise as inputs_lookup().
 */
enum inputs_found inputs_file(struct inputs_walk *w, const char *path, unsigned flags,
			      struct inputs_entry *ret_entry);

/*
 * Read path: log its content and append it to out (at most LIMIT_YAML_BYTES
 * are read, and no more than out takes).  INPUTS_FILE if out has it; a file
 * that is too large, unreadable or an LFS pointer gives INPUTS_UNREADABLE
 * and an opaque unit.  ret_entry may be NULL.
 */
enum inputs_found inputs_read(struct inputs_walk *w, const char *path, unsigned flags,
			      struct buf *out, struct inputs_entry *ret_entry);

/*
 * The content of a blob whose path is logged already, by a list, a glob or a
 * lookup: append it to out. False if it cannot be read, or does not fit below
 * out's ceiling (nothing is added then, and the unit is not opaque for it).
 */
bool inputs_blob(struct inputs_walk *w, const struct oid *id, struct buf *out);

/*
 * Read path as YAML, its first document only or all (as a JSON array).  As
 * inputs_read(); *ret_value is borrowed until the walk ends and not to be
 * changed, NULL for an empty file. What is not YAML is INPUTS_FILE with
 * *ret_value NULL and *ret_bad true, and an opaque unit: the renderer should
 * fail as well, but may know more of YAML.  What passes a limit is
 * INPUTS_UNREADABLE and an opaque unit.  Equal blobs are parsed once.
 */
enum inputs_found inputs_yaml(struct inputs_walk *w, const char *path, unsigned flags,
			      bool first_document, const json_t **ret_value, bool *ret_bad,
			      struct inputs_entry *ret_entry);

/*
 * Called for each entry that a list or glob finds, in Git's order. path is
 * from the root. Links are given as links (TREE_LINK): inputs_lookup() says
 * where they lead. Directories are given for lists that recurse, too, before
 * what is in them.
 */
typedef void (*inputs_visit)(struct inputs_walk *w, void *arg, const char *path,
			     const struct tree_entry *entry);

/*
 * The entries directly in dir that pass the filter (NULL: all; argument is
 * its argument, may be NULL): logs LIST and calls visit (may be NULL) for each.
 * flags: PROBE_NAMES if only the names matter, PROBE_DIRS if directories
 * do, PROBE_MEANING, PROBE_EXEC. dir may be absent; links in dir's own path
 * are followed.
 */
void inputs_list(struct inputs_walk *w, const char *dir, const struct inputs_filter *filter,
		 const char *argument, unsigned flags, inputs_visit visit, void *arg);

/*
 * Everything below dir that passes the filter: logs SUBTREE and calls visit
 * (may be NULL) for each, except that links to directories are not followed:
 * add their targets where the renderer follows them.  Otherwise as
 * inputs_list().
 */
void inputs_subtree(struct inputs_walk *w, const char *dir, const struct inputs_filter *filter,
		    const char *argument, unsigned flags, inputs_visit visit, void *arg);

/*
 * Files that match a pattern (from the root): logs GLOB, calls visit (may be NULL)
 * for each. One that is not valid matches nothing, one too long is opaque.
 */
void inputs_glob(struct inputs_walk *w, enum glob_dialect dialect, const char *pattern,
		 unsigned flags, inputs_visit visit, void *arg);

/* Log links below dir that lead to directories, and all in these (see PROBE_LINKS). */
void inputs_linked_directories(struct inputs_walk *w, const char *dir);

/* Any push to the revision changes the output (ARGOCD_APP_REVISION is used). */
void inputs_always(struct inputs_walk *w, const char *why);
/* The renderer may read anything in the repository; why is for people. */
void inputs_opaque(struct inputs_walk *w, const char *why);
/* True once the unit is opaque: there is no use in going on. */
bool inputs_is_opaque(const struct inputs_walk *w);

/* The walker of one of Argo CD's types: "directory", "helm", "kustomize" or "plugin". */
const struct inputs_walker *inputs_renderer(const struct inputs_walk *w, const char *type);
/*
 * This unit is also made from another one. options (may be NULL, borrowed) as
 * its walk() gets them; via is how it is written, without secrets, or NULL.
 */
void inputs_child(struct inputs_walk *w, const struct inputs_walker *walker, const char *dir,
		  const json_t *options, const char *via);

/* path is the file in which this unit names what it reads; for people. */
void inputs_origin(struct inputs_walk *w, const char *path);

/* The repository being walked, normalised (giturl.h), or NULL if it is not known. */
const char *inputs_repository(const struct inputs_walk *w);

/* The full name of its ref, or NULL. Only ask if it matters: asks_ref (inputs.h). */
const char *inputs_ref(struct inputs_walk *w);

/* True for true and for YAML 1.1's words for it: a spec that was YAML has strings. */
bool inputs_true(const json_t *value);

/* Add a probe as it is. For lib/inputs' own frame; walkers use the functions above. */
void inputs_probe_add(struct inputs_walk *w, const struct inputs_probe *probe);

#endif
