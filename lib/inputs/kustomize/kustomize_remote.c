/*
 * What Kustomize clones or downloads.
 *
 * "resources: [https://github.com/org/repo//base?ref=v1]" makes Kustomize
 * clone org/repo and build base in it.  Which strings are such references,
 * and where the repository ends and the path in it begins, is decided by
 * api/internal/git/repospec.go of Kustomize.  Its steps, in its order:
 *
 *   1. what follows "?" are options: ref, or else version; others do not
 *      change what is read
 *   2. "git::" in front is dropped
 *   3. scheme: ssh, https, http or file; or none, if "user@" or "github.com/"
 *      or "github.com:" is in front
 *   4. the host ends at the first "/", or at the first ":" before it where
 *      there is no scheme
 *   5. the repository's path ends one component after "_git/", else at "//",
 *      else after ".git", else after two components (file: never)
 *   6. a path that begins with ".." is refused
 *
 * Its own words for the last resort: "If none are present, we try to apply a
 * historical default repo path length that is derived from Github URLs."
 *
 * Everything that fails one of the steps is a local path.
 */
#include "inputs/kustomize/kustomize_remote.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"

/* Where a text was cut in two. */
struct url_piece {
	const char *text;
	size_t len;
};

static const char *const schemes[] = { "ssh://", "https://", "http://", "file://" };

static char *query_ref(const char *query)
{
	char *ref = gitplace_option(query, "ref");

	if (ref != NULL && ref[0] != '\0') {
		return ref;
	}
	free(ref);
	ref = gitplace_option(query, "version");
	return ref != NULL ? ref : xstrdup("");
}

/* Bytes of "user@" in front of text: a letter, then letters, digits and "-". */
static size_t user_len(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-";
	size_t len = strspn(text, letters) > 0 ? strspn(text, rest) : 0;

	return len > 0 && text[len] == '@' ? len + 1 : 0;
}

/* Bytes of the host in front of the path, its separator included; 0 if there is none. */
static size_t host_len(const char *text, bool scp)
{
	const char *slash = strchr(text, '/');
	const char *colon = scp ? strchr(text, ':') : NULL;

	if (colon != NULL && (slash == NULL || (colon > text && colon < slash))) {
		return (size_t)(colon - text) + 1;
	}
	return slash != NULL ? (size_t)(slash - text) + 1 : strlen(text);
}

/* What the beginning of a reference says. */
enum host_kind {
	HOST_NONE, // nothing: a local path
	HOST_OTHER,
	HOST_FILE,
	HOST_GITHUB // scheme and user do not matter
};

/* Steps 3 and 4: what it is and, in *ret_len, the bytes of scheme, user and host. */
static enum host_kind split_host(const char *text, size_t *ret_len)
{
	const char *at = text;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && at == text; i++) {
		const char *rest = gitplace_after(text, schemes[i]);

		at = rest != NULL ? rest : at;
	}
	*ret_len = (size_t)(at - text);
	if (at != text && gitplace_after(text, "file://") != NULL) {
		return HOST_FILE;
	}
	bool scheme = at != text;
	size_t user = user_len(at);

	at += user;
	bool github = gitplace_after(at, "github.com/") != NULL ||
		      gitplace_after(at, "github.com:") != NULL;
	if (!scheme && user == 0 && !github) {
		return HOST_NONE;
	}
	size_t host = host_len(at, !scheme);
	*ret_len = (size_t)(at - text) + host;
	if (host == 0) {
		return HOST_NONE;
	}
	return github ? HOST_GITHUB : HOST_OTHER;
}

/* Step 5, the marked forms: bytes of path that are the repository; *ret_rest begins the rest. */
static bool split_marked(const char *path, struct url_piece *ret_repo, const char **ret_rest)
{
	const char *at = strstr(path, "_git/");

	if (at != NULL) {
		const char *end = at + 5 + strcspn(at + 5, "/");

		*ret_repo = (struct url_piece){ path, (size_t)(end - path) };
		*ret_rest = *end == '/' ? end + 1 : end;
		return true;
	}
	at = strstr(path, "//");
	if (at != NULL) {
		*ret_repo = (struct url_piece){ path, (size_t)(at - path) };
		*ret_rest = at + 2;
		return true;
	}
	at = strstr(path, ".git");
	if (at == NULL) {
		return false;
	}
	*ret_repo = (struct url_piece){ path, (size_t)(at - path) + 4 };
	*ret_rest = at + 4;
	return true;
}

/* Step 5 for paths without a mark: two components. False if there are fewer. */
static bool split_counted(const char *path, struct url_piece *ret_repo, const char **ret_rest)
{
	const char *slash = strchr(path, '/');

	if (slash == NULL) {
		return false;
	}
	const char *end = slash + 1 + strcspn(slash + 1, "/");

	*ret_repo = (struct url_piece){ path, (size_t)(end - path) };
	*ret_rest = *end == '/' ? end + 1 : end;
	return true;
}

/* Step 6: does a path, cleaned, begin with ".."? */
static bool leaves(const char *path)
{
	size_t depth = 0;

	for (const char *at = path; *at != '\0';) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.') {
			if (depth == 0) {
				return true;
			}
			depth--;
		} else if (len > 0 && !(len == 1 && at[0] == '.')) {
			depth++;
		}
		at += len;
		at += *at == '/';
	}
	return false;
}

/* text is without its query. */
static bool parse_address(const char *text, struct gitplace *ret_remote)
{
	const char *forced = gitplace_after(text, "git::");
	struct url_piece repo = { .text = NULL };
	const char *rest = "";
	size_t host = 0;

	text = forced != NULL ? forced : text;
	enum host_kind kind = split_host(text, &host);
	if (kind == HOST_NONE) {
		return false;
	}
	const char *path = text + host;
	bool split = split_marked(path, &repo, &rest);
	if (!split && kind == HOST_FILE) {
		repo = (struct url_piece){ path, strlen(path) };
		split = true;
	}
	if (!split && !split_counted(path, &repo, &rest)) {
		return false;
	}
	rest += *rest == '/';
	if (repo.len == 0 || leaves(rest)) {
		return false;
	}
	ret_remote->url = kind == HOST_GITHUB ?
				  xasprintf("https://github.com/%.*s", (int)repo.len, repo.text) :
				  xstrndup(text, host + repo.len);
	ret_remote->path = xstrdup(rest);
	return true;
}

bool kustomize_remote_parse(const char *text, struct gitplace *ret_remote)
{
	struct gitplace remote = { .url = NULL };

	if (text[0] == '/') {
		return false;
	}
	size_t len = strcspn(text, "?");
	char *address = xstrndup(text, len);
	bool parsed = parse_address(address, &remote);

	free(address);
	if (!parsed) {
		return false;
	}
	remote.ref = query_ref(text[len] == '?' ? text + len + 1 : "");
	*ret_remote = remote;
	return true;
}
