/*
 * A directory of indexes, within its budget.
 *
 * When a file was used is its time of modification.  An index that several
 * refs share is one file with several names (hard links): each name stands for
 * its part of the bytes, so the sum over all names is what is really taken.
 *
 * Whatever fails here is passed over: a cache that could not be tidied is
 * tidied the next time.
 */
#include "index/index_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/xalloc.h"

#define UNFINISHED_SECONDS 3600

struct kept {
	char *name;
	int64_t bytes; // its part of them
	struct timespec used;
};

struct kept_list {
	struct kept *items;
	size_t count;
	size_t capacity;
	int64_t bytes;
};

char *index_cache_path(const char *directory, const char *repository, const char *ref)
{
	char *key = xasprintf("%s\n%s", repository, ref);
	char hex[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex(key, strlen(key), hex);
	free(key);
	return xasprintf("%s/%s.index", directory, hex);
}

void index_cache_touch(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	/* The file that is open, not a path: a reader's filter allows no more. */
	if (fd >= 0) {
		(void)futimens(fd, NULL);
		(void)close(fd);
	}
}

bool index_cache_share(const char *stored, const char *path)
{
	char *temporary = xasprintf("%s.%ld", path, (long)getpid());

	(void)unlink(temporary);
	bool shared = link(stored, temporary) == 0 && rename(temporary, path) == 0;
	/* Of two names of one file, rename() removes neither. */
	(void)unlink(temporary);
	free(temporary);
	return shared;
}

static bool has_end(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/* An index that is used is noted; an unfinished one is removed once it is old. */
static void look(int directory, const char *name, struct kept_list *list)
{
	struct stat st;

	if (strstr(name, ".index") == NULL ||
	    fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) {
		return;
	}
	if (!has_end(name, ".index")) {
		if (st.st_mtim.tv_sec < time(NULL) - UNFINISHED_SECONDS) {
			(void)unlinkat(directory, name, 0);
		}
		return;
	}
	list->items = xgrow(list->items, list->count, &list->capacity, sizeof(*list->items));
	struct kept *kept = &list->items[list->count++];

	*kept = (struct kept){
		.name = xstrdup(name),
		.bytes = (int64_t)st.st_blocks * 512 / (int64_t)(st.st_nlink > 0 ? st.st_nlink : 1),
		.used = st.st_mtim,
	};
	list->bytes += kept->bytes;
}

static int by_use(const void *a, const void *b)
{
	const struct kept *x = a;
	const struct kept *y = b;

	if (x->used.tv_sec != y->used.tv_sec) {
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	}
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

void index_cache_prune(const char *directory, int64_t max_bytes)
{
	struct kept_list list = { .items = NULL };
	DIR *dir = opendir(directory);

	if (dir == NULL) {
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		look(dirfd(dir), entry->d_name, &list);
	}
	if (list.count > 0) {
		qsort(list.items, list.count, sizeof(*list.items), by_use);
	}
	for (size_t i = 0; i < list.count && list.bytes > max_bytes; i++) {
		(void)unlinkat(dirfd(dir), list.items[i].name, 0);
		list.bytes -= list.items[i].bytes;
	}
	for (size_t i = 0; i < list.count; i++) {
		free(list.items[i].name);
	}
	free(list.items);
	(void)closedir(dir);
}
