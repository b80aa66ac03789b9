/*
 * What a chart's templates can reach, as far as their text tells.
 *
 * Templates are those of Go's text/template.  The root of what they see, "."
 * and "$" at the top of a file, holds Files.  So another file of the chart is
 * reached
 *   1. by the word Files, wherever it stands
 *   2. by writing out the root as a whole (toYaml ., print $, range over it)
 *      or taking a part of it by a computed name (index . $name)
 *   3. by a template that is defined elsewhere and is given the root
 *   4. by values that are templates, through tpl
 *
 * A field of Chart.yaml is reached in the same ways, but for the first: by
 * its name behind the word Chart, or by that word alone.
 *
 * For 2 one must know whether "." is the root: "with" and "range" make it
 * something else up to their "end".  In a "define" it is what the caller
 * gives, which may be the root.  How it goes on from there says helm_flow.c.
 *
 * For 3: Helm parses templates with more "/" in their path first (engine.go,
 * sortTemplates), and the last definition of a name holds.  So what lies in
 * templates/ or one directory below, of the chart itself, replaces what
 * subcharts define, and nothing else is sure to.
 *
 * This is no parser: it may take something for an access that is none, which
 * makes more files count.
 */
#include "inputs/helm/helm_template.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "inputs/helm/helm_flow.h"


static bool is_word(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Is the word anywhere in text, on its own? */
static bool has_word(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = memmem(text, len, word, n); at != NULL;
	     at = memmem(at + 1, len - (size_t)(at + 1 - text), word, n)) {
		bool begins = at == text || !is_word(at[-1]);
		bool ends = at + n == text + len || !is_word(at[n]);

		if (begins && ends) {
			return true;
		}
	}
	return false;
}

static bool has_any_word(const char *text, size_t len, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (has_word(text, len, *words)) {
			return true;
		}
	}
	return false;
}

/* Bytes of a quoted string with its quotes; all if it has no end. */
static size_t quoted(const char *p, const char *end)
{
	const char *at = p + 1;

	for (; at < end && *at != *p; at++) {
		if (*at == '\\' && *p != '`' && at + 1 < end) {
			at++;
		}
	}
	return (size_t)(at - p) + (at < end);
}

static size_t take_value(const char *p, const char *end, struct token *token)
{
	size_t n = 1;

	while (p + n < end && (is_word(p[n]) || p[n] == '.')) {
		n++;
	}
	token->kind = FIELD;
	if (n == 1 && *p == '.') {
		token->kind = HERE;
	} else if (*p == '$' && memchr(p, '.', n) == NULL) {
		token->kind = VAR;
	} else if (is_word(*p)) {
		token->kind = WORD;
	}
	return n;
}

/* The token at p. Returns its bytes. */
static size_t take_token(const char *p, const char *end, struct token *token)
{
	size_t n = 1;

	*token = (struct token){ .kind = OTHER, .text = p };
	if (*p == '"' || *p == '`' || *p == '\'') {
		n = quoted(p, end);
		token->kind = STRING;
		token->text = p + 1;
		token->len = n > 1 ? n - 2 : 0;
		return n;
	}
	if (*p == '.' || *p == '$' || is_word(*p)) {
		n = take_value(p, end, token);
	} else if (*p == '|' || *p == '=') {
		token->kind = *p == '|' ? PIPE : ASSIGN;
	} else if (*p == ':' && p + 1 < end && p[1] == '=') {
		token->kind = ASSIGN;
		n = 2;
	}
	token->len = n;
	return n;
}

/*
 * (print $.Template.BasePath "/x.yaml"): a file of the chart's own templates,
 * as everybody writes it for a checksum. t is the "(".
 */
static bool names_own_file(const struct scan *s, const struct token *t)
{
	static const char end[] = ".Template.BasePath";
	const size_t n = sizeof(end) - 1;

	return s->tokens + s->count - t > 4 && t->kind == OTHER && t->text[0] == '(' &&
	       helm_token_is(t + 1, "print") && t[2].kind == FIELD && t[2].len >= n &&
	       memcmp(t[2].text + t[2].len - n, end, n) == 0 && t[3].kind == STRING &&
	       t[4].kind == OTHER && t[4].text[0] == ')';
}

/* All of a subchart's root: ".Subcharts", ".Subcharts.name". */
static bool holds_subchart(const char *text, size_t len)
{
	static const char word[] = "Subcharts.";
	const size_t n = sizeof(word) - 1;
	const char *end = text + len;

	if (!has_word(text, len, "Subcharts")) {
		return false;
	}
	const char *at = memmem(text, len, word, n);
	const char *dot = at != NULL ? memchr(at + n, '.', (size_t)(end - at) - n) : NULL;

	return dot == NULL || dot + 1 == end || !is_word(dot[1]);
}

/* What is behind the word Chart: a field, or nothing that is known. */
static void read_field(struct helm_templates *t, const char *p, const char *end)
{
	struct token field = { .text = p + 1 };

	while (p < end && *p == '.' && field.text + field.len < end &&
	       is_word(field.text[field.len])) {
		field.len++;
	}
	if (field.len == 0) {
		t->chart = true;
		return;
	}
	helm_add_name(t, &t->fields, &field);
}

/* Chart, and Subcharts, wherever they are named in a field or a string. */
static void read_chart(struct helm_templates *t, const char *text, size_t len)
{
	static const char word[] = "Chart";
	const size_t n = sizeof(word) - 1;
	const char *end = text + len;

	for (const char *at = memmem(text, len, word, n); at != NULL;
	     at = memmem(at + 1, (size_t)(end - at - 1), word, n)) {
		bool begins = at == text || !is_word(at[-1]);

		if (begins && (at + n == end || !is_word(at[n]))) {
			read_field(t, at + n, end);
		}
	}
	if (holds_subchart(text, len)) {
		helm_reach_whole(t);
	}
}

static void read_define(struct scan *s, const struct token *name)
{
	helm_add_name(s->t, &s->t->defines, name);
	if (s->lasting) {
		helm_add_name(s->t, &s->t->lasting, name);
	}
}

/*
 * A string with an action in it, that "tpl" may be given: would it reach all?
 * One with half of an action may become any.
 */
static void read_quoted(struct scan *s, const struct token *t)
{
	struct helm_templates inner = { .quoted = true };

	if (t->kind != STRING || s->t->quoted || memmem(t->text, t->len, "{{", 2) == NULL) {
		return;
	}
	/* An escape, or a place for something else. */
	s->t->quoted = memchr(t->text, '\\', t->len) != NULL ||
		       memchr(t->text, '%', t->len) != NULL;
	helm_template_scan(&inner, t->text, t->len, false);
	s->t->quoted = s->t->quoted || inner.whole || inner.half || inner.includes.count > 0;
	helm_templates_release(&inner);
}

/*
 * Functions that may make an action of what is none: of what "tpl" is given
 * right there, or, as few use these, of what it may be given anywhere.  An
 * action whose very braces are put together from pieces (with join or print)
 * is not found.
 */
static void read_decoders(struct scan *s)
{
	static const char *const rare[] = { "b64dec", "b32dec", "swapcase", "nospace", "reverse",
					    "mustReverse", "decryptAES", "fromJson",
					    "mustFromJson", "fromJsonArray", "fromYaml",
					    "fromYamlArray", "fromToml", NULL };
	static const char *const decoders[] = {
		"replace", "regexReplaceAll", "regexReplaceAllLiteral", "mustRegexReplaceAll",
		"mustRegexReplaceAllLiteral", "title", "camelcase", NULL,
	};
	bool tpl = false;
	bool decodes = false;

	for (size_t i = 0; i < s->count; i++) {
		tpl = tpl || helm_token_is(&s->tokens[i], "tpl");
		decodes = decodes || helm_token_is_any(&s->tokens[i], decoders);
		s->t->quoted = s->t->quoted || helm_token_is_any(&s->tokens[i], rare);
	}
	if (tpl && decodes) {
		helm_reach_whole(s->t);
	}
}

static void read_calls(struct scan *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct token *t = &s->tokens[i];
		bool named = i + 1 < s->count && t[1].kind == STRING;

		read_chart(s->t, t->text, t->kind == FIELD || t->kind == STRING ? t->len : 0);
		s->t->tpl = s->t->tpl || helm_token_is(t, "tpl");
		if (helm_token_is(t, "include") || helm_token_is(t, "template")) {
			s->t->dynamic = s->t->dynamic || !(named || names_own_file(s, t + 1));
			if (named) {
				helm_add_name(s->t, &s->t->includes, t + 1);
			}
		} else if (named && (helm_token_is(t, "define") || helm_token_is(t, "block"))) {
			read_define(s, t + 1);
		}
		read_quoted(s, t);
	}
}

static void open_block(struct scan *s, bool root)
{
	if (s->depth + 1 >= NESTING_MAX) {
		helm_reach_whole(s->t);
		return;
	}
	s->root[++s->depth] = root;
}

/* Blocks open and close, and the root goes its way in them. */
static void follow_action(struct scan *s)
{
	const struct token *first = &s->tokens[0];
	bool ends = helm_token_is(first, "end");
	bool goes_on = helm_token_is(first, "else");

	if (ends || goes_on) {
		s->depth -= s->depth > 0;
		s->define_depth = s->depth < s->define_depth ? 0 : s->define_depth;
	}
	bool here = s->root[s->depth];
	bool given = helm_flow(s);
	if (goes_on) {
		bool with = s->count > 1 && helm_token_is(first + 1, "with");

		open_block(s, with ? given : here);
	} else if (helm_token_is(first, "if")) {
		open_block(s, here);
	} else if (helm_token_is(first, "with")) {
		open_block(s, given);
	} else if (helm_token_is(first, "range")) {
		open_block(s, false);
	} else if (helm_token_is(first, "define") || helm_token_is(first, "block")) {
		open_block(s, true);
		s->define = s->count > 1 ? first[1] : first[0];
		s->define_depth = s->depth;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool begins(const char *p, const char *end, const char *two)
{
	return end - p >= 2 && memcmp(p, two, 2) == 0;
}

/* The end of a comment at p, or NULL if there is none. */
static const char *behind_comment(const char *p, const char *end)
{
	p += p < end && *p == '-';
	while (p < end && is_blank(*p)) {
		p++;
	}
	if (!begins(p, end, "/*")) {
		return NULL;
	}
	const char *close = memmem(p, (size_t)(end - p), "*/", 2);
	return close != NULL ? close + 2 : end;
}

/* One action, p behind "{{". Returns the place of its "}}". */
static const char *read_action(struct scan *s, const char *p, const char *end)
{
	const char *behind = behind_comment(p, end);

	if (behind != NULL) {
		return behind;
	}
	s->count = 0;
	while (p < end && !begins(p, end, "}}")) {
		struct token token;

		p += take_token(p, end, &token);
		if (token.kind == OTHER && (is_blank(token.text[0]) || token.text[0] == '-')) {
			continue;
		}
		if (s->count == TOKENS_MAX) {
			helm_reach_whole(s->t);
			continue;
		}
		s->tokens[s->count++] = token;
	}
	s->t->half = s->t->half || p >= end;
	if (s->count > 0) {
		read_calls(s);
		read_decoders(s);
		follow_action(s);
	}
	return p;
}

static void read_actions(struct scan *s, const char *p, const char *end)
{
	while (p != NULL && !s->t->whole) {
		p = read_action(s, p + 2, end);
		p = memmem(p, (size_t)(end - p), "{{", 2);
	}
}

void helm_template_scan(struct helm_templates *t, const char *text, size_t len, bool lasting)
{
	struct scan s;
	const char *end = text + len;
	const char *p = memmem(text, len, "{{", 2);

	memset(&s, 0, sizeof(s));
	s.t = t;
	s.lasting = lasting;
	s.root[0] = true;
	t->files = t->files || has_word(text, len, "Files");
	t->notes = t->notes || memmem(text, len, "NOTES.txt", 9) != NULL;
	read_actions(&s, p, end);
	if (s.again && s.aliases.count > 0) {
		s.depth = 0;
		s.define_depth = 0;
		read_actions(&s, p, end);
	}
	strvec_release(&s.aliases);
}

static bool have_common(const struct strvec *a, const struct strvec *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (strvec_contains(b, a->items[i])) {
			return true;
		}
	}
	return false;
}

bool helm_templates_miss(const struct helm_templates *t, bool unseen)
{
	const struct strvec *known = unseen ? &t->lasting : &t->defines;

	for (size_t i = 0; i < t->includes.count; i++) {
		if (!strvec_contains(known, t->includes.items[i])) {
			return true;
		}
	}
	return t->dynamic;
}

bool helm_templates_whole(const struct helm_templates *t)
{
	return t->whole || (t->tpl && t->quoted) || have_common(&t->packed, &t->held) ||
	       have_common(&t->leaks, &t->given);
}

void helm_templates_release(struct helm_templates *t)
{
	strvec_release(&t->defines);
	strvec_release(&t->lasting);
	strvec_release(&t->includes);
	strvec_release(&t->fields);
	strvec_release(&t->packed);
	strvec_release(&t->held);
	strvec_release(&t->leaks);
	strvec_release(&t->given);
	*t = (struct helm_templates){ .files = false };
}

static const char *const getters[] = { "index", "get", "pluck", "dig", NULL };

/* An action in a value: may it reach all there is, or call a template? */
static bool action_reaches(const char *text, size_t len)
{
	static const char *const calls[] = { "include", "template", "tpl", "range", NULL };
	struct helm_templates t = { .quoted = true };

	helm_template_scan(&t, text, len, false);
	bool reaches = t.half || t.tpl || t.dynamic || t.includes.count > 0 ||
		       helm_templates_whole(&t) || has_any_word(text, len, calls) ||
		       has_any_word(text, len, helm_dumpers) || has_any_word(text, len, getters);
	helm_templates_release(&t);
	return reaches;
}

unsigned helm_value_reach(const char *text, size_t len)
{
	/* The braces may be in the template around it. */
	bool suspect = has_word(text, len, "Files") || has_word(text, len, "toYaml") ||
		       has_word(text, len, "toJson") ||
		       (memmem(text, len, "{{", 2) != NULL && action_reaches(text, len));

	return (suspect ? HELM_VALUE_SUSPECT : 0U) |
	       (has_word(text, len, "Chart") ? HELM_VALUE_CHART : 0U);
}

static unsigned reach(const json_t *node, int depth)
{
	const char *key = NULL;
	json_t *value = NULL;
	unsigned found = 0;
	size_t i = 0;

	if (depth > LIMIT_YAML_DEPTH) {
		return HELM_VALUE_SUSPECT | HELM_VALUE_CHART;
	}
	if (json_is_string(node)) {
		return helm_value_reach(json_string_value(node), json_string_length(node));
	}
	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		found |= helm_value_reach(key, strlen(key)) | reach(value, depth + 1);
	}
	json_array_foreach(node, i, value) {
		found |= reach(value, depth + 1);
	}
	return found;
}

unsigned helm_values_reach(const json_t *values)
{
	return reach(values, 0);
}
