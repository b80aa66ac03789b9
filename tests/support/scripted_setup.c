/*
 * Inputs of a scenario that say what the world is like, before the core sees it.
 */
#include "tests/support/scripted_setup.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tests/support/tap.h"

const char *scripted_word(char **words, const char *name, const char *fallback)
{
	size_t len = strlen(name);

	for (; *words != NULL; words++) {
		if (strncmp(*words, name, len) == 0 && (*words)[len] == '=') {
			return *words + len + 1;
		}
	}
	return fallback;
}

int64_t scripted_number(char **words, const char *name, int64_t fallback)
{
	const char *text = scripted_word(words, name, NULL);

	return text != NULL ? strtoll(text, NULL, 10) : fallback;
}

void scripted_option(struct world *w, char **words)
{
	struct delivery_options *o = &w->options;

	o->quiet_ms = scripted_number(words, "quiet", o->quiet_ms);
	o->quiet_max_ms = scripted_number(words, "quiet_max", o->quiet_max_ms);
	o->resolve.first_ms = scripted_number(words, "resolve_first", o->resolve.first_ms);
	o->resolve.max_ms = scripted_number(words, "resolve_max", o->resolve.max_ms);
	o->resolve_give_up_ms = scripted_number(words, "give_up", o->resolve_give_up_ms);
	o->trigger.first_ms = scripted_number(words, "first", o->trigger.first_ms);
	o->trigger.max_ms = scripted_number(words, "max", o->trigger.max_ms);
	o->trigger_give_up_ms = scripted_number(words, "ring_give_up", o->trigger_give_up_ms);
	o->trigger_attempts = (unsigned)scripted_number(words, "attempts", o->trigger_attempts);
}

void scripted_target(struct world *w, char **words)
{
	size_t i = w->options.target_count++;
	const char *glob = scripted_word(words, "apps", NULL);

	strvec_push(&w->names, words[0]);
	if (glob != NULL) {
		strvec_push(&w->globs[i], glob);
	}
	w->targets[i] = (struct delivery_target){
		.name = w->names.items[w->names.count - 1],
		.applications = &w->globs[i],
		.rate = strtod(scripted_word(words, "rate", "0"), NULL),
		.burst = (unsigned)scripted_number(words, "burst", 1),
		.concurrency = (unsigned)scripted_number(words, "concurrency", 100),
		.observe_ms = scripted_number(words, "observe", 0),
	};
}

void scripted_observe(struct world *w, char **words)
{
	for (size_t i = 0; i < w->options.target_count; i++) {
		if (strcmp(w->targets[i].name, words[0]) == 0) {
			w->targets[i].observe_ms = strtoll(words[1], NULL, 10);
		}
	}
	delivery_set_options(w->core, &w->options);
}

void scripted_no_targets(struct world *w, char **words)
{
	(void)words;
	w->options.target_count = 0;
	delivery_set_options(w->core, &w->options);
}

/* As the inventory does it: the first of a name is known to all of that name. */
static void link_name(const struct app_list *apps, struct app *app)
{
	for (size_t i = 0; apps->items[i] != app && app->first == NULL; i++) {
		if (strcmp(apps->items[i]->id.name, app->id.name) == 0) {
			apps->items[i]->first = apps->items[i];
			app->first = apps->items[i];
		}
	}
}

void scripted_app(struct world *w, char **words)
{
	struct app *app = NULL;
	struct error err = ERROR_INIT;
	const char *repository = scripted_word(words, "repo", REPOSITORY);
	char *url = xasprintf("https://%s", repository);
	json_t *object = json_pack(
		"{s:{s:s, s:{s:s}}, s:{s:s, s:{s:s, s:s, s:s}}, s:s, s:s}", "metadata", "name",
		words[0], "annotations", "argocd.argoproj.io/skip-reconcile",
		scripted_word(words, "skip", NULL) != NULL ? "true" : "false", "spec", "project",
		scripted_word(words, "project", "default"), "source", "repoURL", url, "path",
		scripted_word(words, "path", words[0]), "targetRevision",
		scripted_word(words, "rev", "main"), "kind", "Application", "apiVersion",
		"argoproj.io/v1alpha1");

	if (scripted_word(words, "linked", NULL) != NULL) {
		(void)json_object_set_new(object, "linked", json_pack(
			"[{s:s, s:s}]", "repoURL", "https://" REPOSITORY, "targetRevision",
			scripted_word(words, "linked", NULL)));
	}
	if (app_from_json(object, "scenario", &app, &err) == APP_OK) {
		app_list_add_take(&w->apps, app);
		link_name(&w->apps, app);
	} else {
		tap_ok(false, "application: %s", err.text);
	}
	json_decref(object);
	free(url);
}

void scripted_holds(struct world *w, char **words)
{
	strvec_push_take(&w->held, full_ref(words[0]));
}
