/*
 * The table of settings: parser, help, flags, variables and schema read it.
 */
#include "config/config_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "config/config_impl.h"

#define MS CONFIG_MS
#define SECOND CONFIG_SECOND
#define MINUTE CONFIG_MINUTE
#define HOUR CONFIG_HOUR
#define DAY CONFIG_DAY
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define MANY 1000000

static const char *const log_formats[] = { "auto", "text", "json", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const modes[] = { "exact", "union", "argocd", NULL };
static const char *const proxy_headers[] = { "x-forwarded-for", "forwarded", "proxy-protocol",
					     NULL };

#define AT(member) offsetof(struct config, member)

static const struct config_setting settings[] = {
	{ "listen", CONFIG_STRINGS, AT(listen), "127.0.0.1:9780", 0, LIMIT_LISTEN, NULL,
	  false,
	  "addresses for senders: HOST:PORT or unix:/PATH" },
	{ "statusListen", CONFIG_STRING, AT(status_listen), "127.0.0.1:9781", 0, 0, NULL, false,
	  "address for /healthz, /readyz and /metrics, or nothing" },
	{ "socket", CONFIG_STRING, AT(socket), "", 0, 0, NULL, false,
	  "Unix socket for the hook on this machine, or nothing" },
	{ "socketMode", CONFIG_OCTAL, AT(socket_mode), "0660", 0, 0777, NULL, false,
	  "permissions of that socket" },
	{ "tls.certFile", CONFIG_PATH, AT(tls_cert_file), NULL, 0, 0, NULL, true,
	  "certificate chain for listen, PEM" },
	{ "tls.keyFile", CONFIG_SECRET_PATH, AT(tls_key_file), NULL, 0, 0, NULL, true,
	  "its key, PEM" },
	{ "stateDirectory", CONFIG_PATH, AT(state_directory), "/var/lib/doorbell", 0, 0, NULL,
	  false, "where the journal and the clones are kept" },
	{ "logFormat", CONFIG_CHOICE, AT(log_format), "auto", 0, 0, log_formats, true,
	  "auto is text on a terminal or for journald, else json" },
	{ "logLevel", CONFIG_CHOICE, AT(log_level), "info", 0, 0, log_levels, true,
	  "the least that is logged" },
	{ "quietWindow", CONFIG_DURATION, AT(quiet_window), "200ms", 0, MINUTE, NULL, true,
	  "how long a push waits for a newer one of its ref" },
	{ "quietWindowMax", CONFIG_DURATION, AT(quiet_window_max), "2s", 0, 10 * MINUTE, NULL, true,
	  "how long at most, however many come" },
	{ "hookWait", CONFIG_DURATION, AT(hook_wait), "1500ms", 0, MINUTE, NULL, true,
	  "how long the hook's answer waits for the applications" },
	{ "maxBodyBytes", CONFIG_SIZE, AT(max_body_bytes), "25MiB", KIB, LIMIT_BODY_BYTES, NULL,
	  true, "largest request body" },
	{ "maxConnections", CONFIG_NUMBER, AT(max_connections), "1024", 1, 65536, NULL, false,
	  "connections at a time" },
	{ "maxConnectionsPerAddress", CONFIG_NUMBER, AT(max_connections_per_address), "0", 0,
	  65536, NULL, true, "of one sender at a time, 0: no limit" },
	{ "newConnectionsPerAddress", CONFIG_NUMBER, AT(new_connections_per_address), "0", 0, MANY,
	  NULL, true, "of one sender in ten seconds, 0: no limit" },
	{ "trustedProxies", CONFIG_STRINGS, AT(trusted_proxies), NULL, 0, 0, NULL, true,
	  "proxies that may say for whom they call: ADDRESS or ADDRESS/BITS" },
	{ "proxyHeader", CONFIG_CHOICE, AT(proxy_header), "x-forwarded-for", 0, 0, proxy_headers,
	  true, "how they say it: x-forwarded-for, forwarded or proxy-protocol" },
	{ "journalMaxBytes", CONFIG_SIZE, AT(journal_max_bytes), "1GiB", MIB, 1024 * GIB, NULL,
	  false, "the journal grows no larger" },
	{ "minFreeBytes", CONFIG_SIZE, AT(min_free_bytes), "64MiB", 0, 1024 * GIB, NULL, false,
	  "what is left free on its disk" },
	{ "retention", CONFIG_DURATION, AT(retention), "30d", HOUR, 3650 * DAY, NULL, true,
	  "how long deliveries are kept" },
	{ "fetchTimeout", CONFIG_DURATION, AT(fetch_timeout), "120s", SECOND, HOUR, NULL, true,
	  "one git fetch" },
	{ "fetchRetryFirst", CONFIG_DURATION, AT(fetch_retry_first), "1s", MS, HOUR, NULL, true,
	  "wait after the first failed fetch" },
	{ "fetchRetryMax", CONFIG_DURATION, AT(fetch_retry_max), "5m", MS, DAY, NULL, true,
	  "no wait is longer" },
	{ "fetchGiveUp", CONFIG_DURATION, AT(fetch_give_up), "1h", SECOND, 30 * DAY, NULL, true,
	  "after that a push rings all applications of its ref" },
	{ "readerTimeLimit", CONFIG_DURATION, AT(reader_time_limit), "10s", 100 * MS, HOUR, NULL,
	  false, "for the answer to one push" },
	{ "readerMemoryLimit", CONFIG_SIZE, AT(reader_memory_limit), "1GiB", 64 * MIB, 1024 * GIB,
	  NULL, false, "memory of one reader" },
	{ "cacheMaxBytes", CONFIG_SIZE, AT(cache_max_bytes), "256MiB", MIB, 1024 * GIB, NULL, true,
	  "indexes of one repository take no more on disk" },
	{ "readers", CONFIG_NUMBER, AT(readers), "2", 1, LIMIT_READERS, NULL, false,
	  "reader processes" },
	{ "retryFirst", CONFIG_DURATION, AT(retry_first), "1s", MS, HOUR, NULL, true,
	  "wait after a target's first failure" },
	{ "retryMax", CONFIG_DURATION, AT(retry_max), "5m", MS, DAY, NULL, true,
	  "no wait is longer" },
	{ "retryGiveUp", CONFIG_DURATION, AT(retry_give_up), "24h", SECOND, 30 * DAY, NULL, true,
	  "time after which a trigger that fails is given up" },
	{ "retryAttempts", CONFIG_NUMBER, AT(retry_attempts), "0", 0, 1000, NULL, true,
	  "attempts after which it is given up sooner; 0: any number" },
	{ "drainTimeout", CONFIG_DURATION, AT(drain_timeout), "20s", 0, HOUR, NULL, true,
	  "for work under way when asked to stop" },
	{ "mode", CONFIG_CHOICE, AT(mode), "exact", 0, 0, modes, true,
	  "how applications are found: exact, union with annotations, as argocd" },
	{ "sources", CONFIG_OBJECTS, AT(sources), NULL, 0, 1000, NULL, true,
	  "senders: name, provider, secretFiles, ..." },
	{ "repositories", CONFIG_OBJECTS, AT(repositories), NULL, 0, 100000, NULL, true,
	  "repositories: url, path or credentials, ..." },
	{ "applications", CONFIG_OBJECTS, AT(applications), NULL, 0, 10000, NULL, true,
	  "where applications are read from: file, directory or repository" },
	{ "targets", CONFIG_OBJECTS, AT(targets), NULL, 0, 1000, NULL, true,
	  "whom to ring: name, a kind with its settings, ..." },
};

#undef AT
#define AT(member) offsetof(struct config_source, member)

static const struct config_setting source_settings[] = {
	{ "name", CONFIG_STRING, AT(name), NULL, 0, 0, NULL, true,
	  "senders call /hooks/NAME" },
	{ "provider", CONFIG_STRING, AT(provider), NULL, 0, 0, NULL, true,
	  "what it speaks, such as github; \"doorbell send --help\" lists them" },
	{ "secrets", CONFIG_SECRETS, AT(secrets), NULL, 0, 0, NULL, true,
	  "secrets, any of which is valid; better secretFiles" },
	{ "secretFiles", CONFIG_SECRET_FILES, AT(secrets), NULL, 0, 0, NULL, true,
	  "files with one secret each" },
	{ "signingTokens", CONFIG_SECRETS, AT(signing_tokens), NULL, 0, 0, NULL, true,
	  "Standard Webhooks keys (whsec_...); better signingTokenFiles" },
	{ "signingTokenFiles", CONFIG_SECRET_FILES, AT(signing_tokens), NULL, 0, 0, NULL, true,
	  "files with one such key each" },
	{ "repositories", CONFIG_GLOBS, AT(repositories), NULL, 0, 0, NULL, true,
	  "patterns of addresses it may speak of; none: all" },
	{ "timestampTolerance", CONFIG_DURATION, AT(timestamp_tolerance), "5m", SECOND, DAY, NULL,
	  true, "how old a signed request may be" },
	{ "ratePerSecond", CONFIG_REAL, AT(rate_per_second), "1000", 0, MANY, NULL, true,
	  "deliveries a second that are taken, 0: any number" },
};

#undef AT
#define AT(member) offsetof(struct config_repository, member)

static const struct config_setting repository_settings[] = {
	{ "url", CONFIG_STRING, AT(url), NULL, 0, 0, NULL, true,
	  "address as applications spell it" },
	{ "aliases", CONFIG_STRINGS, AT(aliases), NULL, 0, 0, NULL, true,
	  "further addresses of it" },
	{ "path", CONFIG_PATH, AT(path), NULL, 0, 0, NULL, true,
	  "bare repository on this machine: nothing is fetched" },
	{ "fetchUrl", CONFIG_STRING, AT(fetch_url), NULL, 0, 0, NULL, true,
	  "address to fetch from, if another" },
	{ "defaultBranch", CONFIG_STRING, AT(default_branch), NULL, 0, 0, NULL, true,
	  "what HEAD is" },
	{ "tokenFile", CONFIG_SECRET_PATH, AT(token_file), NULL, 0, 0, NULL, true,
	  "file with a token or password for HTTPS" },
	{ "username", CONFIG_STRING, AT(username), NULL, 0, 0, NULL, true,
	  "user that goes with it" },
	{ "sshKeyFile", CONFIG_SECRET_PATH, AT(ssh_key_file), NULL, 0, 0, NULL, true,
	  "private key for SSH" },
	{ "knownHostsFile", CONFIG_PATH, AT(known_hosts_file), NULL, 0, 0, NULL, true,
	  "host keys for SSH" },
	{ "caFile", CONFIG_PATH, AT(ca_file), NULL, 0, 0, NULL, true,
	  "certificates to trust, PEM" },
	{ "allowAlternates", CONFIG_BOOLEAN, AT(allow_alternates), "false", 0, 0, NULL, true,
	  "path may borrow objects of other repositories" },
	{ "mode", CONFIG_CHOICE, AT(mode), NULL, 0, 0, modes, true,
	  "as mode above, for this repository" },
};

#undef AT
#define AT(member) offsetof(struct config_applications, member)

static const struct config_setting application_settings[] = {
	{ "file", CONFIG_PATH, AT(file), NULL, 0, 0, NULL, true, "a file of manifests" },
	{ "directory", CONFIG_PATH, AT(directory), NULL, 0, 0, NULL, true,
	  "a directory of manifests" },
	{ "repository", CONFIG_STRING, AT(repository), NULL, 0, 0, NULL, true,
	  "address of a repository with manifests" },
	{ "ref", CONFIG_STRING, AT(ref), NULL, 0, 0, NULL, true,
	  "its branch or tag; HEAD if not given" },
	{ "path", CONFIG_STRING, AT(path), NULL, 0, 0, NULL, true,
	  "directory in it; all if not given" },
	{ "cluster", CONFIG_STRING, AT(cluster), NULL, 0, 0, NULL, true,
	  "where they run; their names end in @ and this" },
};

#undef AT
#define AT(member) offsetof(struct config_target, member)

static const struct config_setting target_settings[] = {
	{ "name", CONFIG_STRING, AT(name), NULL, 0, 0, NULL, true, "its name in records" },
	{ "applications", CONFIG_GLOBS, AT(applications), NULL, 0, 0, NULL, true,
	  "patterns of NAMESPACE/NAME, * is any text; none: all" },
	{ "ratePerSecond", CONFIG_REAL, AT(rate_per_second), "0", 0, MANY, NULL, true,
	  "triggers in a second, 0: no limit" },
	{ "burst", CONFIG_NUMBER, AT(burst), "10", 1, MANY, NULL, true,
	  "of which so many at once" },
	{ "concurrency", CONFIG_NUMBER, AT(concurrency), "4", 1, 1000, NULL, true,
	  "triggers at a time" },
};

#undef AT

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

const struct config_setting *config_settings(size_t *ret_count)
{
	*ret_count = ROWS(settings);
	return settings;
}

const struct config_setting *config_object_settings(const char *list, size_t *ret_count)
{
	static const struct {
		const char *key;
		const struct config_setting *table;
		size_t count;
	} tables[] = {
		{ "sources", source_settings, ROWS(source_settings) },
		{ "repositories", repository_settings, ROWS(repository_settings) },
		{ "applications", application_settings, ROWS(application_settings) },
		{ "targets", target_settings, ROWS(target_settings) },
	};

	for (size_t i = 0; i < ROWS(tables); i++) {
		if (strcmp(tables[i].key, list) == 0) {
			*ret_count = tables[i].count;
			return tables[i].table;
		}
	}
	return NULL;
}

/* "tlsCertFile" to "tls_cert_file", with the separator given. */
static char *spell(const char *prefix, const char *key, char separator, bool upper)
{
	struct buf out;

	buf_init(&out, 4096);
	(void)buf_addstr(&out, prefix);
	for (; *key != '\0'; key++) {
		int c = (unsigned char)*key;

		if (c == '.' || isupper(c)) {
			(void)buf_addch(&out, separator);
		}
		if (c != '.') {
			(void)buf_addch(&out, (char)(upper ? toupper(c) : tolower(c)));
		}
	}
	return buf_detach(&out);
}

char *config_environment_name(const char *key)
{
	return spell("DOORBELL_", key, '_', true);
}

char *config_flag_name(const char *key)
{
	return spell("", key, '-', false);
}

const struct config_setting *config_find(const char *key)
{
	for (size_t i = 0; i < ROWS(settings); i++) {
		char *flag = config_flag_name(settings[i].key);
		bool same = strcmp(settings[i].key, key) == 0 || strcmp(flag, key) == 0;

		free(flag);
		if (same) {
			return &settings[i];
		}
	}
	return NULL;
}
