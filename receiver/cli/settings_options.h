/*
 * --config, --format and a flag for every setting: for verbs that need the
 * configuration (check, serve).
 */
#ifndef RECEIVER_CLI_SETTINGS_OPTIONS_H
#define RECEIVER_CLI_SETTINGS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/strvec.h"
#include "config/config.h"

#define SETTINGS_DEFAULT_PATH "/etc/doorbell/doorbell.yaml"

struct settings_options {
	const char *path;                  // --config, or NULL
	bool json;                         // --format json
	bool strict;                       // as in struct config_input, with hosts
	struct config_override *overrides; // flags, in order; their text belongs to argv
	size_t override_count;
	size_t override_capacity;
};

enum settings_options_result {
	SETTINGS_OPTIONS_OK = 0,
	SETTINGS_OPTIONS_HELP = 1,  // --help or -h was there
	SETTINGS_OPTIONS_USAGE = 2  // a wrong option or a stray word; said on standard error
};

/*
 * Read all arguments of a verb (argv[0] is its name) into *ret (release it
 * in every case).
 */
enum settings_options_result settings_options_parse(int argc, char **argv,
						    struct settings_options *ret);

/* Free what *o holds; a zeroed one is fine. */
void settings_options_release(struct settings_options *o);

/*
 * Load the configuration: the file is --config, else $DOORBELL_CONFIG, else
 * SETTINGS_DEFAULT_PATH if there is one.  On top of config_load() the secrets
 * of each source are held against its provider.  Returns as config_load().
 */
int settings_options_load(const struct settings_options *o, struct config **ret_config,
			  struct strvec *problems, struct strvec *warnings);

/* Print the options, one a line, with defaults. */
void settings_options_help(FILE *out);

#endif
