/*
 * What the pusher reads:
 *
 *   remote: doorbell: 2 of 40 applications: web-prod, web-staging
 *
 * Names come from manifests, so from whoever writes those: control characters
 * of every kind, C1 and bidirectional overrides included, become "?".  A name
 * is shown without its namespace where that leaves no doubt.
 */
#include "hooks/report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/strvec.h"
#include "base/xalloc.h"
#include "push/push.h"

#define UNKNOWN "doorbell: accepted, applications not known yet\n"

/* The code point at text (valid UTF-8), and its length in bytes. */
static uint32_t code_point(const char *text, size_t *ret_len)
{
	const unsigned char *t = (const unsigned char *)text;
	size_t len = t[0] < 0x80 ? 1 : t[0] < 0xe0 ? 2 : t[0] < 0xf0 ? 3 : 4;
	uint32_t c = len == 1 ? t[0] : t[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++) {
		if ((t[i] & 0xc0) != 0x80) {
			*ret_len = 1;
			return 0;
		}
		c = c << 6 | (t[i] & 0x3f);
	}
	*ret_len = len;
	return c;
}

static bool is_harmless(uint32_t c)
{
	static const struct {
		uint32_t from;
		uint32_t to;
	} bad[] = {
		{ 0, 0x1f },           /* C0 */
		{ 0x7f, 0x9f },        /* DEL, C1 */
		{ 0xad, 0xad },        /* soft hyphen */
		{ 0x61c, 0x61c },      /* Arabic letter mark */
		{ 0x200b, 0x200f },    /* zero width, marks of direction */
		{ 0x2028, 0x202e },    /* line separators, overrides */
		{ 0x2060, 0x206f },    /* isolates */
		{ 0xfeff, 0xfeff },    /* byte order mark */
		{ 0xfff9, 0xfffb },    /* annotations */
		{ 0xe0000, 0x10ffff }, /* tags, private use */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (c >= bad[i].from && c <= bad[i].to) {
			return false;
		}
	}
	return true;
}

void hook_report_text(const char *text, struct buf *out)
{
	while (*text != '\0') {
		size_t len = 1;

		if (is_harmless(code_point(text, &len))) {
			(void)buf_add(out, text, len);
		} else {
			(void)buf_addch(out, '?');
		}
		text += len;
	}
}

/* A line that is broken at words. */
struct line {
	struct buf *out;
	size_t column;
};

static size_t columns(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		n += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return n;
}

/* Append a word, after a space or on a line of its own. */
static void add_word(struct line *line, const char *word)
{
	size_t width = columns(word);

	if (line->column > 0 && line->column + 1 + width > HOOK_REPORT_COLUMNS) {
		(void)buf_addstr(line->out, "\n  ");
		line->column = 2;
	} else if (line->column > 0) {
		(void)buf_addch(line->out, ' ');
		line->column++;
	}
	(void)buf_addstr(line->out, word);
	line->column += width;
}

static void add_words(struct line *line, const char *text)
{
	char *copy = xstrdup(text);
	char *rest = copy;

	for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
		if (word[0] != '\0') {
			add_word(line, word);
		}
	}
	free(copy);
}

static const char *base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : name;
}

/* Is there another name in the list with the same last part? */
static bool is_ambiguous(const json_t *names, size_t which)
{
	const char *ours = base_name(json_string_value(json_array_get(names, which)));

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *other = json_string_value(json_array_get(names, i));

		if (i != which && other != NULL && strcmp(base_name(other), ours) == 0) {
			return true;
		}
	}
	return false;
}

static void add_names(struct line *line, const json_t *names, json_int_t affected)
{
	json_int_t shown = 0;

	for (size_t i = 0; i < json_array_size(names) && shown < HOOK_REPORT_NAMES; i++) {
		const char *name = json_string_value(json_array_get(names, i));
		struct buf word;

		if (name == NULL) {
			continue;
		}
		shown++;
		bool last = shown == affected || (shown == HOOK_REPORT_NAMES) ||
			    i + 1 == json_array_size(names);
		buf_init(&word, 1024);
		hook_report_text(is_ambiguous(names, i) ? name : base_name(name), &word);
		(void)buf_addstr(&word, last ? "" : ",");
		add_word(line, word.data);
		buf_release(&word);
	}
	if (shown > 0 && affected > shown) {
		char *more = xasprintf("and %" JSON_INTEGER_FORMAT " more", affected - shown);

		add_words(line, more);
		free(more);
	}
}

/* One ref's lines. Returns true if there are any. */
static bool add_ref(const json_t *ref, bool several, bool verbose, struct buf *out)
{
	json_int_t affected = json_integer_value(json_object_get(ref, "affected"));
	json_int_t all = json_integer_value(json_object_get(ref, "applications"));
	json_int_t untaken = json_integer_value(json_object_get(ref, "untaken"));
	const char *reason = json_string_value(json_object_get(ref, "reason"));
	const char *name = json_string_value(json_object_get(ref, "ref"));
	const json_t *names = json_object_get(ref, "names");
	struct line line = { .out = out };
	struct buf text;

	if (affected <= 0 && !verbose) {
		return false;
	}
	buf_init(&text, 4096);
	(void)buf_addstr(&text, "doorbell: ");
	if (several && name != NULL) {
		hook_report_text(push_ref_short(name), &text);
		(void)buf_addstr(&text, ": ");
	}
	(void)buf_addf(&text, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " applications",
		       affected, all);
	if (affected <= 0) {
		(void)buf_addstr(&text, ": nothing to do");
	} else if (json_array_size(names) > 0) {
		(void)buf_addch(&text, ':');
	}
	add_words(&line, text.data);
	if (affected > 0) {
		add_names(&line, names, affected);
	}
	if (untaken > 0) {
		char *text_untaken = xasprintf("(no target takes %" JSON_INTEGER_FORMAT " of them)",
					       untaken);

		add_words(&line, text_untaken);
		free(text_untaken);
	}
	buf_reset(&text);
	if (verbose && reason != NULL && reason[0] != '\0') {
		(void)buf_addch(&text, '(');
		hook_report_text(reason, &text);
		(void)buf_addch(&text, ')');
		add_words(&line, text.data);
	}
	(void)buf_addch(out, '\n');
	buf_release(&text);
	return true;
}

/* The receiver has no such repository: said in any case, for no push will ever be told. */
static void add_unknown(const json_t *json, struct buf *out)
{
	const char *address = json_string_value(json_object_get(json, "repository"));
	const char *nearest = json_string_value(json_object_get(json, "nearest"));
	struct line line = { .out = out };
	struct buf text;

	buf_init(&text, 16384);
	add_words(&line, "doorbell: the repository");
	if (address != NULL) {
		hook_report_text(address, &text);
		add_word(&line, text.data);
	}
	add_words(&line, "is not configured");
	if (nearest != NULL) {
		buf_reset(&text);
		(void)buf_addstr(&text, "(nearest: ");
		hook_report_text(nearest, &text);
		(void)buf_addch(&text, ')');
		add_word(&line, text.data);
	}
	(void)buf_addch(out, '\n');
	buf_release(&text);
}

/* Refs that were decided and found no room in the answer. */
static size_t untold_refs(const json_t *json)
{
	json_int_t more = json_integer_value(json_object_get(json, "more"));

	return more > 0 && more <= LIMIT_REFS ? (size_t)more : 0;
}

void hook_report(const char *answer, size_t len, bool verbose, struct buf *out)
{
	json_t *json = json_loadb(answer, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *refs = json_object_get(json, "refs");
	size_t shown = 0;
	size_t i = 0;

	if (json_is_false(json_object_get(json, "known"))) {
		add_unknown(json, out);
		goto out;
	}
	if (!json_is_true(json_object_get(json, "decided")) || !json_is_array(refs)) {
		(void)buf_addstr(out, UNKNOWN);
		goto out;
	}
	for (; i < json_array_size(refs) && shown < HOOK_REPORT_REFS; i++) {
		shown += add_ref(json_array_get(refs, i), json_array_size(refs) > 1, verbose, out);
	}
	size_t left_out = json_array_size(refs) - i + untold_refs(json);
	if (left_out > 0) {
		(void)buf_addf(out, "doorbell: and %zu more refs\n", left_out);
	}
out:
	json_decref(json);
}
