/*
 * Changes of trees made up for tests.
 */
#include "tests/support/changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void change_of(const char *path, enum change_kind kind, struct tree_change *c)
{
	const char *slash = strrchr(path, '/');

	*c = (struct tree_change){
		.path = path,
		.len = strlen(path),
		.name = slash != NULL ? (size_t)(slash + 1 - path) : 0,
		.kind = kind,
	};
	c->before.kind = kind == CHANGE_ADDED ? TREE_ABSENT : TREE_FILE;
	c->after.kind = kind == CHANGE_REMOVED ? TREE_ABSENT : TREE_FILE;
	c->before.id.len = c->after.id.len = 20;
	c->after.id.bytes[0] = 1;
}

int change_visit(const struct treewalk_visitor *visitor, const struct tree_change *change)
{
	uint64_t cookie = visitor->root_cookie;

	for (size_t at = 0; at < change->name;) {
		const char *slash = memchr(change->path + at, '/', change->name - at);
		size_t len = (size_t)(slash - change->path);

		if (!visitor->enter(visitor->arg, cookie, change->path, len, at, &cookie)) {
			return 0;
		}
		at = len + 1;
	}
	return visitor->change(visitor->arg, cookie, change);
}

static const char *pick(const char *const *list, size_t count)
{
	return list[(size_t)rand() % count];
}

char *random_path(bool pattern)
{
	static const char *const plain[] = { "a", "b", "ab", "c.yaml", "a.yaml", "x" };
	static const char *const wild[] = { "*", "?", "a*", "[ab]", "**", "*.yaml", "..", ".", "",
					    "\\a", "[", "a" };
	struct buf b;
	int depth = 1 + rand() % 4;

	buf_init(&b, 1000);
	for (int i = 0; i < depth; i++) {
		bool special = pattern && rand() % 3 == 0;

		(void)buf_addf(&b, "%s%s", i > 0 ? "/" : "", special ? pick(wild, 12) : pick(plain, 6));
	}
	char *path = buf_detach(&b);
	buf_release(&b);
	return path;
}
