/*
 * What an installation of the hook changes in a repository.
 */
#ifndef RECEIVER_CLI_HOOK_CHANGE_H
#define RECEIVER_CLI_HOOK_CHANGE_H

#include "receiver/cli/hook_place.h"

/*
 * What stands in the way of an installation at place, with the cure, as a new
 * string (free it); NULL: nothing does.  A script that a forge makes is never
 * moved.
 */
char *hook_change_obstacle(const struct hook_place *place);

/*
 * True if a hook of ours stands where git looks, although a forge's script
 * belongs there and ours into the folder that it runs.
 */
bool hook_change_is_misplaced(const struct hook_place *place);

/*
 * Install: write conf to hook.conf, make the spool, keep the hook that was
 * there, write ours.  It can be done again, and stopped anywhere: no push is
 * lost.  What place says is stale afterwards. 0, or -1 with err.
 */
int hook_change(const struct hook_place *place, const char *conf, struct error *err);

#endif
