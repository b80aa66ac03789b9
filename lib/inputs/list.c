/*
 * Many paths: directories, subtrees and globs, logged and then visited.
 *
 * The probe stands for what the visitor sees: only what passes its filter is
 * shown.  Links are shown as links.  A glob goes through linked directories
 * as doublestar does and takes the whole target for an input.
 */
#include <string.h>

#include "base/limits.h"
#include "inputs/walk.h"

#define LINKED_DIRS_MAX 10

struct listing {
	struct inputs_walk *w;
	const struct inputs_filter *filter;
	const char *argument;
	size_t skip;           // bytes of the path in front of what the filter sees
	bool recurse;
	bool links;            // all, whatever the filter says
	inputs_visit visit;
	void *arg;
};

static bool wanted(const struct listing *l, const char *path)
{
	const char *relative = path + l->skip;
	const char *slash = strrchr(relative, '/');

	return l->filter == NULL ||
	       l->filter->match(l->argument, relative,
				slash != NULL ? (size_t)(slash + 1 - relative) : 0);
}

/* Another entry is looked at. False, and the unit opaque, past the limit. */
static bool count_entry(struct inputs_walk *w)
{
	w->entries++;
	if (w->entries > WALK_ENTRIES_MAX) {
		inputs_opaque(w, "it would list more than a million entries");
	}
	return w->trace.opaque == NULL;
}

/* The path of an item of the directory dir, or NULL if it is too long. */
static const char *item_path(struct inputs_walk *w, const char *dir, const struct tree *tree,
			     const struct tree_item *item)
{
	if (strlen(dir) + item->len + 1 > LIMIT_PATH_BYTES) {
		inputs_opaque(w, "a path is too long");
		return NULL;
	}
	return inputs_format(w, "%s%s%s", dir, dir[0] != '\0' ? "/" : "", tree_name(tree, item));
}

static struct tree *open_tree(struct inputs_walk *w, const struct oid *id, int depth)
{
	struct tree *tree = NULL;
	struct error err = ERROR_INIT;

	if (depth > LIMIT_TREE_DEPTH) {
		inputs_opaque(w, "directories are too deep");
		return NULL;
	}
	int r = tree_get(w->reader->repo, id, &tree, &err);
	if (r != REPO_OK) {
		walk_trouble(w, r, &err);
	}
	return tree;
}

static void list(const struct listing *l, const char *dir, const struct oid *id, int depth)
{
	struct inputs_walk *w = l->w;
	struct tree *tree = open_tree(w, id, depth);

	for (uint32_t i = 0; tree != NULL && i < tree->count && count_entry(w); i++) {
		const struct tree_entry entry = tree_entry_of(tree, &tree->items[i]);
		const char *path = item_path(w, dir, tree, &tree->items[i]);

		if (path == NULL) {
			break;
		}
		if (wanted(l, path) || (l->links && entry.kind == TREE_LINK)) {
			l->visit(w, l->arg, path, &entry);
		}
		if (entry.kind == TREE_GITLINK && l->recurse) {
			/* Whatever the filter wants may be in there. */
			(void)inputs_file(w, path, 0, NULL);
		}
		if (entry.kind == TREE_DIR && l->recurse) {
			list(l, path, &entry.id, depth + 1);
		}
	}
	tree_put(w->reader->repo, tree);
}

static void log_and_list(struct listing *l, enum probe_kind kind, const char *dir, unsigned flags)
{
	struct inputs_entry entry;
	enum inputs_found found = inputs_lookup(l->w, dir, &entry);

	if (dir == NULL || found == INPUTS_UNREADABLE) {
		return;
	}
	walk_probe(l->w, kind, entry.real, flags, l->filter, l->argument);
	if (found == INPUTS_DIRECTORY && l->visit != NULL) {
		l->skip = entry.real[0] != '\0' ? strlen(entry.real) + 1 : 0;
		list(l, entry.real, &entry.id, 0);
	}
}

void inputs_list(struct inputs_walk *w, const char *dir, const struct inputs_filter *filter,
		 const char *argument, unsigned flags, inputs_visit visit, void *arg)
{
	struct listing l = {
		.w = w, .filter = filter, .argument = argument != NULL ? argument : "",
		.links = (flags & PROBE_LINKS) != 0, .visit = visit, .arg = arg,
	};

	log_and_list(&l, PROBE_LIST, dir, flags);
}

void inputs_subtree(struct inputs_walk *w, const char *dir, const struct inputs_filter *filter,
		    const char *argument, unsigned flags, inputs_visit visit, void *arg)
{
	struct listing l = {
		.w = w, .filter = filter, .argument = argument != NULL ? argument : "",
		.recurse = true, .links = (flags & PROBE_LINKS) != 0, .visit = visit, .arg = arg,
	};

	log_and_list(&l, PROBE_SUBTREE, dir, flags);
}

struct globbing {
	struct inputs_walk *w;
	enum glob_dialect dialect;
	const char *pattern; // NULL: whatever lies below
	inputs_visit visit;
	void *arg;
};

static void glob_dir(const struct globbing *g, const char *seen, const struct oid *id, int depth,
		     int links);

/* A linked directory below a glob: all of its target counts, and is looked through. */
static void glob_link(const struct globbing *g, const char *seen, int depth, int links)
{
	struct inputs_entry target;

	if (links >= LINKED_DIRS_MAX || inputs_lookup(g->w, seen, &target) != INPUTS_DIRECTORY) {
		return;
	}
	walk_probe(g->w, PROBE_SUBTREE, target.real, 0, NULL, NULL);
	glob_dir(g, seen, &target.id, depth + 1, links + 1);
}

static void glob_dir(const struct globbing *g, const char *seen, const struct oid *id, int depth,
		     int links)
{
	struct inputs_walk *w = g->w;
	struct tree *tree = open_tree(w, id, depth);

	for (uint32_t i = 0; tree != NULL && i < tree->count && count_entry(w); i++) {
		const struct tree_entry entry = tree_entry_of(tree, &tree->items[i]);
		const char *path = item_path(w, seen, tree, &tree->items[i]);

		if (path == NULL) {
			break;
		}
		if (entry.kind == TREE_DIR) {
			glob_dir(g, path, &entry.id, depth + 1, links);
			continue;
		}
		if (entry.kind == TREE_LINK &&
		    (g->pattern == NULL || glob_may_go_below(g->dialect, g->pattern, path))) {
			glob_link(g, path, depth, links);
		}
		if (g->visit != NULL && glob_match(g->dialect, g->pattern, path) == GLOB_MATCH) {
			g->visit(w, g->arg, path, &entry);
		}
	}
	tree_put(w->reader->repo, tree);
}

/* Bytes of the directory in front of the first special character. */
static size_t literal_directory(const char *pattern)
{
	size_t special = strcspn(pattern, "*?[{\\!");

	while (special > 0 && pattern[special - 1] != '/') {
		special--;
	}
	return special > 0 ? special - 1 : 0;
}

void inputs_glob(struct inputs_walk *w, enum glob_dialect dialect, const char *pattern,
		 unsigned flags, inputs_visit visit, void *arg)
{
	struct globbing g = {
		.w = w, .dialect = dialect, .pattern = pattern, .visit = visit, .arg = arg,
	};
	struct inputs_probe probe = {
		.kind = PROBE_GLOB, .flags = (uint8_t)flags, .dialect = dialect, .path = pattern,
		.argument = "",
	};
	struct inputs_entry entry;

	if (strlen(pattern) > GLOB_PATTERN_MAX) {
		inputs_opaque(w, "a pattern is too long");
	}
	if (strlen(pattern) > GLOB_PATTERN_MAX || !glob_is_valid(dialect, pattern)) {
		return;
	}
	const char *dir = arena_text(&w->machine->arena, pattern, literal_directory(pattern));
	enum inputs_found found = inputs_lookup(w, dir, &entry);
	inputs_probe_add(w, &probe);
	if (found == INPUTS_UNREADABLE) {
		return;
	}
	if (strcmp(entry.real, dir) != 0) {
		walk_probe(w, PROBE_SUBTREE, entry.real, 0, NULL, NULL);
	}
	if (found == INPUTS_DIRECTORY) {
		glob_dir(&g, dir, &entry.id, 0, 0);
	}
}

void inputs_linked_directories(struct inputs_walk *w, const char *dir)
{
	const struct globbing g = { .w = w, .visit = NULL };
	struct inputs_entry entry;

	if (inputs_lookup(w, dir, &entry) != INPUTS_DIRECTORY) {
		return;
	}
	if (strcmp(entry.real, dir) != 0) {
		walk_probe(w, PROBE_SUBTREE, entry.real, 0, NULL, NULL);
	}
	glob_dir(&g, dir, &entry.id, 0, 0);
}
