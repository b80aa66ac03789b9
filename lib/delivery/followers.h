/*
 * Does any application follow this ref?  Asked for every push, of which one
 * delivery can bring ten thousand, so without asking every application:
 * what they follow is gathered once for each list of applications.
 */
#ifndef LIB_DELIVERY_FOLLOWERS_H
#define LIB_DELIVERY_FOLLOWERS_H

#include <stdbool.h>

#include "manifest/app.h"

struct followers;

/*
 * Gather what the applications of a list follow, but for those that are not
 * to be reconciled; nothing of the list is kept.  Never NULL.
 */
struct followers *followers_new(const struct app_list *apps);

/* Free them. NULL is fine. */
void followers_free(struct followers *f);

/*
 * True if an application has a source that follows ref (full name) of
 * repository (normalised); default_branch as in app_revision_matches().
 */
bool followers_any(const struct followers *f, const char *repository, const char *ref,
		   const char *default_branch);

/* True if this source follows ref of repository; else as above. */
bool followers_source(const struct app_source *source, const char *repository, const char *ref,
		      const char *default_branch);

#endif
