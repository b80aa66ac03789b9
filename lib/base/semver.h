/*
 * Semantic versions and constraints as github.com/Masterminds/semver/v3
 * reads them, which is what Argo CD uses for targetRevision.
 */
#ifndef LIB_BASE_SEMVER_H
#define LIB_BASE_SEMVER_H

#include <stdbool.h>

/* Longer versions and constraints are malformed. */
#define SEMVER_TEXT_MAX 256

/*
 * True if text is a constraint that is not also a plain version: a range
 * ("1.2.*", ">=1.0 <2", "^1.2", "~1", "1.x || 2.x", "1.0 - 2.0", "*").
 * A branch may have such a name too ("1.x"): compare names first.
 */
bool semver_is_range(const char *text);

/*
 * True if version (with or without "v", missing parts are 0) satisfies
 * constraint. False too if either is malformed. Prereleases only match a
 * constraint that names one, as in the Go library.
 */
bool semver_matches(const char *constraint, const char *version);

#endif
