/*
 * Where applications are read from, as the configuration says it.
 *
 * What the check of a configuration says and what the catalog does are made
 * from the same answers.
 */
#ifndef RECEIVER_SETTINGS_PLACES_H
#define RECEIVER_SETTINGS_PLACES_H

#include "base/strvec.h"

struct config;
struct config_applications;
struct repositories;
struct repository;

/*
 * Which repository and ref applications that are kept in a repository come
 * from.  NULL with the repository (borrowed from repositories) in
 * *ret_repository and the full name of the ref, a new string, in *ret_ref; or
 * a constant text that says what is missing.
 */
const char *places_find(const struct repositories *repositories,
			const struct config_applications *from,
			const struct repository **ret_repository, char **ret_ref);

/*
 * The directory in that repository: without a slash around it, and without
 * what says nothing; "" is all of it.  A new string.
 */
char *places_directory(const struct config_applications *from);

/*
 * Append a problem for each file, directory or place in a repository that is
 * listed twice for one cluster, whatever way it is written, and a line in
 * missing for each place that cannot be found, since the catalog waits for it;
 * both begin with where the list stands.  missing may be NULL.
 */
void places_check(const struct config *config, const struct repositories *repositories,
		  struct strvec *problems, struct strvec *missing);

#endif
