/*
 * Inside lib/config only: what the steps of config_load() share.
 */
#ifndef LIB_CONFIG_CONFIG_IMPL_H
#define LIB_CONFIG_CONFIG_IMPL_H

#include <jansson.h>

#include "base/buf.h"
#include "base/yaml.h"
#include "config/config.h"
#include "config/config_table.h"

#define CONFIG_FILE_MAX (1024U * 1024)
#define CONFIG_SECRET_MAX 65536

/* Mode of a repository that has none of its own, until config_check(). */
#define CONFIG_MODE_INHERITED ((enum config_mode)99)

/* Where a setting came from, for config_origin(). */
struct config_origin {
	char *where;
	char *value;
};

/* One load. "Now reading" is the file, a variable or a flag. */
struct config_loader {
	const struct config_input *input;
	struct config *config;
	struct strvec *problems;
	struct strvec *warnings;          // or NULL
	char *name;                       // of what is read now: a path, DOORBELL_X, --x, "default"
	const struct yaml_stream *stream; // of the file, else NULL: names have no lines
	bool understood;                  // the file is a mapping, or empty: the rest is default
	char *directory;                  // that relative paths start from, or NULL: as they are
};

/*
 * Note a problem at key of the object node (key NULL: at node; node NULL: no
 * line): a printf format that says what and, behind ": ", the cure.
 */
void config_problem(struct config_loader *l, const json_t *node, const char *key,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* As config_problem(), but it stops nothing. */
void config_warning(struct config_loader *l, const json_t *node, const char *key,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* As config_problem() if the load is strict, else as config_warning(). */
void config_doubt(struct config_loader *l, const json_t *node, const char *key,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Doubt that the path of the repository r, read from node, can be read. */
void config_check_place(struct config_loader *l, const json_t *node,
			const struct config_repository *r);

/* Doubt that the host of url resolves; node is the value of key. */
void config_check_host(struct config_loader *l, const json_t *node, const char *key,
		       const char *url);

/* Doubt that the programs are there with which the repositories are fetched. */
void config_check_programs(struct config_loader *l);

/* Doubt that secret, an item of the list key, is one: odd bytes, lines, few characters. */
void config_check_secret(struct config_loader *l, const json_t *node, const char *key,
			 const char *secret);

/*
 * Read value, which parent holds under key, into the member of base that s
 * names.  What was there is freed, except for lists of secrets, which grow.
 * Problems are noted and leave the member as it was.
 */
void config_set(struct config_loader *l, const struct config_setting *s, void *base,
		const json_t *parent, const char *key, const json_t *value);

/* True if the member of such a setting is a struct strvec. */
bool config_is_list(enum config_type type);

/* True if the member of such a setting is a char * of its own. */
bool config_is_text(enum config_type type);

/* Set the member that s names to its default. */
void config_set_initial(struct config_loader *l, const struct config_setting *s, void *base);

/* What a mapping may hold. */
struct config_shape {
	const struct config_setting *table;
	size_t count;
	/* The kinds whose mapping may stand in it, as in struct config_input; NULL: none. */
	const struct config_kind *(*kind)(size_t i);
	size_t choice; // offset of the struct config_choice that the one there is read into
};

/*
 * Read all keys of the mapping node into the struct at base; unknown ones are
 * problems.  prefix is what stands before them in the table: "", or "exec.".
 */
void config_set_all(struct config_loader *l, const struct config_shape *shape, void *base,
		    const json_t *node, const char *prefix);

/* The kind of that name, or NULL. kind as in struct config_shape. */
const struct config_kind *config_kind_find(const struct config_kind *(*kind)(size_t i),
					   const char *name);

/*
 * Read value, which parent holds under the kind's name, into choice.  What
 * holds two kinds is a problem of the whole: the second one is passed over.
 */
void config_kind_set(struct config_loader *l, const struct config_kind *kind,
		     struct config_choice *choice, const json_t *parent, const json_t *value);

/*
 * Check what item, "target" or so called name, became: exactly one kind, whose own
 * check is asked.  name may be NULL.
 */
void config_kind_check(struct config_loader *l, const struct config_kind *(*kind)(size_t i),
		       const struct config_choice *choice, const json_t *node, const char *what,
		       const char *name);

/* Free the options, leave choice zeroed. */
void config_kind_clear(struct config_choice *choice);

/* Free what the member of base that s names holds; secrets are wiped. */
void config_clear(const struct config_setting *s, void *base);

/* Replace one list of objects (key "sources" and so on) by what value says. */
void config_set_objects(struct config_loader *l, const char *key, const json_t *parent,
			const json_t *value);

/* Free one list of objects and leave it empty; secrets are wiped. */
void config_clear_objects(struct config *config, const char *key);

/* Checks that need more than one setting. */
void config_check(struct config_loader *l);

/* Read DOORBELL_* variables, then overrides. */
void config_read_environment(struct config_loader *l);
void config_read_overrides(struct config_loader *l);

/* Read the configuration file into the loader's config. Problems are noted. */
void config_read_yaml(struct config_loader *l);

/*
 * Read the secret in the file at path (resolved), append it to list. Problems
 * are noted at value or, as it has no place of its own, key of parent.
 */
void config_read_secret(struct config_loader *l, const char *path, const json_t *node,
			const char *key, struct strvec *list);

/* The path that a value means: see CONFIG_PATH and CONFIG_SECRET_PATH. A new string. */
char *config_resolve(const struct config_loader *l, const char *path, bool credential);

/* Note where setting s (a row of config_settings()) was set. */
void config_note_origin(struct config_loader *l, const struct config_setting *s,
			const json_t *parent, const char *key, const json_t *value);

/* Wipe and free the strings of a list of secrets. */
void config_wipe(struct strvec *secrets);

/* The setting of that key, in its own or a flag's spelling, or NULL. */
const struct config_setting *config_find(const char *key);

#endif
