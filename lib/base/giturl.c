/*
 * Repository addresses, normalised.
 *
 * Steps: split into authority and path by the rules of git-fetch(1), "GIT
 * URLS"; clean the host; clean the path component by component; bring the
 * forms of Azure DevOps together; put it in lower case where the host is
 * known to ignore case; join.
 *
 * git-fetch(1): "An alternative scp-like syntax may also be used with the ssh
 * protocol: [<user>@]<host>:/<path-to-git-repo>.  This syntax is only
 * recognized if there are no slashes before the first colon."  So in
 * "host:3000/org/repo" 3000 is a folder, not a port, as it is for git.
 */
#include "base/giturl.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/percent.h"
#include "base/strvec.h"
#include "base/xalloc.h"

struct url_parts {
	const char *authority; // not terminated
	size_t authority_len;
	const char *path;
	bool local;   // a path of this machine
	bool escapes; // percent escapes are to be decoded
};

static const char *const schemes[] = {
	"http", "https", "ssh", "git", "git+ssh", "ssh+git", "git+http", "git+https", "ftp", "ftps",
};

static const char *const fold_hosts[] = {
	"github.com", "gitlab.com", "bitbucket.org", "dev.azure.com",
};

static bool in_list(const char *text, size_t len, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(list[i]) == len && strncasecmp(list[i], text, len) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void lower(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text >= 'A' && *text <= 'Z') {
			*text = (char)(*text - 'A' + 'a');
		}
	}
}

/* ---- split ------------------------------------------------------------ */

/* scheme://...: rest is what follows "://". */
static int split_url(const char *url, const char *rest, struct url_parts *ret, struct error *err)
{
	size_t scheme_len = (size_t)(rest - 3 - url);
	size_t authority_len = strcspn(rest, "/");

	*ret = (struct url_parts){
		.authority = rest,
		.authority_len = authority_len,
		.path = rest + authority_len,
		.escapes = true,
	};
	if (scheme_len == 4 && strncasecmp(url, "file", 4) == 0) {
		ret->local = true;
		if (authority_len > 0 &&
		    (authority_len != 9 || strncasecmp(rest, "localhost", 9) != 0)) {
			return error_set(err, -1, "a file: address with a host");
		}
		return 0;
	}
	if (!in_list(url, scheme_len, schemes, sizeof(schemes) / sizeof(schemes[0]))) {
		return error_set(err, -1, "not a scheme that git fetches by");
	}
	return 0;
}

/* Where the authority of an address without a scheme ends: at ":" or "/". */
static const char *authority_end(const char *url)
{
	const char *bracket = strchr(url, '[');
	const char *start = url;

	/* [::1]:path, user@[::1]:path and [user@host:port]:path */
	if (bracket != NULL && (bracket == url || bracket[-1] == '@') &&
	    bracket < url + strcspn(url, ":/")) {
		const char *close = strchr(bracket, ']');

		start = close != NULL ? close : url;
	}
	return start + strcspn(start, ":/");
}

static int split(const char *url, struct url_parts *ret, struct error *err)
{
	const char *scheme_end = strstr(url, "://");

	if (url[0] == '/') {
		*ret = (struct url_parts){ .authority = url, .path = url, .local = true };
		return 0;
	}
	if (scheme_end != NULL && scheme_end == url + strcspn(url, ":/@")) {
		return split_url(url, scheme_end + 3, ret, err);
	}
	const char *end = authority_end(url);
	if (end[0] == ':' && end[1] == ':') {
		return error_set(err, -1, "a remote helper's address");
	}
	*ret = (struct url_parts){
		.authority = url,
		.authority_len = (size_t)(end - url),
		.path = *end == ':' ? end + 1 : end,
		.escapes = true,
	};
	return 0;
}

/* ---- host ------------------------------------------------------------- */

/* One spelling for each IPv6 address; text is between the brackets. */
static char *host_ipv6(const char *text, size_t len)
{
	struct in6_addr address;
	char plain[INET6_ADDRSTRLEN];
	char *host = xstrndup(text, len);

	if (inet_pton(AF_INET6, host, &address) != 1 ||
	    inet_ntop(AF_INET6, &address, plain, sizeof(plain)) == NULL) {
		free(host);
		return NULL;
	}
	free(host);
	return xasprintf("[%s]", plain);
}

/* True if port is nothing, ":" or ":digits". */
static bool is_port(const char *port, size_t len)
{
	return len == 0 || (port[0] == ':' && strspn(port + 1, "0123456789") >= len - 1);
}

static bool is_host(const char *host)
{
	for (const char *c = host; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x80 &&
		    strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_", *c) == NULL) {
			return false;
		}
	}
	return host[0] != '\0' && host[0] != '-' && host[0] != '.';
}

/* "SSH.GitHub.com." is "github.com". host is changed in place. */
static void host_simplify(char *host)
{
	size_t len = strlen(host);

	lower(host);
	while (len > 0 && host[len - 1] == '.') {
		host[--len] = '\0';
	}
	for (;;) {
		size_t skip = strncmp(host, "ssh.", 4) == 0 ? 4 : 0;

		skip = strncmp(host, "altssh.", 7) == 0 ? 7 : skip;
		if (skip == 0 || host[skip] == '\0') {
			return;
		}
		memmove(host, host + skip, strlen(host + skip) + 1);
	}
}

/* The host of an authority "user:password@host:port", or NULL with err. */
static char *take_host(const char *text, size_t len, struct error *err)
{
	const char *end = text + len;
	const char *at = memrchr(text, '@', len);
	const char *start = at != NULL ? at + 1 : text;
	char *host = NULL;

	if (memchr(text, '\\', len) != NULL) { /* some readers take it for "/" */
		(void)error_set(err, -1, "a backslash in the host");
		return NULL;
	}
	if (start < end && *start == '[') {
		const char *close = memchr(start, ']', (size_t)(end - start));

		if (close == NULL || !is_port(close + 1, (size_t)(end - close - 1))) {
			(void)error_set(err, -1, "no host that could be read");
			return NULL;
		}
		host = host_ipv6(start + 1, (size_t)(close - start - 1));
		if (host != NULL) {
			return host;
		}
		start++;
		end = close;
	}
	if (start < end && end[-1] == ']') { /* [user@host:port] */
		end--;
	}
	size_t host_len = (size_t)(end - start);
	const char *colon = memchr(start, ':', host_len);
	host_len = colon != NULL ? (size_t)(colon - start) : host_len;
	host = xstrndup(start, host_len);
	host_simplify(host);
	if (!is_host(host) || !is_port(start + host_len, (size_t)(end - start) - host_len)) {
		(void)error_set(err, -1, "no host that could be read");
		free(host);
		return NULL;
	}
	return host;
}

/* ---- path ------------------------------------------------------------- */

/* Decode %XX once; what is no escape stays. NULL at a control character. */
static char *decode(const char *text, bool escapes)
{
	char *decoded = NULL;
	struct buf out;

	buf_init(&out, GITURL_MAX);
	if (escapes) {
		(void)percent_decode(&out, text, strlen(text), PERCENT_LENIENT);
	} else {
		(void)buf_addstr(&out, text);
	}
	for (size_t i = 0; i < out.len; i++) {
		if (is_control(out.data[i])) {
			goto out;
		}
	}
	decoded = buf_detach(&out);
out:
	buf_release(&out);
	return decoded;
}

/* Split path at "/" into list, without empty and "." components. */
static int split_path(const char *path, struct strvec *list, struct error *err)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			return error_set(err, -1, "'..' in the path");
		}
		if (len > 0 && (len != 1 || path[0] != '.')) {
			strvec_push_take(list, xstrndup(path, len));
		}
		path += len;
		path += *path == '/';
	}
	return 0;
}

/* Drop ".git" at the end, however often, and what is then nothing. */
static int drop_suffix(struct strvec *list, struct error *err)
{
	while (list->count > 0) {
		char *last = list->items[list->count - 1];
		size_t len = strlen(last);

		if (len < 4 || strcasecmp(last + len - 4, ".git") != 0) {
			break;
		}
		last[len - 4] = '\0';
		if (strcmp(last, "..") == 0) {
			return error_set(err, -1, "'..' in the path");
		}
		if (last[0] == '\0' || strcmp(last, ".") == 0) {
			free(last);
			list->items[--list->count] = NULL;
		}
	}
	return list->count > 0 ? 0 : error_set(err, -1, "no path in the address");
}

static bool is(const char *component, const char *name)
{
	return strcasecmp(component, name) == 0;
}

/*
 * Bring count components, org first, to org, project, repository in c; false
 * if they are none of these:
 *
 *   org/project/_git/repo   org/_git/repo (named as its project)
 *   org/project/_ssh/repo   and "_full" or "_optimized" in front of repo
 */
static bool azure_path(const char **c, size_t count)
{
	if (count > 3 && (is(c[count - 2], "_full") || is(c[count - 2], "_optimized")) &&
	    is(c[count - 3], "_git")) {
		c[count - 2] = c[count - 1];
		count--;
	}
	if (count == 3 && is(c[1], "_git")) {
		c[1] = c[2];
		return true;
	}
	if (count == 4 && !is(c[1], "_git") && (is(c[2], "_git") || is(c[2], "_ssh"))) {
		c[2] = c[3];
		return true;
	}
	return false;
}

/* "v3/org/project/repo" */
static bool is_v3(const struct strvec *list)
{
	return list->count == 4 && is(list->items[0], "v3") && !is(list->items[2], "_git");
}

/* Make it dev.azure.com and these three components. */
static void replace(char **host, struct strvec *list, const char *const c[3])
{
	struct strvec triple = STRVEC_INIT;

	for (size_t i = 0; i < 3; i++) {
		strvec_push(&triple, c[i]);
	}
	strvec_release(list);
	*list = triple;
	free(*host);
	*host = xstrdup("dev.azure.com");
}

/*
 * Azure DevOps Services to dev.azure.com/org/project/repo:
 *
 *   dev.azure.com           org/project/_git/repo
 *   ssh.dev.azure.com       v3/org/project/repo
 *   vs-ssh.visualstudio.com v3/org/project/repo
 *   org.visualstudio.com    [DefaultCollection/]project/_git/repo
 *
 * *host and list are replaced if they are one of these, else untouched.
 */
static void join_azure(char **host, struct strvec *list)
{
	static const char suffix[] = ".visualstudio.com";
	size_t suffix_len = sizeof(suffix) - 1;
	size_t len = strlen(*host);
	bool visual = len > suffix_len && strcmp(*host + len - suffix_len, suffix) == 0;
	const char *c[8] = { NULL };
	size_t from = 0;
	size_t count = 0;

	if (!visual && strcmp(*host, "dev.azure.com") != 0) {
		return;
	}
	if (list->count < 2 || list->count > 6) {
		return;
	}
	bool v3 = is_v3(list);
	char *org = visual && !v3 ? xstrndup(*host, len - suffix_len) : NULL;
	if (org != NULL) {
		c[count++] = org;
		from = is(list->items[0], "DefaultCollection") ? 1 : 0;
	}
	for (size_t i = v3 ? 1 : from; i < list->count; i++) {
		c[count++] = list->items[i];
	}
	if (v3 || azure_path(c, count)) {
		replace(host, list, c);
	}
	free(org);
}

static char *join(const char *host, const struct strvec *list, bool fold)
{
	struct buf out;

	buf_init(&out, (size_t)GITURL_MAX * 4);
	(void)buf_addstr(&out, host != NULL ? host : "file://");
	for (size_t i = 0; i < list->count; i++) {
		(void)buf_addch(&out, '/');
		for (const char *c = list->items[i]; *c != '\0'; c++) {
			(void)buf_addstr(&out, *c == '%' ? "%25" : (const char[]){ *c, '\0' });
		}
	}
	char *text = buf_detach(&out);
	if (fold) {
		lower(text);
	}
	return text;
}

bool giturl_ignores_case(const char *name)
{
	return in_list(name, strcspn(name, "/"), fold_hosts,
		       sizeof(fold_hosts) / sizeof(fold_hosts[0]));
}

/* ---- all of it -------------------------------------------------------- */

static int check_text(const char *url, struct error *err)
{
	size_t len = strnlen(url, GITURL_MAX + 1);

	if (len == 0) {
		return error_set(err, -1, "an empty address");
	}
	if (len > GITURL_MAX) {
		return error_set(err, -1, "an address of more than %d bytes", GITURL_MAX);
	}
	for (const char *c = url; *c != '\0'; c++) {
		if (is_control(*c)) {
			return error_set(err, -1, "a control character in the address");
		}
	}
	return 0;
}

char *giturl_normalise(const char *url, struct error *err)
{
	struct strvec list = STRVEC_INIT;
	struct url_parts parts = { .local = false };
	char *host = NULL;
	char *path = NULL;
	char *result = NULL;

	if (check_text(url, err) < 0 || split(url, &parts, err) < 0) {
		return NULL;
	}
	if (!parts.local) {
		host = take_host(parts.authority, parts.authority_len, err);
		if (host == NULL) {
			return NULL;
		}
	}
	path = decode(parts.path, parts.escapes);
	if (path == NULL) {
		(void)error_set(err, -1, "a control character in the address");
		goto out;
	}
	if (split_path(path, &list, err) < 0 || drop_suffix(&list, err) < 0) {
		goto out;
	}
	if (host != NULL) {
		join_azure(&host, &list);
	}
	result = join(host, &list, host != NULL && giturl_ignores_case(host));
out:
	strvec_release(&list);
	free(path);
	free(host);
	return result;
}
