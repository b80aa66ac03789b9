/*
 * Semantic equality of YAML, for probes where only the meaning counts.
 */
#include "inputs/meaning.h"

#include <string.h>

#include "base/limits.h"
#include "base/yaml.h"

/* The note (repo.h) of a blob whose meaning is not known; no meaning is told as 0. */
#define IN_DOUBT 0ULL

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

bool meaning_of_text(const char *text, size_t len, unsigned long long *ret_meaning)
{
	return !looks_like_json(text, len) && !bytes_matter(text, len) &&
	       yaml_meaning(text, len, ret_meaning, NULL) == YAML_OK;
}

bool meaning_of_blob(struct repo *repo, const char *name, const struct oid *id, size_t max,
		     unsigned long long *ret_meaning, size_t *ret_size)
{
	struct repo_object object = { 0 };

	*ret_size = 0;
	if (!is_yaml_name(name)) {
		return false;
	}
	if (repo_recall(repo, id, ret_meaning)) {
		return *ret_meaning != IN_DOUBT;
	}
	if (repo_read(repo, id, REPO_BLOB, max, &object, NULL) != REPO_OK) {
		return false;
	}
	*ret_size = object.len;
	bool ok = meaning_of_text(object.data, object.len, ret_meaning) &&
		  *ret_meaning != IN_DOUBT;
	repo_note(repo, id, ok ? *ret_meaning : IN_DOUBT);
	repo_object_release(&object);
	return ok;
}

bool meaning_same(struct repo *repo, const char *name, const struct oid *before,
		  const struct oid *after)
{
	unsigned long long a;
	unsigned long long b;
	size_t size;

	return meaning_of_blob(repo, name, before, LIMIT_YAML_BYTES, &a, &size) &&
	       meaning_of_blob(repo, name, after, LIMIT_YAML_BYTES, &b, &size) && a == b;
}
