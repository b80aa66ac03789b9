/*
 * Semantic equality of YAML, for probes where only the meaning counts.
 */
#include "app/meaning.h"

#include <string.h>

#include "base/limits.h"
#include "base/yaml.h"

static bool is_yaml_name(const char *name)
{
	static const char *const ends[] = { ".yaml", ".yml", ".json" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(name + len - n, ends[i]) == 0) {
			return true;
		}
	}
	return strcmp(name, "Kustomization") == 0;
}

/*
 * Text that begins as JSON does may be given to a JSON parser, which refuses
 * the comments and commas that YAML allows (Kustomize does so with patches
 * that begin with "[" and with CRDs that begin with "{").
 */
static bool looks_like_json(const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && memchr(" \t\r\n", data[at], 4) != NULL) {
		at++;
	}
	return at < len && (data[at] == '{' || data[at] == '[');
}

/* Texts in which a comment or a byte counts. */
static bool bytes_matter(const char *data, size_t len)
{
	static const char *const marks[] = {
		"+argocd:skip-file-rendering", "sops:", "\"sops\"",
		"https://git-lfs.github.com/spec/",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (memmem(data, len, marks[i], strlen(marks[i])) != NULL) {
			return true;
		}
	}
	return false;
}

static bool meaning_of(struct repo *repo, const struct oid *id, unsigned long long *ret_meaning)
{
	struct repo_object object = { 0 };
	bool ok = false;

	if (repo_read(repo, id, REPO_BLOB, LIMIT_YAML_BYTES, &object, NULL) != REPO_OK) {
		return false;
	}
	if (!looks_like_json(object.data, object.len) && !bytes_matter(object.data, object.len)) {
		ok = yaml_meaning(object.data, object.len, ret_meaning, NULL) == YAML_OK;
	}
	repo_object_release(&object);
	return ok;
}

bool meaning_same(struct repo *repo, const char *name, const struct oid *before,
		  const struct oid *after)
{
	unsigned long long a;
	unsigned long long b;

	return is_yaml_name(name) && meaning_of(repo, before, &a) && meaning_of(repo, after, &b) &&
	       a == b;
}
