/*
 * Patches of Kustomize among manifests.
 *
 * A file that a kustomization names as a patch looks like an object and is
 * none: it holds the fields to be changed, perhaps under a name that no object
 * has.  The kustomization stands in another file of the same place, so it is
 * known only when all of them were read which of them are patches.
 */
#ifndef LIB_MANIFEST_PATCH_H
#define LIB_MANIFEST_PATCH_H

#include <jansson.h>

#include "base/strvec.h"
#include "manifest/app.h"

/* Append the files that a document names as patches, if it is a kustomization: as written. */
void patch_find(const json_t *document, struct strvec *files);

struct patch_set;  // the files of a place that are patches
struct patch_file; // one of them

/* An empty set; free it with patch_set_free(). Never NULL. */
struct patch_set *patch_set_new(void);

/* Free it; NULL is fine. */
void patch_set_free(struct patch_set *set);

/* The kustomization at path file names a patch, as written. */
void patch_set_add(struct patch_set *set, const char *file, const char *written);

/* The patch at path, or NULL: it is none. */
struct patch_file *patch_set_find(const struct patch_set *set, const char *path);

/* An application was read from a patch: it is marked as one of a patch (app.h). */
void patch_note_app(struct patch_file *patch, struct app *app);

/* This was said of a patch while it was taken for a manifest. */
void patch_note_problem(struct patch_file *patch, const char *problem);

/*
 * Add a line for each patch that may change what an application is made from,
 * and forget what was noted.
 */
void patch_set_say(struct patch_set *set, struct strvec *problems);

/*
 * All of a place was read: mark the applications of patches, and replace what
 * was said of them by the lines of patch_set_say().
 */
void patch_set_settle(struct patch_set *set, const struct app_list *list,
		      struct strvec *problems);

#endif
