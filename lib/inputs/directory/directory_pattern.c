/*
 * gobwas/glob as Argo CD has it.
 *
 * Argo CD (util/glob) is built with version 0.2.3, which compiles a pattern
 * into matchers that do not always say what the pattern does
 * (its packages compiler and match):
 *   - "a*b" is a prefix and a suffix, which may overlap: "x*x" matches "x"
 *   - what all alternatives of braces begin or end with is taken out in
 *     front, and an alternative of which nothing is left then is lost:
 *     "{*b,b}" does not match "b"
 *   - braces next to other things are searched for, and a match is missed
 *   - a character that is not ASCII beside "?", a set or braces can end in a
 *     panic, as can some braces: Argo CD then renders nothing
 *   - an open "{" is not malformed
 * Later versions match as glob.h does.  So only patterns of which both are
 * known to be the same are trusted to say no, or yes: those without braces,
 * and those that are one group of braces with nothing but stars inside.
 */
#include "inputs/directory/directory_pattern.h"

#include <string.h>

#include "base/glob.h"

#define ALTERNATIVES_MAX 64

/* A part of a pattern. */
struct pattern_part {
	const char *text;
	size_t len;
};

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80) {
			return false;
		}
	}
	return true;
}

static bool matches(struct pattern_part pattern, const char *path)
{
	char copy[GLOB_PATTERN_MAX + 1];

	if (pattern.len > GLOB_PATTERN_MAX) {
		return false;
	}
	memcpy(copy, pattern.text, pattern.len);
	copy[pattern.len] = '\0';
	return glob_match(GLOB_GOBWAS, copy, path) == GLOB_MATCH;
}

/* "a*b": do its two ends match, and more than once where they overlap? */
static bool overlaps(struct pattern_part pattern, const char *path)
{
	size_t len = strlen(path);
	size_t head = 0;
	size_t tail = 0;

	while (head < pattern.len && strchr("*?[", pattern.text[head]) == NULL) {
		head++;
	}
	while (tail < pattern.len - head &&
	       strchr("*?[]", pattern.text[pattern.len - tail - 1]) == NULL) {
		tail++;
	}
	for (size_t i = head; i < pattern.len - tail; i++) {
		if (pattern.text[i] != '*') {
			return false;
		}
	}
	return len >= head && len >= tail && head + tail < pattern.len &&
	       memcmp(path, pattern.text, head) == 0 &&
	       memcmp(path + len - tail, pattern.text + pattern.len - tail, tail) == 0;
}

/* Tokens: a run of stars, or all between two. */
static size_t token_length(struct pattern_part p)
{
	bool star = p.text[0] == '*';
	size_t n = 0;

	while (n < p.len && (p.text[n] == '*') == star) {
		n++;
	}
	return n;
}

static struct pattern_part first_token(struct pattern_part p)
{
	return (struct pattern_part){ p.text, p.len > 0 ? token_length(p) : 0 };
}

static struct pattern_part last_token(struct pattern_part p)
{
	size_t at = 0;
	size_t n = 0;

	for (; at < p.len; at += n) {
		n = token_length((struct pattern_part){ p.text + at, p.len - at });
	}
	return (struct pattern_part){ p.text + p.len - n, n };
}

static bool same(struct pattern_part a, struct pattern_part b)
{
	bool stars = a.len > 0 && b.len > 0 && a.text[0] == '*' && b.text[0] == '*';

	return stars || (a.len == b.len && memcmp(a.text, b.text, a.len) == 0);
}

/* Has it two tokens, so that something is left when one is taken out? */
static bool has_two(struct pattern_part p)
{
	return p.len > 0 && first_token(p).len + last_token(p).len == p.len;
}

/*
 * The alternatives of "{a,b*}", or the pattern itself without braces.  0 if
 * it is not trusted.
 */
static size_t take_apart(const char *pattern, struct pattern_part *parts)
{
	size_t len = strlen(pattern);
	bool common_first = true;
	bool common_last = true;
	bool twos = true;
	size_t count = 0;

	if (strpbrk(pattern, "{}\\") == NULL) {
		parts[0] = (struct pattern_part){ pattern, len };
		return 1;
	}
	if (len < 3 || pattern[0] != '{' || strpbrk(pattern + 1, "{}") != pattern + len - 1 ||
	    strpbrk(pattern, "\\?[]!") != NULL) {
		return 0;
	}
	for (size_t at = 1; at < len; at += parts[count++].len + 1) {
		if (count == ALTERNATIVES_MAX) {
			return 0;
		}
		parts[count] = (struct pattern_part){ pattern + at, strcspn(pattern + at, ",}") };
		if (parts[count].len == 0) {
			return 0;
		}
		twos = twos && has_two(parts[count]);
		common_first = common_first && same(first_token(parts[0]),
						    first_token(parts[count]));
		common_last = common_last && same(last_token(parts[0]), last_token(parts[count]));
	}
	return (!common_first && !common_last) || twos ? count : 0;
}

bool directory_may_match(const char *pattern, const char *path)
{
	struct pattern_part parts[ALTERNATIVES_MAX];
	size_t count = take_apart(pattern, parts);
	bool plain = is_ascii(pattern) && is_ascii(path);

	if (count == 0 || (!plain && strpbrk(pattern, "?[{") != NULL)) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (matches(parts[i], path) || overlaps(parts[i], path)) {
			return true;
		}
	}
	return false;
}

bool directory_surely_matches(const char *pattern, const char *path)
{
	struct pattern_part parts[ALTERNATIVES_MAX];
	size_t count = take_apart(pattern, parts);
	bool plain = is_ascii(pattern) && is_ascii(path);

	for (size_t i = 0; i < count; i++) {
		if (matches(parts[i], path)) {
			return plain || strpbrk(pattern, "?[{") == NULL;
		}
	}
	return false;
}
