/*
 * What a delivery says happened.
 *
 * Everything here came from outside, so a push is only made of a ref name
 * that git itself would accept.  git-check-ref-format(1):
 *
 *   "1. They can include slash / for hierarchical (directory) grouping, but
 *   no slash-separated component can begin with a dot . or end with the
 *   sequence .lock. ... 3. They cannot have two consecutive dots .. anywhere.
 *   4. They cannot have ASCII control characters (i.e. bytes whose values are
 *   lower than \040, or \177 DEL), space, tilde ~, caret ^, or colon :
 *   anywhere. 5. They cannot have question-mark ?, asterisk *, or open bracket
 *   [ anywhere. 6. They cannot begin or end with a slash / or contain multiple
 *   consecutive slashes. 7. They cannot end with a dot . 8. They cannot
 *   contain a sequence @{. ... 10. They cannot contain a \."
 */
#include "push/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

void delivery_content_init(struct delivery_content *c)
{
	*c = (struct delivery_content){ .event = xstrdup("") };
}

void delivery_content_release(struct delivery_content *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->pushes[i].ref);
	}
	free(c->pushes);
	free(c->event);
	free(c->default_branch);
	free(c->pusher);
	free(c->ignored);
	strvec_release(&c->urls);
	*c = (struct delivery_content){ .event = NULL };
}

/* An update does not say that nothing was and is. One that does not say what is: look there. */
static bool ids_are_valid(const struct oid *before, const struct oid *after)
{
	if (before->len == 0 || after->len == 0) {
		return true;
	}
	return before->len == after->len && !(oid_is_zero(before) && oid_is_zero(after));
}

int delivery_content_add(struct delivery_content *c, const char *ref, const struct oid *before,
			 const struct oid *after)
{
	if (c->count >= LIMIT_REFS || !push_ref_is_valid(ref) || !ids_are_valid(before, after)) {
		return -1;
	}
	/* Room is made at 16, 32, 64 ...: the count tells when. */
	if (c->count == 0 || (c->count >= 16 && (c->count & (c->count - 1)) == 0)) {
		size_t room = c->count == 0 ? 16 : 2 * c->count;

		c->pushes = xreallocarray(c->pushes, room, sizeof(*c->pushes));
	}
	c->pushes[c->count] = (struct push){
		.ref = xstrdup(ref),
		.before = *before,
		.after = *after,
	};
	c->count++;
	return 0;
}

/* One component between slashes: len bytes at text. */
static bool component_is_valid(const char *text, size_t len)
{
	static const char lock[] = ".lock";
	const size_t lock_len = sizeof(lock) - 1;

	if (len == 0 || text[0] == '.') {
		return false;
	}
	if (len >= lock_len && memcmp(text + len - lock_len, lock, lock_len) == 0) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char next = i + 1 < len ? text[i + 1] : '\0';

		if (c < 0x20 || c == 0x7f || strchr(" ~^:?*[\\", c) != NULL) {
			return false;
		}
		if ((c == '.' && next == '.') || (c == '@' && next == '{')) {
			return false;
		}
	}
	return true;
}

bool push_ref_is_valid(const char *ref)
{
	size_t len = strnlen(ref, LIMIT_REF_BYTES + 1);

	if (len > LIMIT_REF_BYTES || strncmp(ref, "refs/", 5) != 0 || ref[len - 1] == '.') {
		return false;
	}
	for (const char *part = ref;;) {
		size_t part_len = strcspn(part, "/");

		if (!component_is_valid(part, part_len)) {
			return false;
		}
		if (part[part_len] == '\0') {
			return true;
		}
		part += part_len + 1;
	}
}

const char *push_ref_short(const char *ref)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/", "refs/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(ref, prefixes[i], len) == 0) {
			return ref + len;
		}
	}
	return ref;
}
