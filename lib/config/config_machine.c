/*
 * Does what a configuration names exist on this machine, now: repositories,
 * programs, hosts?
 *
 * Each may come later, so a receiver that starts, or loads again, is only
 * warned; whoever asks whether the configuration is right is told that it is
 * not.  Hosts are asked for by a function that the caller brings: that may wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/config_impl.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* Is path/name there? */
static bool has(const char *path, const char *name)
{
	char *full = xasprintf("%s/%s", path, name);
	bool there = access(full, F_OK) == 0;

	free(full);
	return there;
}

void config_check_place(struct config_loader *l, const json_t *node,
			const struct config_repository *r)
{
	const json_t *value = json_object_get(node, "path");
	const char *what = NULL;
	char *fault = NULL;

	if (access(r->path, R_OK) != 0) {
		what = strerror(errno);
	} else if (!(has(r->path, "HEAD") && has(r->path, "objects")) && !has(r->path, ".git")) {
		what = "no Git repository";
	} else if (l->input->repository_fault != NULL) {
		fault = l->input->repository_fault(r->path, r->allow_alternates);
	}
	if (what != NULL) {
		config_doubt(l, value, NULL, "'path' is '%.200s': %s: its pushes cannot be read "
			     "until that is mended", r->path, what);
	} else if (fault != NULL) {
		config_doubt(l, value, NULL, "'path' is '%.200s': its pushes can never be read: %s",
			     r->path, fault);
	}
	free(fault);
}

/* Is there a program of that name where programs are looked for? */
static bool is_program(const char *name)
{
	const char *path = getenv("PATH");
	bool found = false;

	for (const char *at = path != NULL ? path : DEFAULT_PATH; !found && *at != '\0';) {
		size_t len = strcspn(at, ":");
		char *full = xasprintf("%.*s/%s", (int)len, at, name);

		found = access(full, X_OK) == 0;
		free(full);
		at += len + (at[len] == ':');
	}
	return found;
}

/* The host of an address as git, or HTTP, reads it: a new string, or NULL if it names none. */
static char *host_of(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *start = scheme != NULL ? scheme + 3 : url;
	size_t len = strcspn(start, "/");
	const char *at = memrchr(start, '@', len);

	if ((scheme == NULL && at == NULL) || strncmp(url, "file://", 7) == 0) {
		return NULL;
	}
	if (at != NULL) {
		len -= (size_t)(at + 1 - start);
		start = at + 1;
	}
	if (start[0] == '[') {
		return xstrndup(start + 1, strcspn(start + 1, "]"));
	}
	size_t end = strcspn(start, ":/?#");
	return xstrndup(start, end < len ? end : len);
}

void config_check_host(struct config_loader *l, const json_t *node, const char *key,
		       const char *url)
{
	char *host = l->input->host_fault != NULL ? host_of(url) : NULL;
	const char *what = host != NULL && host[0] != '\0' ? l->input->host_fault(host) : NULL;

	if (what != NULL) {
		config_doubt(l, node, NULL, "'%s' names the host '%.200s': %s: correct it", key,
			     host, what);
	}
	free(host);
}

void config_check_programs(struct config_loader *l)
{
	const struct config *c = l->config;
	bool git = false;
	bool ssh = false;

	for (size_t i = 0; i < c->repository_count; i++) {
		const struct config_repository *r = &c->repositories[i];
		const char *url = r->fetch_url != NULL ? r->fetch_url : r->url;

		git |= r->path == NULL && url != NULL;
		ssh |= r->path == NULL && url != NULL &&
		       (strncmp(url, "ssh://", 6) == 0 ||
			(strstr(url, "://") == NULL && strchr(url, '@') != NULL));
	}
	if (git && !is_program("git")) {
		config_doubt(l, NULL, NULL, "'repositories' are fetched with the program 'git', "
			     "which is not in PATH: install it");
	}
	if (ssh && !is_program("ssh")) {
		config_doubt(l, NULL, NULL, "'repositories' are fetched with the program 'ssh', "
			     "which is not in PATH: install it");
	}
}
