/*
 * Items of a kind: which it is, its settings read by its own rows, its check.
 */
#include "config/config_kind.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/config_impl.h"

struct config_place {
	struct config_loader *loader;
	const json_t *node;    // of the item
	const json_t *mapping; // of the kind, in it
	const char *kind;
	const char *what;      // "target"
	const char *name;
};

const struct config_kind *config_kind_find(const struct config_kind *(*kind)(size_t i),
					   const char *name)
{
	for (size_t i = 0; kind != NULL && kind(i) != NULL; i++) {
		if (strcmp(kind(i)->name, name) == 0) {
			return kind(i);
		}
	}
	return NULL;
}

void config_kind_set(struct config_loader *l, const struct config_kind *kind,
		     struct config_choice *choice, const json_t *parent, const json_t *value)
{
	const struct config_shape shape = { .table = kind->settings, .count = kind->setting_count };

	if (choice->kind != NULL) {
		return;
	}
	if (!json_is_object(value)) {
		config_problem(l, parent, kind->name, "'%s' is no mapping: give its keys",
			       kind->name);
		return;
	}
	char *prefix = xasprintf("%s.", kind->name);
	*choice = (struct config_choice){ kind, xcalloc(1, kind->options_size) };
	for (size_t row = 0; row < shape.count; row++) {
		config_set_initial(l, &shape.table[row], choice->options);
	}
	config_set_all(l, &shape, choice->options, value, prefix);
	free(prefix);
}

void config_kind_check(struct config_loader *l, const struct config_kind *(*kind)(size_t i),
		       const struct config_choice *choice, const json_t *node, const char *what,
		       const char *name)
{
	const char *shown = name != NULL && name[0] != '\0' ? name : "(no name)";
	size_t there = 0;

	for (size_t i = 0; kind != NULL && kind(i) != NULL; i++) {
		there += json_object_get(node, kind(i)->name) != NULL;
	}
	if (there != 1) {
		const char *names[CONFIG_NAMES_MAX + 1] = { NULL };

		for (size_t i = 0; i < CONFIG_NAMES_MAX && kind != NULL && kind(i) != NULL; i++) {
			names[i] = kind(i)->name;
		}
		char *known = config_join_names(names);

		config_problem(l, node, NULL, "%s '%s' is of %s: give one of %s", what, shown,
			       there == 0 ? "no kind" : there == 2 ? "two kinds" : "several kinds",
			       known);
		free(known);
	} else if (choice->kind != NULL && choice->kind->check != NULL) {
		struct config_place place = {
			.loader = l,
			.node = node,
			.mapping = json_object_get(node, choice->kind->name),
			.kind = choice->kind->name,
			.what = what,
			.name = shown,
		};

		choice->kind->check(&place, choice->options);
	}
}

bool config_kind_has(const struct config_place *place, const char *key)
{
	return json_object_get(place->mapping, key) != NULL;
}

typedef void (*teller)(struct config_loader *l, const json_t *node, const char *key,
		       const char *format, ...);

/* Tell of the item, with its name in front, at the value of key or at the kind's mapping. */
static void tell(struct config_place *place, teller out, const char *key, const char *format,
		 va_list args)
{
	const json_t *value = key != NULL ? json_object_get(place->mapping, key) : NULL;
	/* A null is one for all and has no place of its own. */
	bool here = value != NULL && !json_is_null(value);
	char text[ERROR_TEXT_MAX];

	(void)vsnprintf(text, sizeof(text), format, args);
	out(place->loader, here ? value : place->node, here ? NULL : place->kind, "%s '%s': %s",
	    place->what, place->name, text);
}

void config_kind_problem(struct config_place *place, const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(place, config_problem, key, format, args);
	va_end(args);
}

void config_kind_doubt(struct config_place *place, const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(place, config_doubt, key, format, args);
	va_end(args);
}

void config_kind_check_host(struct config_place *place, const char *key, const char *url)
{
	config_check_host(place->loader, json_object_get(place->mapping, key), key, url);
}

void config_kind_clear(struct config_choice *choice)
{
	for (size_t row = 0; choice->kind != NULL && row < choice->kind->setting_count; row++) {
		config_clear(&choice->kind->settings[row], choice->options);
	}
	free(choice->options);
	*choice = (struct config_choice){ .kind = NULL };
}
