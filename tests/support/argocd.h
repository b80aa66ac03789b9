/*
 * Argo CD's manifest-generate-paths as Argo CD does it: every application,
 * every item, every file (util/app/path: GetSourceRefreshPaths,
 * AppFilesHaveChanged).  The oracle of tests, and the peer of benchmarks.
 */
#ifndef TESTS_SUPPORT_ARGOCD_H
#define TESTS_SUPPORT_ARGOCD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strvec.h"

/* Append the refresh paths of one source. */
void argocd_refresh_paths(const char *source_path, const char *annotation, struct strvec *paths);

/* AppFilesHaveChanged(). */
bool argocd_files_have_changed(const struct strvec *paths, const char *const *files, size_t count);

#endif
