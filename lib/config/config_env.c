/*
 * Variables and flags: the same settings under other names.
 *
 * Their values are taken as they are, except for lists and mappings, which
 * are YAML text.  Kubernetes sets DOORBELL_PORT* and DOORBELL_SERVICE_* for a
 * Service of our name; those are not ours.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/config_impl.h"

static const char prefix[] = "DOORBELL_";

static bool is_yaml(const struct config_setting *s, const char *text)
{
	if (s->type == CONFIG_OBJECTS || s->type == CONFIG_MAP) {
		return true;
	}
	/* "[a, b]" is a list, "[::1]:80" is not */
	return s->type == CONFIG_STRINGS && text[0] == '[' && text[strlen(text) - 1] == ']';
}

/* Read text, which is what l->name says, as the value of s. */
static void set_text(struct config_loader *l, const struct config_setting *s, const char *text)
{
	struct yaml_options options = { .reject_duplicates = true };
	struct yaml_stream *stream = NULL;
	struct error err = ERROR_INIT;
	json_t *value = NULL;

	if (!is_yaml(s, text)) {
		value = json_string(text);
		if (value == NULL) {
			config_problem(l, NULL, NULL, "not UTF-8: correct it");
			return;
		}
	} else if (yaml_parse(text, strlen(text), &options, &stream, &err) != YAML_OK) {
		config_problem(l, NULL, NULL, "%s", err.text);
		return;
	} else {
		json_t *root = yaml_stream_document(stream, 0);

		value = root != NULL ? json_incref(root) : json_null();
	}
	config_set(l, s, l->config, NULL, NULL, value);
	config_note_origin(l, s, NULL, NULL, value);
	json_decref(value);
	yaml_stream_free(stream);
}

static void set_name(struct config_loader *l, char *name)
{
	free(l->name);
	l->name = name;
}

/*
 * Note that l->name is no setting. word is it without what all names begin
 * with (start); spelling gives what settings are called.
 */
static void unknown(struct config_loader *l, const char *word, const char *start, size_t skip,
		    char *(*spelling)(const char *key))
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);
	const char **names = xcalloc(count + 1, sizeof(*names));
	struct strvec all = STRVEC_INIT;

	for (size_t i = 0; i < count; i++) {
		strvec_push_take(&all, spelling(table[i].key));
	}
	for (size_t i = 0; i < count; i++) {
		names[i] = all.items[i] + skip;
	}
	const char *near = config_suggest(word, names);
	if (near != NULL) {
		config_problem(l, NULL, NULL, "unknown setting: did you mean %s%s?", start, near);
	} else {
		config_problem(l, NULL, NULL, "unknown setting: remove it");
	}
	strvec_release(&all);
	free(names);
}

static const struct config_setting *find_variable(const char *name)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);

	for (size_t i = 0; i < count; i++) {
		char *own = config_environment_name(table[i].key);
		bool same = strcmp(own, name) == 0;

		free(own);
		if (same) {
			return &table[i];
		}
	}
	return NULL;
}

static bool is_foreign(const char *name)
{
	return strncmp(name, "DOORBELL_PORT", 13) == 0 ||
	       strncmp(name, "DOORBELL_SERVICE_", 17) == 0 || strcmp(name, "DOORBELL_CONFIG") == 0;
}

void config_read_environment(struct config_loader *l)
{
	if (l->input->environment == NULL) {
		return;
	}
	for (char *const *e = l->input->environment; *e != NULL; e++) {
		const char *equals = strchr(*e, '=');

		if (strncmp(*e, prefix, sizeof(prefix) - 1) != 0 || equals == NULL) {
			continue;
		}
		set_name(l, xstrndup(*e, (size_t)(equals - *e)));
		const struct config_setting *s = find_variable(l->name);
		if (s != NULL) {
			set_text(l, s, equals + 1);
		} else if (!is_foreign(l->name)) {
			unknown(l, l->name + sizeof(prefix) - 1, prefix, sizeof(prefix) - 1,
				config_environment_name);
		}
	}
}

void config_read_overrides(struct config_loader *l)
{
	for (size_t i = 0; i < l->input->override_count; i++) {
		const struct config_override *o = &l->input->overrides[i];
		const struct config_setting *s = config_find(o->key);
		char *flag = s != NULL ? config_flag_name(s->key) : xstrdup(o->key);

		set_name(l, xasprintf("--%s", flag));
		if (s != NULL) {
			set_text(l, s, o->value);
		} else {
			unknown(l, flag, "--", 0, config_flag_name);
		}
		free(flag);
	}
}
