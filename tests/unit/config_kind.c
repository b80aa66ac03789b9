/*
 * A kind of target that the loader has never heard of: its settings, its
 * options and its check are data of whoever brings it.
 */
#include "config/config_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strvec.h"
#include "config/config.h"
#include "tests/support/tap.h"

struct gong_options {
	char *tune;
	struct strvec mallets;
	int64_t pause_ms;
};

#define AT(member) offsetof(struct gong_options, member)

static const struct config_setting gong_settings[] = {
	{ "gong.tune", CONFIG_STRING, AT(tune), "low", 0, 0, NULL, true, "how it sounds" },
	{ "gong.mallets", CONFIG_STRINGS, AT(mallets), NULL, 0, 0, NULL, true, "what strikes it" },
	{ "gong.pause", CONFIG_DURATION, AT(pause_ms), "2s", 0, CONFIG_MINUTE, NULL, true,
	  "between two strokes" },
};

static void gong_check(struct config_place *place, const void *data)
{
	const struct gong_options *options = data;

	if (!config_kind_has(place, "mallets")) {
		config_kind_problem(place, NULL, "no mallet: add gong.mallets");
	}
	if (strcmp(options->tune, "shrill") == 0) {
		config_kind_problem(place, "tune", "'%s' hurts: choose another", options->tune);
	}
}

static const struct config_kind gong = {
	.name = "gong",
	.settings = gong_settings,
	.setting_count = sizeof(gong_settings) / sizeof(gong_settings[0]),
	.options_size = sizeof(struct gong_options),
	.check = gong_check,
};

/* A kind without settings and without a check. */
static const struct config_kind nod = { .name = "nod", .options_size = 1 };
static const struct config_kind wave = { .name = "wave", .options_size = 1 };

static const struct config_kind *kinds(size_t i)
{
	static const struct config_kind *const all[] = { &gong, &nod, &wave, NULL };

	return all[i];
}

static struct config *load(const char *text, char *problems, size_t max)
{
	struct config_input input = { .path = "c.yaml", .target_kind = kinds };
	struct strvec list = STRVEC_INIT;
	struct config *config = NULL;
	FILE *file = fopen("c.yaml", "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
		tap_ok(false, "c.yaml can be written");
	}
	problems[0] = '\0';
	(void)config_load(&input, &config, &list, NULL);
	for (size_t i = 0; i < list.count; i++) {
		size_t used = strlen(problems);

		(void)snprintf(problems + used, max - used, "%s%s", i > 0 ? "\n" : "",
			       list.items[i]);
	}
	strvec_release(&list);
	return config;
}

static void options_are_read(void)
{
	char problems[2048];
	struct config *c = load("targets:\n"
				"- {name: a, gong: {mallets: [soft, hard], pause: 5s}, burst: 3}\n"
				"- {name: b, nod: {}}\n", problems, sizeof(problems));

	tap_str(problems, "", "a kind that a test brings is taken");
	if (c == NULL) {
		return;
	}
	const struct gong_options *options = c->targets[0].kind.options;
	tap_ok(c->targets[0].kind.kind == &gong && c->targets[1].kind.kind == &nod,
	       "each target is of its kind");
	tap_str(options->tune, "low", "it has its defaults");
	tap_str(options->mallets.items[1], "hard", "and its lists");
	tap_int(options->pause_ms, 5000, "and its units");
	tap_int(c->targets[0].burst, 3, "beside what all targets have");
	config_free(c);
}

static void problems_are_named(void)
{
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{ "targets: [{name: t, gong: {mallets: a, tune: shrill}}]\n",
		  "c.yaml:1:46: target 't': 'shrill' hurts: choose another" },
		{ "targets: [{name: t, gong: {}}]\n",
		  "c.yaml:1:21: target 't': no mallet: add gong.mallets" },
		{ "targets: [{name: t, gong: {mallets: a, puase: 1s}}]\n",
		  "c.yaml:1:40: unknown key 'puase': did you mean 'pause'?" },
		{ "targets: [{name: t, gong: {mallets: a, pause: 2m}}]\n",
		  "c.yaml:1:47: 'gong.pause' is '2m': give 0 to 1m" },
		{ "targets: [{name: t, nod: {depth: 3}}]\n",
		  "c.yaml:1:27: unknown key 'depth': remove it" },
		{ "targets: [{name: t, gogn: {}}]\n",
		  "c.yaml:1:21: unknown key 'gogn': did you mean 'gong'?\n"
		  "c.yaml:1:11: target 't' is of no kind: give one of gong, nod and wave" },
		{ "targets: [{name: t, nod: {}, gong: {mallets: a}}]\n",
		  "c.yaml:1:11: target 't' is of two kinds: give one of gong, nod and wave" },
		{ "targets: [{name: t, nod: {}, gong: {}, wave: {}}]\n",
		  "c.yaml:1:11: target 't' is of several kinds: give one of gong, nod and wave" },
		{ "targets: [{name: t, nod: 1}]\n",
		  "c.yaml:1:21: 'nod' is no mapping: give its keys" },
		{ "targets: [{name: t, 'gong.tune': high}]\n",
		  "c.yaml:1:21: unknown key 'gong.tune': remove it\n"
		  "c.yaml:1:11: target 't' is of no kind: give one of gong, nod and wave" },
	};
	char problems[2048];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		config_free(load(rows[i].yaml, problems, sizeof(problems)));
		tap_str(problems, rows[i].want, "problem %zu is called what it is", i);
	}
}

int main(void)
{
	if (chdir(tap_dir()) < 0) {
		return 1;
	}
	options_are_read();
	problems_are_named();
	return tap_done();
}
