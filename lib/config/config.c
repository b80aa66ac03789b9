/*
 * Settings: defaults, then the file, then the environment, then flags; each
 * replaces what was there before.  All problems are collected; only without
 * any is there a configuration.
 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/config_impl.h"

/* ---- load and free ----------------------------------------------------- */

static void set_defaults(struct config_loader *l)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);

	for (size_t i = 0; i < count; i++) {
		json_t *value = json_string(table[i].initial != NULL ? table[i].initial : "");

		config_set_initial(l, &table[i], l->config);
		config_note_origin(l, &table[i], NULL, NULL, value);
		json_decref(value);
	}
}

/* Where relative paths of the file start from. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL) {
		return NULL;
	}
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/*
 * Links are not resolved: that the one named "..data" leads elsewhere now is
 * how Kubernetes changes a mounted file.
 */
static char *absolute_of(const char *path)
{
	char *here = path[0] != '/' ? getcwd(NULL, 0) : NULL;
	char *absolute = here != NULL ? xasprintf("%s/%s", here, path) : xstrdup(path);

	free(here);
	return absolute;
}

static void read_file(struct config_loader *l)
{
	if (l->input->path == NULL) {
		return;
	}
	l->config->file = absolute_of(l->input->path);
	l->directory = directory_of(l->config->file);
	free(l->name);
	l->name = xstrdup(l->input->path);
	config_read_yaml(l);
	free(l->directory);
	l->directory = NULL;
}

/* All of a load, with what could be made of it in spite of problems. */
static void load(struct config_loader *l)
{
	size_t count = 0;

	(void)config_settings(&count);
	l->config = xcalloc(1, sizeof(*l->config));
	l->config->origins = xcalloc(count, sizeof(struct config_origin));
	l->name = xstrdup("default");
	set_defaults(l);
	read_file(l);
	config_read_environment(l);
	config_read_overrides(l);
	config_check(l);
	free(l->name);
}

int config_load(const struct config_input *input, struct config **ret_config,
		struct strvec *problems, struct strvec *warnings)
{
	struct config_loader l = { .input = input, .problems = problems, .warnings = warnings };
	size_t before = problems->count;

	load(&l);
	if (problems->count > before) {
		config_free(l.config);
		return -1;
	}
	*ret_config = l.config;
	return 0;
}

char *config_find_state(const struct config_input *input, struct strvec *problems)
{
	struct config_loader l = { .input = input, .problems = problems };
	const char *where = NULL;
	const char *value = NULL;
	char *found = NULL;

	load(&l);
	(void)config_origin(l.config, "stateDirectory", &where, &value);
	const char *path = l.config->state_directory;

	if (path != NULL && path[0] == '/' && (l.understood || strcmp(where, "default") != 0)) {
		found = xstrdup(path);
	}
	config_free(l.config);
	return found;
}

static void free_member(struct config *config, const struct config_setting *s)
{
	void *member = (char *)config + s->offset;

	if (s->type == CONFIG_OBJECTS) {
		config_clear_objects(config, s->key);
	} else if (s->type == CONFIG_STRINGS) {
		strvec_release(member);
	} else if (s->type == CONFIG_STRING || s->type == CONFIG_PATH ||
		   s->type == CONFIG_SECRET_PATH) {
		free(*(char **)member);
	}
}

void config_free(struct config *config)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);

	if (config == NULL) {
		return;
	}
	struct config_origin *origins = config->origins;
	for (size_t i = 0; i < count; i++) {
		free_member(config, &table[i]);
		free(origins[i].where);
		free(origins[i].value);
	}
	free(origins);
	free(config->file);
	free(config);
}
