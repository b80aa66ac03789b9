/*
 * The imports in a text of Jsonnet: its lexer, as far as needed to tell code
 * from text and comments.
 *
 * Jsonnet (google/go-jsonnet, internal/parser): "import", "importstr" and
 * "importbin" take a string literal, never a computed one or a text block, so
 * what a file imports can be told without running it.
 *
 *   "..." '...'    with escapes: backslash and one of "'\/bfnrt, or uXXXX
 *   @"..." @'...'  the quote is doubled, nothing else is special
 *   |||            a text block: lines that begin with the white space of its
 *                  first, and empty ones, up to a line with ||| behind less
 *   # and //       comments up to the end of the line, and C's
 */
#include "inputs/directory/jsonnet_imports.h"

#include <string.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/limits.h"

struct lexer {
	const char *p;
	const char *end;
};

static bool is_word(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool begins(const struct lexer *l, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(l->end - l->p) >= n && memcmp(l->p, text, n) == 0;
}

static void skip_line(struct lexer *l)
{
	const char *newline = memchr(l->p, '\n', (size_t)(l->end - l->p));

	l->p = newline != NULL ? newline + 1 : l->end;
}

/* One comment, if there is one here. */
static bool skip_comment(struct lexer *l)
{
	if (begins(l, "#") || begins(l, "//")) {
		skip_line(l);
		return true;
	}
	if (!begins(l, "/*")) {
		return false;
	}
	l->p += 2;
	const char *close = memmem(l->p, (size_t)(l->end - l->p), "*/", 2);
	l->p = close != NULL ? close + 2 : l->end;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct lexer *l)
{
	while (l->p < l->end) {
		if (is_blank(*l->p)) {
			l->p++;
		} else if (!skip_comment(l)) {
			return;
		}
	}
}

/* Bytes of white space at p, line ends not counted. */
static size_t indentation(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && (p[n] == ' ' || p[n] == '\t' || p[n] == '\r')) {
		n++;
	}
	return n;
}

/* Behind the opening bars of a text block: go behind the closing ones. */
static void skip_block(struct lexer *l)
{
	skip_line(l);
	while (l->p < l->end && *l->p == '\n') {
		l->p++;
	}
	const char *first = l->p;
	size_t n = indentation(first, l->end);

	while (l->p < l->end && n > 0) {
		bool inside = (size_t)(l->end - l->p) >= n && memcmp(l->p, first, n) == 0;

		if (!inside && *l->p != '\n') {
			break;
		}
		skip_line(l);
	}
	l->p += indentation(l->p, l->end);
	l->p += begins(l, "|||") ? 3 : 0;
}

static void add_rune(struct buf *out, unsigned rune)
{
	if (rune < 0x80) {
		(void)buf_addch(out, (char)rune);
		return;
	}
	if (rune < 0x800) {
		(void)buf_addch(out, (char)(0xc0 | rune >> 6));
	} else if (rune < 0x10000) {
		(void)buf_addch(out, (char)(0xe0 | rune >> 12));
		(void)buf_addch(out, (char)(0x80 | (rune >> 6 & 0x3f)));
	} else {
		(void)buf_addch(out, (char)(0xf0 | rune >> 18));
		(void)buf_addch(out, (char)(0x80 | (rune >> 12 & 0x3f)));
		(void)buf_addch(out, (char)(0x80 | (rune >> 6 & 0x3f)));
	}
	(void)buf_addch(out, (char)(0x80 | (rune & 0x3f)));
}

/* Four hexadecimal digits, or -1. */
static int take_hex(struct lexer *l)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int digit = l->p < l->end ? hex_digit(*l->p) : -1;

		if (digit < 0) {
			return -1;
		}
		value = value * 16 + digit;
		l->p++;
	}
	return value;
}

/* Behind "\u". False if malformed. */
static bool take_unicode(struct lexer *l, struct buf *out)
{
	int rune = take_hex(l);

	if (rune >= 0xd800 && rune < 0xdc00 && begins(l, "\\u")) {
		l->p += 2;
		int low = take_hex(l);

		if (low < 0xdc00 || low > 0xdfff) {
			return false;
		}
		rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
	}
	if (rune < 0) {
		return false;
	}
	add_rune(out, (unsigned)rune);
	return true;
}

/* Behind a backslash. False if malformed. */
static bool take_escape(struct lexer *l, struct buf *out)
{
	static const char names[] = "\"'\\/bfnrt";
	static const char values[] = "\"'\\/\b\f\n\r\t";
	char c = l->p < l->end ? *l->p++ : '\0';
	const char *at = c != '\0' ? strchr(names, c) : NULL;

	if (at != NULL) {
		(void)buf_addch(out, values[at - names]);
		return true;
	}
	return c == 'u' && take_unicode(l, out);
}

/* A string that begins at its quote, or its "@". False if it is malformed. */
static bool take_string(struct lexer *l, struct buf *out)
{
	bool verbatim = *l->p == '@';
	bool good = true;

	l->p += verbatim;
	char quote = *l->p++;
	while (l->p < l->end) {
		char c = *l->p++;

		if (c == quote && (!verbatim || l->p == l->end || *l->p != quote)) {
			return good;
		}
		if (c == quote) {
			l->p++;
		} else if (c == '\\' && !verbatim) {
			good = take_escape(l, out) && good;
			continue;
		}
		(void)buf_addch(out, c);
	}
	return false;
}

static bool at_string(const struct lexer *l)
{
	return begins(l, "\"") || begins(l, "'") || begins(l, "@\"") || begins(l, "@'");
}

/* Behind the keyword: what it imports, into out. False if that is no good. */
static bool take_path(struct lexer *l, struct buf *out)
{
	skip_blanks(l);
	if (!at_string(l)) {
		return false;
	}
	buf_reset(out);
	return take_string(l, out) && !buf_is_full(out) && out->len > 0 &&
	       memchr(out->data, '\0', out->len) == NULL;
}

/* 1: "import"; 0: the others; -1: another word. */
static int import_kind(const char *word, size_t len)
{
	if (len == 6 && memcmp(word, "import", len) == 0) {
		return 1;
	}
	return len == 9 && (memcmp(word, "importstr", len) == 0 ||
			    memcmp(word, "importbin", len) == 0) ? 0 : -1;
}

void jsonnet_imports(const char *text, size_t len,
		     void (*found)(void *arg, const char *path, bool code), void *arg)
{
	struct lexer l = { .p = text, .end = text + len };
	struct buf string;

	buf_init(&string, LIMIT_PATH_BYTES);
	for (skip_blanks(&l); l.p < l.end; skip_blanks(&l)) {
		const char *word = l.p;

		if (at_string(&l)) {
			buf_reset(&string);
			(void)take_string(&l, &string);
		} else if (begins(&l, "|||")) {
			skip_block(&l);
		} else if (!is_word(*l.p)) {
			l.p++;
		} else {
			while (l.p < l.end && is_word(*l.p)) {
				l.p++;
			}
			int kind = import_kind(word, (size_t)(l.p - word));
			if (kind >= 0 && take_path(&l, &string)) {
				found(arg, string.data, kind == 1);
			}
		}
	}
	buf_release(&string);
}
