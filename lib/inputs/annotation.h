/*
 * The annotation argocd.argoproj.io/manifest-generate-paths as inputs.
 */
#ifndef LIB_INPUTS_ANNOTATION_H
#define LIB_INPUTS_ANNOTATION_H

#include "inputs/inputs_impl.h"

/*
 * Log the items of a manifest-generate-paths annotation for a source path:
 * exactly what makes Argo CD's AppFilesHaveChanged() say yes.  False if it has
 * no item.
 */
bool inputs_annotation(struct inputs_walk *w, const char *source_path, const char *annotation);

#endif
