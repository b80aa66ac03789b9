/*
 * The index of a ref on disk, so that a restart is a catch-up.
 */
#ifndef LIB_INDEX_INDEX_STORE_H
#define LIB_INDEX_INDEX_STORE_H

#include "base/error.h"
#include "base/oid.h"
#include "index/index.h"

/* How a stored index begins; the number changes with what is stored, or how. */
#define INDEX_STORE_MAGIC "doorbell-index 8 " DOORBELL_VERSION "\n"

/*
 * Write the index and what it stands at to path, by way of a temporary file.
 * 0, or -1 with err.
 */
int index_store_write(const char *path, const struct index_table *table,
		      const struct oid *commit, const struct oid *tree, struct error *err);

/*
 * Read it back: a new index (index_free()) with all sources unbound, and what
 * it stands at. NULL, and nothing else changed, if there is none or if
 * anything about the file is not as it was written.
 */
struct index_table *index_store_read(const char *path, struct oid *ret_commit,
				     struct oid *ret_tree);

#endif
