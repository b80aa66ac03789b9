/*
 * The words in which a reason is told: how a path is read, and what became of
 * it.
 *
 * The engine finds reasons (lib/inputs, lib/index, lib/repo); whoever records
 * them or shows them to people needs these words and nothing else of it, so
 * they stand on the lowest floor.
 */
#ifndef LIB_BASE_PROBE_H
#define LIB_BASE_PROBE_H

/* How something is read: what of the repository's tree a reader looks at. */
enum probe_kind {
	PROBE_FILE,    // this path, which is there
	PROBE_ABSENT,  // this path, which is not there
	PROBE_SUBTREE, // this path and everything below it
	PROBE_LIST,    // the entries directly in this directory
	PROBE_GLOB,    // the paths that match this pattern
	PROBE_ALWAYS,  // any push to the revision
	PROBE_REMOTE // a remote reference: touched by nothing here (inputs/remote_reference.h)
};

/* Flags of a probe; none: any change of content or kind touches it. */
enum {
	PROBE_MEANING = 1, // YAML whose meaning is the same does not touch it
	PROBE_NAMES = 2,   // only what appears, disappears or changes its kind touches it
	PROBE_DIRS = 4,    // directories that appear or disappear touch it too
	PROBE_EXEC = 8,    // a mere change of the executable bit touches it
	PROBE_BELOW = 16,  // SUBTREE: the path itself does not count
	PROBE_NO_FILES = 32, // only directories, and submodules, touch it
	PROBE_OBJECTS = 64, // files without a Kubernetes object (inputs/meaning.h) do not touch it
	PROBE_LINKS = 128   // SUBTREE, LIST: links touch it, whatever the filter says
};

/* The flags that excuse: with one of them, less touches a probe than without. */
#define PROBE_EXCUSES \
	(PROBE_MEANING | PROBE_NAMES | PROBE_BELOW | PROBE_NO_FILES | PROBE_OBJECTS)

/* What became of a path between two trees. */
enum change_kind {
	CHANGE_ADDED,
	CHANGE_MODIFIED, // other content, mode or kind at the same path
	CHANGE_REMOVED
};

/*
 * The words of the enums above in JSON and for people: "added", "subtree" and
 * so on.  Constant strings, never NULL; kind must be one of its enum.
 */
const char *change_kind_name(enum change_kind kind);
const char *probe_kind_name(enum probe_kind kind);

#endif
