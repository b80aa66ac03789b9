/*
 * libgit2 without the world around it.
 *
 * libgit2 reads /etc/gitconfig and the user's files when it opens a
 * repository, and takes one that it may not read for a failure; behind a
 * sandbox they are out of reach.  A search path that is empty finds none.
 * Its check of the owner guards people who step into a directory of somebody
 * else's; a daemon reads repositories of the user "git" because its
 * configuration says so.
 */
#include "repo/isolate.h"

#include <git2/common.h>
#include <git2/config.h>
#include <git2/global.h>
#include <git2/version.h>

void repo_isolate(void)
{
	static const int levels[] = {
		GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_GLOBAL,
	};

	(void)git_libgit2_init();
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		(void)git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	}
	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

const char *repo_library_version(void)
{
	return LIBGIT2_VERSION;
}
