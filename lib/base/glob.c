/*
 * Glob patterns: all ways to match at once.
 *
 * A pattern is never compiled and never tried one way after the other.  A
 * state is an offset in the pattern, in one of three moods, and a set of
 * states is a bit set; for each character of the text the set of states is
 * replaced by the set of those that they lead to (Thompson, "Regular
 * expression search algorithm", 1968).  So a hostile pattern costs no more
 * than its length times that of the text.
 *
 *   AT    the token at this offset is next
 *   LOOP  a "*" ends at this offset: it may take one more character
 *   SCAN  a doublestar with its slash ends at this offset: the rest may
 *         begin after each "/" to come; one past the pattern's end, anything
 *         may come
 *
 * Braces are found once in front: each "{", "," and "}" that is structure
 * knows the next one of its group and the end of it.  A "{" leads to the
 * start of each alternative, a "," or "}" behind the group.
 *
 * Go's own path.Match is its own algorithm (run_go() below).
 *
 * doublestar has a rule of its own for where the text ends: what is left of
 * the pattern must be one of a few forms (zero_length() below), and it counts
 * what is left before stars are stepped over: "a*{b,}" does not match "a".
 */
#include "base/glob.h"

#include <stdint.h>
#include <string.h>

#include "base/glob_impl.h"

#define WORDS ((GLOB_PATTERN_MAX + 64) / 64)

enum brace { BRACE_NONE, BRACE_OPEN, BRACE_COMMA, BRACE_CLOSE };

struct set {
	uint64_t at[WORDS];
	uint64_t loop[WORDS];
	uint64_t scan[WORDS];
};

struct glob {
	enum glob_dialect dialect;
	const char *p;
	size_t len;
	size_t words;                          // of a set, as long as the pattern is
	bool braces;                           // there are any; the tables below are valid
	uint8_t kind[GLOB_PATTERN_MAX + 1];    // enum brace
	uint16_t next[GLOB_PATTERN_MAX + 1];   // of "{" and ",": the next "," or "}"; of
					       // "}": 1 if a segment may begin behind it
	uint16_t after[GLOB_PATTERN_MAX + 1];  // of "," and "}": the offset behind the group
	uint16_t pending[GLOB_PATTERN_MAX + 1]; // offsets to step over, while a set is closed
	size_t steps;
};

static bool has(const uint64_t *bits, size_t i)
{
	return (bits[i / 64] >> (i % 64) & 1) != 0;
}

/* Set bit i; false if it was set. */
static bool put(uint64_t *bits, size_t i)
{
	uint64_t bit = (uint64_t)1 << (i % 64);
	bool fresh = (bits[i / 64] & bit) == 0;

	bits[i / 64] |= bit;
	return fresh;
}

static bool has_braces(enum glob_dialect dialect)
{
	return dialect == GLOB_DOUBLESTAR || dialect == GLOB_GOBWAS;
}

static enum brace brace_at(const struct glob *g, size_t at)
{
	return g->braces && at < g->len ? (enum brace)g->kind[at] : BRACE_NONE;
}

/* ---- reading the pattern once ------------------------------------------ */

/* Note that a structural character is at this offset; open is the stack. */
static void add_brace(struct glob *g, size_t at, uint16_t *open, size_t *depth, uint16_t *last)
{
	bool starts = at > 0 && (g->p[at - 1] == '/' || g->kind[at - 1] == BRACE_OPEN ||
				 g->kind[at - 1] == BRACE_COMMA);
	char c = g->p[at];

	if (c == '{') {
		g->kind[at] = BRACE_OPEN;
		open[*depth] = (uint16_t)at;
		last[(*depth)++] = (uint16_t)at;
		return;
	}
	g->kind[at] = c == ',' ? BRACE_COMMA : BRACE_CLOSE;
	g->next[last[*depth - 1]] = (uint16_t)at;
	last[*depth - 1] = (uint16_t)at;
	g->after[at] = starts; /* until the end is known */
	if (c == '}') {
		(*depth)--;
		for (size_t i = g->next[open[*depth]]; i != at; i = g->next[i]) {
			starts |= g->after[i] != 0;
			g->after[i] = (uint16_t)(at + 1);
		}
		g->after[at] = (uint16_t)(at + 1);
		g->next[at] = starts;
	}
}

/*
 * Check the whole pattern and find its braces.  False if it is malformed; a
 * doublestar "}" too many is *ret_stray only, it matches itself.
 */
static bool scan(struct glob *g, bool *ret_stray)
{
	uint16_t open[GLOB_PATTERN_MAX];
	uint16_t last[GLOB_PATTERN_MAX];
	struct glob_char any = { 0, 0, 1 };
	bool braces = has_braces(g->dialect);
	size_t depth = 0;

	for (size_t at = 0; at < g->len;) {
		char c = g->p[at];

		if (c == '[') {
			if (glob_class(g->dialect, g->p, g->len, at, &any, &at) == GLOB_CLASS_BAD) {
				return false;
			}
			continue;
		}
		if (c == '\\' && ++at >= g->len) {
			return false;
		}
		struct glob_char unit = glob_char_at(g->dialect, g->p + at, g->len - at);
		if (g->dialect == GLOB_GOBWAS && unit.literal != unit.rune) {
			return false;
		}
		if (braces && c == '{') {
			g->braces = true;
			add_brace(g, at, open, &depth, last);
		} else if (depth > 0 && (c == ',' || c == '}')) {
			add_brace(g, at, open, &depth, last);
		} else if (c == '}' && g->dialect == GLOB_DOUBLESTAR) {
			*ret_stray = true;
		}
		at += unit.width;
	}
	return depth == 0;
}

/* ---- where the text ends (doublestar) ---------------------------------- */

/* Step out of alternatives that end at this offset. */
static size_t leave_groups(const struct glob *g, size_t at)
{
	while (brace_at(g, at) == BRACE_COMMA || brace_at(g, at) == BRACE_CLOSE) {
		at = g->after[at];
	}
	return at;
}

/*
 * Is what is left from here one of the forms that match nothing more?  Behind
 * a star that took the last character (looping) a further star would have
 * been stepped over before: it speaks for itself.
 */
static bool is_nothing(const struct glob *g, size_t at, bool looping)
{
	static const char *const forms[] = { "", "*", "**", "/**", "**/", "/**/" };
	char rest[8] = "";
	size_t len = 0;

	for (at = leave_groups(g, at); at < g->len; at = leave_groups(g, at + 1)) {
		if (len > 4 || brace_at(g, at) == BRACE_OPEN) {
			return false;
		}
		rest[len++] = g->p[at];
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(rest, forms[i]) == 0) {
			return !looping || rest[0] != '*';
		}
	}
	return false;
}

/* As is_nothing(), with the alternatives of braces that come first. */
static bool zero_length(struct glob *g, size_t from, bool looping, uint64_t *seen)
{
	size_t count = 0;

	g->pending[count++] = (uint16_t)from;
	while (count > 0) {
		size_t at = leave_groups(g, g->pending[--count]);

		g->steps++;
		if (brace_at(g, at) != BRACE_OPEN) {
			if (is_nothing(g, at, looping)) {
				return true;
			}
			continue;
		}
		for (size_t i = at; brace_at(g, i) != BRACE_CLOSE; i = g->next[i]) {
			if (put(seen, i + 1)) {
				g->pending[count++] = (uint16_t)(i + 1);
			}
		}
	}
	return false;
}

/* ---- stars ------------------------------------------------------------- */

/*
 * doublestar: "**" is more than "*" only where a segment begins.  Behind a
 * group, if any alternative of it may end so.
 */
static bool segment_starts(const struct glob *g, size_t at)
{
	if (at == 0 || g->p[at - 1] == '/') {
		return true;
	}
	switch (brace_at(g, at - 1)) {
	case BRACE_OPEN:
	case BRACE_COMMA:
		return true;
	case BRACE_CLOSE:
		return g->next[at - 1] != 0;
	case BRACE_NONE:
	default:
		return false;
	}
}

/* Step over a star: which states does it lead to before it takes anything? */
static void enter_star(struct glob *g, struct set *s, size_t at, size_t *count)
{
	size_t end = at + 1;
	bool two = g->dialect == GLOB_DOUBLESTAR && end < g->len && g->p[end] == '*';

	if (two) {
		size_t next = leave_groups(g, ++end);

		if (segment_starts(g, at) && next >= g->len) {
			(void)put(s->scan, g->len + 1); /* whatever comes */
			return;
		}
		if (segment_starts(g, at) && g->p[next] == '/') {
			(void)put(s->scan, next + 1);
			if (put(s->at, next + 1)) {
				g->pending[(*count)++] = (uint16_t)(next + 1);
			}
			return;
		}
	}
	(void)put(s->loop, end);
	if (put(s->at, end)) {
		g->pending[(*count)++] = (uint16_t)end;
	}
}

/* Step over the token at this offset if it can take nothing. */
static void enter(struct glob *g, struct set *s, size_t at, size_t *count)
{
	size_t next = leave_groups(g, at);

	g->steps++;
	if (next != at) {
		if (put(s->at, next)) {
			g->pending[(*count)++] = (uint16_t)next;
		}
		return;
	}
	if (brace_at(g, at) == BRACE_OPEN) {
		for (size_t i = at; brace_at(g, i) != BRACE_CLOSE; i = g->next[i]) {
			if (put(s->at, i + 1)) {
				g->pending[(*count)++] = (uint16_t)(i + 1);
			}
		}
		return;
	}
	if (at < g->len && g->p[at] == '*') {
		enter_star(g, s, at, count);
	}
}

/* Add all states that can be reached without taking a character. */
static void close_set(struct glob *g, struct set *s)
{
	size_t count = 0;

	for (size_t w = 0; w < g->words; w++) {
		for (uint64_t bits = s->loop[w]; bits != 0; bits &= bits - 1) {
			(void)put(s->at, w * 64 + (size_t)__builtin_ctzll(bits));
		}
	}
	for (size_t w = 0; w < g->words; w++) {
		uint64_t all = s->at[w];

		for (uint64_t bits = all; bits != 0; bits &= bits - 1) {
			enter(g, s, w * 64 + (size_t)__builtin_ctzll(bits), &count);
			while (count > 0) {
				enter(g, s, g->pending[--count], &count);
			}
		}
	}
}

/* ---- one character ----------------------------------------------------- */

static bool separates(const struct glob *g)
{
	return g->dialect == GLOB_GO || g->dialect == GLOB_DOUBLESTAR;
}

/* The token at this offset takes c: what is next; or no match. */
static void take(struct glob *g, size_t at, const struct glob_char *c, struct set *to)
{
	size_t next = 0;

	g->steps++;
	if (at >= g->len || g->p[at] == '*' || brace_at(g, at) != BRACE_NONE) {
		return;
	}
	if (g->p[at] == '?') {
		if (c->rune != '/' || !separates(g)) {
			(void)put(to->at, at + 1);
		}
		return;
	}
	if (g->p[at] == '[') {
		if (glob_class(g->dialect, g->p, g->len, at, c, &next) == GLOB_CLASS_YES) {
			(void)put(to->at, next);
		}
		return;
	}
	at += g->p[at] == '\\';
	if (at >= g->len) {
		return;
	}
	struct glob_char own = glob_char_at(g->dialect, g->p + at, g->len - at);
	bool same = g->dialect == GLOB_DOUBLESTAR ? own.rune == c->rune
						  : own.literal == c->literal;
	if (same) {
		(void)put(to->at, at + own.width);
	}
}

/* Take c in every state of from (closed); to is empty. */
static void take_all(struct glob *g, const struct set *from, const struct glob_char *c,
		     struct set *to)
{
	bool slash = c->rune == '/';

	for (size_t w = 0; w < g->words; w++) {
		for (uint64_t bits = from->at[w]; bits != 0; bits &= bits - 1) {
			take(g, w * 64 + (size_t)__builtin_ctzll(bits), c, to);
		}
		to->scan[w] |= from->scan[w];
		to->at[w] |= slash ? from->scan[w] : 0;
		to->loop[w] |= slash && separates(g) ? 0 : from->loop[w];
	}
}

/* Does any of these states say that the text may end here? */
static bool any_zero_length(struct glob *g, const uint64_t *states, bool looping)
{
	uint64_t seen[WORDS] = { 0 };

	for (size_t w = 0; w < g->words; w++) {
		for (uint64_t bits = states[w]; bits != 0; bits &= bits - 1) {
			size_t at = w * 64 + (size_t)__builtin_ctzll(bits);

			if (zero_length(g, at, looping, seen)) {
				return true;
			}
		}
	}
	return false;
}

static bool may_end(struct glob *g, struct set *s)
{
	if (g->dialect != GLOB_DOUBLESTAR) {
		close_set(g, s);
		return has(s->at, g->len);
	}
	return has(s->scan, g->len + 1) || any_zero_length(g, s->at, false) ||
	       any_zero_length(g, s->loop, true);
}

static bool run(struct glob *g, const char *text)
{
	struct set sets[2] = { { { 0 }, { 0 }, { 0 } } };
	struct set *now = &sets[0];
	struct set *then = &sets[1];
	size_t left = strlen(text);

	(void)put(now->at, 0);
	while (left > 0) {
		struct glob_char c = glob_char_at(g->dialect, text, left);

		close_set(g, now);
		take_all(g, now, &c, then);
		struct set *old = now;
		now = then;
		then = old;
		memset(then, 0, sizeof(*then));
		text += c.width;
		left -= c.width;
	}
	return may_end(g, now);
}

/* ---- all of it --------------------------------------------------------- */

/* Start g; false if the pattern is malformed or too long. */
static bool prepare(struct glob *g, enum glob_dialect dialect, const char *pattern,
		    bool *ret_stray)
{
	*g = (struct glob){ .dialect = dialect, .p = pattern };
	g->len = strnlen(pattern, GLOB_PATTERN_MAX + 1);
	g->words = (g->len + 1) / 64 + 1;
	if (g->len > GLOB_PATTERN_MAX) {
		return false;
	}
	return dialect == GLOB_WILDMATCH || scan(g, ret_stray);
}

/* ---- path.Match -------------------------------------------------------- */

/*
 * Go remembers one star, the last: where what is between two stars matched
 * once, it is not tried again further on.  So this dialect is Go's algorithm
 * (path/match.go), which is bounded by itself; the pattern is well formed.
 */

/* What is between stars, from at on: where it ends. */
static size_t go_chunk_end(const struct glob *g, size_t at)
{
	struct glob_char any = { 0, 0, 1 };

	while (at < g->len && g->p[at] != '*') {
		if (g->p[at] == '[') {
			(void)glob_class(GLOB_GO, g->p, g->len, at, &any, &at);
			continue;
		}
		at += g->p[at] == '\\' ? 2 : 1;
	}
	return at;
}

/* Does the chunk match where text begins? Then *ret_rest is what is left of text. */
static bool go_chunk(struct glob *g, size_t at, size_t end, const char *text,
		     const char **ret_rest)
{
	while (at < end) {
		struct glob_char c = glob_char_at(GLOB_GO, text, strlen(text));

		g->steps++;
		if (text[0] == '\0') {
			return false;
		}
		if (g->p[at] == '[') {
			if (glob_class(GLOB_GO, g->p, g->len, at, &c, &at) != GLOB_CLASS_YES) {
				return false;
			}
			text += c.width;
			continue;
		}
		if (g->p[at] == '?') {
			if (text[0] == '/') {
				return false;
			}
			text += c.width;
			at++;
			continue;
		}
		at += g->p[at] == '\\';
		if (g->p[at++] != *text++) {
			return false;
		}
	}
	*ret_rest = text;
	return true;
}

/* A chunk behind a star, as near as it matches. False if nowhere. */
static bool go_star(struct glob *g, size_t at, size_t end, const char **text)
{
	const char *rest = NULL;

	for (const char *from = *text; *from != '\0' && *from != '/'; from++) {
		if (go_chunk(g, at, end, from + 1, &rest) && (end < g->len || *rest == '\0')) {
			*text = rest;
			return true;
		}
	}
	return false;
}

static bool run_go(struct glob *g, const char *text)
{
	const char *rest = NULL;

	for (size_t at = 0; at < g->len;) {
		size_t from = at;

		while (at < g->len && g->p[at] == '*') {
			at++;
		}
		size_t end = go_chunk_end(g, at);
		if (at > from && at == end) {
			return strchr(text, '/') == NULL;
		}
		if (go_chunk(g, at, end, text, &rest) && (*rest == '\0' || end < g->len)) {
			text = rest;
		} else if (at == from || !go_star(g, at, end, &text)) {
			return false;
		}
		at = end;
	}
	return *text == '\0';
}

enum glob_result glob_match_counted(enum glob_dialect dialect, const char *pattern,
				    const char *text, size_t *steps)
{
	struct glob g;
	bool stray = false;

	if (!prepare(&g, dialect, pattern, &stray)) {
		return GLOB_BAD_PATTERN;
	}
	bool matched = dialect == GLOB_GO ? run_go(&g, text) : run(&g, text);
	*steps += g.steps;
	if (matched) {
		return GLOB_MATCH;
	}
	return stray ? GLOB_BAD_PATTERN : GLOB_NO_MATCH;
}

enum glob_result glob_match(enum glob_dialect dialect, const char *pattern, const char *text)
{
	size_t steps = 0;

	return glob_match_counted(dialect, pattern, text, &steps);
}

bool glob_is_valid(enum glob_dialect dialect, const char *pattern)
{
	struct glob g;
	bool stray = false;

	return prepare(&g, dialect, pattern, &stray) && !stray;
}

static size_t slashes(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++) {
		count += *text == '/';
	}
	return count;
}

bool glob_may_go_below(enum glob_dialect dialect, const char *pattern, const char *path)
{
	bool counts = dialect == GLOB_GO || dialect == GLOB_DOUBLESTAR;

	/* A class may match a "/", and so may stars; the other dialects' stars always do. */
	return !counts || strchr(pattern, '[') != NULL || strstr(pattern, "**") != NULL ||
	       slashes(pattern) > slashes(path);
}
