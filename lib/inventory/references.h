/*
 * Remote references: what applications are made from in repositories that are
 * not their own.
 *
 * The engine finds them where it walks (affected/affected_result.h:
 * remote_references), one list for each (repository, ref).  From it the
 * applications get their remote references (app.h), so that a push to one of
 * these places finds them.
 *
 * Plain data: one thread at a time.
 */
#ifndef LIB_INVENTORY_REFERENCES_H
#define LIB_INVENTORY_REFERENCES_H

#include <stdbool.h>

#include "base/strvec.h"
#include "manifest/app.h"

struct references;

/* None yet; free it with references_free(). Never NULL. */
struct references *references_new(void);

/* Free it; NULL is fine. */
void references_free(struct references *references);

/*
 * Replace what applications that follow a ref refer to: JSON as in struct
 * affected, with names for numbers; NULL, "" and what cannot be read are
 * nothing.  True if it is different from before.
 */
bool references_set(struct references *references, const char *repository, const char *ref,
		    const char *remote);

/*
 * Give the applications of list (borrowed, and changed) the remote references
 * that they should have, and take away others. name tells which configured
 * repository an address means, or NULL for none. problems gets a line for
 * what cannot be followed.
 */
void references_link(const struct references *references, const struct app_list *list,
		     const char *(*name)(void *ctx, const char *address), void *ctx,
		     struct strvec *problems);

#endif
