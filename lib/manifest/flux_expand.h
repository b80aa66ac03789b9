/*
 * Flux: a list of objects with their variables put in.
 */
#ifndef LIB_MANIFEST_FLUX_EXPAND_H
#define LIB_MANIFEST_FLUX_EXPAND_H

#include "manifest/app.h"

/* The objects of a list as they come out of what applies them. */
struct flux_expanded;

/*
 * Put variables in from the Kustomizations that apply an object's directory.
 * Several that do not agree make several objects of one.  The list is
 * borrowed.  problems gets a line about the templates that are left in each
 * file.  Never NULL.
 */
struct flux_expanded *flux_expand(const struct app_list *list, struct strvec *problems);

/* All of them, in the order of the list: a view. */
const struct app_list *flux_expanded_list(const struct flux_expanded *expanded);

/* Those that number i of the list became: from *ret_first, as many as it returns. */
size_t flux_expanded_find(const struct flux_expanded *expanded, size_t i, size_t *ret_first);

/* Free it, but not the list. */
void flux_expanded_free(struct flux_expanded *expanded);

#endif
