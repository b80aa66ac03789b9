/*
 * Things are opened and closed again, since only the kernel knows all that
 * may forbid it: modes, lists of rights, the sandbox of a reader.
 *
 * The sandbox does not count for access(2), which tells it from the rest: what
 * the user may read and this process may not is outside of what the reader was
 * granted, and a link has led there.
 */
#include "repo/closed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

#define PACK_FILES_MAX 10000

/* True, with err, if something is at path that may not be opened. */
static bool is_closed(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int why = errno;

	if (fd >= 0) {
		close(fd);
		return false;
	}
	if (why != EACCES && why != EPERM) {
		return false;
	}
	if (access(path, R_OK) == 0) {
		(void)error_set(err, -1, "%s: leads out of the repository's directory, to where a "
				"reader may not read: configure the path where the files really "
				"are", path);
	} else {
		(void)error_set(err, -1, "%s: %s: user %u needs the right to reach it and to read "
				"all below", path, strerror(why), (unsigned)geteuid());
	}
	return true;
}

static bool is_part_closed(const char *path, const char *part, struct error *err)
{
	char *full = xasprintf("%s%s", path, part);
	bool closed = is_closed(full, err);

	free(full);
	return closed;
}

bool closed_repository(const char *path, struct error *err)
{
	static const char *const parts[] = { "", "/.git", "/.git/HEAD", "/.git/config",
					     "/.git/objects", "/.git/objects/pack", "/.git/refs",
					     "/HEAD", "/config", "/objects", "/objects/pack",
					     "/refs" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (is_part_closed(path, parts[i], err)) {
			return true;
		}
	}
	return false;
}

/* A pack or its index. Others, as the .keep file of a push under way, are git's alone. */
static bool is_pack_file(const char *name)
{
	const char *end = strrchr(name, '.');

	return strncmp(name, "pack-", 5) == 0 && end != NULL &&
	       (strcmp(end, ".pack") == 0 || strcmp(end, ".idx") == 0);
}

/* Is one of the packs in the directory closed? */
static bool is_any_closed(const char *directory, struct error *err)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	bool closed = false;

	if (dir == NULL) {
		return is_closed(directory, err);
	}
	for (size_t i = 0; !closed && i < PACK_FILES_MAX && (entry = readdir(dir)) != NULL; i++) {
		char *file = xasprintf("%s/%s", directory, entry->d_name);

		closed = is_pack_file(entry->d_name) && is_closed(file, err);
		free(file);
	}
	closedir(dir);
	return closed;
}

bool closed_object(const char *path, const struct oid *id, struct error *err)
{
	static const char *const places[] = { "/objects", "/.git/objects" };
	char hex[OID_HEX_MAX + 1];
	bool closed = false;

	oid_to_hex(id, hex);
	for (size_t i = 0; !closed && i < sizeof(places) / sizeof(*places); i++) {
		char *directory = xasprintf("%s%s/%.2s", path, places[i], hex);
		char *file = xasprintf("%s/%s", directory, hex + (strlen(hex) > 2 ? 2 : 0));
		char *packs = xasprintf("%s%s/pack", path, places[i]);

		closed = is_closed(directory, err) || is_closed(file, err) ||
			 is_any_closed(packs, err);
		free(directory);
		free(file);
		free(packs);
	}
	return closed;
}
