/*
 * What a chart's templates can reach, as far as their text tells.
 *
 * A chart's templates read the other files of its directory through ".Files"
 * only; so if none of them can get there, those files do not matter.
 */
#ifndef LIB_INPUTS_HELM_TEMPLATE_H
#define LIB_INPUTS_HELM_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/strvec.h"

/* What was found in the templates of one chart; zeroed to begin with. */
struct helm_templates {
	bool files;             // Files is named, or all there is may be written out
	bool tpl;               // values may be templates
	bool dynamic;           // templates are called by a name that is computed
	size_t calls;           // names looked at so far
	struct strvec defines;  // names of templates that are there
	struct strvec includes; // names of templates that are called
};

/* Look through one more template. */
void helm_template_scan(struct helm_templates *t, const char *text, size_t len);

/* True if a template is called that none of those seen defines. */
bool helm_templates_miss(const struct helm_templates *t);

/* Free what t holds. */
void helm_templates_release(struct helm_templates *t);

/*
 * True if text, a value, may do more than be a value when a template gives it
 * to "tpl": it names Files or calls another template.
 */
bool helm_value_suspect(const char *text, size_t len);

/* True if any text in values, their keys included, is suspect; NULL is not. */
bool helm_values_suspect(const json_t *values);

#endif
