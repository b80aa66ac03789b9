/*
 * One path: where it leads and what is there, logged.
 *
 * Links are followed as the renderers' operating system does: each link on
 * the way is an input itself, then the walk goes on at its target, joined
 * lexically, at most 40 times (path_resolution(7)).  A link that is absolute
 * or leads out of the repository is as good as absent.  A submodule's content
 * is not in this repository: what changes it is its commit, at the path of
 * the submodule, and .gitmodules.
 *
 * What is logged: for a file its path, for a directory that it is one, for
 * what is absent the path where it would be.  That a link may appear on the
 * way to any of them is the matcher's to see (index/match.c).
 */
#include <string.h>

#include "base/limits.h"
#include "inputs/print.h"
#include "inputs/walk.h"

#define LINKS_MAX 40

/* One path before it is cleaned, and all of a walk: an alias can repeat a long text. */
#define JOIN_BYTES_MAX 65536
#define JOINED_BYTES_MAX ((size_t)64 * 1024 * 1024)

static const char lfs_magic[] = "version https://git-lfs.github.com/spec/v1";

/* Append relative to a clean path, component by component. False above the root. */
static bool join(char *path, size_t *len, const char *relative, bool clamp)
{
	while (*relative != '\0') {
		size_t n = strcspn(relative, "/");

		if (n == 2 && relative[0] == '.' && relative[1] == '.') {
			if (*len == 0 && !clamp) {
				return false;
			}
			while (*len > 0 && path[--*len] != '/') {
			}
		} else if (n > 0 && !(n == 1 && relative[0] == '.')) {
			if (*len > 0) {
				path[(*len)++] = '/';
			}
			memcpy(path + *len, relative, n);
			*len += n;
		}
		relative += n + (relative[n] == '/');
	}
	path[*len] = '\0';
	return true;
}

static const char *join_new(struct inputs_walk *w, const char *dir, const char *relative,
			    bool clamp)
{
	size_t room = strlen(dir) + strlen(relative) + 3;
	size_t len = 0;

	w->joined += room;
	if (room > JOIN_BYTES_MAX || w->joined > JOINED_BYTES_MAX) {
		inputs_opaque(w, "its paths are too long");
		return NULL;
	}
	char *path = arena_alloc(&w->machine->arena, room);
	if (!join(path, &len, dir, clamp) || !join(path, &len, relative, clamp)) {
		return NULL;
	}
	return len <= LIMIT_PATH_BYTES ? path : NULL;
}

const char *inputs_join(struct inputs_walk *w, const char *dir, const char *relative)
{
	return relative[0] == '/' ? NULL : join_new(w, dir, relative, false);
}

const char *inputs_join_clamped(struct inputs_walk *w, const char *dir, const char *relative)
{
	return join_new(w, dir, relative, true);
}

/* Where the link at path (its first used bytes) leads with the rest appended, or NULL. */
static const char *follow(struct inputs_walk *w, const char *path, size_t used,
			  const struct oid *id)
{
	struct error err = ERROR_INIT;
	struct buf target;
	const char *result = NULL;
	size_t slash = used;

	buf_init(&target, LIMIT_PATH_BYTES);
	int r = treereader_blob(w->reader, id, &target, &err);
	if (r != REPO_OK) {
		walk_trouble(w, r, &err);
	} else if (target.len > 0 && target.data[0] != '/' &&
		   memchr(target.data, '\0', target.len) == NULL) {
		while (slash > 0 && path[slash - 1] != '/') {
			slash--;
		}
		const char *dir = arena_text(&w->machine->arena, path, slash);
		const char *there = join_new(w, dir, target.data, false);

		result = there != NULL ? join_new(w, there, path + used, false) : NULL;
	}
	buf_release(&target);
	return result;
}

/* The first used bytes of path lead to something whose content counts. */
static void log_part(struct inputs_walk *w, const char *path, size_t used)
{
	walk_probe(w, PROBE_FILE, arena_text(&w->machine->arena, path, used), 0, NULL, NULL);
}

static void log_directory(struct inputs_walk *w, const char *path)
{
	if (path[0] != '\0') {
		walk_probe(w, PROBE_FILE, path, PROBE_NAMES | PROBE_DIRS, NULL, NULL);
	}
}

/* The end of a path that holds no more links. */
static enum inputs_found arrive(struct inputs_walk *w, const char *path, size_t used,
				unsigned flags, const struct tree_entry *entry)
{
	if (entry->kind == TREE_GITLINK) {
		inputs_print_unknown(w);
		log_part(w, path, used);
		walk_probe(w, PROBE_FILE, ".gitmodules", 0, NULL, NULL);
		return INPUTS_SUBMODULE;
	}
	if (entry->kind == TREE_DIR) {
		log_directory(w, path);
		return INPUTS_DIRECTORY;
	}
	if (entry->kind != TREE_ABSENT && path[used] != '\0') {
		/* A file where a directory should be is another failure than nothing. */
		walk_probe(w, PROBE_FILE, arena_text(&w->machine->arena, path, used), PROBE_NAMES,
			   NULL, NULL);
	}
	if (entry->kind == TREE_ABSENT || path[used] != '\0') {
		walk_probe(w, PROBE_ABSENT, path, 0, NULL, NULL);
		return INPUTS_NOTHING;
	}
	walk_probe(w, PROBE_FILE, path, flags, NULL, NULL);
	return INPUTS_FILE;
}

static enum inputs_found resolve(struct inputs_walk *w, const char *path, unsigned flags,
				 struct inputs_entry *ret)
{
	struct error err = ERROR_INIT;
	struct tree_entry entry;
	size_t used;

	for (int links = 0; path != NULL && links <= LINKS_MAX; links++) {
		ret->real = path;
		int r = treereader_lookup(w->reader, path, &entry, &used, &err);

		if (r != REPO_OK) {
			walk_trouble(w, r, &err);
			return INPUTS_UNREADABLE;
		}
		if (entry.kind != TREE_LINK) {
			ret->id = entry.id;
			ret->executable = entry.kind == TREE_EXEC;
			return arrive(w, path, used, flags, &entry);
		}
		log_part(w, path, used);
		path = follow(w, path, used, &entry.id);
		if (w->trace.opaque != NULL) {
			return INPUTS_UNREADABLE;
		}
	}
	return INPUTS_NOTHING;
}

enum inputs_found inputs_file(struct inputs_walk *w, const char *path, unsigned flags,
			      struct inputs_entry *ret_entry)
{
	struct inputs_entry entry = { .real = "" };

	if (path != NULL) {
		entry.found = resolve(w, inputs_keep(w, path), flags, &entry);
	}
	if (ret_entry != NULL) {
		*ret_entry = entry;
	}
	return entry.found;
}

enum inputs_found inputs_lookup(struct inputs_walk *w, const char *path,
				struct inputs_entry *ret_entry)
{
	return inputs_file(w, path, PROBE_NAMES | PROBE_DIRS, ret_entry);
}

enum inputs_found inputs_read(struct inputs_walk *w, const char *path, unsigned flags,
			      struct buf *out, struct inputs_entry *ret_entry)
{
	struct inputs_entry entry;
	struct error err = ERROR_INIT;
	struct buf text;
	enum inputs_found found = inputs_file(w, path, flags, &entry);

	if (ret_entry != NULL) {
		*ret_entry = entry;
	}
	if (found != INPUTS_FILE) {
		return found;
	}
	buf_init(&text, LIMIT_YAML_BYTES);
	int r = treereader_blob(w->reader, &entry.id, &text, &err);
	if (r != REPO_OK) {
		walk_trouble(w, r, &err);
		found = INPUTS_UNREADABLE;
	} else if (strncmp(text.data, lfs_magic, sizeof(lfs_magic) - 1) == 0) {
		inputs_opaque(w, inputs_format(w, "%s is an LFS pointer", entry.real));
		found = INPUTS_UNREADABLE;
	} else if (buf_add(out, text.data, text.len) != 0) {
		inputs_opaque(w, inputs_format(w, "%s is too large", entry.real));
		found = INPUTS_UNREADABLE;
	}
	buf_release(&text);
	return found;
}

bool inputs_blob(struct inputs_walk *w, const struct oid *id, struct buf *out)
{
	struct error err = ERROR_INIT;
	int r = treereader_blob(w->reader, id, out, &err);

	if (r != REPO_OK && r != REPO_LIMIT) {
		walk_trouble(w, r, &err);
	}
	return r == REPO_OK;
}
