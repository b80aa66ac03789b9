/*
 * Real Git repositories for tests, made by the git program.
 */
#ifndef TESTS_SUPPORT_GITREPO_H
#define TESTS_SUPPORT_GITREPO_H

#include "base/oid.h"

/* A new repository with a work tree at tap_dir()/name, branch main; its path (static per call, up to 8). */
const char *gitrepo_new(const char *name);

/* Run a shell script (printf format) in the repository; the test ends if it fails. */
void gitrepo_sh(const char *repo, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Stage everything and commit (allowed to be empty); the id of the commit. */
struct oid gitrepo_commit(const char *repo);

/* What git rev-parse says of a revision. */
struct oid gitrepo_rev(const char *repo, const char *revision);

/* What a shell script prints in the repository, as a new string. */
char *gitrepo_output(const char *repo, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
