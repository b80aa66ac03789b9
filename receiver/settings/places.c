/*
 * Places, each called by one name however it is written.
 *
 * Of files and directories that name is the real path: through links, "." and
 * "..".  One that is not there yet is called by what is written, without what
 * says nothing.  A directory that is read for two clusters is two places: its
 * applications have other names there.
 */
#include "receiver/settings/places.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/giturl.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "receiver/settings/repositories.h"

/* A place that was seen, and how it was written. */
struct place_seen {
	char *name;
	const char *written;
	UT_hash_handle hh;
};

const char *places_find(const struct repositories *repositories,
			const struct config_applications *from,
			const struct repository **ret_repository, char **ret_ref)
{
	const struct repository *repository = repositories_find(repositories, from->repository);
	const char *ref = from->ref;

	if (repository == NULL) {
		return "it is not among the repositories";
	}
	if (ref == NULL) {
		ref = repository->config->default_branch;
	}
	if (ref == NULL) {
		return "give its ref, or the repository's defaultBranch";
	}
	bool full = strncmp(ref, "refs/", 5) == 0;
	*ret_repository = repository;
	*ret_ref = xasprintf("%s%s", full ? "" : "refs/heads/", ref);
	return NULL;
}

/* A path without empty and "." components, and without a slash at its end. A new string. */
static char *clean(const char *path)
{
	char *out = xmalloc(strlen(path) + 1);
	size_t len = 0;

	if (path[0] == '/') {
		out[len++] = '/';
	}
	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (len > 0 && out[len - 1] != '/') {
				out[len++] = '/';
			}
			memcpy(out + len, path, n);
			len += n;
		}
		path += n + (path[n] == '/');
	}
	out[len] = '\0';
	return out;
}

char *places_directory(const struct config_applications *from)
{
	char *directory = clean(from->path != NULL ? from->path : "");

	if (directory[0] == '/') {
		memmove(directory, directory + 1, strlen(directory));
	}
	return directory;
}

/* A repository that is not configured is called by its address: it may be listed twice, too. */
static char *name_of_place(const struct repositories *repositories,
			   const struct config_applications *a)
{
	const struct repository *repository = NULL;
	char *ref = NULL;
	char *directory = places_directory(a);
	char *address = giturl_normalise(a->repository, NULL);

	if (places_find(repositories, a, &repository, &ref) != NULL) {
		ref = xstrdup(a->ref != NULL ? a->ref : "");
	}
	char *name = xasprintf("%s\n%s\n%s", repository != NULL ? repository->name
				: address != NULL		? address
								: a->repository,
			       ref, directory);
	free(address);
	free(directory);
	free(ref);
	return name;
}

/* What a place is called, and *ret_written, how to call it to people. A new string. */
static char *name_of(const struct repositories *repositories,
		     const struct config_applications *a, const char **ret_written)
{
	const char *path = a->file != NULL ? a->file : a->directory;
	const char *cluster = a->cluster != NULL ? a->cluster : "";
	char *place;

	if (a->repository != NULL) {
		place = name_of_place(repositories, a);
	} else {
		place = realpath(path, NULL);
		place = place != NULL ? place : clean(path);
	}
	*ret_written = a->repository != NULL ? a->repository : path;
	char *name = xasprintf("%s\n%s", place, cluster);
	free(place);
	return name;
}

static void check_once(struct place_seen **seen, char *name, const char *written, const char *where,
		       struct strvec *problems)
{
	struct place_seen *one = NULL;

	HASH_FIND_STR(*seen, name, one);
	if (one == NULL) {
		one = xcalloc(1, sizeof(*one));
		one->name = name;
		one->written = written;
		HASH_ADD_KEYPTR(hh, *seen, one->name, strlen(one->name), one);
		return;
	}
	bool same = strcmp(written, one->written) == 0;
	strvec_pushf(problems, "%s: 'applications' has '%s' twice%s%s%s: remove one", where,
		     written, same ? "" : " (also as '", same ? "" : one->written,
		     same ? "" : "')");
	free(name);
}

static void tell_missing(const struct repositories *repositories, const char *address,
			 const char *why, const char *where, struct strvec *missing)
{
	const char *near = repositories_find(repositories, address) == NULL
				   ? repositories_nearest(repositories, address)
				   : NULL;

	strvec_pushf(missing, "%s: 'applications' has the repository '%s': %s: %s%s%s", where,
		     address, why,
		     near != NULL ? "did you mean '" : "all pushes wait until that is mended",
		     near != NULL ? near : "", near != NULL ? "'?" : "");
}

void places_check(const struct config *config, const struct repositories *repositories,
		  struct strvec *problems, struct strvec *missing)
{
	struct place_seen *seen = NULL;
	struct place_seen *one;
	struct place_seen *next;
	const char *where = NULL;
	const char *value = NULL;

	(void)config_origin(config, "applications", &where, &value);
	for (size_t i = 0; i < config->application_count; i++) {
		const struct config_applications *a = &config->applications[i];
		const struct repository *repository = NULL;
		const char *written = NULL;
		char *ref = NULL;
		const char *why = a->repository != NULL
					  ? places_find(repositories, a, &repository, &ref)
					  : NULL;

		if (why != NULL && missing != NULL) {
			tell_missing(repositories, a->repository, why, where, missing);
		}
		char *name = name_of(repositories, a, &written);
		check_once(&seen, name, written, where, problems);
		free(ref);
	}
	HASH_ITER(hh, seen, one, next) {
		HASH_DEL(seen, one);
		free(one->name);
		free(one);
	}
}
