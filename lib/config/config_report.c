/*
 * What is told of a configuration: what is wrong or odd in it, and at which
 * line; and where each setting came from.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/config_impl.h"

static char *config_where(const struct config_loader *l, const json_t *node, const char *key)
{
	int line = 0;
	int column = 0;

	if (l->stream == NULL || node == NULL ||
	    !yaml_stream_where(l->stream, node, key, &line, &column)) {
		return xstrdup(l->name);
	}
	return xasprintf("%s:%d:%d", l->name, line, column);
}

/* One line in list. */
static void note(const struct config_loader *l, struct strvec *list, const json_t *node,
		 const char *key, const char *format, va_list args)
{
	struct error text = ERROR_INIT; /* for its care of control characters */
	char line[ERROR_TEXT_MAX];
	char *where = config_where(l, node, key);

	(void)vsnprintf(line, sizeof(line), format, args);
	(void)error_set(&text, 0, "%s", line);
	strvec_pushf(list, "%s: %s", where, text.text);
	free(where);
}

void config_problem(struct config_loader *l, const json_t *node, const char *key,
		    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(l, l->problems, node, key, format, args);
	va_end(args);
}

void config_warning(struct config_loader *l, const json_t *node, const char *key,
		    const char *format, ...)
{
	va_list args;

	if (l->warnings == NULL) {
		return;
	}
	va_start(args, format);
	note(l, l->warnings, node, key, format, args);
	va_end(args);
}

void config_doubt(struct config_loader *l, const json_t *node, const char *key,
		  const char *format, ...)
{
	struct strvec *list = l->input->strict ? l->problems : l->warnings;
	va_list args;

	if (list == NULL) {
		return;
	}
	va_start(args, format);
	note(l, list, node, key, format, args);
	va_end(args);
}

void config_wipe(struct strvec *secrets)
{
	for (size_t i = 0; i < secrets->count; i++) {
		explicit_bzero(secrets->items[i], strlen(secrets->items[i]));
	}
	strvec_release(secrets);
}

/* ---- origins ----------------------------------------------------------- */

/* What was written, for people. A new string. */
static char *show(const struct config_setting *s, const json_t *value)
{
	struct buf out;
	size_t i;
	json_t *item;

	if (s->type == CONFIG_OBJECTS) {
		return xstrdup("(not shown)");
	}
	if (json_is_string(value)) {
		return xstrdup(json_string_value(value));
	}
	buf_init(&out, 65536);
	json_array_foreach(value, i, item) {
		const char *text = json_string_value(item);

		(void)buf_addf(&out, "%s%s", i > 0 ? ", " : "", text != NULL ? text : "");
	}
	return buf_detach(&out);
}

void config_note_origin(struct config_loader *l, const struct config_setting *s,
			const json_t *parent, const char *key, const json_t *value)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);
	struct config_origin *o = (struct config_origin *)l->config->origins + (s - table);

	free(o->where);
	free(o->value);
	o->where = config_where(l, parent, key);
	o->value = show(s, value);
}

bool config_origin(const struct config *config, const char *key, const char **ret_where,
		   const char **ret_value)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);
	const struct config_setting *s = config_find(key);

	if (s == NULL) {
		return false;
	}
	const struct config_origin *o = (const struct config_origin *)config->origins + (s - table);
	*ret_where = o->where;
	*ret_value = o->value;
	return true;
}
