/*
 * Which changes does an ApplicationSet's git generator see?
 *
 * Argo CD (reposerver/repository, GetGitDirectories and GetGitFiles;
 * applicationset/generators/git.go, filterApps and
 * generateParamsForGitFiles):
 *
 *   directories: all directories of the checkout but the root; those whose
 *     name begins with "." and all below them as well, if a switch of the
 *     repository server says so, which is not known here.  One is taken if a
 *     pattern matches (Go's path.Match) and no excluding one does.  Only the
 *     set of names counts, files never do.  A submodule is a directory, too, and what
 *     directories it holds is not known here.  Links are none.
 *   files: what "git ls-files -- PATTERN" says, so a pattern is a pathspec:
 *     "*" matches "/", a directory stands for all below it.  A switch of the
 *     controller makes it a doublestar pattern; which one holds is not known
 *     here, so a file counts if it is taken in either way.  doublestar goes
 *     through links to directories; all of what they lead to counts.  The
 *     content is parsed as YAML: its meaning counts.
 *
 * A matrix may fill in templates.  "{{...}}" may become anything: it is read
 * as a star that matches "/" where a pattern includes, and where one excludes
 * the pattern is not believed.  The same for what cannot be understood: a
 * pattern that is too long, one with pathspec magic (":(...)").
 *
 * The filter's argument has one line each for the directory at which it
 * hangs, the including pattern with a letter in front, and the excluding ones.
 */
#include "inputs/appset/appset.h"

#include <string.h>

#include "base/limits.h"

#define LINE_MAX 1024 // of an argument; patterns are no longer

/* How the including pattern is meant. */
#define KIND_ALL 'a'      // everything is taken
#define KIND_PATTERN 'p'  // as written
#define KIND_TEMPLATE 't' // it was a template

/* Copy the line at *at to line and step behind it. False at the end. */
static bool next_line(const char **at, char line[LINE_MAX + 1])
{
	size_t len = strcspn(*at, "\n");

	if (**at == '\0') {
		return false;
	}
	len = len > LINE_MAX ? LINE_MAX : len;
	memcpy(line, *at, len);
	line[len] = '\0';
	*at += strcspn(*at, "\n");
	*at += **at == '\n';
	return true;
}

/* The directory of an argument and path as one path. False if it is too long. */
static bool full_path(const char **argument, const char *path, char full[2 * LIMIT_PATH_BYTES])
{
	char dir[LINE_MAX + 1] = "";

	(void)next_line(argument, dir);
	size_t len = strlen(dir);
	size_t rest = strlen(path);
	if (len + rest + 2 > 2 * LIMIT_PATH_BYTES) {
		return false;
	}
	memcpy(full, dir, len);
	if (len > 0) {
		full[len++] = '/';
	}
	memcpy(full + len, path, rest + 1);
	return true;
}

static bool directory_matches(const char *argument, const char *path, size_t name_at)
{
	char full[2 * LIMIT_PATH_BYTES];
	char line[LINE_MAX + 1];

	(void)name_at;
	if (!full_path(&argument, path, full) || !next_line(&argument, line) || line[0] == '\0') {
		return true;
	}
	enum glob_dialect dialect = line[0] == KIND_PATTERN ? GLOB_GO : GLOB_WILDMATCH;
	if (line[0] != KIND_ALL && glob_match(dialect, line + 1, full) != GLOB_MATCH) {
		return false;
	}
	while (next_line(&argument, line)) {
		if (glob_match(GLOB_GO, line, full) == GLOB_MATCH) {
			return false;
		}
	}
	return true;
}

const struct inputs_filter inputs_filter_appset_directories = {
	.name = "appset-directories",
	.match = directory_matches,
};

/* A pathspec without magic. */
static bool pathspec_matches(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);

	return (strncmp(pattern, path, len) == 0 && (path[len] == '\0' || path[len] == '/')) ||
	       glob_match(GLOB_WILDMATCH, pattern, path) == GLOB_MATCH;
}

static bool file_matches(const char *argument, const char *path, size_t name_at)
{
	char full[2 * LIMIT_PATH_BYTES];
	char line[LINE_MAX + 1];

	(void)name_at;
	if (!full_path(&argument, path, full) || !next_line(&argument, line) || line[0] == '\0') {
		return true;
	}
	bool by_pathspec = line[0] == KIND_ALL || pathspec_matches(line + 1, full);
	bool by_glob = line[0] == KIND_ALL ||
		       glob_match(GLOB_DOUBLESTAR, line + 1, full) == GLOB_MATCH;

	while ((by_pathspec || by_glob) && next_line(&argument, line)) {
		/* With sets and braces doublestar does not match all that it should. */
		bool left_out = strpbrk(line, "[]{}") == NULL &&
				glob_match(GLOB_DOUBLESTAR, line, full) == GLOB_MATCH;

		by_pathspec = by_pathspec && !pathspec_matches(line, full);
		by_glob = by_glob && !left_out;
	}
	return by_pathspec || by_glob;
}

const struct inputs_filter inputs_filter_appset_files = {
	.name = "appset-files",
	.match = file_matches,
};

/* --- patterns --- */

/* A pattern with "*" for each "{{...}}". */
static const char *without_templates(struct inputs_walk *w, const char *pattern)
{
	const char *open = strstr(pattern, "{{");

	while (open != NULL) {
		const char *close = strstr(open, "}}");

		pattern = inputs_format(w, "%.*s*%s", (int)(open - pattern), pattern,
					close != NULL ? close + 2 : "");
		open = strstr(pattern, "{{");
	}
	return pattern;
}

/* Can a pattern stand in an argument and be matched here? */
static bool is_understood(const char *pattern, bool files)
{
	return strlen(pattern) < LINE_MAX && strlen(pattern) <= GLOB_PATTERN_MAX &&
	       strchr(pattern, '\n') == NULL && !(files && pattern[0] == ':');
}

/* The directory in front of a pattern's first special character, if it is a clean path. */
static const char *literal_directory(struct inputs_walk *w, const char *pattern)
{
	size_t len = strcspn(pattern, "*?[\\{");

	while (len > 0 && pattern[len - 1] != '/') {
		len--;
	}
	const char *dir = inputs_format(w, "%.*s", (int)(len > 0 ? len - 1 : 0), pattern);
	const char *clean = inputs_join(w, "", dir);

	return clean != NULL && strcmp(clean, dir) == 0 ? dir : "";
}

/* All excluding patterns that are surely patterns, a line each. */
static const char *excluded(struct inputs_walk *w, const json_t *patterns, bool files)
{
	const char *lines = "";
	const json_t *item;
	size_t i;

	json_array_foreach(patterns, i, item) {
		const char *text = json_string_value(item);

		if (text == NULL || text[0] != '-' || text[1] == '\0' ||
		    strstr(text, "{{") != NULL || !is_understood(text + 1, files) ||
		    (files && text[strlen(text) - 1] == '/')) {
			continue;
		}
		const char *clean = files ? inputs_join_clamped(w, "", text + 1) : text + 1;

		if (clean != NULL && clean[0] != '\0') {
			lines = inputs_format(w, "%s\n%s", lines, clean);
		}
	}
	return lines;
}

/* One including pattern: where it hangs and its argument. */
static const char *included(struct inputs_walk *w, const char *pattern, bool files,
			    const char *excluding, const char **ret_dir)
{
	bool template = strstr(pattern, "{{") != NULL;
	const char *clean = template ? without_templates(w, pattern) : pattern;

	clean = files ? inputs_join_clamped(w, "", clean) : clean;
	if (clean == NULL || clean[0] == '\0' || !is_understood(clean, files)) {
		*ret_dir = "";
		return inputs_format(w, "\n%c%s", KIND_ALL, excluding);
	}
	*ret_dir = literal_directory(w, clean);
	return inputs_format(w, "%s\n%c%s%s", *ret_dir, template ? KIND_TEMPLATE : KIND_PATTERN,
			     clean, excluding);
}

/* --- walking --- */

/*
 * Only directories touch this.  A submodule in the place of dir or above it
 * may hold them.
 */
static void log_directories(struct inputs_walk *w, const char *dir, const char *argument)
{
	const struct inputs_probe probe = {
		.kind = PROBE_SUBTREE,
		.flags = PROBE_NAMES | PROBE_DIRS | PROBE_BELOW | PROBE_NO_FILES,
		.path = dir,
		.filter = &inputs_filter_appset_directories,
		.argument = argument,
	};

	inputs_probe_add(w, &probe);
	for (const char *above = dir; above != NULL && above[0] != '\0';
	     above = inputs_join(w, above, "..")) {
		const struct inputs_probe self = {
			.kind = PROBE_FILE, .flags = PROBE_NO_FILES, .path = above, .argument = "",
		};

		inputs_probe_add(w, &self);
	}
}

/* The file behind a link is what is read. */
static void visit_file(struct inputs_walk *w, void *arg, const char *path,
		       const struct tree_entry *entry)
{
	(void)arg;
	if (entry->kind == TREE_LINK) {
		(void)inputs_file(w, path, PROBE_MEANING, NULL);
	}
}

static void walk_patterns(struct inputs_walk *w, const json_t *patterns, bool files)
{
	const char *excluding = excluded(w, patterns, files);
	const json_t *item;
	size_t i;

	json_array_foreach(patterns, i, item) {
		const char *text = json_string_value(item);
		const char *dir = "";

		if (text == NULL || text[0] != '+' || inputs_is_opaque(w)) {
			continue;
		}
		const char *argument = included(w, text + 1, files, excluding, &dir);
		if (files) {
			inputs_subtree(w, dir, &inputs_filter_appset_files, argument,
				       PROBE_MEANING | PROBE_LINKS, visit_file, NULL);
			inputs_linked_directories(w, dir);
		} else {
			log_directories(w, dir, argument);
		}
	}
}

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)dir;
	walk_patterns(w, json_object_get(options, "directories"), false);
	walk_patterns(w, json_object_get(options, "files"), true);
}

const struct inputs_walker inputs_appset = {
	.name = "appset",
	.walk = walk,
};
