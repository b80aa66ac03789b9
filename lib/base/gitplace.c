/*
 * Which place of which repository does an address name?
 *
 * The addresses of one file are matched with the forms of a table, in which
 * "*" is one component; what is left is "REF/PATH" or PATH.  Others have the
 * repository's own address in front of a mark.
 */
#include "base/gitplace.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/giturl.h"
#include "base/percent.h"
#include "base/xalloc.h"

/* Names of refs may have slashes; those with more components are not found in a file's address. */
#define REF_COMPONENTS_MAX 4

/* Components that a form may capture. */
#define CAPTURES_MAX 4

/* A longer address is none that anybody clones. */
#define ADDRESS_MAX 8192

/* A part of a text. */
struct capture {
	const char *text;
	size_t len;
};

/*
 * Forms of a file's address, without scheme, user and query, and where its
 * repository is: "$1" is what the first "*" matched, with its escapes decoded,
 * "%1" the same in lower case.  ref: the option of the query that says it, and
 * path, where that is: "" what is left, "$3" as above, else another option.
 * With no ref what is left is "REF/PATH".
 */
static const struct form {
	const char *form;
	const char *home;
	const char *ref;
	const char *path;
} forms[] = {
	{ "raw.githubusercontent.com/*/*/", "github.com/$1/$2", NULL, "" },
	{ "media.githubusercontent.com/media/*/*/", "github.com/$1/$2", NULL, "" },
	{ "api.bitbucket.org/2.0/repositories/*/*/src/", "bitbucket.org/$1/$2", NULL, "" },
	/* GitHub Enterprise Server, with a host of its own for files, and without */
	{ "raw.*/*/*/", "$1/$2/$3", NULL, "" },
	{ "*/raw/*/*/", "$1/$2/$3", NULL, "" },
	/* Gitea and Forgejo; older ones had the ref in the path */
	{ "*/api/v1/repos/*/*/raw/", "$1/$2/$3", "ref", "" },
	{ "*/api/v1/repos/*/*/raw/", "$1/$2/$3", NULL, "" },
	{ "*/api/v1/repos/*/*/media/", "$1/$2/$3", "ref", "" },
	/* GitLab; the project's path and the file's are one component each */
	{ "*/api/v4/projects/*/repository/files/*/raw", "$1/$2", "ref", "$3" },
	{ "*/*/api/v4/projects/*/repository/files/*/raw", "$1/$2/$3", "ref", "$4" },
	/* Bitbucket Data Center, whose repositories have two addresses */
	{ "*/users/*/repos/*/raw/", "$1/scm/~%2/$3", "at", "" },
	{ "*/users/*/repos/*/raw/", "$1/~%2/$3", "at", "" },
	{ "*/projects/*/repos/*/raw/", "$1/scm/%2/$3", "at", "" },
	{ "*/projects/*/repos/*/raw/", "$1/%2/$3", "at", "" },
	{ "*/rest/api/1.0/projects/*/repos/*/raw/", "$1/scm/%2/$3", "at", "" },
	{ "*/rest/api/1.0/projects/*/repos/*/raw/", "$1/%2/$3", "at", "" },
	{ "*/rest/api/latest/projects/*/repos/*/raw/", "$1/scm/%2/$3", "at", "" },
	{ "*/rest/api/latest/projects/*/repos/*/raw/", "$1/%2/$3", "at", "" },
	/* Azure DevOps Services */
	{ "dev.azure.com/*/*/_apis/git/repositories/*/items", "dev.azure.com/$1/$2/_git/$3",
	  "versionDescriptor.version", "path" },
};

/* What stands between the repository's address and "REF/PATH" elsewhere. */
static const char *const file_markers[] = {
	"/-/raw/", "/-/blob/", "/raw/branch/", "/raw/tag/", "/raw/commit/", "/src/branch/",
	"/src/tag/", "/media/branch/", "/media/tag/", "/raw/", "/blob/", "/src/",
};

void gitplace_release(struct gitplace *place)
{
	free(place->url);
	free(place->path);
	free(place->ref);
	*place = (struct gitplace){ .url = NULL };
}

const char *gitplace_after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncasecmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool gitplace_is_http(const char *text)
{
	return gitplace_after(text, "https://") != NULL || gitplace_after(text, "http://") != NULL;
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

char *gitplace_option(const char *query, const char *name)
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

/* The query of an address, from its "?" on, without what is behind it; a new string. */
static char *query_of(const char *text)
{
	return *text == '?' ? xstrndup(text + 1, strcspn(text + 1, "#")) : xstrdup("");
}

char *gitplace_shown(const char *text)
{
	static const char *const known[] = { "ref=", "version=", "at=" };
	const char *scheme = strstr(text, "://");

	if (scheme == NULL) {
		return xstrdup(text);
	}
	const char *authority = scheme + 3;
	const char *user = memrchr(authority, '@', strcspn(authority, "/?#"));
	const char *rest = user != NULL ? user + 1 : authority;
	size_t len = strcspn(rest, "?#");
	char *query = query_of(rest + len);
	char *shown = xasprintf("%.*s%.*s", (int)(authority - text), text, (int)len, rest);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *at = strstr(query, known[i]);

		if (at != NULL && (at == query || at[-1] == '&')) {
			char *longer = xasprintf("%s%s%.*s", shown,
						 strchr(shown, '?') != NULL ? "&" : "?",
						 (int)strcspn(at, "&"), at);

			free(shown);
			shown = longer;
		}
	}
	free(query);
	return shown;
}

/* --- whose it is --- */

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

/* Is place at the host of repository, and in which of its repositories is not known? */
static bool is_at_host(const struct gitplace *place, const char *repository)
{
	const char *host = strstr(place->url, "://");
	size_t len = host != NULL ? strcspn(host + 3, ":/") : 0;

	return len > 0 && strcmp(host + 3 + strcspn(host + 3, "/"), "/") == 0 &&
	       strncmp(repository, host + 3, len) == 0 && repository[len] == '/';
}

bool gitplace_is_at(const struct gitplace *place, const char *repository, const char *ref)
{
	if (repository == NULL || (ref != NULL && !same_ref(place->ref, ref))) {
		return false;
	}
	if (is_at_host(place, repository)) {
		return true;
	}
	char *normal = giturl_normalise(place->url, NULL);
	bool same = normal != NULL && strcmp(normal, repository) == 0;

	free(normal);
	return same;
}

/* --- a downloader's address --- */

/* Where the path of a repository begins: behind the host. NULL if there is no host. */
static const char *path_of(const char *address)
{
	const char *scheme = strstr(address, "://");
	size_t host = strcspn(scheme != NULL ? scheme + 3 : address, scheme != NULL ? "/" : ":");
	const char *end = (scheme != NULL ? scheme + 3 : address) + host;

	return *end != '\0' ? end + 1 : NULL;
}

/* Where the path of a repository ends, and in *ret_rest where the path in it begins. */
static const char *end_of_repository(const char *path, const char **ret_rest)
{
	static const struct {
		const char *mark;
		size_t kept; // bytes of it that are the repository's
	} marks[] = { { "@", 0 }, { "//", 0 }, { ".git/", 4 } };
	const char *end = path + strlen(path);

	*ret_rest = end;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = strstr(path, marks[i].mark);

		if (at != NULL && at + marks[i].kept < end) {
			*ret_rest = at + strlen(marks[i].mark);
			end = at + marks[i].kept;
		}
	}
	return end;
}

bool gitplace_parse(const char *text, struct gitplace *ret_place)
{
	const char *forced = gitplace_after(text, "git::");
	const char *rest = NULL;

	if (forced == NULL && gitplace_after(text, "git+") != NULL &&
	    strstr(text, "://") != NULL) {
		forced = text + strlen("git+");
	}
	size_t len = forced != NULL ? strcspn(forced, "?#") : 0;
	if (forced == NULL || len > ADDRESS_MAX) {
		return false;
	}
	char *address = xstrndup(forced, len);
	const char *path = path_of(address);
	if (path == NULL) {
		free(address);
		return false;
	}
	char *query = query_of(forced + len);
	const char *end = end_of_repository(path, &rest);
	char *ref = gitplace_option(query, "ref");
	*ret_place = (struct gitplace){
		.url = xstrndup(address, (size_t)(end - address)),
		.path = xstrdup(rest + strspn(rest, "/")),
		.ref = ref != NULL ? ref : xstrdup(""),
	};
	free(query);
	free(address);
	return true;
}

/* --- a file's address --- */

/* Match address with a form; *ret_rest is what comes behind it. False if it does not. */
static bool match(const char *form, const char *address, struct capture captures[CAPTURES_MAX],
		  const char **ret_rest)
{
	size_t count = 0;

	for (; *form != '\0'; form++) {
		if (*form != '*') {
			if (*form != *address) {
				return false;
			}
			address++;
			continue;
		}
		size_t len = strcspn(address, "/");
		if (len == 0 || count == CAPTURES_MAX) {
			return false;
		}
		captures[count++] = (struct capture){ address, len };
		address += len;
	}
	*ret_rest = address;
	return true;
}

static void lower(char *text)
{
	for (; *text != '\0'; text++) {
		*text = (char)tolower((unsigned char)*text);
	}
}

/* What home says, a new string, or NULL if an escape is malformed. */
static char *fill_in(const char *home, const struct capture captures[CAPTURES_MAX])
{
	bool valid = true;
	struct buf out;

	buf_init(&out, ADDRESS_MAX);
	for (; *home != '\0' && valid; home++) {
		if (*home != '$' && *home != '%') {
			(void)buf_addch(&out, *home);
			continue;
		}
		bool lowered = *home == '%';
		const struct capture *one = &captures[*++home - '1'];
		char *text = decoded(one->text, one->len, false);

		if (text != NULL && lowered) {
			lower(text);
		}
		valid = text != NULL && buf_addstr(&out, text) == 0;
		free(text);
	}
	char *filled = valid ? buf_detach(&out) : NULL;
	buf_release(&out);
	return filled;
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

/* All places that "REF/PATH" may mean. */
static void find_refs(char *repository, const char *text, gitplace_found found, void *arg)
{
	for (size_t n = 1; n <= REF_COMPONENTS_MAX; n++) {
		const char *end = end_of_ref(text, n);

		if (end == NULL) {
			return;
		}
		struct gitplace file = {
			.url = repository, .ref = xstrndup(text, (size_t)(end - text)),
			.path = xstrdup(end + strspn(end, "/")),
		};
		found(arg, &file);
		free(file.ref);
		free(file.path);
	}
}

/* GitLab's projects may be named by their numbers: then only the host is known. */
static void cut_number(char *home)
{
	char *slash = strrchr(home, '/');

	if (slash != NULL && slash == strchr(home, '/') &&
	    strspn(slash + 1, "0123456789") == strlen(slash + 1)) {
		slash[1] = '\0';
	}
}

/* The path that a form with a ref says; a new string, or NULL. */
static char *path_in(const struct form *form, const struct capture captures[CAPTURES_MAX],
		     const char *rest, const char *query)
{
	if (form->path[0] == '\0') {
		return decoded(rest, strlen(rest), false);
	}
	if (rest[0] != '\0') {
		return NULL;
	}
	return form->path[0] == '$' ? fill_in(form->path, captures)
				    : gitplace_option(query, form->path);
}

/* A file whose ref stands in the query. */
static void find_file(const struct form *form, char *repository, char *path, const char *query,
		      gitplace_found found, void *arg)
{
	char *ref = gitplace_option(query, form->ref);
	struct gitplace file = {
		.url = repository, .ref = ref != NULL ? ref : xstrdup(""),
		.path = path + strspn(path, "/"),
	};

	if (file.path[0] != '\0') {
		found(arg, &file);
	}
	free(file.ref);
}

/* False if address has another form. */
static bool try_form(const struct form *form, const char *address, const char *query,
		     gitplace_found found, void *arg)
{
	struct capture captures[CAPTURES_MAX] = { { .text = NULL } };
	const char *rest = NULL;

	if (!match(form->form, address, captures, &rest)) {
		return false;
	}
	char *home = fill_in(form->home, captures);
	if (home != NULL) {
		cut_number(home);
	}
	char *repository = xasprintf("https://%s", home != NULL ? home : "");
	char *path = path_in(form, captures, rest, query);
	if (home != NULL && path != NULL && form->ref == NULL) {
		find_refs(repository, path, found, arg);
	} else if (home != NULL && path != NULL) {
		find_file(form, repository, path, query, found, arg);
	}
	free(path);
	free(repository);
	free(home);
	return true;
}

/* The first mark with a repository in front of it. */
static void try_markers(const char *address, gitplace_found found, void *arg)
{
	const char *first = NULL;
	const char *rest = NULL;

	for (size_t i = 0; i < sizeof(file_markers) / sizeof(file_markers[0]); i++) {
		const char *mark = strstr(address, file_markers[i]);

		if (mark != NULL && (first == NULL || mark < first)) {
			first = mark;
			rest = mark + strlen(file_markers[i]);
		}
	}
	if (first == NULL || memchr(address, '/', (size_t)(first - address)) == NULL) {
		return;
	}
	char *repository = xasprintf("https://%.*s", (int)(first - address), address);
	char *text = decoded(rest, strlen(rest), false);
	if (text != NULL) {
		find_refs(repository, text, found, arg);
	}
	free(text);
	free(repository);
}

/* The host of an address in lower case. */
static void lower_host(char *address)
{
	char *slash = strchr(address, '/');

	if (slash != NULL) {
		*slash = '\0';
		lower(address);
		*slash = '/';
	}
}

/* An address without its scheme, user and query. */
static void try_all(const char *address, const char *query, gitplace_found found, void *arg)
{
	const char *matched = NULL;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		/* One form may stand for several repositories. */
		if ((matched == NULL || strcmp(matched, forms[i].form) == 0) &&
		    try_form(&forms[i], address, query, found, arg)) {
			matched = forms[i].form;
		}
	}
	if (matched == NULL) {
		try_markers(address, found, arg);
	}
}

/* A file that a downloader gets; without a mark its name is the last component. */
static void find_downloaded(struct gitplace *place, gitplace_found found, void *arg)
{
	char *slash = place->path[0] == '\0' ? strrchr(place->url, '/') : NULL;

	if (slash != NULL) {
		free(place->path);
		place->path = xstrdup(slash + 1);
		*slash = '\0';
	}
	found(arg, place);
}

void gitplace_of_file(const char *url, gitplace_found found, void *arg)
{
	struct gitplace place;

	if (gitplace_parse(url, &place)) {
		find_downloaded(&place, found, arg);
		gitplace_release(&place);
		return;
	}
	if (!gitplace_is_http(url) || strlen(url) > ADDRESS_MAX) {
		return;
	}
	const char *at = strstr(url, "://") + 3;
	const char *user = memchr(at, '@', strcspn(at, "/?#"));
	at = user != NULL ? user + 1 : at;
	size_t len = strcspn(at, "?#");
	char *address = xstrndup(at, len);
	char *query = query_of(at + len);

	lower_host(address);
	try_all(address, query, found, arg);
	free(query);
	free(address);
}

void gitplace_of_index(const char *url, gitplace_found found, void *arg)
{
	size_t len = strcspn(url, "?#");

	if (!gitplace_is_http(url)) {
		return;
	}
	while (len > 0 && url[len - 1] == '/') {
		len--;
	}
	char *index = xasprintf("%.*s/index.yaml", (int)len, url);
	gitplace_of_file(index, found, arg);
	free(index);
}
