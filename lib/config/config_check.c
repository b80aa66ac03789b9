/*
 * Rules that need more than one setting, or look into a text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/netaddr.h"
#include "base/xalloc.h"
#include "config/config_impl.h"

/* Bytes of the path of a Unix socket: sun_path, without its NUL. */
#define SOCKET_PATH_MAX 107

/* Problems from here on are about that setting, wherever it was set. */
static void about(struct config_loader *l, const char *key)
{
	const char *where = NULL;
	const char *value = NULL;

	(void)config_origin(l->config, key, &where, &value);
	free(l->name);
	l->name = xstrdup(where);
}

/* HOST:PORT, [ADDRESS]:PORT or unix:/PATH */
static bool is_address(const char *text)
{
	const char *colon = strrchr(text, ':');

	if (strncmp(text, "unix:", 5) == 0) {
		return text[5] == '/' && strlen(text + 5) <= SOCKET_PATH_MAX;
	}
	if (colon == NULL || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    colon[1] == '\0' || strlen(colon + 1) > 5 || strtol(colon + 1, NULL, 10) > 65535) {
		return false;
	}
	return memchr(text, ':', (size_t)(colon - text)) == NULL ||
	       (text[0] == '[' && colon[-1] == ']');
}

/* Port 0 is any that is free: such addresses never are the same. */
static bool is_any_port(const char *address)
{
	size_t len = strlen(address);

	return len >= 2 && strcmp(address + len - 2, ":0") == 0;
}

/* An address of the setting key must not be among those taken. */
static void check_free(struct config_loader *l, const struct strvec *taken, const char *key,
		       const char *address)
{
	if (!is_any_port(address) && strvec_contains(taken, address)) {
		about(l, key);
		config_problem(l, NULL, NULL, "'%s' is '%.120s', where something else listens, "
			       "too: give another", key, address);
	}
}

/* What listens beside the setting "listen" has addresses of its own. */
static void check_others(struct config_loader *l)
{
	const struct config *c = l->config;
	struct strvec taken = STRVEC_INIT;
	char *control = xasprintf("unix:%s/control.sock", c->state_directory);
	char *hook = xasprintf("unix:%s", c->socket);

	strvec_push(&taken, control);
	check_free(l, &taken, "socket", hook);
	strvec_push(&taken, hook);
	check_free(l, &taken, "statusListen", c->status_listen);
	strvec_push(&taken, c->status_listen);
	for (size_t i = 0; i < c->listen.count; i++) {
		check_free(l, &taken, "listen", c->listen.items[i]);
	}
	strvec_release(&taken);
	free(control);
	free(hook);
}

static void check_listen(struct config_loader *l)
{
	const struct strvec *listen = &l->config->listen;

	about(l, "listen");
	for (size_t i = 0; i < listen->count; i++) {
		if (!is_address(listen->items[i])) {
			config_problem(l, NULL, NULL,
				       "'listen' has '%.60s': give HOST:PORT or unix:/PATH",
				       listen->items[i]);
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(listen->items[i], listen->items[j]) == 0) {
				config_problem(l, NULL, NULL,
					       "'listen' has '%.60s' twice: remove one",
					       listen->items[i]);
			}
		}
	}
	about(l, "statusListen");
	if (l->config->status_listen[0] != '\0' && !is_address(l->config->status_listen)) {
		config_problem(l, NULL, NULL,
			       "'statusListen' is '%.60s': give HOST:PORT or unix:/PATH",
			       l->config->status_listen);
	}
	about(l, "socket");
	if (l->config->socket[0] != '\0' &&
	    (l->config->socket[0] != '/' || strlen(l->config->socket) > SOCKET_PATH_MAX)) {
		config_problem(l, NULL, NULL,
			       "'socket' is '%.60s': give an absolute path of less than 108 bytes",
			       l->config->socket);
	}
}

static void check_order(struct config_loader *l)
{
	const struct config *c = l->config;
	const struct {
		const char *low_key;
		const char *high_key;
		int64_t low;
		int64_t high;
	} pairs[] = {
		{ "quietWindow", "quietWindowMax", c->quiet_window, c->quiet_window_max },
		{ "fetchRetryFirst", "fetchRetryMax", c->fetch_retry_first, c->fetch_retry_max },
		{ "retryFirst", "retryMax", c->retry_first, c->retry_max },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i].low > pairs[i].high) {
			about(l, pairs[i].low_key);
			config_problem(l, NULL, NULL, "'%s' is more than '%s': lower it",
				       pairs[i].low_key, pairs[i].high_key);
		}
	}
}

static void check_tls(struct config_loader *l)
{
	const struct config *c = l->config;
	const char *there = c->tls_cert_file != NULL ? "tls.certFile" : "tls.keyFile";
	const char *missing = c->tls_cert_file != NULL ? "tls.keyFile" : "tls.certFile";

	if ((c->tls_cert_file == NULL) != (c->tls_key_file == NULL)) {
		about(l, there);
		config_problem(l, NULL, NULL, "'%s' without '%s': add it", there, missing);
	}
}

static void check_proxies(struct config_loader *l)
{
	const struct strvec *proxies = &l->config->trusted_proxies;
	struct netrange range;

	about(l, "trustedProxies");
	for (size_t i = 0; i < proxies->count; i++) {
		if (netrange_parse(proxies->items[i], &range) < 0) {
			config_problem(l, NULL, NULL,
				       "'trustedProxies' has '%.60s': give an address, or its "
				       "first bits and /BITS",
				       proxies->items[i]);
		}
	}
}

static void warn_of_nothing(struct config_loader *l)
{
	const struct config *c = l->config;

	if (l->problems->count > 0) {
		return; // what is missing may stand where the problem is
	}
	free(l->name);
	l->name = xstrdup(l->input->path != NULL ? l->input->path : "configuration");
	if (c->source_count == 0 && c->socket[0] == '\0') {
		config_warning(l, NULL, NULL,
			       "no sources and no socket: nobody can ring: add sources");
	}
	if (c->target_count == 0) {
		config_warning(l, NULL, NULL, "no targets: nothing is rung: add targets");
	}
	if (c->application_count == 0) {
		config_warning(l, NULL, NULL,
			       "no applications: no push affects anything: add applications");
	}
}

/* The control socket stands in it, and its path has room for 107 bytes. */
static void check_state_directory(struct config_loader *l)
{
	static const size_t most = SOCKET_PATH_MAX - (sizeof("/control.sock") - 1);
	const char *path = l->config->state_directory;

	about(l, "stateDirectory");
	if (path[0] != '/' && path[0] != '\0') {
		config_problem(l, NULL, NULL, "'stateDirectory' is '%.200s': give an absolute path",
			       path);
	} else if (strlen(path) > most) {
		config_problem(l, NULL, NULL, "'stateDirectory' is '%.200s': give a path of at "
			       "most %zu bytes: a socket stands in it", path, most);
	}
}

void config_check(struct config_loader *l)
{
	struct config *c = l->config;

	check_listen(l);
	check_order(l);
	check_others(l);
	check_tls(l);
	check_proxies(l);
	check_state_directory(l);
	about(l, "repositories");
	config_check_programs(l);
	warn_of_nothing(l);
	for (size_t i = 0; i < c->repository_count; i++) {
		if (c->repositories[i].mode == CONFIG_MODE_INHERITED) {
			c->repositories[i].mode = c->mode;
		}
	}
}
