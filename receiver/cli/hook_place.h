/*
 * Where a repository keeps its hooks, what stands there, and where ours goes.
 */
#ifndef RECEIVER_CLI_HOOK_PLACE_H
#define RECEIVER_CLI_HOOK_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "receiver/cli/hook_script.h"

struct hook_place {
	char *git_dir;         // absolute
	char *hooks;           // absolute: as git says, or gitolite's hooks/common
	char *hook;            // hooks/post-receive: what git runs
	enum hook_state state; // what that is
	char *folder;          // the folder whose programs the forge runs, or NULL: there is none
	char *own;             // where our hook goes: in that folder, else the same as hook
	enum hook_state own_state;
	char *kept;            // hooks/.doorbell-before/post-receive: run by ours
	char *local;           // hooks/post-receive.local: where earlier versions kept it
	const char *before;    // the hook that is not ours: one of hook, kept and local, or NULL
	bool has_kept;         // kept or local is there
	bool generated;        // a forge made that one and will make it again
	char *doorbell;        // our own binary
	char *program;         // our post-receive
};

/*
 * Find all of it for the repository at path (asking git) into *ret_place
 * (release it). 0, or -1 with err: not a repository, no post-receive program
 * beside this one.
 */
int hook_place_find(const char *path, struct hook_place *ret_place, struct error *err);

/* Free what place holds; place may be zeroed. */
void hook_place_release(struct hook_place *place);

/* True if path is not inside the repository: other repositories may use it too. */
bool hook_place_is_shared(const struct hook_place *place, const char *path);

/*
 * True if our hook, as this program would write it, is where it goes, and what
 * was there before is kept: an installation changes nothing there.
 */
bool hook_place_is_current(const struct hook_place *place);

/*
 * The repository's own idea of its address as a new string: remote.origin.url
 * without user and password, or "file://" and its folder.
 */
char *hook_place_repository(const struct hook_place *place);

/*
 * Can what an installation changes be changed by this user? 0, or -1 with err,
 * which names the folder that cannot be written to, and its owner.
 */
int hook_place_check(const struct hook_place *place, struct error *err);

/*
 * Make folder path (its parent exists) with the owner of its parent and the
 * permissions of folder like as far as mask has them; 0700 if like is not
 * there. 0, or -1 with err; a folder that is there is left as it is.
 */
int hook_place_folder(const char *path, const char *like, mode_t mask, struct error *err);

/*
 * Write text to path (absolute) as a whole or not at all, with the owner of
 * its folder and with mode; what stood there, be it a link, is replaced and
 * not written to. 0, or -1 with err.
 */
int hook_place_write(const char *path, const char *text, mode_t mode, struct error *err);

#endif
