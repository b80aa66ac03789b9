/*
 * Looking paths up in the tree of one commit.
 *
 * Symbolic links are not followed here and nothing is logged: walkers of
 * lib/inputs use the functions of inputs/inputs_impl.h, which do both.
 */
#ifndef LIB_REPO_TREEREADER_H
#define LIB_REPO_TREEREADER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/oid.h"
#include "repo/repo.h"
#include "repo/tree.h"

/* A repository at one tree; plain data, copy it freely. */
struct treereader {
	struct repo *repo; // borrowed
	struct oid tree;   // root tree
};

/*
 * Look path up ("" is the root; cleaned, relative, no "." or ".." in it).
 * REPO_OK with *ret_entry and *ret_used, the number of bytes of path that
 * ret_entry stands for: the whole path if it was reached or if its last
 * component is absent; less if an earlier component is absent or is no
 * directory (ret_entry then tells what it is).  Otherwise as repo_read().
 */
int treereader_lookup(const struct treereader *reader, const char *path,
		      struct tree_entry *ret_entry, size_t *ret_used, struct error *err);

/*
 * Append the content of a blob to out. REPO_OK; REPO_LIMIT, with nothing
 * added, if it does not fit below out->max; otherwise as repo_read().
 */
int treereader_blob(const struct treereader *reader, const struct oid *id, struct buf *out,
		    struct error *err);

#endif
