/*
 * The hook that was there keeps its name.
 *
 * A forge's script looks for its programs in a folder that it makes of its
 * own path: "$(dirname "$0")/$(basename "$0").d", or it reads a file beside
 * itself.  So an earlier hook moves into a folder of ours without being
 * renamed, and its former neighbours are linked into that folder.  The name
 * begins with a dot: gitolite links everything else in its common hooks into
 * all repositories.
 */
#include "receiver/cli/hook_keep.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "hooks/child.h"

static char *kept_folder(const struct hook_place *place)
{
	return xasprintf("%s/" HOOK_KEPT_FOLDER, place->hooks);
}

/* May that file beside the hook be of use to it? */
static bool is_neighbour(const char *name)
{
	static const char sample[] = ".sample";
	size_t len = strlen(name);

	return name[0] != '.' && strcmp(name, "post-receive") != 0 &&
	       strcmp(name, "post-receive.local") != 0 &&
	       (len < strlen(sample) || strcmp(name + len - strlen(sample), sample) != 0);
}

/* Link what stands beside the hook into folder; a link that cannot be made is none. */
static void link_neighbours(const struct hook_place *place, const char *folder)
{
	DIR *dir = opendir(place->hooks);

	if (dir == NULL) {
		return;
	}
	for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		if (is_neighbour(e->d_name)) {
			char *from = xasprintf("%s/%s", folder, e->d_name);
			char *to = xasprintf("../%s", e->d_name);

			(void)!symlink(to, from);
			free(to);
			free(from);
		}
	}
	closedir(dir);
}

int hook_keep(const struct hook_place *place, struct error *err)
{
	char *folder = kept_folder(place);
	int r = -1;

	if (place->before == NULL) {
		r = 0;
		goto out;
	}
	if (hook_place_folder(folder, place->hooks, 07777, err) < 0) {
		goto out;
	}
	link_neighbours(place, folder);
	if (strcmp(place->before, place->kept) != 0 && rename(place->before, place->kept) < 0) {
		error_errno(err, -1, errno, "%s", place->kept);
		goto out;
	}
	r = 0;
out:
	free(folder);
	return r;
}

/* Remove the links in folder, and folder if nothing else was in it. */
static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);

	if (dir == NULL) {
		return;
	}
	for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		char *path = xasprintf("%s/%s", folder, e->d_name);
		char target[8];

		if (readlink(path, target, sizeof(target)) > 0) {
			(void)unlink(path);
		}
		free(path);
	}
	closedir(dir);
	(void)rmdir(folder);
}

int hook_keep_return(const struct hook_place *place, struct error *err)
{
	int r = place->before == NULL ? unlink(place->hook)
				      : rename(place->before, place->hook);

	if (r < 0) {
		return error_errno(err, -1, errno, "%s", place->hook);
	}
	char *folder = kept_folder(place);
	remove_folder(folder);
	free(folder);
	return 0;
}
