/*
 * Repositories by address: a table of normalised spellings.
 */
#include "receiver/settings/repositories.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <uthash.h>

#include "base/crypto.h"
#include "base/giturl.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "provider/provider.h"

/* A spelling and what it means. */
struct address {
	char *text; // normalised
	const struct repository *repository;
	UT_hash_handle hh;
};

/* All spellings that differ in case only, and what they mean; NULL: not the same. */
struct alike {
	char *text; // in lower case
	const struct repository *repository;
	UT_hash_handle hh;
};

struct repositories {
	struct repository *items;
	char **names; // owned strings of items
	char **paths;
	size_t count;
	struct address *addresses;
	struct alike *alikes;
	bool ignores_case; // a source is of a sender that does
};

/* Where our clone of a repository is kept: its address is not fit for a file name. */
static char *clone_path(const struct config *config, const char *name)
{
	char digest[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex(name, strlen(name), digest);
	return xasprintf("%s/repositories/%.32s.git", config->state_directory, digest);
}

static char *lower(const char *text)
{
	char *copy = xstrdup(text);

	for (char *c = copy; *c != '\0'; c++) {
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	}
	return copy;
}

/* Paths of this machine are exact. */
static void add_alike(struct repositories *r, const struct repository *repository,
		      const char *text)
{
	char *key = lower(text);
	struct alike *alike = NULL;

	if (strncmp(text, "file:", 5) == 0) {
		free(key);
		return;
	}
	HASH_FIND_STR(r->alikes, key, alike);
	if (alike != NULL) {
		alike->repository = alike->repository == repository ? repository : NULL;
		free(key);
		return;
	}
	alike = xcalloc(1, sizeof(*alike));
	alike->text = key;
	alike->repository = repository;
	HASH_ADD_KEYPTR(hh, r->alikes, alike->text, strlen(alike->text), alike);
}

static int add_address(struct repositories *r, const struct repository *repository,
		       const char *url, struct error *err)
{
	char *text = giturl_normalise(url, err);
	struct address *address = NULL;

	if (text == NULL) {
		return error_wrap(err, -1, "repository '%s'", url);
	}
	HASH_FIND_STR(r->addresses, text, address);
	if (address != NULL) {
		free(text);
		if (address->repository == repository) {
			return 0;
		}
		return error_set(err, -1, "'%s' means the repository '%s' already", url,
				 address->repository->config->url);
	}
	address = xcalloc(1, sizeof(*address));
	address->text = text;
	address->repository = repository;
	HASH_ADD_KEYPTR(hh, r->addresses, address->text, strlen(address->text), address);
	add_alike(r, repository, address->text);
	return 0;
}

/* A hook that was not told the address calls its repository by the path. */
static void add_path(struct repositories *r, const struct repository *repository)
{
	char *url = xasprintf("file://%s", repository->path);

	(void)add_address(r, repository, url, NULL);
	free(url);
}

static int add_repository(struct repositories *r, const struct config *config, size_t i,
			  struct error *err)
{
	const struct config_repository *from = &config->repositories[i];
	struct repository *repository = &r->items[i];

	r->names[i] = giturl_normalise(from->url, err);
	if (r->names[i] == NULL) {
		return error_wrap(err, -1, "repository '%s'", from->url);
	}
	r->paths[i] = from->path != NULL ? xstrdup(from->path) : clone_path(config, r->names[i]);
	*repository = (struct repository){
		.name = r->names[i],
		.path = r->paths[i],
		.local = from->path != NULL,
		.config = from,
	};
	if (add_address(r, repository, from->url, err) < 0) {
		return -1;
	}
	for (size_t k = 0; k < from->aliases.count; k++) {
		if (add_address(r, repository, from->aliases.items[k], err) < 0) {
			return -1;
		}
	}
	if (repository->local) {
		add_path(r, repository);
	}
	return 0;
}

int repositories_new(const struct config *config, struct repositories **ret_repositories,
		     struct error *err)
{
	struct repositories *r = xcalloc(1, sizeof(*r));

	for (size_t i = 0; i < config->source_count && !r->ignores_case; i++) {
		const struct provider *p = provider_by_name(config->sources[i].provider);

		r->ignores_case = p != NULL && provider_ignores_case(p);
	}
	r->count = config->repository_count;
	r->items = xcalloc(r->count, sizeof(*r->items));
	r->names = xcalloc(r->count, sizeof(*r->names));
	r->paths = xcalloc(r->count, sizeof(*r->paths));
	for (size_t i = 0; i < r->count; i++) {
		if (add_repository(r, config, i, err) < 0) {
			repositories_free(r);
			return -1;
		}
	}
	*ret_repositories = r;
	return 0;
}

static void free_alikes(struct repositories *r)
{
	struct alike *alike;
	struct alike *next;

	HASH_ITER(hh, r->alikes, alike, next) {
		HASH_DEL(r->alikes, alike);
		free(alike->text);
		free(alike);
	}
}

void repositories_free(struct repositories *r)
{
	struct address *address;
	struct address *next;

	if (r == NULL) {
		return;
	}
	HASH_ITER(hh, r->addresses, address, next) {
		HASH_DEL(r->addresses, address);
		free(address->text);
		free(address);
	}
	free_alikes(r);
	for (size_t i = 0; i < r->count; i++) {
		free(r->names[i]);
		free(r->paths[i]);
	}
	free(r->items);
	free(r->names);
	free(r->paths);
	free(r);
}

const struct repository *repositories_find_name(const struct repositories *r, const char *name)
{
	struct address *address = NULL;

	HASH_FIND_STR(r->addresses, name, address);
	return address != NULL ? address->repository : NULL;
}

static const struct repository *find_alike(const struct repositories *r, const char *name)
{
	const struct repository *found = repositories_find_name(r, name);
	char *key = lower(name);
	struct alike *alike = NULL;

	HASH_FIND_STR(r->alikes, key, alike);
	free(key);
	return found == NULL && alike != NULL ? alike->repository : found;
}

const struct repository *repositories_find_source(const struct repositories *r,
						  const char *name)
{
	return r->ignores_case ? find_alike(r, name) : repositories_find_name(r, name);
}

const struct repository *repositories_find_alike(const struct repositories *r, const char *url)
{
	char *name = giturl_normalise(url, NULL);
	const struct repository *found = name != NULL ? find_alike(r, name) : NULL;

	free(name);
	return found;
}

const struct repository *repositories_find(const struct repositories *r, const char *url)
{
	char *name = giturl_normalise(url, NULL);
	const struct repository *found = name != NULL ? repositories_find_name(r, name) : NULL;

	free(name);
	return found;
}

const struct repository *repositories_get(const struct repositories *r, size_t i)
{
	return i < r->count ? &r->items[i] : NULL;
}

/* Length of what two texts have in common at their ends. */
static size_t common_end(const char *a, const char *b)
{
	size_t la = strlen(a);
	size_t lb = strlen(b);
	size_t n = 0;

	while (n < la && n < lb && a[la - n - 1] == b[lb - n - 1]) {
		n++;
	}
	return n;
}

/* Length of what two texts have in common at their beginnings. */
static size_t common_start(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n]) {
		n++;
	}
	return n;
}

const char *repositories_nearest(const struct repositories *r, const char *url)
{
	char *name = giturl_normalise(url, NULL);
	const char *nearest = NULL;
	size_t best = 0;

	for (size_t i = 0; name != NULL && i < r->count; i++) {
		/* The name at the end says more than the host that many share. */
		size_t common = 2 * common_end(name, r->names[i]) +
				common_start(name, r->names[i]);

		if (common > best) {
			best = common;
			nearest = r->items[i].config->url;
		}
	}
	free(name);
	/* A few letters are no likeness. */
	return best >= 4 ? nearest : NULL;
}
