/*
 * References in kustomization files that are not local paths.
 *
 * Pure text, no walk: a reference to a Git repository is taken apart as
 * Kustomize does it.
 */
#ifndef LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_REMOTE_H
#define LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_REMOTE_H

#include <stdbool.h>

#include "base/gitplace.h"

/*
 * Take text apart as Kustomize's NewRepoSpecFromURL() does. True with
 * *ret_remote filled (gitplace_release()), a directory, if Kustomize would
 * clone; false, and *ret_remote untouched, if it would take text for a local
 * path.
 */
bool kustomize_remote_parse(const char *text, struct gitplace *ret_remote);

#endif
