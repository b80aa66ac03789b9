/*
 * Kinds: what an item of a list can be, each with settings of its own.
 *
 * A target holds, beside the settings that all targets have, one mapping that
 * is called after its kind: "exec: {command: ...}".  Whoever owns the kind
 * brings rows for the table of settings, a struct that they are read into,
 * and a check; the loader reads, frees and names problems by the rows and
 * knows no kind.
 */
#ifndef LIB_CONFIG_CONFIG_KIND_H
#define LIB_CONFIG_CONFIG_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config_table.h"

struct config_place; // where an item stands in what is being read

/* One kind; constant, for as long as any configuration with it lives. */
struct config_kind {
	const char *name;                      // the key of its mapping, such as "exec"
	const struct config_setting *settings; // with that name in front: "exec.command"
	size_t setting_count;
	size_t options_size;                   // of the struct that their offsets mean
	/*
	 * Note what is wrong with options, which have been read as far as they
	 * could be, with config_kind_problem(). NULL: nothing more to check.
	 */
	void (*check)(struct config_place *place, const void *options);
};

/* What an item turned out to be. Both belong to the configuration. */
struct config_choice {
	const struct config_kind *kind;
	void *options; // of the kind's size, zeroed but for defaults and what was written
};

/* True if key ("command", without the kind's name) was written, well or not. */
bool config_kind_has(const struct config_place *place, const char *key);

/*
 * Note a problem with the item, whose name is put in front: a printf format
 * that says what and, behind ": ", the cure.  It is shown at the value of key
 * if that was written, else (also with key NULL) at the kind's mapping.
 */
void config_kind_problem(struct config_place *place, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As config_kind_problem(), but a warning unless the configuration is read strictly. */
void config_kind_doubt(struct config_place *place, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Doubt that the host of url, the value of key, resolves. */
void config_kind_check_host(struct config_place *place, const char *key, const char *url);

#endif
