/*
 * Putting lists of applications together.
 *
 * Two decisions live here: what several applications of one name are in a list
 * that is made of several, and what of an old list stays beside a
 * new one that could not be read whole.  For the inventory alone.
 */
#ifndef LIB_INVENTORY_MERGE_H
#define LIB_INVENTORY_MERGE_H

#include "base/strvec.h"
#include "manifest/app.h"

struct merge;

/*
 * Begin a list (empty, borrowed until merge_end()), to which lines about what
 * is left out are added in problems (likewise). Never NULL.
 */
struct merge *merge_begin(struct app_list *list, struct strvec *problems);

/*
 * Append app (borrowed by the list) unless one of its full name that says the
 * same is there already or the list is full: either is a problem.  Of Flux's
 * objects all of one name are appended, since they are put together later.  One
 * that was read from a patch waits for merge_end().
 */
void merge_add(struct merge *m, struct app *app);

/*
 * End: append what was read from patches and has a namesake that was not, whose
 * inputs it may change; tell several of one name which is the first (app.h), for
 * which an operator's own comes before what was read from a repository; give
 * Flux's objects their sources (app_link()), and leave out those that are only
 * there to be referred to. m is freed.
 */
void merge_end(struct merge *m);

/*
 * What could not be read may hold what is missing now, so that a slip in a
 * manifest does not silence its application: move those applications of old
 * that were read from a broken text over to list, unless one of the same kind
 * and name was read from that text now.
 */
void merge_keep_missing(struct app_list *list, struct app_list *old, const struct strvec *broken);

#endif
