/*
 * What a chart's templates can reach, as far as their text tells.
 *
 * A chart's templates read the other files of its directory through ".Files"
 * only; so if none of them can get there, those files do not matter.
 */
#ifndef LIB_INPUTS_HELM_HELM_TEMPLATE_H
#define LIB_INPUTS_HELM_HELM_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/strvec.h"

/* What was found in the templates of one chart; zeroed to begin with. */
struct helm_templates {
	bool files;             // Files is named, or whole
	bool whole;             // all there is may be written out
	bool tpl;               // values may be templates
	bool dynamic;           // templates are called by a name that is computed
	bool chart;             // Chart is used otherwise than for the fields below
	bool notes;             // NOTES.txt is named
	size_t calls;           // names looked at so far
	struct strvec defines;  // names of templates that are there
	struct strvec lasting;  // those that no template of a subchart replaces
	struct strvec includes; // names of templates that are called
	struct strvec fields;   // of Chart, that are named
	struct strvec packed;   // keys under which the root is handed on
	struct strvec held;     // fields that are written out, or given another name
	struct strvec leaks;    // names of templates that write out what they are given
	struct strvec given;    // names of templates that may be given the root
	bool quoted;            // a string may write out, or be made to, if it is given to tpl
	bool half;              // an action has no end
};

/*
 * Look through one more template. lasting: what it defines cannot be replaced
 * by a template of a subchart.
 */
void helm_template_scan(struct helm_templates *t, const char *text, size_t len, bool lasting);

/*
 * True if a template is called that none of those seen defines; unseen: there
 * are subcharts with templates that were not seen.
 */
bool helm_templates_miss(const struct helm_templates *t, bool unseen);

/* True if all there is may be written out, now that all templates were seen. */
bool helm_templates_whole(const struct helm_templates *t);

/* Free what t holds. */
void helm_templates_release(struct helm_templates *t);

/* What a value may do that a template gives to "tpl", as bits. */
enum {
	HELM_VALUE_SUSPECT = 1, // reach Files, write all out, or call another template
	HELM_VALUE_CHART = 2    // name Chart
};

/* What one text may do, a value or a key; all of it together. */
unsigned helm_value_reach(const char *text, size_t len);

/* What any text in values, their keys included, may do; NULL: nothing. */
unsigned helm_values_reach(const json_t *values);

#endif
