/*
 * The command lines of git, and its answers read.
 *
 * git is told everything: no system or user configuration, no hooks, no
 * prompts, one protocol, no redirects (a credential goes to one host only),
 * no submodules, no automatic maintenance behind our back.
 *
 * A repository that is only a cache is fetched into directly, without a
 * scratch copy: with fetch.unpackLimit=1 objects come as one pack, which git
 * puts into place when it is complete and checked (fetch.fsckObjects), and a
 * ref moves only after git has seen that all it needs is there.  A fetch that
 * dies leaves a part of a pack (tmp_pack_*), which is removed before the next.  Three checks of
 * fsck are off, as hosts do: old commits of real repositories fail them, and
 * they endanger nobody.
 *
 * Depth 1: only the newest commit and its trees; the next fetch brings what
 * differs.  Protocol version 2 lets us name the ref, so the origin does not
 * list all it has, and lets us ask for a commit by its id.
 */
#include "receiver/git/fetch_git.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/xalloc.h"
#include "receiver/git/credential.h"

#define URL_MAX 2048
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define DEFAULT_USERNAME "x-access-token"

enum scheme { SCHEME_HTTPS, SCHEME_HTTP, SCHEME_SSH, SCHEME_FILE, SCHEME_NONE };

static const struct {
	const char *prefix;
	const char *protocol; // for GIT_ALLOW_PROTOCOL
} schemes[] = {
	[SCHEME_HTTPS] = { "https://", "https" },
	[SCHEME_HTTP] = { "http://", "http" },
	[SCHEME_SSH] = { "ssh://", "ssh" },
	[SCHEME_FILE] = { "file://", "file" },
};

/* "user@host:path" is ssh, as git has it. */
static bool is_scp_like(const char *url)
{
	const char *colon = strchr(url, ':');
	const char *slash = strchr(url, '/');
	const char *at = strchr(url, '@');

	return colon != NULL && at != NULL && at > url && at < colon && colon[1] != '\0' &&
	       (slash == NULL || colon < slash);
}

static enum scheme scheme_of(const char *url)
{
	for (int i = 0; i < SCHEME_NONE; i++) {
		if (strncmp(url, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
			return (enum scheme)i;
		}
	}
	return is_scp_like(url) ? SCHEME_SSH : SCHEME_NONE;
}

/* The part behind the scheme up to the path: "user@host:port". */
static size_t authority_of(const char *url, const char **ret_start)
{
	const char *start = strstr(url, "://");

	*ret_start = start == NULL ? url : start + 3;
	return strcspn(*ret_start, start == NULL ? ":/" : "/");
}

static bool is_loopback(const char *host, size_t len)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		if (len >= n && strncasecmp(host, names[i], n) == 0 &&
		    (len == n || host[n] == ':')) {
			return true;
		}
	}
	return false;
}

static int check_host(const struct fetch_repository *r, enum scheme scheme, struct error *err)
{
	const char *host = NULL;
	size_t len = authority_of(r->url, &host);
	const char *at = memchr(host, '@', len);

	if (scheme == SCHEME_SSH && at != NULL) {
		if (memchr(host, ':', (size_t)(at - host)) != NULL) {
			return error_set(err, -1, "url: no password in an address");
		}
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	} else if (at != NULL) {
		return error_set(err, -1, "url: no user or password in an address; "
				 "use username and tokenFile");
	}
	if (len == 0 || *host == '-') {
		return error_set(err, -1, "url: no host in it");
	}
	if (scheme == SCHEME_HTTP && r->token_file != NULL && !is_loopback(host, len)) {
		return error_set(err, -1,
				 "url: http:// shows the token to the network; use https://");
	}
	return 0;
}

static int check_ssh(const struct fetch_repository *r, struct error *err)
{
	if (r->ssh_key_file == NULL) {
		return error_set(err, -1, "sshKeyFile: a repository over ssh needs a key");
	}
	if (r->known_hosts_file == NULL) {
		return error_set(err, -1, "knownHostsFile: a repository over ssh needs the host's "
					  "key "
				 "(ssh-keyscan HOST, compared with what the host publishes)");
	}
	if (strpbrk(r->known_hosts_file, " \t\"%") != NULL) {
		return error_set(err, -1,
				 "knownHostsFile: ssh cannot have spaces, quotes or %% in it");
	}
	return 0;
}

int fetch_check(const struct fetch_repository *r, struct error *err)
{
	if (r->url == NULL || *r->url == '\0' || *r->url == '-' || strlen(r->url) > URL_MAX) {
		return error_set(err, -1, "url: empty, too long, or begins with \"-\"");
	}
	for (const char *p = r->url; *p != '\0'; p++) {
		if (*p <= ' ' || *p == 0x7f) {
			return error_set(err, -1, "url: a space or control character in it");
		}
	}
	enum scheme scheme = scheme_of(r->url);
	if (scheme == SCHEME_NONE) {
		return error_set(err, -1,
				 "url: only https://, ssh:// (or user@host:path), http:// and "
				 "file:// can be fetched from");
	}
	if (r->directory == NULL || r->directory[0] != '/') {
		return error_set(err, -1, "the directory of the clone is no absolute path");
	}
	if (scheme == SCHEME_FILE) {
		return r->url[7] == '/' ? 0
					: error_set(err, -1, "url: file:// needs an absolute path");
	}
	if (check_host(r, scheme, err) < 0) {
		return -1;
	}
	return scheme == SCHEME_SSH ? check_ssh(r, err) : 0;
}

void fetch_git_key(const char *ref, char out[FETCH_KEY_MAX])
{
	char digest[SHA256_HEX_MAX + 1] = "";

	if (sha256_hex(ref, strlen(ref), digest) < 0) {
		abort(); /* OpenSSL without SHA-256: nothing works */
	}
	memcpy(out, digest, FETCH_KEY_MAX - 1);
	out[FETCH_KEY_MAX - 1] = '\0';
}

/* text in single quotes for a shell. */
static void add_quoted(struct buf *b, const char *text)
{
	(void)buf_addch(b, '\'');
	for (; *text != '\0'; text++) {
		(void)buf_addstr(b, *text == '\'' ? "'\\''" : (const char[]){ *text, '\0' });
	}
	(void)buf_addch(b, '\'');
}

/* git runs GIT_SSH_COMMAND through a shell. */
static void push_ssh_command(const struct fetch_repository *r, struct strvec *env)
{
	struct buf b;

	buf_init(&b, 16384);
	(void)buf_addstr(&b, "GIT_SSH_COMMAND=ssh -F /dev/null -oBatchMode=yes "
			 "-oStrictHostKeyChecking=yes -oGlobalKnownHostsFile=/dev/null "
			 "-oUpdateHostKeys=no -oIdentitiesOnly=yes -oIdentityAgent=none "
			 "-oPreferredAuthentications=publickey -oConnectTimeout=10 "
			 "-oServerAliveInterval=15 -oServerAliveCountMax=2 "
			 "-oClearAllForwardings=yes -oForwardAgent=no -oPermitLocalCommand=no "
			 "-oProxyCommand=none -oControlPath=none -oUserKnownHostsFile=");
	add_quoted(&b, r->known_hosts_file);
	(void)buf_addstr(&b, " -i ");
	add_quoted(&b, r->ssh_key_file);
	strvec_push_take(env, buf_detach(&b));
	strvec_push(env, "GIT_SSH_VARIANT=ssh");
}

void fetch_git_environment(const struct fetch_repository *r, const struct fetch_options *options,
			   struct strvec *env)
{
	enum scheme scheme = scheme_of(r->url);
	const char *host = NULL;
	size_t len = authority_of(r->url, &host);

	strvec_pushf(env, "PATH=%s", options->path != NULL ? options->path : DEFAULT_PATH);
	strvec_pushf(env, "HOME=%s", options->home);
	strvec_push(env, "LC_ALL=C");
	strvec_push(env, "GIT_CONFIG_NOSYSTEM=1");
	strvec_push(env, "GIT_CONFIG_GLOBAL=/dev/null");
	strvec_push(env, "GIT_ATTR_NOSYSTEM=1");
	strvec_push(env, "GIT_TERMINAL_PROMPT=0");
	strvec_push(env, "GIT_ASKPASS=");
	strvec_push(env, "GIT_PROTOCOL_FROM_USER=0");
	strvec_pushf(env, "GIT_ALLOW_PROTOCOL=%s", schemes[scheme].protocol);
	if (scheme == SCHEME_SSH) {
		push_ssh_command(r, env);
	}
	if (r->token_file != NULL && (scheme == SCHEME_HTTPS || scheme == SCHEME_HTTP)) {
		strvec_pushf(env, CREDENTIAL_URL "=%s://%.*s", schemes[scheme].protocol, (int)len,
			     host);
		strvec_pushf(env, CREDENTIAL_USERNAME "=%s",
			     r->username != NULL ? r->username : DEFAULT_USERNAME);
		strvec_pushf(env, CREDENTIAL_TOKEN_FILE "=%s", r->token_file);
	}
}

static void push_all(struct strvec *argv, const char *const *words)
{
	for (; *words != NULL; words++) {
		strvec_push(argv, *words);
	}
}

static void push_git(const struct fetch_repository *r, struct strvec *argv)
{
	strvec_push(argv, "git");
	strvec_pushf(argv, "--git-dir=%s", r->directory);
}

void fetch_git_init(const struct fetch_repository *r, bool sha256, struct strvec *argv)
{
	static const char *const words[] = { "git", "init", "--quiet", "--bare", "--template=",
					     "--initial-branch=none", NULL };

	push_all(argv, words);
	strvec_push(argv, sha256 ? "--object-format=sha256" : "--object-format=sha1");
	strvec_push(argv, "--end-of-options");
	strvec_push(argv, r->directory);
}

void fetch_git_remove(const struct fetch_repository *r, struct strvec *argv)
{
	static const char *const words[] = { "rm", "-rf", "--", NULL };

	push_all(argv, words);
	strvec_push(argv, r->directory);
}

void fetch_git_clean(const struct fetch_repository *r, struct strvec *argv)
{
	static const char *const words[] = { "-type", "f", "-name", "tmp_*", "-delete", NULL };

	strvec_push(argv, "find");
	strvec_pushf(argv, "%s/objects", r->directory);
	push_all(argv, words);
}

void fetch_git_look(const struct fetch_repository *r, const char *key, struct strvec *argv)
{
	static const char *const roles[] = { "tip", "wanted", "processed", "base" };

	push_git(r, argv);
	strvec_push(argv, "for-each-ref");
	strvec_push(argv, "--format=%(refname) %(objectname) %(*objectname)");
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		strvec_pushf(argv, "refs/doorbell/%s/%s", roles[i], key);
	}
}

/* The helper is this program; its path goes through a shell. */
static void push_helper(const struct fetch_repository *r, const struct fetch_options *options,
			struct strvec *argv)
{
	struct buf b;

	/* The empty one forgets all others. */
	strvec_push(argv, "-c");
	strvec_push(argv, "credential.helper=");
	if (r->token_file == NULL) {
		return;
	}
	buf_init(&b, 16384);
	(void)buf_addstr(&b, "credential.helper=!");
	add_quoted(&b, options->helper);
	(void)buf_addstr(&b, " credential");
	strvec_push(argv, "-c");
	strvec_push_take(argv, buf_detach(&b));
}

/* What every command that speaks to the origin is told. */
static void push_network(const struct fetch_repository *r, const struct fetch_options *options,
			 struct strvec *argv)
{
	static const char *const settings[] = {
		"core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0",
		"maintenance.auto=0", "fetch.fsckObjects=true", "fetch.unpackLimit=1",
		"fetch.fsck.badTimezone=ignore", "fetch.fsck.missingSpaceBeforeDate=ignore",
		"fetch.fsck.zeroPaddedFilemode=ignore", "fetch.recurseSubmodules=false",
		"submodule.recurse=false", "http.followRedirects=false", "http.sslVerify=true",
		"http.proxy=", "http.emptyAuth=false", "http.lowSpeedLimit=1000",
		"http.lowSpeedTime=30", "protocol.version=2", NULL,
	};

	for (size_t i = 0; settings[i] != NULL; i++) {
		strvec_push(argv, "-c");
		strvec_push(argv, settings[i]);
	}
	if (r->ca_file != NULL) {
		strvec_push(argv, "-c");
		strvec_pushf(argv, "http.sslCAInfo=%s", r->ca_file);
	}
	push_helper(r, options, argv);
}

void fetch_git_fetch(const struct fetch_repository *r, const struct fetch_options *options,
		     const char *source, unsigned depth, const char *role, const char *key,
		     struct strvec *argv)
{
	static const char *const words[] = { "fetch", "--quiet", "--no-tags",
					     "--no-write-fetch-head", "--no-auto-gc",
					     "--no-recurse-submodules", NULL };

	push_git(r, argv);
	push_network(r, options, argv);
	push_all(argv, words);
	strvec_pushf(argv, "--depth=%u", depth);
	strvec_push(argv, "--end-of-options");
	strvec_push(argv, r->url);
	strvec_pushf(argv, "+%s:refs/doorbell/%s/%s", source, role, key);
}

void fetch_git_list_origin(const struct fetch_repository *r, const struct fetch_options *options,
			   struct strvec *argv)
{
	static const char *const words[] = { "ls-remote", "--quiet", "--symref",
					     "--end-of-options", NULL };
	static const char *const patterns[] = { "HEAD", "refs/heads/*", "refs/tags/*", NULL };

	strvec_push(argv, "git");
	push_network(r, options, argv);
	push_all(argv, words);
	strvec_push(argv, r->url);
	push_all(argv, patterns);
}

void fetch_git_update(const struct fetch_repository *r, struct strvec *argv)
{
	static const char *const words[] = { "-c", "core.hooksPath=/dev/null", "update-ref",
					     "--stdin", NULL };

	push_git(r, argv);
	push_all(argv, words);
}

void fetch_git_list(const struct fetch_repository *r, struct strvec *argv)
{
	static const char *const words[] = { "for-each-ref", "--sort=-creatordate",
					     "--format=%(refname)", "refs/doorbell/", NULL };

	push_git(r, argv);
	push_all(argv, words);
}

/* The key of "refs/doorbell/ROLE/KEY", or NULL if it is no ref of ours. */
static const char *key_of(const char *name)
{
	const char *tail = strrchr(name, '/');

	return strncmp(name, "refs/doorbell/", 14) == 0 && tail > name + 14 &&
			       strlen(tail + 1) == FETCH_KEY_MAX - 1
		       ? tail + 1
		       : NULL;
}

/* Keys of what was processed, the newest first; those beyond the first kept, in order. */
static void find_surplus(const struct strvec *names, size_t kept, struct strvec *keys)
{
	static const char processed[] = "refs/doorbell/processed/";

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (strncmp(name, processed, sizeof(processed) - 1) != 0 ||
		    key_of(name) == NULL) {
			continue;
		}
		if (kept > 0) {
			kept--;
		} else {
			strvec_push(keys, key_of(name));
		}
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_in(const struct strvec *sorted, const char *text)
{
	return text != NULL && bsearch(&text, sorted->items, sorted->count,
				       sizeof(*sorted->items), by_text) != NULL;
}

char *fetch_git_surplus(const char *output, size_t len, size_t kept)
{
	struct strvec names = STRVEC_INIT;
	struct strvec keys = STRVEC_INIT;
	char *text = xstrndup(output, len);
	char *rest = text;
	char *update = NULL;
	struct buf b;

	buf_init(&b, 2 * len + 4096);
	while (rest != NULL) {
		strvec_push(&names, strsep(&rest, "\n"));
	}
	find_surplus(&names, kept, &keys);
	if (keys.count > 0) {
		qsort(keys.items, keys.count, sizeof(*keys.items), by_text);
		for (size_t i = 0; i < names.count; i++) {
			if (is_in(&keys, key_of(names.items[i]))) {
				(void)buf_addf(&b, "delete %s\n", names.items[i]);
			}
		}
		update = buf_detach(&b);
	}
	buf_release(&b);
	free(text);
	strvec_release(&names);
	strvec_release(&keys);
	return update;
}

void fetch_git_collect(const struct fetch_repository *r, struct strvec *argv)
{
	static const char *const words[] = { "-c", "core.hooksPath=/dev/null", "gc", "--quiet",
					     "--prune=2.hours.ago", NULL };

	push_git(r, argv);
	push_all(argv, words);
}

/* Read one line "refs/doorbell/ROLE/KEY HEX [HEX]". */
static void read_line(char *line, const char *key, const struct fetch_want *want,
		      struct fetch_known *known)
{
	char *rest = line;
	const char *name = strsep(&rest, " ");
	const char *tail = strrchr(name, '/');

	if (strncmp(name, "refs/doorbell/", 14) != 0 || tail == NULL ||
	    strcmp(tail + 1, key) != 0) {
		return;
	}
	bool is_tip = strncmp(name + 14, "tip/", 4) == 0;
	for (bool first = true; rest != NULL; first = false) {
		const char *hex = strsep(&rest, " ");
		struct oid id;
		if (oid_from_hex(hex, strlen(hex), &id) < 0) {
			continue;
		}
		if (first && is_tip) {
			known->tip = id;
		}
		known->has_base = known->has_base || oid_equal(&id, &want->base);
		if (oid_equal(&id, &want->after)) {
			known->has_wanted = true;
			known->tip_is_wanted = known->tip_is_wanted || is_tip;
		}
	}
}

void fetch_git_read(const char *output, size_t len, const char *key,
		    const struct fetch_want *want, struct fetch_known *ret_known)
{
	char *text = xstrndup(output, len);
	char *rest = text;

	*ret_known = (struct fetch_known){ .has_wanted = false };
	while (rest != NULL) {
		read_line(strsep(&rest, "\n"), key, want, ret_known);
	}
	free(text);
}

void fetch_git_copy(const struct fetch_repository *from, struct fetch_repository *to)
{
	*to = (struct fetch_repository){
		.directory = xstrdup_or_null(from->directory),
		.url = xstrdup_or_null(from->url),
		.username = xstrdup_or_null(from->username),
		.token_file = xstrdup_or_null(from->token_file),
		.ssh_key_file = xstrdup_or_null(from->ssh_key_file),
		.known_hosts_file = xstrdup_or_null(from->known_hosts_file),
		.ca_file = xstrdup_or_null(from->ca_file),
		.time_limit_ms = from->time_limit_ms,
	};
}

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

void fetch_git_release(struct fetch_repository *repository)
{
	free_text(repository->directory);
	free_text(repository->url);
	free_text(repository->username);
	free_text(repository->token_file);
	free_text(repository->ssh_key_file);
	free_text(repository->known_hosts_file);
	free_text(repository->ca_file);
}

enum fetch_trouble fetch_git_trouble(const struct call_result *answer)
{
	static const struct {
		const char *text;
		enum fetch_trouble trouble;
	} signs[] = {
		{ "couldn't find remote ref", FETCH_TROUBLE_NO_REF },
		{ "not our ref", FETCH_TROUBLE_NO_COMMIT },
		{ "unadvertised object", FETCH_TROUBLE_NO_COMMIT },
		{ "not a git repository: '", FETCH_TROUBLE_BROKEN },
		{ "bad config", FETCH_TROUBLE_BROKEN },
		{ "invalid sha1 pointer", FETCH_TROUBLE_BROKEN },
		{ "missing object ", FETCH_TROUBLE_BROKEN },
		{ "bad object refs/doorbell", FETCH_TROUBLE_BROKEN },
		{ "does not match index", FETCH_TROUBLE_BROKEN },
		{ "is corrupt", FETCH_TROUBLE_BROKEN },
		{ "mismatched algorithms", FETCH_TROUBLE_BROKEN },
		{ "did not send all necessary objects", FETCH_TROUBLE_BROKEN },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (memmem(answer->output, answer->output_len, signs[i].text,
			   strlen(signs[i].text)) != NULL) {
			return signs[i].trouble;
		}
	}
	return FETCH_TROUBLE_OTHER;
}

static bool is_advice(const char *line)
{
	static const char *const advice[] = {
		"Please make sure you have the correct access rights", "and the repository exists.",
		"Warning: Permanently added", "hint:", "remote: Enumerating", "remote: Counting",
		"remote: Compressing", "remote: Total",
		/* ssh about a changed host key; "Host key verification failed." follows */
		"@", "IT IS POSSIBLE", "Someone could be", "It is also possible",
		"The fingerprint for",
		"SHA256:", "Please contact", "Add correct host key", "Offending ", "Host key for",
		"  remove with", "  ssh-keygen",
	};

	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		if (strncmp(line, advice[i], strlen(advice[i])) == 0) {
			return true;
		}
	}
	return *line == '\0';
}

/* Take out what stands between "//" and "@": "https://user:pw@host" has secrets there. */
static void scrub(char *text)
{
	for (char *p = strstr(text, "//"); p != NULL; p = strstr(p, "//")) {
		p += 2;
		char *end = p + strcspn(p, "/ '\"");
		char *at = memrchr(p, '@', (size_t)(end - p));
		if (at != NULL) {
			memmove(p, at + 1, strlen(at + 1) + 1);
		}
	}
}

void fetch_git_why(const struct call_result *answer, int64_t time_limit_ms,
		   char out[FETCH_WHY_MAX])
{
	struct error text = ERROR_INIT;
	struct buf b;

	buf_init(&b, 65536);
	char *copy = xstrndup(answer->output_len > 0 ? answer->output : "", answer->output_len);
	for (char *rest = copy; rest != NULL;) {
		const char *line = strsep(&rest, "\r\n");
		if (!is_advice(line)) {
			(void)buf_addf(&b, "%s%s", b.len > 0 ? "; " : "", line);
		}
	}
	scrub(b.data);
	if (answer->timed_out) {
		(void)error_set(&text, -1, "no end after %.1f s%s%s",
				(double)time_limit_ms / 1000, *b.data ? ": " : "", b.data);
	} else if (answer->failure != NULL) {
		(void)error_set(&text, -1, "git cannot be started: %s", answer->failure);
	} else if (answer->status > 128 && *b.data == '\0') {
		(void)error_set(&text, -1, "git ended by signal %d", answer->status - 128);
	} else {
		(void)error_set(&text, -1, "%s", *b.data ? b.data : "git failed without a word");
	}
	(void)snprintf(out, FETCH_WHY_MAX, "%.*s", FETCH_WHY_MAX - 1, text.text);
	free(copy);
	buf_release(&b);
}
