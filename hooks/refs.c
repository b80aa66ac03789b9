/*
 * Lines of standard input to ref updates.
 *
 * githooks(5): "This hook is invoked by git-receive-pack(1) when it reacts to
 * git push and updates reference(s) in its repository. ... It takes no
 * arguments, but gets the same information as the pre-receive hook does on
 * its standard input": "<old-oid> SP <new-oid> SP <ref-name> LF".
 *
 * A line that is anything else is skipped and counted: one odd ref must not
 * silence the others.  Ref names are bytes to git, but text to everyone who
 * could name one in an application; so one that is not UTF-8 is odd too.
 */
#include "hooks/refs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf8.h"

void hook_refs_read(int fd, struct buf *input)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return;
		}
		(void)buf_add(input, chunk, (size_t)n);
	}
}

/* An id up to sep, of either length; *at moves behind sep. */
static int take_id(const char **at, const char *end, struct oid *ret_id)
{
	const char *space = memchr(*at, ' ', (size_t)(end - *at));

	if (space == NULL || oid_from_hex(*at, (size_t)(space - *at), ret_id) < 0) {
		return -1;
	}
	*at = space + 1;
	return 0;
}

static int parse_line(const char *at, const char *end, struct delivery_content *content)
{
	char ref[LIMIT_REF_BYTES + 1];
	struct oid before;
	struct oid after;

	if (take_id(&at, end, &before) < 0 || take_id(&at, end, &after) < 0) {
		return -1;
	}
	size_t len = (size_t)(end - at);
	if (len > LIMIT_REF_BYTES || memchr(at, '\0', len) != NULL) {
		return -1;
	}
	memcpy(ref, at, len);
	ref[len] = '\0';
	return utf8_is_valid(ref, len) ? delivery_content_add(content, ref, &before, &after) : -1;
}

void hook_refs_parse(const char *input, size_t len, struct delivery_content *content,
		     struct hook_refs *ret)
{
	const char *end = input + len;

	*ret = (struct hook_refs){ .skipped = 0 };
	while (input < end) {
		const char *line_end = memchr(input, '\n', (size_t)(end - input));

		if (line_end == NULL) {
			line_end = end;
		}
		if (content->count >= LIMIT_REFS) {
			ret->over++;
		} else if (parse_line(input, line_end, content) < 0) {
			ret->skipped++;
		}
		input = line_end + 1;
	}
}
