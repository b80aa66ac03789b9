/*
 * Argo CD's build environment in the texts of a source.
 *
 * Argo CD replaces $NAME and ${NAME} in value files and a few other texts
 * (pkg/apis/application/v1alpha1, Env.Envsubst): as Go's os.Expand(), with
 * "$$" for a dollar, and nothing for a name that it does not know.
 */
#ifndef LIB_INPUTS_SUBSTITUTE_H
#define LIB_INPUTS_SUBSTITUTE_H

#include <stdbool.h>

#include <jansson.h>

#include "inputs/inputs_impl.h"

/*
 * text with the environment of a source put in, as a string that lives as
 * long as the walk. spec is the object whose repoURL, path and targetRevision
 * are meant (the source's own, or a sibling's).  full_name: ARGOCD_APP_NAME is
 * "<namespace>_<name>", as outside Argo CD's own namespace.  A value that is
 * not known here (the revision, the destination's namespace) becomes "*" and
 * *ret_pattern true; the result is then, or if text was one before, a pattern
 * of doublestar's dialect; no value holds a "/" where that can happen.
 */
const char *inputs_substitute(struct inputs_walk *w, const struct inputs_source *source,
			      const json_t *spec, const char *text, bool full_name,
			      bool *ret_pattern);

/* True if the name of the application is in text: try both of its forms. */
bool inputs_substitute_names(const struct inputs_source *source, const char *text);

#endif
