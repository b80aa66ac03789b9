#include "receiver/catalog/learned.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/xalloc.h"

struct lesson {
	char *address;
	char *name;
	UT_hash_handle hh;
};

struct learned {
	struct lesson *lessons; // by address
};

struct learned *learned_new(void)
{
	return xcalloc(1, sizeof(struct learned));
}

void learned_free(struct learned *l)
{
	struct lesson *lesson;
	struct lesson *next;

	if (l == NULL) {
		return;
	}
	HASH_ITER(hh, l->lessons, lesson, next) {
		HASH_DEL(l->lessons, lesson);
		free(lesson->address);
		free(lesson->name);
		free(lesson);
	}
	free(l);
}

static struct lesson *find(const struct learned *l, const char *address)
{
	struct lesson *lesson = NULL;

	HASH_FIND_STR(l->lessons, address, lesson);
	return lesson;
}

bool learned_add(struct learned *l, const char *address, const char *name)
{
	struct lesson *lesson = find(l, address);

	if (lesson == NULL) {
		if (HASH_COUNT(l->lessons) >= LEARNED_MAX) {
			return false;
		}
		lesson = xcalloc(1, sizeof(*lesson));
		lesson->address = xstrdup(address);
		HASH_ADD_KEYPTR(hh, l->lessons, lesson->address, strlen(lesson->address), lesson);
	} else if (strcmp(lesson->name, name) == 0) {
		return false;
	}
	free(lesson->name);
	lesson->name = xstrdup(name);
	return true;
}

const char *learned_find(const struct learned *l, const char *address)
{
	const struct lesson *lesson = find(l, address);

	return lesson != NULL ? lesson->name : NULL;
}
