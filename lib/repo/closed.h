/*
 * What of a repository this process may not read, in words for its operator.
 *
 * To libgit2 a directory that is closed is one that is not there, and a
 * configuration that is closed is "locked".  So whoever was refused asks here.
 */
#ifndef REPO_CLOSED_H
#define REPO_CLOSED_H

#include <stdbool.h>

#include "base/error.h"
#include "base/oid.h"

/*
 * May this process not open the repository at path (bare, or the root of a
 * work tree), or one of the directories and files that each repository has?
 * Then true, and err names the first of them and what is to be done.  Else
 * false, also if nothing is there; err is left as it is.
 */
bool closed_repository(const char *path, struct error *err);

/*
 * The same for what may hold the object id: its own file and directory, and
 * the packs.  For an object that was not found; opens each of the packs, the
 * first 10,000 at most.
 */
bool closed_object(const char *path, const struct oid *id, struct error *err);

#endif
