/*
 * The directory in which the indexes of one repository's refs are kept.
 *
 * Every ref that was ever asked for leaves a file here, so the directory has a
 * budget in bytes: what was used longest ago goes first.  Nothing in it is
 * needed; whatever is missing is built anew.  Only one process works in a
 * directory at a time.
 */
#ifndef LIB_INDEX_INDEX_CACHE_H
#define LIB_INDEX_INDEX_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Where the index of a repository's ref is kept: a new string. The name is a
 * digest, so that no ref can choose a path.
 */
char *index_cache_path(const char *directory, const char *repository, const char *ref);

/* The file at path, if there is one, was used now. */
void index_cache_touch(const char *path);

/*
 * Make path another name of the file at stored, whatever was there: two refs
 * with an equal index take the room of one.  False if that cannot be done;
 * path is then as it was.
 */
bool index_cache_share(const char *stored, const char *path);

/*
 * Remove files until all that are left take at most max_bytes, those used
 * longest ago first; what a process that died has begun to write goes after an
 * hour.  A file with several names counts once.
 */
void index_cache_prune(const char *directory, int64_t max_bytes);

#endif
