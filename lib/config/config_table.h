/*
 * The table of settings: one row each, from which parser, help, flags,
 * variables, schema and manual follow.
 */
#ifndef LIB_CONFIG_CONFIG_TABLE_H
#define LIB_CONFIG_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_type {
	CONFIG_STRING,
	CONFIG_STRINGS,  // one or a list
	CONFIG_PATH,     // relative ones start from the file's directory
	CONFIG_SECRET_PATH, // likewise; bare names are first looked up among the credentials
	CONFIG_BOOLEAN,
	CONFIG_NUMBER,
	CONFIG_REAL,
	CONFIG_OCTAL,
	CONFIG_DURATION, // "200ms", "2s", "5m", "1h", "30d"
	CONFIG_SIZE,     // "512KiB", "25MiB", "1GiB"
	CONFIG_CHOICE,
	CONFIG_MAP,      // names and strings
	CONFIG_SECRETS,  // strings that are never shown
	CONFIG_SECRET_FILES, // files that hold one secret each
	CONFIG_GLOBS,    // a list of patterns
	CONFIG_OBJECTS   // a list of mappings; as flag or variable it is YAML text
};

/* Units of min and max of durations and sizes. */
#define CONFIG_MS INT64_C(1)
#define CONFIG_SECOND INT64_C(1000)
#define CONFIG_MINUTE (60 * CONFIG_SECOND)
#define CONFIG_HOUR (60 * CONFIG_MINUTE)
#define CONFIG_DAY (24 * CONFIG_HOUR)

/* One setting, or one key of an object in a list. */
struct config_setting {
	const char *key;            // "tls.certFile" is certFile in the mapping tls
	enum config_type type;
	size_t offset;              // of the member in its struct
	const char *initial;        // default as text, NULL: none
	int64_t min;                // of numbers, durations (ms), sizes (bytes)
	int64_t max;                // likewise; of lists the most items, 0: no limit
	const char *const *choices; // of CONFIG_CHOICE in the order of the enum, then NULL
	bool reload;                // a changed file takes effect without a restart
	const char *help;           // one line
};

/* The table of settings, in the order of help; *ret_count rows. */
const struct config_setting *config_settings(size_t *ret_count);

/*
 * Keys that all objects in a list ("sources", "targets", ...) can have, or
 * NULL. As config_settings(). Those of one kind: config_kind.h.
 */
const struct config_setting *config_object_settings(const char *list, size_t *ret_count);

/* What a setting takes, "1s to 1d": a new string; NULL if it is no number, duration or size. */
char *config_range(const struct config_setting *s);

/* "quietWindow" is DOORBELL_QUIET_WINDOW. A new string (free it). */
char *config_environment_name(const char *key);

/* "quietWindow" is --quiet-window. A new string without the dashes (free it). */
char *config_flag_name(const char *key);

/*
 * What word among the names (up to a NULL) was meant? One of them, or NULL
 * if none is near. For "did you mean".
 */
const char *config_suggest(const char *word, const char *const *names);

/* More names of kinds or providers than there are, for lists of them. */
#define CONFIG_NAMES_MAX 32

/* The names, ended by NULL, for people: "exec", "argocd and exec", "a, b and c". A new string. */
char *config_join_names(const char *const *names);

#endif
