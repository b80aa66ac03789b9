/*
 * Semantic versions and constraints, as Masterminds/semver 3.4 has them.
 *
 * A constraint is read as that library does, with its oddities, because two
 * readings of one targetRevision would be an application that is not rung:
 *
 * 1. each "a - b" becomes ">= a, <= b " as text, wherever it stands;
 * 2. "||" splits alternatives, of which one must hold;
 * 3. white space or a comma splits the parts of one, all of which must hold;
 * 4. a part is an operator and a version in which "x", "X", "*" or nothing
 *    stands for a number; from the first of those on, numbers are 0 and the
 *    part is "dirty", which each operator takes in its own way.
 *
 * The grammar has no choice that a later character could undo, so it is read
 * from left to right without going back.
 */
#include "base/semver.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define NUMBER "0123456789"
#define WILD NUMBER "|xX*" // the bar is there in the original too
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define IDENTIFIER NUMBER LETTERS "-"
#define SPACE " \t\n\f\r"

/* A stretch of a text that is borrowed. */
struct span {
	const char *p;
	size_t len;
};

struct version {
	uint64_t part[3]; // major, minor, patch
	struct span pre;  // without "-"
};

/* The texts of a version or of one in a constraint. */
struct parts {
	struct span number[3]; // without "."; none: p is NULL
	struct span pre;       // without "-"
	const char *end;
};

enum operator { OP_TILDE_OR_EQUAL, OP_NOT, OP_GREATER, OP_LESS, OP_AT_LEAST, OP_AT_MOST,
		OP_TILDE, OP_CARET };

struct part {
	enum operator op;
	struct version version;
	bool dirty;       // some number is open
	bool minor_dirty; // the minor is the first that is
	bool patch_dirty; // the patch is
};

/* ---- versions ---------------------------------------------------------- */

/* Identifiers with dots between, at least one: where they end, or text. */
static const char *skip_identifiers(const char *text)
{
	const char *end = text + strspn(text, IDENTIFIER);

	while (end > text && *end == '.' && strspn(end + 1, IDENTIFIER) > 0) {
		end += 1 + strspn(end + 1, IDENTIFIER);
	}
	return end;
}

/* Split what begins with a version; digits are what may stand for a number. */
static bool split(const char *text, const char *digits, struct parts *ret)
{
	const char *at = text + (*text == 'v');

	*ret = (struct parts){ .end = text };
	for (size_t i = 0; i < 3; i++) {
		size_t dot = i > 0 ? 1 : 0;

		if (dot == 1 && *at != '.') {
			break;
		}
		size_t len = strspn(at + dot, digits);
		if (len == 0) {
			break;
		}
		ret->number[i] = (struct span){ at + dot, len };
		at += dot + len;
	}
	if (ret->number[0].p == NULL) {
		return false;
	}
	if (*at == '-' && skip_identifiers(at + 1) > at + 1) {
		const char *end = skip_identifiers(at + 1);

		ret->pre = (struct span){ at + 1, (size_t)(end - at - 1) };
		at = end;
	}
	if (*at == '+') {
		const char *end = skip_identifiers(at + 1);

		at = end > at + 1 ? end : at;
	}
	ret->end = at;
	return true;
}

static bool is_number(struct span s)
{
	return s.len > 0 && strspn(s.p, NUMBER) >= s.len;
}

static bool read_number(struct span s, uint64_t *ret)
{
	uint64_t value = 0;

	if (!is_number(s)) {
		return false;
	}
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (value > (UINT64_MAX - digit) / 10) {
			return false;
		}
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

/* The next identifier of a prerelease; empty at its end. */
static struct span next_identifier(struct span *rest)
{
	const char *dot = rest->len > 0 ? memchr(rest->p, '.', rest->len) : NULL;
	size_t len = dot != NULL ? (size_t)(dot - rest->p) : rest->len;
	struct span one = { rest->p, len };
	size_t used = dot != NULL ? len + 1 : len;

	rest->p = used > 0 ? rest->p + used : rest->p;
	rest->len -= used;
	return one;
}

/* Numbers in a prerelease may not begin with 0. */
static bool is_prerelease(struct span pre)
{
	while (pre.len > 0) {
		struct span one = next_identifier(&pre);

		if (is_number(one) && one.len > 1 && one.p[0] == '0') {
			return false;
		}
	}
	return true;
}

static bool fill(const struct parts *parts, struct version *ret)
{
	*ret = (struct version){ .pre = parts->pre };
	for (size_t i = 0; i < 3; i++) {
		if (parts->number[i].p != NULL && !read_number(parts->number[i], &ret->part[i])) {
			return false;
		}
	}
	return is_prerelease(parts->pre);
}

static bool parse_version(const char *text, struct version *ret)
{
	struct parts parts;

	return strnlen(text, SEMVER_TEXT_MAX + 1) <= SEMVER_TEXT_MAX &&
	       split(text, NUMBER, &parts) && *parts.end == '\0' && fill(&parts, ret);
}

static int compare_bytes(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int d = len > 0 ? memcmp(a.p, b.p, len) : 0;

	return d != 0 ? d : (a.len > b.len) - (a.len < b.len);
}

static int compare_identifier(struct span a, struct span b)
{
	uint64_t left = 0;
	uint64_t right = 0;
	int bytes = compare_bytes(a, b);

	if (bytes == 0 || a.len == 0 || b.len == 0) {
		return bytes;
	}
	bool a_number = read_number(a, &left);
	bool b_number = read_number(b, &right);
	if (a_number != b_number) {
		return a_number ? -1 : 1;
	}
	return a_number ? (left > right) - (left < right) : bytes;
}

static int compare_prerelease(struct span a, struct span b)
{
	if (a.len == 0 || b.len == 0) {
		return (a.len == 0) - (b.len == 0);
	}
	while (a.len > 0 || b.len > 0) {
		int d = compare_identifier(next_identifier(&a), next_identifier(&b));

		if (d != 0) {
			return d;
		}
	}
	return 0;
}

static int compare(const struct version *a, const struct version *b)
{
	for (size_t i = 0; i < 3; i++) {
		if (a->part[i] != b->part[i]) {
			return a->part[i] < b->part[i] ? -1 : 1;
		}
	}
	return compare_prerelease(a->pre, b->pre);
}

/* ---- constraints ------------------------------------------------------- */

static const char *skip_space(const char *text)
{
	return text + strspn(text, SPACE);
}

/* Step 1: "a - b" to ">= a, <= b ", with the space around it. */
static void rewrite_ranges(const char *text, struct buf *out)
{
	while (*text != '\0') {
		const char *start = skip_space(text);
		struct parts low;
		struct parts high;

		if (split(start, WILD, &low)) {
			const char *dash = skip_space(low.end);
			const char *second = *dash == '-' ? skip_space(dash + 1) : dash;

			if (dash > low.end && *dash == '-' && second > dash + 1 &&
			    split(second, WILD, &high)) {
				(void)buf_addf(out, ">= %.*s, <= %.*s ", (int)(low.end - start),
					       start, (int)(high.end - second), second);
				text = skip_space(high.end);
				continue;
			}
		}
		(void)buf_addch(out, *text++);
	}
}

static const char *take_operator(const char *text, enum operator *ret)
{
	static const struct {
		const char *text;
		enum operator op;
	} operators[] = {
		{ "!=", OP_NOT }, { ">=", OP_AT_LEAST }, { "=>", OP_AT_LEAST },
		{ "<=", OP_AT_MOST }, { "=<", OP_AT_MOST }, { "~>", OP_TILDE },
		{ "=", OP_TILDE_OR_EQUAL }, { ">", OP_GREATER }, { "<", OP_LESS },
		{ "~", OP_TILDE }, { "^", OP_CARET }, { "", OP_TILDE_OR_EQUAL },
	};
	size_t i = 0;

	while (strncmp(text, operators[i].text, strlen(operators[i].text)) != 0) {
		i++;
	}
	*ret = operators[i].op;
	return text + strlen(operators[i].text);
}

static bool is_open(struct span s)
{
	return s.p == NULL || (s.len == 1 && strchr("xX*", s.p[0]) != NULL);
}

/* One operator and version; where it ends, or NULL. */
static const char *parse_part(const char *text, struct part *ret)
{
	struct parts parts;

	*ret = (struct part){ .dirty = false };
	text = skip_space(take_operator(skip_space(text), &ret->op));
	if (!split(text, WILD, &parts)) {
		return NULL;
	}
	for (size_t i = 0; i < 3; i++) {
		if (ret->dirty || is_open(parts.number[i])) {
			ret->minor_dirty |= !ret->dirty && i == 1;
			ret->patch_dirty |= !ret->dirty && i == 2;
			ret->dirty = true;
			parts.number[i] = (struct span){ NULL, 0 };
		}
	}
	return fill(&parts, &ret->version) ? parts.end : NULL;
}

static bool holds_greater(const struct version *v, const struct part *c)
{
	const uint64_t *want = c->version.part;

	if (!c->dirty || (!c->minor_dirty && !c->patch_dirty && v->part[0] == want[0])) {
		return compare(v, &c->version) > 0;
	}
	if (v->part[0] != want[0]) {
		return v->part[0] > want[0];
	}
	return c->patch_dirty && v->part[1] > want[1];
}

static bool holds_at_most(const struct version *v, const struct part *c)
{
	const uint64_t *want = c->version.part;

	if (!c->dirty) {
		return compare(v, &c->version) <= 0;
	}
	return v->part[0] < want[0] ||
	       (v->part[0] == want[0] && (c->minor_dirty || v->part[1] <= want[1]));
}

static bool holds_not(const struct version *v, const struct part *c)
{
	const uint64_t *want = c->version.part;

	if (!c->dirty) {
		return compare(v, &c->version) != 0;
	}
	if (v->part[0] != want[0]) {
		return true;
	}
	if (c->minor_dirty) {
		return false;
	}
	if (v->part[1] != want[1]) {
		return true;
	}
	if (c->patch_dirty) {
		return compare_prerelease(v->pre, c->version.pre) != 0;
	}
	return v->part[2] != want[2] || compare(v, &c->version) != 0;
}

static bool holds_tilde(const struct version *v, const struct part *c)
{
	const uint64_t *want = c->version.part;

	if (compare(v, &c->version) < 0) {
		return false;
	}
	if (want[0] == 0 && want[1] == 0 && want[2] == 0 && !c->minor_dirty && !c->patch_dirty) {
		return true;
	}
	return v->part[0] == want[0] && (v->part[1] == want[1] || c->minor_dirty);
}

static bool holds_caret(const struct version *v, const struct part *c)
{
	const uint64_t *want = c->version.part;

	if (compare(v, &c->version) < 0 || v->part[0] != want[0]) {
		return false;
	}
	if (want[0] > 0 || c->minor_dirty) {
		return true;
	}
	if (v->part[1] != want[1]) {
		return false;
	}
	return want[1] > 0 || c->patch_dirty || v->part[2] == want[2];
}

static bool holds(const struct version *v, const struct part *c)
{
	switch (c->op) {
	case OP_NOT:
		return holds_not(v, c);
	case OP_GREATER:
		return holds_greater(v, c);
	case OP_LESS:
		return compare(v, &c->version) < 0;
	case OP_AT_LEAST:
		return compare(v, &c->version) >= 0;
	case OP_AT_MOST:
		return holds_at_most(v, c);
	case OP_TILDE:
		return holds_tilde(v, c);
	case OP_CARET:
		return holds_caret(v, c);
	case OP_TILDE_OR_EQUAL:
	default:
		return c->dirty ? holds_tilde(v, c) : compare(v, &c->version) == 0;
	}
}

/*
 * One alternative of a constraint. False if it is malformed; else *ret_holds
 * says whether v satisfies it (v may be NULL).
 */
static bool check_all(const char *text, const struct version *v, bool *ret_holds)
{
	bool names_prerelease = false;
	bool all = true;
	struct part part;

	for (;;) {
		text = parse_part(text, &part);
		if (text == NULL) {
			return false;
		}
		names_prerelease |= part.version.pre.len > 0;
		all = all && v != NULL && holds(v, &part);
		const char *next = skip_space(text);
		if (*next == '\0') {
			break;
		}
		if (next == text && *next != ',') {
			return false;
		}
		text = next + (*next == ',');
	}
	*ret_holds = all && (v->pre.len == 0 || names_prerelease);
	return true;
}

/* As check_all(), for the whole of a constraint. */
static bool check_any(const char *constraint, const struct version *v, bool *ret_holds)
{
	struct buf text;
	bool valid = false;
	bool any = false;

	if (strnlen(constraint, SEMVER_TEXT_MAX + 1) > SEMVER_TEXT_MAX) {
		return false;
	}
	buf_init(&text, (size_t)SEMVER_TEXT_MAX * 4);
	rewrite_ranges(constraint, &text);
	char *at = text.data;
	do {
		char *bar = strstr(at, "||");
		bool one = false;

		if (bar != NULL) {
			*bar = '\0';
		}
		valid = check_all(at, v, &one);
		any |= one;
		at = bar != NULL ? bar + 2 : NULL;
	} while (valid && at != NULL);
	buf_release(&text);
	*ret_holds = any;
	return valid;
}

bool semver_is_range(const char *text)
{
	struct version version;
	bool ignored = false;

	return !parse_version(text, &version) && check_any(text, NULL, &ignored);
}

bool semver_matches(const char *constraint, const char *version)
{
	struct version v;
	bool any = false;

	return parse_version(version, &v) && check_any(constraint, &v, &any) && any;
}
