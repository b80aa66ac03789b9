/*
 * Options made from the table of settings: each setting that a file can have is
 * a flag, too, so a new one needs nothing here.
 *
 * getopt_long() reads them, silently; what is wrong is said here, with the
 * setting that was perhaps meant.  Values are not looked at: they are handed to
 * the loader, which reads and judges them as it does those of a file, and flags
 * win because they come last.
 */
#include "receiver/cli/settings_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "affected/affected.h"
#include "base/xalloc.h"
#include "config/config_table.h"
#include "provider/provider.h"
#include "receiver/cli/host_fault.h"
#include "receiver/settings/settings.h"
#include "target/target.h"

enum { OPTION_CONFIG = 1000, OPTION_FORMAT, OPTION_HELP, OPTION_SETTING };

/* One option for each setting, ours in front, an empty one at the end. */
static struct option *make_options(struct strvec *names)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);
	struct option *options = xcalloc(count + 4, sizeof(*options));

	options[0] = (struct option){ "config", required_argument, NULL, OPTION_CONFIG };
	options[1] = (struct option){ "format", required_argument, NULL, OPTION_FORMAT };
	options[2] = (struct option){ "help", no_argument, NULL, OPTION_HELP };
	for (size_t i = 0; i < count; i++) {
		strvec_push_take(names, config_flag_name(table[i].key));
	}
	for (size_t i = 0; i < count; i++) {
		options[i + 3] = (struct option){ names->items[i], required_argument, NULL,
						  OPTION_SETTING + (int)i };
	}
	return options;
}

/* Say that word is no option; perhaps which was meant. */
static void unknown(const char *verb, const char *word, const struct strvec *names)
{
	const char **all = xcalloc(names->count + 4, sizeof(*all));
	size_t n = 0;

	for (; n < names->count; n++) {
		all[n] = names->items[n];
	}
	all[n++] = "config";
	all[n++] = "format";
	all[n] = "help";
	char *bare = xstrndup(word, strcspn(word, "="));
	const char *near = strncmp(bare, "--", 2) == 0 ? config_suggest(bare + 2, all) : NULL;
	if (near != NULL) {
		(void)fprintf(stderr, "doorbell %s: unknown option '%s': did you mean '--%s'?\n",
			      verb, bare, near);
	} else {
		(void)fprintf(stderr, "doorbell %s: unknown option '%s': see doorbell %s --help\n",
			      verb, bare, verb);
	}
	free(bare);
	free(all);
}

static enum settings_options_result take(struct settings_options *o, int code, char *value)
{
	if (code == 'h' || code == OPTION_HELP) {
		return SETTINGS_OPTIONS_HELP;
	}
	if (code == OPTION_CONFIG) {
		o->path = value;
		return SETTINGS_OPTIONS_OK;
	}
	if (code == OPTION_FORMAT) {
		o->json = strcmp(value, "json") == 0;
		if (o->json || strcmp(value, "text") == 0) {
			return SETTINGS_OPTIONS_OK;
		}
		(void)fprintf(stderr, "doorbell: --format is '%s': give text or json\n", value);
		return SETTINGS_OPTIONS_USAGE;
	}
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);
	size_t i = (size_t)(code - OPTION_SETTING);
	o->overrides = xgrow(o->overrides, o->override_count, &o->override_capacity,
			     sizeof(*o->overrides));
	o->overrides[o->override_count++] = (struct config_override){ table[i].key, value };
	return SETTINGS_OPTIONS_OK;
}

enum settings_options_result settings_options_parse(int argc, char **argv,
						    struct settings_options *ret)
{
	struct strvec names = STRVEC_INIT;
	struct option *options = make_options(&names);
	enum settings_options_result r = SETTINGS_OPTIONS_OK;

	*ret = (struct settings_options){ .path = NULL };
	opterr = 0;
	optind = 1;
	while (r == SETTINGS_OPTIONS_OK) {
		int code = getopt_long(argc, argv, ":h", options, NULL);

		if (code == -1) {
			break;
		}
		if (code == ':') {
			(void)fprintf(stderr, "doorbell %s: '%s' wants a value\n", argv[0],
				      argv[optind - 1]);
			r = SETTINGS_OPTIONS_USAGE;
		} else if (code == '?') {
			unknown(argv[0], argv[optind - 1], &names);
			r = SETTINGS_OPTIONS_USAGE;
		} else {
			r = take(ret, code, optarg);
		}
	}
	if (r == SETTINGS_OPTIONS_OK && optind < argc) {
		(void)fprintf(stderr, "doorbell %s: '%s' is one word too many\n", argv[0],
			      argv[optind]);
		r = SETTINGS_OPTIONS_USAGE;
	}
	free(options);
	strvec_release(&names);
	return r;
}

void settings_options_release(struct settings_options *o)
{
	free(o->overrides);
	*o = (struct settings_options){ .path = NULL };
}

/* Only what will never change: who may read it is for the receiver's user to find out. */
static char *repository_fault(const char *path, bool allow_alternates)
{
	const struct affected_options options = {
		.repository_url = "https://localhost/repository",
		.path = path,
		.allow_alternates = allow_alternates,
	};
	struct affected_state *state = NULL;
	struct error err = ERROR_INIT;
	int r = affected_state_new(&options, &state, &err);

	affected_state_free(state);
	return r > 0 ? xstrdup(err.text) : NULL;
}

/* Hold the secrets of each source against what its provider can use. */
static void check_secrets(const struct config *config, const char *path, struct strvec *problems)
{
	for (size_t i = 0; i < config->source_count; i++) {
		const struct config_source *s = &config->sources[i];
		struct provider_secrets secrets = {
			.secrets = s->secrets,
			.signing_tokens = s->signing_tokens,
			.tolerance_ms = s->timestamp_tolerance,
		};
		struct error err = ERROR_INIT;

		if (provider_check_secrets(provider_by_name(s->provider), &secrets, &err) < 0) {
			strvec_pushf(problems, "%s: source '%s': %s",
				     path != NULL ? path : "configuration", s->name, err.text);
		}
	}
}

/*
 * A file that was named must be there; the one of the default place need not,
 * for all can be said in the environment.  If nobody could ring what comes out
 * (no source, no socket), the missing file is the mistake, and is named.  What
 * the loader cannot know, as it sees neither providers nor the machine, is
 * checked behind it; so there may be problems although it succeeded.
 */
int settings_options_load(const struct settings_options *o, struct config **ret_config,
			  struct strvec *problems, struct strvec *warnings)
{
	struct config_input input = {
		.path = o->path != NULL ? o->path : getenv("DOORBELL_CONFIG"),
		.environment = environ,
		.overrides = o->overrides,
		.override_count = o->override_count,
		.provider_name_at = provider_name_at,
		.target_kind = target_config_kind,
		.strict = o->strict,
		.host_fault = o->strict ? host_fault : NULL,
		.repository_fault = o->strict ? repository_fault : NULL,
	};
	struct config *config = NULL;
	size_t before = problems->count;

	if (input.path == NULL || input.path[0] == '\0') {
		bool there = access(SETTINGS_DEFAULT_PATH, F_OK) == 0;

		input.path = there ? SETTINGS_DEFAULT_PATH : NULL;
	}
	if (config_load(&input, &config, problems, warnings) != 0) {
		return -1;
	}
	if (input.path == NULL && config->source_count == 0 && config->socket[0] == '\0') {
		strvec_push(problems, SETTINGS_DEFAULT_PATH ": there is none: write it, or name "
			    "another with --config");
	}
	check_secrets(config, input.path, problems);
	settings_check(config, problems, o->strict ? problems : warnings);
	if (problems->count > before) {
		config_free(config);
		return -1;
	}
	*ret_config = config;
	return 0;
}

void settings_options_help(FILE *out)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);

	(void)fprintf(out, "  --config FILE  (" SETTINGS_DEFAULT_PATH ")\n"
			   "  --format text|json\n"
			   "\nEach setting is --NAME VALUE, DOORBELL_NAME=VALUE or a key in the "
			   "file, in this order:\n\n");
	for (size_t i = 0; i < count; i++) {
		char *flag = config_flag_name(table[i].key);
		const char *initial = table[i].initial != NULL ? table[i].initial : "";

		char *range = config_range(&table[i]);
		bool has = initial[0] != '\0';

		(void)fprintf(out, "  --%-32s %s%s%s%s%s%s\n", flag, table[i].help,
			      has ? " (" : "", initial, range != NULL ? "; " : "",
			      range != NULL ? range : "", has ? ")" : "");
		free(range);
		free(flag);
	}
}
