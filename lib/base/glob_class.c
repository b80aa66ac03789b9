/*
 * Characters and "[...]" in four dialects.
 *
 * Each function follows its original: Go path/match.go matchChunk() and
 * getEsc(), doublestar match.go, gobwas syntax/lexer.go fetchRange(), git
 * wildmatch.c dowild().  They agree on little: whether "]" may come first,
 * whether a range can be escaped or empty, whether "-" may stand alone.
 */
#include "base/glob_impl.h"

#include <ctype.h>
#include <string.h>

#define RUNE_ERROR 0xfffdU
#define RUNE_MAX 0x10ffffU
#define NOT_UTF8 0x110000U // plus the byte

/* What the class functions share: the pattern, and where they are in it. */
struct class_reader {
	const char *p;
	size_t len;
	size_t at;
};

static bool left(const struct class_reader *r)
{
	return r->at < r->len;
}

static unsigned char peek(const struct class_reader *r)
{
	return left(r) ? (unsigned char)r->p[r->at] : 0;
}

/* Bytes of the UTF-8 sequence that begins with first, 0: none does. */
static size_t sequence_width(unsigned char first)
{
	if (first < 0x80) {
		return 1;
	}
	if (first < 0xc2 || first > 0xf4) {
		return 0;
	}
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

struct glob_char glob_char_at(enum glob_dialect dialect, const char *text, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)text[0];
	size_t width = sequence_width(first);
	struct glob_char bad = { RUNE_ERROR, NOT_UTF8 + first, 1 };

	if (dialect == GLOB_WILDMATCH || width == 1) {
		return (struct glob_char){ first, first, 1 };
	}
	if (width == 0 || width > len) {
		return bad;
	}
	uint32_t rune = first & (0xffU >> (width + 1));
	for (size_t i = 1; i < width; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80) {
			return bad;
		}
		rune = (rune << 6) | ((unsigned char)text[i] & 0x3fU);
	}
	if (rune < least[width] || rune > RUNE_MAX || (rune >= 0xd800 && rune <= 0xdfff)) {
		return bad;
	}
	return (struct glob_char){ rune, rune, width };
}

static uint32_t take_rune(struct class_reader *r)
{
	struct glob_char c = glob_char_at(GLOB_GO, r->p + r->at, r->len - r->at);

	r->at += c.width;
	return c.rune;
}

static enum glob_class_result verdict(bool matched, bool negated)
{
	return matched != negated ? GLOB_CLASS_YES : GLOB_CLASS_NO;
}

/* One end of a range in Go: not "-", not "]", perhaps escaped. */
static bool go_end(struct class_reader *r, uint32_t *ret_rune)
{
	if (peek(r) == '-' || peek(r) == ']' || !left(r)) {
		return false;
	}
	if (peek(r) == '\\') {
		r->at++;
	}
	if (!left(r)) {
		return false;
	}
	struct glob_char c = glob_char_at(GLOB_GO, r->p + r->at, r->len - r->at);
	r->at += c.width;
	*ret_rune = c.rune;
	return c.literal < NOT_UTF8 && left(r);
}

static enum glob_class_result class_go(struct class_reader *r, uint32_t rune)
{
	bool negated = peek(r) == '^';
	bool matched = false;

	r->at += negated;
	for (size_t count = 0; count == 0 || peek(r) != ']'; count++) {
		uint32_t low = 0;

		if (!go_end(r, &low)) {
			return GLOB_CLASS_BAD;
		}
		uint32_t high = low;
		if (peek(r) == '-') {
			r->at++;
			if (!go_end(r, &high)) {
				return GLOB_CLASS_BAD;
			}
		}
		matched |= low <= rune && rune <= high;
	}
	r->at++;
	return verdict(matched, negated);
}

/* The first "]" that is not escaped, from where r is. */
static enum glob_class_result find_close(struct class_reader *r, enum glob_class_result result)
{
	for (; left(r); r->at++) {
		if (peek(r) == ']') {
			r->at++;
			return result;
		}
		r->at += peek(r) == '\\';
	}
	return GLOB_CLASS_BAD;
}

static enum glob_class_result class_doublestar(struct class_reader *r, uint32_t rune)
{
	bool negated = peek(r) == '!' || peek(r) == '^';
	uint32_t last = RUNE_MAX; // nothing that a range could begin with
	bool matched = false;

	r->at += negated;
	if (!left(r) || peek(r) == ']') {
		return GLOB_CLASS_BAD;
	}
	while (!matched && left(r) && peek(r) != ']') {
		uint32_t next = take_rune(r);
		bool range = last < RUNE_MAX && next == '-' && left(r) && peek(r) != ']';

		if (range) {
			r->at += peek(r) == '\\';
			next = left(r) ? take_rune(r) : RUNE_ERROR;
			matched = last <= rune && rune <= next;
			last = RUNE_MAX;
			continue;
		}
		if (next == '\\' && left(r)) {
			next = take_rune(r);
		}
		matched = next == rune;
		last = next;
	}
	return find_close(r, verdict(matched, negated));
}

/* A set of characters up to "]", each perhaps escaped. */
static enum glob_class_result gobwas_set(struct class_reader *r, uint32_t rune, bool negated)
{
	bool matched = false;
	size_t count = 0;

	for (; left(r) && peek(r) != ']'; count++) {
		if (peek(r) == '\\') {
			r->at++;
		}
		if (!left(r)) {
			return GLOB_CLASS_BAD;
		}
		matched |= take_rune(r) == rune;
	}
	if (!left(r) || count == 0) {
		return GLOB_CLASS_BAD;
	}
	r->at++;
	return verdict(matched, negated);
}

static enum glob_class_result class_gobwas(struct class_reader *r, uint32_t rune)
{
	bool negated = peek(r) == '!';

	r->at += negated;
	if (!left(r)) {
		return GLOB_CLASS_BAD;
	}
	size_t start = r->at;
	uint32_t low = take_rune(r);
	if (peek(r) != '-') {
		r->at = start;
		return gobwas_set(r, rune, negated);
	}
	r->at++;
	if (!left(r)) {
		return GLOB_CLASS_BAD;
	}
	uint32_t high = take_rune(r);
	if (peek(r) != ']' || high < low) {
		return GLOB_CLASS_BAD;
	}
	r->at++;
	return verdict(low <= rune && rune <= high, negated);
}

static bool posix_class(const char *name, size_t len, int c, bool *ret_matched)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{ "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank },
		{ "cntrl", iscntrl }, { "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint }, { "punct", ispunct },
		{ "space", isspace }, { "upper", isupper }, { "xdigit", isxdigit },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strlen(classes[i].name) == len && memcmp(classes[i].name, name, len) == 0) {
			*ret_matched |= c < 0x80 && classes[i].test(c) != 0;
			return true;
		}
	}
	return false;
}

/*
 * "[:name:]" at r.  True if it was one (or is malformed: *ret_bad); false if
 * the "[" stands for itself.
 */
static bool git_posix(struct class_reader *r, int c, bool *ret_matched, bool *ret_bad)
{
	const char *name = r->p + r->at + 2;
	const char *close = memchr(name, ']', r->len - r->at - 2);

	if (close == NULL) {
		*ret_bad = true;
		return true;
	}
	if (close == name || close[-1] != ':') {
		return false;
	}
	*ret_bad = !posix_class(name, (size_t)(close - name) - 1, c, ret_matched);
	r->at = (size_t)(close - r->p) + 1;
	return true;
}

/* One character, or the end of a range that began with *last (0: none). */
static bool git_item(struct class_reader *r, uint32_t c, uint32_t *last, bool *ret_matched)
{
	unsigned char next = r->at + 1 < r->len ? (unsigned char)r->p[r->at + 1] : 0;
	bool range = peek(r) == '-' && *last != 0 && next != 0 && next != ']';

	r->at += range;
	r->at += peek(r) == '\\';
	if (!left(r)) {
		return false;
	}
	uint32_t high = peek(r);
	*ret_matched |= range ? *last <= c && c <= high : c == high;
	*last = range ? 0 : high;
	r->at++;
	return true;
}

static enum glob_class_result class_git(struct class_reader *r, uint32_t c)
{
	bool negated = peek(r) == '!' || peek(r) == '^';
	bool matched = false;
	bool bad = false;
	uint32_t last = 0; // what a range could begin with

	r->at += negated;
	for (bool first = true; first || peek(r) != ']'; first = false) {
		unsigned char next = r->at + 1 < r->len ? (unsigned char)r->p[r->at + 1] : 0;

		if (!left(r)) {
			return GLOB_CLASS_BAD;
		}
		if (peek(r) == '[' && next == ':' && git_posix(r, (int)c, &matched, &bad)) {
			if (bad) {
				return GLOB_CLASS_BAD;
			}
			last = 0;
			continue;
		}
		if (!git_item(r, c, &last, &matched)) {
			return GLOB_CLASS_BAD;
		}
	}
	r->at++;
	return verdict(matched, negated);
}

enum glob_class_result glob_class(enum glob_dialect dialect, const char *pattern, size_t len,
				  size_t at, const struct glob_char *c, size_t *ret_next)
{
	struct class_reader r = { .p = pattern, .len = len, .at = at + 1 };
	enum glob_class_result result = GLOB_CLASS_BAD;

	switch (dialect) {
	case GLOB_GO:
		result = class_go(&r, c->rune);
		break;
	case GLOB_DOUBLESTAR:
		result = class_doublestar(&r, c->rune);
		break;
	case GLOB_GOBWAS:
		result = class_gobwas(&r, c->rune);
		break;
	case GLOB_WILDMATCH:
		result = class_git(&r, c->rune);
		break;
	}
	if (result != GLOB_CLASS_BAD) {
		*ret_next = r.at;
	}
	return result;
}
