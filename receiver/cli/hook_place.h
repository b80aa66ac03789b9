/*
 * Where a repository keeps its hooks, and what stands there.
 */
#ifndef RECEIVER_CLI_HOOK_PLACE_H
#define RECEIVER_CLI_HOOK_PLACE_H

#include <stdbool.h>

#include "base/error.h"

enum hook_state {
	HOOK_STATE_NONE,   // no post-receive
	HOOK_STATE_OURS,   // a link to our program
	HOOK_STATE_FOREIGN // somebody else's
};

struct hook_place {
	char *git_dir;  // absolute
	char *hooks;    // absolute: core.hooksPath, or git_dir/hooks
	char *hook;     // hooks/post-receive
	char *local;    // hooks/post-receive.local: run by ours
	char *doorbell; // our own binary
	char *program;  // our post-receive
	enum hook_state state;
	bool has_local; // post-receive.local is there
	bool is_shared; // hooks is not in git_dir: other repositories may use it too
};

/*
 * Find all of it for the repository at path (asking git) into *ret_place
 * (release it). 0, or -1 with err: not a repository, no post-receive program
 * beside this one.
 */
int hook_place_find(const char *path, struct hook_place *ret_place, struct error *err);

/* Free what place holds; place may be zeroed. */
void hook_place_release(struct hook_place *place);

/*
 * The repository's own idea of its address as a new string: remote.origin.url
 * without user and password, or "file://" and its folder.
 */
char *hook_place_repository(const struct hook_place *place);

/* Put the link to our program where the hook is, atomically. 0, or -1 with err. */
int hook_place_link(const struct hook_place *place, struct error *err);

/*
 * Make folder path (its parent exists) with the owner and permissions of the
 * repository's objects, so that everybody who may push may spool. 0, or -1
 * with err; one that is there is left as it is.
 */
int hook_place_folder(const struct hook_place *place, const char *path, struct error *err);

/* Write text to path as a whole or not at all, with that owner. 0, or -1 with err. */
int hook_place_write(const struct hook_place *place, const char *path, const char *text,
		     struct error *err);

#endif
