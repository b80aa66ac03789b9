/*
 * Templates that stand where applications are looked for.
 *
 * A chart of Helm that makes Applications is full of files that look like
 * theirs and are not: some are no YAML at all, some are, with a template where
 * a path should be.  What they become is known to whoever fills them in, and
 * to the cluster.  Here it is told what such a text is; what to do with it is
 * decided where manifests are read.
 */
#ifndef LIB_MANIFEST_TEMPLATE_H
#define LIB_MANIFEST_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "manifest/app_id.h"

enum template_text {
	TEMPLATE_NONE,       // no template: what is wrong with it is something else
	TEMPLATE_OTHER,      // a template of things that are no applications
	TEMPLATE_APPLICATION // a template that holds an application
};

/*
 * What is a text that could not be read as YAML? Of TEMPLATE_APPLICATION
 * *ret_kind is the kind of the first application in it, *ret_line its line.
 */
enum template_text template_look(const char *data, size_t len, enum app_kind *ret_kind,
				 int *ret_line);

/* How to get such objects as the cluster has them: a new string. */
char *template_advice(enum app_kind kind);

/*
 * The first of the fields that say what an object (of that kind) is called and
 * what it is made from which holds a template: "spec.source.path", a new
 * string; or NULL.  An ApplicationSet may hold templates.
 */
char *template_find(const json_t *object, enum app_kind kind);

/* Does a source of an Application leave open which of the files in git it reads? */
bool template_is_in_source(const json_t *source);

#endif
