/*
 * Configuration: loaded at the start, and again on SIGHUP or when its file
 * has changed.  A new one is checked whole before anything is replaced; a bad
 * one changes nothing.
 */
#include "receiver/serve/daemon_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "config/config_table.h"
#include "receiver/catalog/catalog.h"
#include "receiver/git/fetch.h"
#include "receiver/git/resolver.h"
#include "receiver/http/conn.h"
#include "receiver/http/tls.h"
#include "receiver/ops/log.h"
#include "receiver/ops/metrics.h"
#include "receiver/ops/watch.h"
#include "receiver/reader/reader.h"
#include "receiver/ring/observer.h"
#include "receiver/ring/ringer.h"
#include "receiver/serve/cache.h"
#include "receiver/serve/missed.h"
#include "receiver/serve/world.h"
#include "receiver/store/store.h"

/*
 * A digest of everything that was read, so that "is it different" is one
 * comparison.  It is made of what the configuration was made from, not of a
 * second look at the file: what is written in between would never be noticed.
 */
static void fingerprint_of(const struct config *c, char out[SHA256_HEX_MAX + 1])
{
	struct buf all;

	buf_init(&all, SIZE_MAX / 2);
	(void)buf_addstr(&all, c->digest);
	for (size_t i = 0; i < c->source_count; i++) {
		const struct strvec *lists[] = { &c->sources[i].secrets,
						 &c->sources[i].signing_tokens };

		for (size_t k = 0; k < 2; k++) {
			for (size_t s = 0; s < lists[k]->count; s++) {
				(void)buf_addf(&all, "\n%zu %zu ", i, k);
				(void)buf_addstr(&all, lists[k]->items[s]);
			}
		}
	}
	out[0] = '\0';
	(void)sha256_hex(all.data, all.len, out);
	explicit_bzero(all.data, all.len);
	buf_release(&all);
}

/*
 * All problems are told, not only the first: whoever mends a file wants to do
 * it once. Nothing of the daemon has changed when this returns.
 */
int daemon_load(struct daemon *d, struct settings **ret_settings,
		char fingerprint[SHA256_HEX_MAX + 1])
{
	struct strvec problems = STRVEC_INIT;
	struct strvec warnings = STRVEC_INIT;
	struct error err = ERROR_INIT;
	struct config *config = NULL;

	int r = d->input->load(d->input->ctx, &config, &problems, &warnings);
	if (r == 0) {
		fingerprint_of(config, fingerprint);
		r = settings_new_take(config, ret_settings, &err);
		if (r < 0) {
			strvec_push(&problems, err.text);
		}
	}
	for (size_t i = 0; i < problems.count; i++) {
		log_error("configuration", "problem", problems.items[i], NULL);
	}
	/* The file is read every minute; what was said once is enough. */
	bool same = fingerprint != d->fingerprint && strcmp(fingerprint, d->fingerprint) == 0;
	for (size_t i = 0; i < warnings.count && !same; i++) {
		log_warn("configuration", "warning", warnings.items[i], NULL);
	}
	strvec_release(&problems);
	strvec_release(&warnings);
	return r < 0 ? -1 : 0;
}

/* For people on a terminal and for journald, else for machines. */
static bool auto_is_json(void)
{
	return isatty(STDERR_FILENO) == 0 && getenv("JOURNAL_STREAM") == NULL;
}

void daemon_setup_log(const struct config *c)
{
	static const enum log_level levels[] = {
		[CONFIG_LOG_DEBUG] = LOG_LEVEL_DEBUG,
		[CONFIG_LOG_INFO] = LOG_LEVEL_INFO,
		[CONFIG_LOG_WARNING] = LOG_LEVEL_WARN,
		[CONFIG_LOG_ERROR] = LOG_LEVEL_ERROR,
	};
	enum config_log_format format = c != NULL ? c->log_format : CONFIG_LOG_AUTO;
	bool json = format == CONFIG_LOG_AUTO ? auto_is_json() : format == CONFIG_LOG_JSON;

	log_setup(json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT,
		  c != NULL ? levels[c->log_level] : LOG_LEVEL_INFO);
}

/*
 * The clone's directory is there, empty, before a reader is started, which may
 * then read it from the beginning.  One that is made later costs a reader.
 */
static void make_clone_directory(const struct repository *r)
{
	if (!r->local && mkdir(r->path, 0700) < 0 && errno != EEXIST) {
		log_warn("directory of a clone not made", "repo", r->name, "path", r->path,
			 "reason", strerror(errno), NULL);
	}
}

/* What could never be fetched is said now, not at the first push. */
static void check_fetch(const struct daemon *d, const struct repository *r)
{
	struct fetch_repository from = resolver_fetch_settings(r, d->settings->config);
	struct error err = ERROR_INIT;

	if (!r->local && fetch_check(&from, &err) < 0) {
		log_error("repository cannot be fetched", "repo", r->name, "reason", err.text,
			  NULL);
	}
}

static void apply_repositories(struct daemon *d)
{
	static const enum affected_mode modes[] = {
		[CONFIG_MODE_EXACT] = AFFECTED_EXACT,
		[CONFIG_MODE_UNION] = AFFECTED_UNION,
		[CONFIG_MODE_ARGOCD] = AFFECTED_ARGOCD,
	};
	const struct repository *r = repositories_get(d->settings->repositories, 0);

	for (size_t i = 0; r != NULL; r = repositories_get(d->settings->repositories, ++i)) {
		struct error err = ERROR_INIT;
		char *cache = cache_directory(d->settings->config->state_directory, r->name);
		struct reader_repository_options options = {
			.url = r->name,
			.path = r->path,
			.cache_directory = cache,
			.cache_max_bytes = d->settings->config->cache_max_bytes,
			.mode = modes[r->config->mode],
			.allow_alternates = r->config->allow_alternates,
		};

		if (reader_set_repository(d->pool, &options, &err) < 0) {
			log_error("repository not usable", "repo", r->name, "reason", err.text,
				  NULL);
		}
		make_clone_directory(r);
		check_fetch(d, r);
		free(cache);
	}
}

/* What is configured no more, the readers forget. */
static void drop_repositories(struct daemon *d, const struct settings *old)
{
	const struct repository *r = repositories_get(old->repositories, 0);

	for (size_t i = 0; r != NULL; r = repositories_get(old->repositories, ++i)) {
		const struct repository *now =
			repositories_find_name(d->settings->repositories, r->name);

		/* Its name may be another one's alias now. */
		if (now == NULL || strcmp(now->name, r->name) != 0) {
			reader_drop_repository(d->pool, r->name);
		}
	}
}

static void apply_proxies(struct daemon *d)
{
	static const enum http_forwarded headers[] = {
		[CONFIG_PROXY_X_FORWARDED_FOR] = HTTP_X_FORWARDED_FOR,
		[CONFIG_PROXY_FORWARDED] = HTTP_FORWARDED,
		[CONFIG_PROXY_PROTOCOL] = HTTP_PROXY_PROTOCOL,
	};
	const struct config *c = d->settings->config;
	struct netrange *ranges = xcalloc(c->trusted_proxies.count, sizeof(*ranges));
	struct conn_proxies proxies = { .ranges = ranges, .header = headers[c->proxy_header] };

	for (size_t i = 0; i < c->trusted_proxies.count; i++) {
		const char *text = c->trusted_proxies.items[i];

		proxies.count += netrange_parse(text, &ranges[proxies.count]) == 0;
	}
	conn_pool_set_proxies(d->conns[DAEMON_PUBLIC], &proxies);
	free(ranges);
}

/*
 * Who is told first? Readers must know a repository before the catalog asks for
 * what is kept there, and resolver, ringer and world must have their settings
 * before the catalog, which may begin to read at once and so lets pushes go on.
 * Each part takes a reference of its own to the settings, and calls under way
 * keep that of the old ones; so there is no moment in which a call sees half of
 * a reload. It all happens in one turn of the loop, between two requests.
 */
void daemon_apply(struct daemon *d)
{
	const struct config *c = d->settings->config;

	daemon_setup_log(c);
	apply_proxies(d);
	for (size_t i = 0; i < c->target_count; i++) {
		metrics_add_target(d->metrics, c->targets[i].name);
	}
	apply_repositories(d);
	resolver_set_settings(d->resolver, d->settings);
	ringer_set_settings(d->ringer, d->settings);
	observer_set_settings(d->observer, d->settings);
	world_set_settings(d->world, d->settings);
	daemon_apply_front(d);
	store_set_retention(d->store, c->retention);
	missed_set_settings(d->missed, d->settings);
	catalog_set_settings(d->catalog, d->settings);
	watch_clear(d->watch);
	if (c->file != NULL) {
		watch_add_file(d->watch, c->file);
	}
	if (c->tls_cert_file != NULL) {
		watch_add_file(d->watch, c->tls_cert_file);
	}
	metrics_set(d->metrics, METRIC_CONFIG_RELOAD_OK, NULL, 1);
	metrics_set(d->metrics, METRIC_CONFIG_RELOAD_TIMESTAMP, NULL,
		    (double)mstime_wall() / 1000);
}

/* Settings that only a restart changes: say so, rather than do nothing silently. */
static void warn_fixed(const struct config *old, const struct config *fresh)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);
	const char *where = NULL;
	const char *was = NULL;
	const char *is = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!table[i].reload && config_origin(old, table[i].key, &where, &was) &&
		    config_origin(fresh, table[i].key, &where, &is) && strcmp(was, is) != 0) {
			log_warn("configuration", "warning", "changes with a restart", "setting",
				 table[i].key, "value", is, "from", where, NULL);
		}
	}
	if ((old->tls_cert_file == NULL) != (fresh->tls_cert_file == NULL)) {
		log_warn("configuration", "warning", "TLS comes and goes with a restart", NULL);
	}
}

/* The certificate has files of its own, which may have changed when nothing else has. */
static int reload_tls(struct daemon *d, const struct config *fresh)
{
	struct error err = ERROR_INIT;

	if (d->tls == NULL || fresh->tls_cert_file == NULL ||
	    tls_context_reload(d->tls, fresh->tls_cert_file, fresh->tls_key_file, &err) == 0) {
		return 0;
	}
	log_error("configuration", "problem", err.text, NULL);
	return -1;
}

static void refuse_reload(struct daemon *d, struct settings *fresh)
{
	log_error("configuration not reloaded: the old one is used", NULL);
	metrics_set(d->metrics, METRIC_CONFIG_RELOAD_OK, NULL, 0);
	settings_unref(fresh);
}

/*
 * Nothing may be lost and nothing half done: the file is read once, and that
 * reading is what is checked, compared and used; a certificate that is bad
 * refuses the reload, and the one in use stays. The old settings live until the
 * readers were told what to forget, which is found by comparing both. Those
 * that are gone are dropped last, when nobody can ask about them any more.
 */
void daemon_reload(struct daemon *d, bool forced)
{
	char fingerprint[SHA256_HEX_MAX + 1] = "";
	struct settings *fresh = NULL;

	if (daemon_load(d, &fresh, fingerprint) < 0 || reload_tls(d, fresh->config) < 0) {
		refuse_reload(d, fresh);
		return;
	}
	if (!forced && strcmp(fingerprint, d->fingerprint) == 0) {
		settings_unref(fresh);
		metrics_set(d->metrics, METRIC_CONFIG_RELOAD_OK, NULL, 1);
		return;
	}
	struct settings *old = d->settings;
	warn_fixed(old->config, fresh->config);
	memcpy(d->fingerprint, fingerprint, sizeof(d->fingerprint));
	d->settings = fresh;
	daemon_apply(d);
	drop_repositories(d, old);
	settings_unref(old);
	log_info("configuration reloaded", NULL);
}
