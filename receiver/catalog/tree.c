/*
 * Walking directories of manifests, and reading one manifest.
 *
 * A file is opened without waiting for a writer (O_NONBLOCK: a FIFO would
 * hold us up for ever) and read to its end, up to a ceiling.
 */
#include "receiver/catalog/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"

#define DIRECTORY_DEPTH 32

struct look_walk {
	const struct tree_visit *visit;
	struct strvec *problems;
	bool stopped;
};

static bool is_manifest(const char *name)
{
	return fnmatch("*.yaml", name, 0) == 0 || fnmatch("*.yml", name, 0) == 0 ||
	       fnmatch("*.json", name, 0) == 0 || strcmp(name, "Kustomization") == 0;
}

static void walk_directory(struct look_walk *w, const char *path, const struct stat *st, int depth);

static void walk_entry(struct look_walk *w, const char *path, const char *name, int depth)
{
	char *child = xasprintf("%s/%s", path, name);
	struct stat st;

	if (name[0] != '.' && stat(child, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			walk_directory(w, child, &st, depth + 1);
		} else if (S_ISREG(st.st_mode) && is_manifest(name)) {
			w->stopped = !w->visit->file(w->visit->ctx, child, &st);
		}
	}
	free(child);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void walk_directory(struct look_walk *w, const char *path, const struct stat *st, int depth)
{
	struct dirent **entries = NULL;

	if (depth > DIRECTORY_DEPTH) {
		strvec_pushf(w->problems, "%s: directories nest too deeply", path);
		return;
	}
	if (w->visit->directory != NULL) {
		w->visit->directory(w->visit->ctx, path, st);
	}
	int count = scandir(path, &entries, NULL, by_bytes);
	if (count < 0) {
		strvec_pushf(w->problems, "%s: %s", path, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		if (!w->stopped) {
			walk_entry(w, path, entries[i]->d_name, depth);
		}
		free(entries[i]);
	}
	free(entries);
}

void tree_walk(const char *path, const struct tree_visit *visit, struct strvec *problems)
{
	struct look_walk w = { .visit = visit, .problems = problems };
	struct stat st;

	if (stat(path, &st) != 0) {
		strvec_pushf(problems, "%s: %s", path, strerror(errno));
		return;
	}
	walk_directory(&w, path, &st, 0);
}

int64_t tree_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int tree_read(const char *path, struct stamp *stamp, struct buf *text)
{
	if (file_read_small(path, text, NULL, NULL) < 0) {
		return errno;
	}
	return sha256_hex(text->data, text->len, stamp->digest) < 0 ? ENOMEM : 0;
}
