/*
 * Which directories reading a repository needs, found before the sandbox.
 *
 * Only three small files are looked at, each holding paths: ".git" of a linked
 * work tree and the "commondir" of where it points (gitrepository-layout(5)),
 * and objects/info/alternates, "one line per" borrowed object directory,
 * absolute or relative to objects/.  The last only if the operator allows
 * borrowing.
 *
 * The sandbox grants directories as they are when it goes up: the kernel ties
 * a rule to the directory itself, not to its name.  One that is made, moved or
 * made anew later, or borrowed from only then, stays closed.  So we note which
 * directories were there, by device and inode, and compare before each
 * request.  A number is not given to another directory meanwhile, because a
 * rule holds its directory.
 */
#include "receiver/reader/reader_child_impl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/xalloc.h"

#define LINES_BYTES ((size_t)DIRECTORIES_MAX * PATH_MAX)
#define DIRECTORIES_MAX 64 // of one repository
#define ALTERNATES_DEPTH 5

/* The small file at path as a new string; NULL if there is none or it is empty. */
static char *read_small(const char *path)
{
	struct buf text;

	buf_init(&text, LINES_BYTES);
	char *found = file_read_small(path, &text, NULL, NULL) == 0 && text.len > 0
			      ? buf_detach(&text)
			      : NULL;
	buf_release(&text);
	return found;
}

/* line, which is relative to directory unless absolute, as a real path or NULL. */
static char *real_directory(const char *directory, const char *line)
{
	char *joined = line[0] == '/' ? xstrdup(line) : xasprintf("%s/%s", directory, line);
	char *real = realpath(joined, NULL);

	free(joined);
	return real;
}

static void grant_alternates(struct strvec *dirs, const char *objects, unsigned depth)
{
	char *path = xasprintf("%s/info/alternates", objects);
	char *text = depth > 0 ? read_small(path) : NULL;
	char *rest = NULL;

	free(path);
	if (text == NULL) {
		return;
	}
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *real = line[0] != '#' ? real_directory(objects, line) : NULL;

		if (real != NULL && dirs->count < DIRECTORIES_MAX &&
		    strvec_push_unique(dirs, real)) {
			grant_alternates(dirs, real, depth - 1);
		}
		free(real);
	}
	free(text);
}

/* Where the repository of path is: path/.git, where the file of that name points, or path. */
static char *git_directory(const char *path)
{
	static const char prefix[] = "gitdir: ";
	char *git = xasprintf("%s/.git", path);
	char *directory = NULL;
	char *text = NULL;
	struct stat st;

	if (stat(git, &st) == 0 && S_ISDIR(st.st_mode)) {
		return git;
	}
	text = read_small(git);
	if (text != NULL && strncmp(text, prefix, strlen(prefix)) == 0) {
		text[strcspn(text, "\n")] = '\0';
		directory = real_directory(path, text + strlen(prefix));
	}
	free(text);
	free(git);
	return directory != NULL ? directory : xstrdup(path);
}

/* Append to dirs, which is empty, what reading the repository at path needs. */
static void find_directories(struct strvec *dirs, const char *path, bool alternates)
{
	char *directory = git_directory(path);
	char *common_file = xasprintf("%s/commondir", directory);
	char *text = read_small(common_file);
	char *common = NULL;

	strvec_push_unique(dirs, path);
	strvec_push_unique(dirs, directory);
	if (text != NULL) {
		text[strcspn(text, "\n")] = '\0';
		common = real_directory(directory, text);
	}
	if (common != NULL) {
		strvec_push_unique(dirs, common);
	}
	if (alternates) {
		char *objects = xasprintf("%s/objects", common != NULL ? common : directory);

		grant_alternates(dirs, objects, ALTERNATES_DEPTH);
		free(objects);
	}
	free(common);
	free(text);
	free(common_file);
	free(directory);
}

static bool identify(const char *path, struct child_directory *ret_directory)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		return false;
	}
	*ret_directory = (struct child_directory){ .device = st.st_dev, .inode = st.st_ino };
	return true;
}

void child_grant(struct child_grants *grants, struct strvec *dirs, const char *path)
{
	struct child_directory directory;

	strvec_push_unique(dirs, path);
	if (identify(path, &directory)) {
		grants->items = xgrow(grants->items, grants->count, &grants->capacity,
				      sizeof(*grants->items));
		grants->items[grants->count++] = directory;
	}
}

void child_grant_repository(struct child_grants *grants, struct strvec *dirs, const char *path,
			    bool alternates)
{
	struct strvec needed = STRVEC_INIT;

	find_directories(&needed, path, alternates);
	for (size_t i = 0; i < needed.count; i++) {
		child_grant(grants, dirs, needed.items[i]);
	}
	strvec_release(&needed);
}

/* True if path was granted as it is now, or is not there. */
static bool is_granted(const struct child_grants *grants, const char *path)
{
	struct child_directory now;

	if (!identify(path, &now)) {
		return true;
	}
	for (size_t i = 0; i < grants->count; i++) {
		if (grants->items[i].device == now.device &&
		    grants->items[i].inode == now.inode) {
			return true;
		}
	}
	return false;
}

bool child_is_granted(const struct child_grants *grants, const char *path, const char *cache,
		      bool alternates)
{
	struct strvec needed = STRVEC_INIT;
	bool granted = cache == NULL || is_granted(grants, cache);

	find_directories(&needed, path, alternates);
	for (size_t i = 0; granted && i < needed.count; i++) {
		granted = is_granted(grants, needed.items[i]);
	}
	strvec_release(&needed);
	return granted;
}
