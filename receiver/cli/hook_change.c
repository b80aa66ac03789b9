/*
 * Installing the hook.
 *
 * First what nobody sees: hook.conf and the spool.  Then ours is put where it
 * goes, and only then a hook of ours is taken away from where it stands in a
 * forge's way.  Whoever is stopped in between does it again.
 */
#include "receiver/cli/hook_change.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "hooks/child.h"
#include "receiver/cli/hook_keep.h"

/* The folders and the file of the repository's own. */
static int write_conf(const struct hook_place *place, const char *conf, struct error *err)
{
	char *objects = xasprintf("%s/objects", place->git_dir);
	char *folder = xasprintf("%s/doorbell", place->git_dir);
	char *spool = xasprintf("%s/spool", folder);
	char *file = xasprintf("%s/hook.conf", folder);
	int r = -1;

	/* Who may push may spool and read the file; the secret is elsewhere. */
	if (hook_place_folder(folder, objects, 07770, err) == 0 &&
	    hook_place_folder(spool, objects, 07770, err) == 0 &&
	    hook_place_write(file, conf, 0644, err) == 0) {
		r = hook_place_folder(place->hooks, objects, 07770, err);
	}
	free(file);
	free(spool);
	free(folder);
	free(objects);
	return r;
}

/*
 * A hook of ours that git finds in a repository is in the way there, if a forge
 * keeps a folder for us: the forge would write its own over it.  One in a folder
 * that other repositories use too stays, as they may have no such folder.
 */
bool hook_change_is_misplaced(const struct hook_place *place)
{
	return place->folder != NULL && place->state == POST_RECEIVE_OURS &&
	       hook_place_is_shared(place, place->hook) == hook_place_is_shared(place, place->own);
}

/* Our hook, where it goes; one that is up to date may be in a folder that is not ours to change. */
static int write_hook(const struct hook_place *place, struct error *err)
{
	if (hook_place_is_current(place)) {
		return 0;
	}
	char *script = hook_script_text(place->program);
	int r = place->folder != NULL
			? hook_place_folder(place->folder, place->git_dir, 07777, err)
			: hook_keep(place, err);
	if (r == 0) {
		r = hook_place_write(place->own, script, 0755, err);
	}
	free(script);
	return r;
}

int hook_change(const struct hook_place *place, const char *conf, struct error *err)
{
	int r = write_conf(place, conf, err);

	if (r == 0) {
		r = write_hook(place, err);
	}
	if (r == 0 && hook_change_is_misplaced(place)) {
		r = hook_keep_return(place, err);
	}
	return r;
}

/*
 * Everything that would lose somebody's hook, or leave ours unheard, is refused:
 *
 *   - a program in the forge's folder that has our name and is not ours
 *   - a hook that runs that folder, but that git will not run, as it may not
 *     be executed; then nothing in the folder is run either
 *   - a hook that a forge makes and runs no folder: moved away, it would be
 *     made again, over ours
 *   - a hook beside another that an earlier installation kept: there is one
 *     place for what was there before
 *
 * All other hooks are kept and run by ours.
 */
char *hook_change_obstacle(const struct hook_place *place)
{
	if (place->own_state == POST_RECEIVE_FOREIGN && place->folder != NULL) {
		return xasprintf("%s is there and not ours: move it away first", place->own);
	}
	if (place->folder != NULL && place->before != NULL && access(place->before, X_OK) < 0 &&
	    strncmp(place->folder, place->hooks, strlen(place->hooks)) == 0) {
		return xasprintf("%s runs the programs in %s, but may not be executed: chmod +x it "
				 "first", place->before, place->folder);
	}
	if (place->folder != NULL || place->state != POST_RECEIVE_FOREIGN) {
		return NULL;
	}
	if (place->generated) {
		return xasprintf("%s is made by a forge, which will make it again: if it runs "
				 "the programs in %s/post-receive.d, make that folder first; "
				 "else let the forge send a webhook", place->hook, place->hooks);
	}
	if (place->has_kept) {
		return xstrdup("both post-receive and an earlier hook that was kept "
			       "(post-receive.local or " HOOK_KEPT_FOLDER ") are there and not "
			       "ours: move one of them first");
	}
	return NULL;
}
