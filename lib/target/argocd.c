/*
 * Argo CD as a kind of target: its settings, and their check.
 *
 * argocd_call.c asks, argocd_judge.c reads the answer; with convergeTimeout set,
 * what was taken is looked at until it has converged (argocd_watch.c).
 */
#include "target/argocd.h"

#include <string.h>

static const char *const actions[] = { "refresh", "hard", "sync", NULL };

#define AT(member) offsetof(struct argocd_options, member)

static const struct config_setting settings[] = {
	{ "argocd.url", CONFIG_STRING, AT(url), NULL, 0, 0, NULL, true, "address of Argo CD" },
	{ "argocd.tokenFile", CONFIG_SECRET_PATH, AT(token_file), NULL, 0, 0, NULL, true,
	  "file with an API token" },
	{ "argocd.caFile", CONFIG_PATH, AT(ca_file), NULL, 0, 0, NULL, true,
	  "certificates to trust, PEM" },
	{ "argocd.insecure", CONFIG_BOOLEAN, AT(insecure), "false", 0, 0, NULL, true,
	  "believe any certificate" },
	{ "argocd.action", CONFIG_CHOICE, AT(action), "refresh", 0, 0, actions, true,
	  "refresh, hard refresh or sync" },
	{ "argocd.prune", CONFIG_BOOLEAN, AT(prune), "false", 0, 0, NULL, true,
	  "a sync deletes what is gone" },
	{ "argocd.timeout", CONFIG_DURATION, AT(time_limit_ms), "60s", 100 * CONFIG_MS, CONFIG_HOUR,
	  NULL, true, "for one request" },
	{ "argocd.convergeTimeout", CONFIG_DURATION, AT(converge_ms), "0", 0, CONFIG_DAY, NULL,
	  true, "to be Synced after a try, or it is stalled; 0: not looked at" },
};

static void check_url(struct config_place *place, const struct argocd_options *options)
{
	const char *url = options->url;
	bool plain = strncmp(url, "http://", 7) == 0;

	if (!plain && strncmp(url, "https://", 8) != 0) {
		config_kind_problem(place, "url", "'%.60s' is no address: give https://HOST", url);
		return;
	}
	if (plain && !options->insecure) {
		config_kind_problem(place, "url", "http:// shows the token to the network: "
				    "give https://, or say insecure: true");
		return;
	}
	for (const char *p = url; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~' || strchr("?#@\\\"<>", *p) != NULL) {
			config_kind_problem(place, "url", "an address with a user, a query or a "
					    "strange character: give https://HOST[:PORT][/ROOT]");
			return;
		}
	}
	size_t host = strcspn(url + (plain ? 7 : 8), "/:");
	if (host == 0 || strlen(url) > ARGOCD_URL_MAX / 2) {
		config_kind_problem(place, "url", "an address without a host, or of more than %d "
				    "bytes: give https://HOST[:PORT][/ROOT]", ARGOCD_URL_MAX / 2);
		return;
	}
	config_kind_check_host(place, "url", url);
}

static void argocd_check(struct config_place *place, const void *data)
{
	const struct argocd_options *options = data;

	if (options->url == NULL) {
		config_kind_problem(place, NULL, "no address: add argocd.url");
	} else {
		check_url(place, options);
	}
	if (!config_kind_has(place, "tokenFile")) {
		config_kind_problem(place, NULL, "no token: add argocd.tokenFile");
	}
	if (options->prune && options->action != ARGOCD_SYNC) {
		config_kind_problem(place, "prune", "'prune' without a sync: set action: sync");
	}
}

const struct target_kind target_argocd = {
	.config = {
		.name = "argocd",
		.settings = settings,
		.setting_count = sizeof(settings) / sizeof(settings[0]),
		.options_size = sizeof(struct argocd_options),
		.check = argocd_check,
	},
	.applications_only = true,
	.prepare = argocd_prepare,
	.judge = argocd_judge,
	.observer = &argocd_observer,
};
