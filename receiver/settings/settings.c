/*
 * From a configuration to what the parts of the receiver want of it.
 */
#include "receiver/settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "receiver/http/tls.h"
#include "receiver/settings/places.h"

static void make_target(struct settings *s, size_t i)
{
	const struct config_target *from = &s->config->targets[i];
	struct target *target = &s->targets[i];

	*target = (struct target){ target_kind_by_name(from->kind.kind->name), from->kind.options };
	s->ring[i] = (struct delivery_target){
		.name = from->name,
		.applications = &from->applications,
		.applications_only = target_rings_applications_only(target),
		.rate = from->rate_per_second,
		.burst = from->burst,
		.concurrency = from->concurrency,
		.observe_ms = target_observe_ms(target),
	};
}

void settings_check(const struct config *config, struct strvec *problems,
		    struct strvec *missing)
{
	const char *file = config->file != NULL ? config->file : "configuration";
	struct repositories *repositories = NULL;
	struct error err = ERROR_INIT;

	if (repositories_new(config, &repositories, &err) < 0) {
		strvec_pushf(problems, "%s: %s", file, err.text);
	} else {
		places_check(config, repositories, problems, missing);
	}
	repositories_free(repositories);
	if (config->tls_cert_file != NULL && config->tls_key_file != NULL) {
		struct tls_context *tls = tls_context_new(config->tls_cert_file,
							  config->tls_key_file, &err);

		if (tls == NULL) {
			strvec_pushf(problems, "%s: %s", file, err.text);
		}
		tls_context_free(tls);
	}
}

static void make_delivery(struct settings *s)
{
	const struct config *c = s->config;

	s->delivery = (struct delivery_options){
		.quiet_ms = c->quiet_window,
		.quiet_max_ms = c->quiet_window_max,
		.resolve = { c->fetch_retry_first, c->fetch_retry_max },
		.resolve_give_up_ms = c->fetch_give_up,
		.trigger = { c->retry_first, c->retry_max },
		.trigger_give_up_ms = c->retry_give_up,
		.trigger_attempts = c->retry_attempts,
		.targets = s->ring,
		.target_count = c->target_count,
	};
}

static const void *find_repository(const void *ctx, const char *url, bool ignores_case)
{
	return ignores_case ? repositories_find_alike(ctx, url) : repositories_find(ctx, url);
}

static const char *nearest_repository(const void *ctx, const char *url)
{
	return repositories_nearest(ctx, url);
}

static void make_admission(struct settings *s)
{
	const struct config *c = s->config;

	s->sources = xcalloc(c->source_count, sizeof(*s->sources));
	for (size_t i = 0; i < c->source_count; i++) {
		const struct config_source *from = &c->sources[i];

		s->sources[i] = (struct admission_source){
			.name = from->name,
			.provider = provider_by_name(from->provider),
			.secrets = {
				.secrets = from->secrets,
				.signing_tokens = from->signing_tokens,
				.tolerance_ms = from->timestamp_tolerance,
			},
			.repositories = &from->repositories,
			.rate_per_second = from->rate_per_second,
		};
	}
	s->admission = (struct admission_rules){
		.sources = s->sources,
		.count = c->source_count,
		.body_max = (uint64_t)c->max_body_bytes,
		.find_repository = find_repository,
		.nearest_repository = nearest_repository,
		.ctx = s->repositories,
	};
}

int settings_new_take(struct config *config, struct settings **ret_settings, struct error *err)
{
	struct settings *s = xcalloc(1, sizeof(*s));

	s->references = 1;
	s->config = config;
	s->targets = xcalloc(config->target_count, sizeof(*s->targets));
	s->ring = xcalloc(config->target_count, sizeof(*s->ring));
	int r = repositories_new(config, &s->repositories, err);
	if (r < 0) {
		settings_unref(s);
		return r;
	}
	for (size_t i = 0; i < config->target_count; i++) {
		make_target(s, i);
	}
	make_delivery(s);
	make_admission(s);
	*ret_settings = s;
	return 0;
}

struct settings *settings_ref(struct settings *s)
{
	s->references++;
	return s;
}

void settings_unref(struct settings *s)
{
	if (s == NULL || --s->references > 0) {
		return;
	}
	repositories_free(s->repositories);
	config_free(s->config);
	free(s->targets);
	free(s->ring);
	free(s->sources);
	free(s);
}

int settings_target(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->config->target_count; i++) {
		if (strcmp(s->config->targets[i].name, name) == 0) {
			return (int)i;
		}
	}
	return -1;
}
