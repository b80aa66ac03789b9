/*
 * Directories by the digest of a repository's name, so that no name can choose
 * a path.
 */
#include "receiver/serve/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/strvec.h"
#include "base/xalloc.h"
#include "receiver/settings/repositories.h"

#define KEY_CHARS 32

static void key_of(const char *name, char out[KEY_CHARS + 1])
{
	char digest[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex(name, strlen(name), digest);
	memcpy(out, digest, KEY_CHARS);
	out[KEY_CHARS] = '\0';
}

char *cache_directory(const char *state_directory, const char *name)
{
	char key[KEY_CHARS + 1];

	key_of(name, key);
	char *path = xasprintf("%s/cache/%s", state_directory, key);
	(void)mkdir(path, 0700);
	return path;
}

static bool is_ours(const char *name)
{
	return strlen(name) == KEY_CHARS && strspn(name, "0123456789abcdef") == KEY_CHARS;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The keys of all repositories, in order. */
static void find_keys(const struct repositories *repositories, struct strvec *keys)
{
	const struct repository *r = NULL;

	for (size_t i = 0; (r = repositories_get(repositories, i)) != NULL; i++) {
		char key[KEY_CHARS + 1];

		key_of(r->name, key);
		strvec_push(keys, key);
	}
	if (keys->count > 0) {
		qsort(keys->items, keys->count, sizeof(*keys->items), by_text);
	}
}

static bool is_known(const struct strvec *keys, const char *name)
{
	return keys->count > 0 &&
	       bsearch(&name, keys->items, keys->count, sizeof(*keys->items), by_text) != NULL;
}

/* Its files, then itself: there are no directories in it. */
static void remove_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL) {
		if (fd >= 0) {
			(void)close(fd);
		}
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			(void)unlinkat(fd, entry->d_name, 0);
		}
	}
	(void)closedir(dir);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

void cache_remove_others(const char *state_directory, const struct repositories *repositories)
{
	struct strvec keys = STRVEC_INIT;
	char *path = xasprintf("%s/cache", state_directory);
	DIR *dir = opendir(path);

	find_keys(repositories, &keys);
	for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		if (is_ours(entry->d_name) && !is_known(&keys, entry->d_name)) {
			remove_directory(dirfd(dir), entry->d_name);
		}
	}
	if (dir != NULL) {
		(void)closedir(dir);
	}
	free(path);
	strvec_release(&keys);
}
