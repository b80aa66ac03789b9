/*
 * Do two versions of a file say the same?
 */
#ifndef LIB_APP_MEANING_H
#define LIB_APP_MEANING_H

#include <stdbool.h>

#include "repo/repo.h"

/*
 * True if both blobs are YAML (by name: .yaml, .yml, .json, Kustomization)
 * whose meaning is equal: only comments, layout and flow or block style
 * differ. False when in doubt: too large, not YAML, not readable, perhaps read
 * as JSON (it begins with "{" or "["), an LFS pointer, encrypted by sops (its
 * MAC covers more than the values), or with a comment that Argo CD reads
 * (+argocd:skip-file-rendering).
 */
bool meaning_same(struct repo *repo, const char *name, const struct oid *before,
		  const struct oid *after);

#endif
