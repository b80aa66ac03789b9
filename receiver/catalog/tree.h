/*
 * The operator's files of manifests: which there are, and what stands in one.
 *
 * Files and directories that the configuration names are the operator's, like
 * the configuration itself.  Everything here waits for the disk: it is for the
 * thread that looks at them (look.h) and for the command line, never for the
 * loop.
 */
#ifndef RECEIVER_CATALOG_TREE_H
#define RECEIVER_CATALOG_TREE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strvec.h"
#include "inventory/stamp.h"

/* What a walk meets. */
struct tree_visit {
	/* A manifest at path. False: stop the walk. */
	bool (*file)(void *ctx, const char *path, const struct stat *st);
	/* A directory at path, before what is in it: for whoever watches. May be NULL. */
	void (*directory)(void *ctx, const char *path, const struct stat *st);
	void *ctx;
};

/*
 * Visit every *.yaml, *.yml and *.json file below the directory at path, and
 * every one called "Kustomization", in the order of inventory_compare_paths().
 * Links are followed; names that begin with a dot are passed over ("..data" of
 * a ConfigMap is one of them).
 * problems gets a line for each directory that cannot be read or lies more
 * than 32 deep.
 */
void tree_walk(const char *path, const struct tree_visit *visit, struct strvec *problems);

/*
 * Read the file at path: append its text to text, whose ceiling is the
 * file's, and set the digest of stamp. 0, or an errno value (EFBIG: it is
 * longer than the ceiling).
 */
int tree_read(const char *path, struct stamp *stamp, struct buf *text);

/* Now, in nanoseconds since 1970: what stamps are compared with. */
int64_t tree_now(void);

#endif
