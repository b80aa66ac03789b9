/*
 * What of a .gitattributes file shapes a checkout.
 *
 * gitattributes(5): a line is a pattern and then attributes, "name", "-name",
 * "!name" or "name=value"; "[attr]name" in place of the pattern defines a
 * macro; "#" begins a comment.  Of the attributes, text, eol, crlf, ident,
 * filter and working-tree-encoding change the bytes that renderers see.
 * Others are for diffs, merges, archives, or for web pages.
 *
 * The texts are walked side by side, line by line and word by word, passing
 * over what does not matter.
 */
#include "index/attributes.h"

#include <string.h>

#include "index/attributes_impl.h"

/* A .gitattributes file is a page; git itself ignores one of more than 100 MiB. */
#define MAX_BYTES (1024 * 1024)

/* Names that change no byte in a checkout; "linguist-" begins many. */
static const char *const harmless[] = {
	"linguist-*", "gitlab-*", "diff", "merge", "export-ignore", "export-subst",
	"whitespace", "delta", "encoding", "conflict-marker-size",
};

/* A text that is being read. */
struct cursor {
	const char *at;
	const char *end;
};

struct word {
	const char *data;
	size_t len;
};

/* The next word of the line; len 0 at its end. A pattern in quotes is one word. */
static struct word next_word(struct cursor *line)
{
	struct word word;

	while (line->at < line->end && memchr(" \t\r", *line->at, 3) != NULL) {
		line->at++;
	}
	word.data = line->at;
	bool quoted = line->at < line->end && *line->at == '"';
	for (bool inside = quoted; line->at < line->end; line->at++) {
		if (!inside && memchr(" \t\r", *line->at, 3) != NULL) {
			break;
		}
		if (inside && line->at > word.data && *line->at == '"' && line->at[-1] != '\\') {
			inside = false;
		}
	}
	word.len = (size_t)(line->at - word.data);
	return word;
}

static bool is_harmless(struct word word)
{
	size_t skip = word.len > 0 && (word.data[0] == '-' || word.data[0] == '!') ? 1 : 0;
	const char *name = word.data + skip;
	const char *equals = memchr(name, '=', word.len - skip);
	size_t len = equals != NULL ? (size_t)(equals - name) : word.len - skip;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		size_t known = strlen(harmless[i]);

		if (harmless[i][known - 1] == '*') {
			if (len >= known && strncmp(name, harmless[i], known - 1) == 0) {
				return true;
			}
		} else if (len == known && strncmp(name, harmless[i], len) == 0) {
			return true;
		}
	}
	return false;
}

/* The next attribute of the line that matters; len 0 at its end. */
static struct word next_attribute(struct cursor *line)
{
	struct word word;

	do {
		word = next_word(line);
	} while (word.len > 0 && is_harmless(word));
	return word;
}

/* The next line that matters, from its pattern on; false at the end of the text. */
static bool next_line(struct cursor *text, struct cursor *ret_line)
{
	while (text->at < text->end) {
		const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
		struct cursor line = { text->at, newline != NULL ? newline : text->end };

		text->at = newline != NULL ? newline + 1 : text->end;
		*ret_line = line;
		struct word pattern = next_word(&line);
		if (pattern.len > 0 && pattern.data[0] != '#' && next_attribute(&line).len > 0) {
			return true;
		}
	}
	return false;
}

static bool same_word(struct word a, struct word b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool same_line(struct cursor a, struct cursor b)
{
	struct word x = next_word(&a);
	struct word y = next_word(&b);

	while (x.len > 0 && same_word(x, y)) {
		x = next_attribute(&a);
		y = next_attribute(&b);
	}
	return x.len == 0 && y.len == 0;
}

bool attributes_equal(const char *before, size_t before_len, const char *after, size_t after_len)
{
	struct cursor a = { before, before + before_len };
	struct cursor b = { after, after + after_len };
	struct cursor x;
	struct cursor y;

	for (;;) {
		bool more_a = next_line(&a, &x);
		bool more_b = next_line(&b, &y);

		if (!more_a || !more_b) {
			return more_a == more_b;
		}
		if (!same_line(x, y)) {
			return false;
		}
	}
}

static bool read_blob(struct repo *repo, const struct oid *id, struct repo_object *ret_object)
{
	*ret_object = (struct repo_object){ .data = "" };
	if (id->len == 0) {
		return true;
	}
	return repo_read(repo, id, REPO_BLOB, MAX_BYTES, ret_object, NULL) == REPO_OK;
}

bool attributes_same(struct repo *repo, const struct oid *before, const struct oid *after)
{
	struct repo_object a = { .data = NULL };
	struct repo_object b = { .data = NULL };
	bool same = read_blob(repo, before, &a) && read_blob(repo, after, &b) &&
		    attributes_equal(a.data, a.len, b.data, b.len);

	repo_object_release(&a);
	repo_object_release(&b);
	return same;
}
