/*
 * The configured repositories: which one does an address mean, and where are
 * its objects?
 *
 * Nothing in a payload or a manifest ever names a place to fetch from: they
 * are only looked up here.
 */
#ifndef RECEIVER_SETTINGS_REPOSITORIES_H
#define RECEIVER_SETTINGS_REPOSITORIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"

struct config;
struct config_repository;
struct repositories;

struct repository {
	const char *name;   // normalised address: what everything else calls it
	const char *path;   // its bare repository on disk: the operator's, or ours
	bool local;         // it is the operator's: nothing is fetched
	const struct config_repository *config; // borrowed from the configuration
};

/*
 * Read the repositories of config (borrowed, must outlive the result). 0 with
 * *ret_repositories, or -1 with err: an address that cannot be read, or one
 * that two repositories claim.
 */
int repositories_new(const struct config *config, struct repositories **ret_repositories,
		     struct error *err);

/* Free; NULL is fine. */
void repositories_free(struct repositories *r);

/* The repository that an address (any spelling, or an alias) means, or NULL. */
const struct repository *repositories_find(const struct repositories *r, const char *url);

/*
 * The same; and if there is none, the only one whose address differs in nothing
 * but the case of letters.
 */
const struct repository *repositories_find_alike(const struct repositories *r, const char *url);

/*
 * The repository that an application's source (a normalised address) means, or
 * NULL.  Case counts in it only if no source of the configuration is of a sender
 * that ignores it.
 */
const struct repository *repositories_find_source(const struct repositories *r,
						  const char *name);

/* The same as repositories_find() for an address that is normalised already. */
const struct repository *repositories_find_name(const struct repositories *r, const char *name);

/* Repository i, or NULL after the last. */
const struct repository *repositories_get(const struct repositories *r, size_t i);

/*
 * The configured address that looks most like url, for "did you mean", or
 * NULL if there is none. Borrowed.
 */
const char *repositories_nearest(const struct repositories *r, const char *url);

#endif
