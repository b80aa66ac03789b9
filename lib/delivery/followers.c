/*
 * What is followed: for each repository the different pairs of
 * targetRevision and tagPrefix.  Ten thousand applications of one repository
 * have a handful of them.
 */
#include "delivery/followers.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/xalloc.h"

/* One pair. */
struct rule {
	char *key;      // repository, newline, revision, newline, prefix
	char *revision;
	char *prefix;   // or NULL
	struct rule *next;
	UT_hash_handle hh;
};

struct followed {
	char *repository;
	struct rule *rules;
	UT_hash_handle hh;
};

struct followers {
	struct followed *repositories; // by name
	struct rule *rules;            // by key
};

static const char *prefix_of(const struct app_source *source)
{
	return json_string_value(json_object_get(source->spec, "tagPrefix"));
}

static bool matches(const char *revision, const char *prefix, const char *ref,
		    const char *default_branch)
{
	enum revision_match match = app_revision_matches(revision, prefix, ref, default_branch);

	return match != REVISION_NO && match != REVISION_PINNED;
}

bool followers_source(const struct app_source *source, const char *repository, const char *ref,
		      const char *default_branch)
{
	return app_source_reads(source, repository) &&
	       matches(source->target_revision, prefix_of(source), ref, default_branch);
}

static struct followed *get_repository(struct followers *f, const char *name)
{
	struct followed *found = NULL;

	HASH_FIND_STR(f->repositories, name, found);
	if (found == NULL) {
		found = xcalloc(1, sizeof(*found));
		found->repository = xstrdup(name);
		HASH_ADD_KEYPTR(hh, f->repositories, found->repository,
				strlen(found->repository), found);
	}
	return found;
}

static void add_source(struct followers *f, const struct app_source *source)
{
	const char *prefix = prefix_of(source);
	char *key = xasprintf("%s\n%s\n%s", source->repository, source->target_revision,
			      prefix != NULL ? prefix : "");
	struct followed *repository = get_repository(f, source->repository);
	struct rule *rule = NULL;

	HASH_FIND_STR(f->rules, key, rule);
	if (rule != NULL) {
		free(key);
		return;
	}
	rule = xcalloc(1, sizeof(*rule));
	rule->key = key;
	rule->revision = xstrdup(source->target_revision);
	rule->prefix = prefix != NULL ? xstrdup(prefix) : NULL;
	rule->next = repository->rules;
	repository->rules = rule;
	HASH_ADD_KEYPTR(hh, f->rules, rule->key, strlen(rule->key), rule);
}

struct followers *followers_new(const struct app_list *apps)
{
	struct followers *f = xcalloc(1, sizeof(*f));

	for (size_t i = 0; i < apps->count; i++) {
		const struct app *app = apps->items[i];

		for (size_t k = 0; !app->skip_reconcile && k < app->source_count; k++) {
			if (app->sources[k].repository != NULL) {
				add_source(f, &app->sources[k]);
			}
		}
	}
	return f;
}

void followers_free(struct followers *f)
{
	struct followed *repository;
	struct followed *next;
	struct rule *rule;
	struct rule *after;

	if (f == NULL) {
		return;
	}
	HASH_ITER(hh, f->repositories, repository, next) {
		HASH_DEL(f->repositories, repository);
		free(repository->repository);
		free(repository);
	}
	HASH_ITER(hh, f->rules, rule, after) {
		HASH_DEL(f->rules, rule);
		free(rule->key);
		free(rule->revision);
		free(rule->prefix);
		free(rule);
	}
	free(f);
}

static bool any_of(const struct followers *f, const char *repository, const char *ref,
		   const char *default_branch)
{
	struct followed *found = NULL;

	HASH_FIND_STR(f->repositories, repository, found);
	for (const struct rule *rule = found != NULL ? found->rules : NULL; rule != NULL;
	     rule = rule->next) {
		if (matches(rule->revision, rule->prefix, ref, default_branch)) {
			return true;
		}
	}
	return false;
}

bool followers_any(const struct followers *f, const char *repository, const char *ref,
		   const char *default_branch)
{
	return any_of(f, repository, ref, default_branch) ||
	       any_of(f, APP_ANY_REPOSITORY, ref, default_branch);
}
