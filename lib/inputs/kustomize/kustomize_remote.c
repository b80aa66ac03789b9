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

#include "base/buf.h"
#include "base/giturl.h"
#include "base/percent.h"
#include "base/xalloc.h"

/* Names of refs may have slashes; those with more components are not found in a file's address. */
#define REF_COMPONENTS_MAX 4

/* Where a text was cut in two. */
struct url_piece {
	const char *text;
	size_t len;
};

static const char *const schemes[] = { "ssh://", "https://", "http://", "file://" };

/* The text after prefix if it begins with it in any case, else NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncasecmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* Percent escapes decoded, "+" a blank if asked for; NULL if not valid or if it hides a NUL. */
static char *decoded(const char *text, size_t len, bool plus)
{
	char *decoded = NULL;
	struct buf out;

	buf_init(&out, len);
	if (percent_decode(&out, text, len, plus ? PERCENT_PLUS : PERCENT_STRICT) == 0 &&
	    memchr(out.data, '\0', out.len) == NULL) {
		decoded = buf_detach(&out);
	}
	buf_release(&out);
	return decoded;
}

/* The first value of an option in a query, decoded; NULL if there is none or the query is bad. */
static char *query_option(const char *query, const char *name)
{
	size_t name_len = strlen(name);
	char *found = NULL;

	for (const char *at = query; *at != '\0';) {
		size_t len = strcspn(at, "&");
		bool ours = len > name_len && at[name_len] == '=' &&
			    strncmp(at, name, name_len) == 0;
		size_t skip = ours ? name_len + 1 : 0;
		char *value = memchr(at, ';', len) == NULL ?
				      decoded(at + skip, len - skip, true) : NULL;

		if (value == NULL) { // Go: the defaults for all of a bad query
			free(found);
			return NULL;
		}
		if (ours && found == NULL) {
			found = value;
			value = NULL;
		}
		free(value);
		at += len;
		at += *at == '&';
	}
	return found;
}

static char *query_ref(const char *query)
{
	char *ref = query_option(query, "ref");

	if (ref != NULL && ref[0] != '\0') {
		return ref;
	}
	free(ref);
	ref = query_option(query, "version");
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
		const char *rest = after(text, schemes[i]);

		at = rest != NULL ? rest : at;
	}
	*ret_len = (size_t)(at - text);
	if (at != text && after(text, "file://") != NULL) {
		return HOST_FILE;
	}
	bool scheme = at != text;
	size_t user = user_len(at);

	at += user;
	bool github = after(at, "github.com/") != NULL || after(at, "github.com:") != NULL;
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
static bool parse_address(const char *text, struct kustomize_remote *ret_remote)
{
	const char *forced = after(text, "git::");
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

bool kustomize_remote_parse(const char *text, struct kustomize_remote *ret_remote)
{
	struct kustomize_remote remote = { .url = NULL };

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

void kustomize_remote_release(struct kustomize_remote *remote)
{
	free(remote->url);
	free(remote->path);
	free(remote->ref);
	*remote = (struct kustomize_remote){ .url = NULL };
}

bool kustomize_remote_is_url(const char *text)
{
	return after(text, "https://") != NULL || after(text, "http://") != NULL;
}

/* The short name of a full ref. */
static const char *short_ref(const char *ref)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(ref, prefixes[i], strlen(prefixes[i])) == 0) {
			return ref + strlen(prefixes[i]);
		}
	}
	return ref;
}

/* Does a repository's own way to write a ref mean ref, a full name? */
static bool same_ref(const char *written, const char *ref)
{
	if (written[0] == '\0' || strcmp(written, "HEAD") == 0 || strcmp(written, ref) == 0) {
		return true;
	}
	if (strcmp(written, short_ref(ref)) == 0) {
		return true;
	}
	return strncmp(ref, "refs/", 5) == 0 && strcmp(written, ref + 5) == 0;
}

bool kustomize_remote_is_ours(const struct kustomize_remote *remote, const char *repository,
			      const char *ref)
{
	if (repository == NULL || (ref != NULL && !same_ref(remote->ref, ref))) {
		return false;
	}
	char *normal = giturl_normalise(remote->url, NULL);
	bool ours = normal != NULL && strcmp(normal, repository) == 0;

	free(normal);
	return ours;
}

/* What stands between the repository's path and the ref in the address of a file. */
static const char *const file_markers[] = {
	"/-/raw/", "/-/blob/", "/raw/branch/", "/raw/tag/", "/src/branch/", "/src/tag/",
	"/raw/", "/blob/", "/src/",
};

/*
 * Take the address of a file apart: *ret_repository is what would be cloned,
 * as a new string, and *ret_rest begins "REF/PATH". False if it is not one.
 */
static bool split_file(const char *url, char **ret_repository, const char **ret_rest)
{
	static const char raw_github[] = "raw.githubusercontent.com/";
	const size_t count = sizeof(file_markers) / sizeof(file_markers[0]);

	if (!kustomize_remote_is_url(url)) {
		return false;
	}
	const char *at = strstr(url, "://") + 3;
	size_t authority = strcspn(at, "/?#");
	const char *user = memchr(at, '@', authority);

	at = user != NULL ? user + 1 : at;
	const char *raw = after(at, raw_github);
	if (raw != NULL) {
		size_t owner = strcspn(raw, "/?#");
		size_t name = raw[owner] == '/' ? strcspn(raw + owner + 1, "/?#") : 0;

		if (owner == 0 || name == 0 || raw[owner + 1 + name] != '/') {
			return false;
		}
		*ret_rest = raw + owner + 1 + name + 1;
		*ret_repository = xasprintf("https://github.com/%.*s", (int)(owner + 1 + name),
					    raw);
		return true;
	}
	const char *first = NULL;
	for (size_t i = 0; i < count; i++) {
		const char *mark = strstr(at, file_markers[i]);

		if (mark != NULL && (first == NULL || mark < first)) {
			first = mark;
			*ret_rest = mark + strlen(file_markers[i]);
		}
	}
	if (first == NULL || memchr(at, '/', (size_t)(first - at)) == NULL) {
		return false;
	}
	*ret_repository = xasprintf("https://%.*s", (int)(first - at), at);
	return true;
}

/*
 * Where REF ends in "REF/PATH", if it has n components ("refs/heads/x" has
 * one); NULL if there is no path behind it.
 */
static const char *end_of_ref(const char *text, size_t n)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/" };
	const char *end = text;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0) {
			end = text + strlen(prefixes[i]);
		}
	}
	for (; n > 0; n--) {
		end += strcspn(end, "/");
		if (*end == '\0') {
			return NULL;
		}
		end += n > 1;
	}
	return end > text && end[1] != '\0' ? end : NULL;
}

void kustomize_remote_files(const char *url, kustomize_remote_found found, void *arg)
{
	char *repository = NULL;
	const char *rest = NULL;

	if (!split_file(url, &repository, &rest)) {
		return;
	}
	char *text = decoded(rest, strcspn(rest, "?#"), false);
	const char *end = NULL;
	for (size_t n = 1; text != NULL && n <= REF_COMPONENTS_MAX; n++) {
		end = end_of_ref(text, n);
		if (end == NULL) {
			break;
		}
		struct kustomize_remote file = {
			.url = repository, .ref = xstrndup(text, (size_t)(end - text)),
			.path = xstrdup(end + 1),
		};
		found(arg, &file);
		free(file.ref);
		free(file.path);
	}
	free(text);
	free(repository);
}
