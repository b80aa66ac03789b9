/*
 * Putting the hook that was there before ours aside, and back.
 */
#ifndef RECEIVER_CLI_HOOK_KEEP_H
#define RECEIVER_CLI_HOOK_KEEP_H

#include "receiver/cli/hook_place.h"

/*
 * Move the hook place->before to place->kept, under its own name, with links
 * to all that stands beside it, so that it finds what it looks for relative to
 * itself.  Nothing is done if it is there already.  What place says is stale
 * afterwards. 0, or -1 with err.
 */
int hook_keep(const struct hook_place *place, struct error *err);

/*
 * Move the hook place->before (kept or local) back to place->hook, over what
 * is there, and remove the folder it was kept in.  If there is none, only
 * place->hook is removed. 0, or -1 with err.
 */
int hook_keep_return(const struct hook_place *place, struct error *err);

#endif
