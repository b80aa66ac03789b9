/*
 * The table of fall-backs: a row each.
 */
#include "record/fallback.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	const char *label;
	const char *text;
} rows[FALLBACKS] = {
	[FALLBACK_NONE] = { "none", "other", "" },
	[FALLBACK_FIRST] = { "first", "new_ref", "the ref is seen for the first time" },
	[FALLBACK_DELETED] = { "deleted", "deleted_ref", "the ref was deleted" },
	[FALLBACK_BEFORE] = { "before", "object",
			      "the commit before is not in the repository" },
	[FALLBACK_AFTER] = { "after", "object",
			     "the pushed commit is not in the repository" },
	[FALLBACK_LIMIT] = { "limit", "limit",
			     "more changed than we are willing to look at" },
	[FALLBACK_DAMAGED] = { "damaged", "object",
			       "the repository is damaged or incomplete" },
	[FALLBACK_EMPTY] = { "empty", "other", "no file changed, which Argo CD takes for all" },
	[FALLBACK_READER] = { "reader", "reader", "the changes are not known" },
	[FALLBACK_REPOSITORY] = { "repository", "repository",
				  "the repository is out of reach" },
};

const char *fallback_name(enum fallback fallback)
{
	return rows[fallback].name;
}

enum fallback fallback_by_name(const char *name)
{
	for (unsigned i = 0; name != NULL && i < FALLBACKS; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			return (enum fallback)i;
		}
	}
	return FALLBACKS;
}

const char *fallback_text(enum fallback fallback)
{
	return rows[fallback].text;
}

const char *fallback_label(enum fallback fallback)
{
	return rows[fallback].label;
}
