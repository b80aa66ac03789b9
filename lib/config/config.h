/*
 * The room for settings: read from the file, the environment and flags, checked
 * as a whole, and kept as plain data.
 *
 * "doorbell check" and "serve" load them, targets hand in rows for their own
 * settings, and the receiver works with the result.  It reads the configuration
 * and the secrets that it names; it never changes a file, never logs (problems
 * are handed back with file, line and column), and never starts anything.
 *
 * One table (config_settings()) names every setting once: its key in the
 * file, from which flag and environment variable follow, its type, default,
 * range and one line of help.  Flags win over the environment, that over the
 * file, that over defaults.  All strings and arrays in struct config are
 * owned by it; durations are in milliseconds, sizes in bytes.
 */
#ifndef LIB_CONFIG_CONFIG_H
#define LIB_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/crypto.h"
#include "base/strvec.h"
#include "config/config_kind.h"

enum config_mode { CONFIG_MODE_EXACT, CONFIG_MODE_UNION, CONFIG_MODE_ARGOCD };

enum config_log_format { CONFIG_LOG_AUTO, CONFIG_LOG_TEXT, CONFIG_LOG_JSON };

enum config_log_level { CONFIG_LOG_DEBUG, CONFIG_LOG_INFO, CONFIG_LOG_WARNING, CONFIG_LOG_ERROR };

/* How proxies tell who calls. */
enum config_proxy_header {
	CONFIG_PROXY_X_FORWARDED_FOR,
	CONFIG_PROXY_FORWARDED,
	CONFIG_PROXY_PROTOCOL
};

/* A sender, registered at /hooks/<name>. */
struct config_source {
	char *name;
	char *provider;
	struct strvec secrets;        // contents, from secrets and secretFiles
	struct strvec signing_tokens; // contents, from signingTokens and signingTokenFiles
	struct strvec repositories;   // globs (GLOB_GOBWAS) of addresses it may name; empty: all
	int64_t timestamp_tolerance;
	double rate_per_second;       // deliveries that are taken, 0: any number
};

struct config_repository {
	char *url;
	struct strvec aliases;
	char *path;            // local bare repository, or NULL: a clone of ours
	char *fetch_url;       // NULL: url
	char *default_branch;  // short name, or NULL
	char *username;        // these six or NULL
	char *token_file;
	char *ssh_key_file;
	char *known_hosts_file;
	char *ca_file;
	bool allow_alternates;
	enum config_mode mode;
};

/* Where applications are read from: exactly one of file, directory, repository is set. */
struct config_applications {
	char *file;
	char *directory;
	char *repository;
	char *ref;             // with repository; short or full name
	char *path;            // with repository: directory in it, "" = all
	char *cluster;         // where they run: a part of their names; or NULL
};

struct config_target {
	char *name;
	struct config_choice kind;  // as the owner of the kind reads it
	struct strvec applications; // globs of full names (GLOB_GOBWAS); empty: all
	double rate_per_second;    // 0: no limit
	unsigned burst;
	unsigned concurrency;
};

struct config {
	struct strvec listen;
	char *status_listen;
	char *socket;              // "": none
	unsigned socket_mode;
	char *tls_cert_file;       // these two or NULL
	char *tls_key_file;
	char *state_directory;
	enum config_log_format log_format;
	enum config_log_level log_level;
	int64_t quiet_window;
	int64_t quiet_window_max;
	int64_t hook_wait;
	int64_t max_body_bytes;
	unsigned max_connections;
	unsigned max_connections_per_address; // 0: no limit
	unsigned new_connections_per_address; // in ten seconds, 0: no limit
	struct strvec trusted_proxies;        // ranges of addresses, see base/netaddr.h
	enum config_proxy_header proxy_header;
	int64_t journal_max_bytes;
	int64_t min_free_bytes;
	int64_t retention;
	int64_t fetch_timeout;
	int64_t fetch_retry_first;
	int64_t fetch_retry_max;
	int64_t fetch_give_up;
	int64_t reader_time_limit;
	int64_t reader_memory_limit;
	int64_t cache_max_bytes;   // indexes of one repository on disk
	unsigned readers;
	int64_t retry_first;
	int64_t retry_max;
	int64_t retry_give_up;
	unsigned retry_attempts;
	int64_t drain_timeout;
	enum config_mode mode;
	struct config_source *sources;
	size_t source_count;
	struct config_repository *repositories;
	size_t repository_count;
	struct config_applications *applications;
	size_t application_count;
	struct config_target *targets;
	size_t target_count;
	char *file;                // what was read, absolute, or NULL
	char digest[SHA256_HEX_MAX + 1]; // SHA-256 of its bytes as they were parsed, or ""
	void *origins;             // private: see config_origin()
};

/* Where settings come from. */
struct config_override {
	const char *key;           // "quietWindow", or a flag's spelling "quiet-window"
	const char *value;         // the value; for lists of objects YAML text
};

struct config_input {
	const char *path;                        // of the file, or NULL: none
	char *const *environment;                // as environ, or NULL
	const struct config_override *overrides; // flags
	size_t override_count;
	/* The name of the provider in place i, NULL past the last. NULL: any name is one. */
	const char *(*provider_name_at)(size_t i);
	/* The i-th kind of target, from 0; NULL behind the last. NULL: there are none. */
	const struct config_kind *(*target_kind)(size_t i);
	/*
	 * Refuse what else is a warning because it may be mended while the
	 * receiver runs, or works badly: a repository or program that is not
	 * there, a host that does not resolve, a secret that is weak or odd.
	 */
	bool strict;
	/* What is wrong with a host's name, a constant text; NULL: nothing. NULL: nobody asks. */
	const char *(*host_fault)(const char *host);
	/*
	 * Why the Git repository at path can never be read (its format, or objects
	 * that it borrows), a new string; NULL: it may be. NULL: nobody asks.
	 */
	char *(*repository_fault)(const char *path, bool allow_alternates);
};

/*
 * Load and check: the file, the secret files it names, DOORBELL_* variables
 * (others than DOORBELL_CONFIG, DOORBELL_PORT* and DOORBELL_SERVICE_* must be
 * settings) and overrides.  A secret file that others may read is a problem.
 * 0 with *ret_config (config_free()); -1 with at least one
 * line in problems, each "FILE:LINE:COLUMN: what: cure" (or "DOORBELL_X: ..."
 * or "--x: ..."). All problems are collected. warnings gets lines that do not
 * stop anything; it may be NULL.
 */
int config_load(const struct config_input *input, struct config **ret_config,
		struct strvec *problems, struct strvec *warnings);

/*
 * The state directory of such a configuration, for those who need nothing else
 * of it: a new string, also with problems elsewhere (in problems, as above);
 * NULL if it is not known, and then there is at least one.
 */
char *config_find_state(const struct config_input *input, struct strvec *problems);

/* Free it; secrets are wiped first. NULL is fine. */
void config_free(struct config *config);

/*
 * Where a setting of the table comes from: "default", "FILE:LINE:COLUMN",
 * "DOORBELL_X" or "--x" in *ret_where, and what was written in *ret_value
 * (lists that may hold secrets are "(not shown)"). Both borrowed from config.
 * False: no such setting.
 */
bool config_origin(const struct config *config, const char *key, const char **ret_where,
		   const char **ret_value);

#endif
