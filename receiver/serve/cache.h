/*
 * Where readers keep the indexes of repositories: state/cache/KEY.
 *
 * A directory of its own for each repository, so that one repository's reader
 * cannot write another's.  A reader keeps its directory within its budget
 * (lib/index/index_cache.h); the directories themselves are made and removed
 * here, which may wait for the disk.
 */
#ifndef RECEIVER_SERVE_CACHE_H
#define RECEIVER_SERVE_CACHE_H

struct repositories;

/*
 * The directory of the repository called name (a normalised address), made if
 * it is missing: a new string, also if it could not be made.
 */
char *cache_directory(const char *state_directory, const char *name);

/*
 * Remove the directories of repositories that are not in this list any more,
 * with the files in them. To be called at the start, before readers work.
 * What cannot be removed is left.
 */
void cache_remove_others(const char *state_directory, const struct repositories *repositories);

#endif
