/*
 * Semantic equality of YAML, for probes where only the meaning counts.
 *
 * Equal events of libyaml are equal input for whoever parses the text as one
 * stream.  Kubernetes' decoder (apimachinery, util/yaml, splitYAMLDocument)
 * and Kustomize cut it at lines of "---" first and parse the pieces, of each
 * the first document only.  Where a cut and a document of the stream may not
 * be the same, it is in doubt: "--- a: 1", "...", a directive, and line breaks
 * that only YAML knows.
 */
#include "inputs/meaning.h"

#include <string.h>

#include "base/limits.h"
#include "base/yaml.h"

/* The note (repo.h) of a blob whose meaning is not known; no meaning is told as 0. */
#define IN_DOUBT 0ULL

/* A directory's files that are larger are looked at by their bytes alone. */
#define OBJECT_BYTES_MAX ((size_t)64 * 1024)

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);
	size_t n = strlen(end);

	return len > n && strcmp(name + len - n, end) == 0;
}

static bool is_yaml_name(const char *name)
{
	return ends_with(name, ".yaml") || ends_with(name, ".yml") || ends_with(name, ".json") ||
	       strcmp(name, "Kustomization") == 0;
}

/* A byte order mark, of UTF-8 or another encoding. */
static bool has_mark(const char *data, size_t len)
{
	return len > 0 && memchr("\xef\xfe\xff", data[0], 3) != NULL;
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
		"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (memmem(data, len, marks[i], strlen(marks[i])) != NULL) {
			return true;
		}
	}
	return false;
}

/* Is the line at data one at which readers disagree where a document ends? */
static bool is_odd_line(const char *data, size_t len)
{
	if (len > 0 && data[0] == '%') {
		return true;
	}
	if (len < 3 || (memcmp(data, "---", 3) != 0 && memcmp(data, "...", 3) != 0)) {
		return false;
	}
	size_t at = 3;
	while (at < len && memchr(" \t\r", data[at], 3) != NULL) {
		at++;
	}
	return data[0] == '.' || (at < len && (at == 3 || data[at] != '#'));
}

bool meaning_has_odd_lines(const char *text, size_t len)
{
	const char *data = text;
	const char *end = data + len;

	if (has_mark(text, len)) {
		return true;
	}
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t n = (size_t)((newline != NULL ? newline : end) - data);
		const char *carriage = memchr(data, '\r', n);

		if (is_odd_line(data, n) || (carriage != NULL && carriage + 1 != data + n)) {
			return true;
		}
		data += n + (newline != NULL);
	}
	return false;
}

bool meaning_of_text(const char *text, size_t len, unsigned long long *ret_meaning)
{
	return !looks_like_json(text, len) && !bytes_matter(text, len) &&
	       !meaning_has_odd_lines(text, len) &&
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

bool meaning_holds_no_object(struct repo *repo, const char *name, const struct oid *id)
{
	struct repo_object object = { 0 };

	if (ends_with(name, ".json") || ends_with(name, ".jsonnet") ||
	    repo_read(repo, id, REPO_BLOB, OBJECT_BYTES_MAX, &object, NULL) != REPO_OK) {
		return false;
	}
	bool none = !has_mark(object.data, object.len) &&
		    memmem(object.data, object.len, "kind", 4) == NULL &&
		    memchr(object.data, '\\', object.len) == NULL &&
		    memchr(object.data, '!', object.len) == NULL &&
		    memchr(object.data, '\0', object.len) == NULL;
	repo_object_release(&object);
	return none;
}
