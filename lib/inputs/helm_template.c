/*
 * What a chart's templates can reach, as far as their text tells.
 *
 * Templates are those of Go's text/template.  The root of what they see, "."
 * and "$" at the top of a file, holds Files.  So another file of the chart is
 * reached
 *   1. by the word Files, wherever it stands
 *   2. by writing out the root as a whole (toYaml ., toJson $, range over it)
 *      or taking a part of it by a computed name (index . $name)
 *   3. by a template that is defined elsewhere and is given the root
 *   4. by values that are templates, through tpl
 *
 * A field of Chart.yaml is reached in the same ways, but for the first: by
 * its name behind the word Chart, or by that word alone.
 *
 * For 2 one must know whether "." is the root: "with" and "range" make it
 * something else up to their "end".  In a "define" it is what the caller
 * gives, which may be the root.  Variables that are set to the root, or to a
 * part of a list that "." may be, are followed within their file.  Where the
 * root is handed on under a key (dict "root" .), a field of that name may not
 * be written out or be given another name anywhere.
 *
 * For 3: Helm parses templates with more "/" in their path first (engine.go,
 * sortTemplates), and the last definition of a name holds.  So what lies in
 * templates/ or one directory below, of the chart itself, replaces what
 * subcharts define, and nothing else is sure to.
 *
 * This is no parser: it may take something for an access that is none, which
 * makes more files count.
 */
#include "inputs/helm_template.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define TOKENS_MAX 512 // of one action
#define NESTING_MAX 100
#define NAMES_MAX 1024
#define CALLS_MAX 40000 // in all templates of a chart; ten times those of large ones

enum kind {
	WORD,   // a function, keyword or number
	STRING, // without its quotes
	HERE,   // "." alone
	VAR,    // "$" or "$name" alone
	FIELD,  // ".a" or "$a.b"
	ASSIGN, // ":=" or "="
	PIPE,
	OTHER
};

struct token {
	enum kind kind;
	const char *text;
	size_t len;
};

/* One file being looked through. */
struct scan {
	struct helm_templates *t;
	bool lasting;           // what it defines cannot be replaced
	bool root[NESTING_MAX]; // may "." be the root, for each open block
	size_t depth;           // the innermost is root[depth]
	struct strvec aliases;  // variables that may be the root
	struct token tokens[TOKENS_MAX];
	size_t count;
};

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

/* Functions that write out whatever they are given. */
static const char *const dumpers[] = {
	"toYaml", "toJson", "toToml", "toPrettyJson", "toRawJson", "mustToYaml", "mustToJson",
	"mustToToml", "mustToPrettyJson", "mustToRawJson", "toYamlPretty", "values", "toString",
	"toStrings", NULL,
};
static const char *const getters[] = { "index", "get", "pluck", "dig", NULL };

unsigned helm_value_reach(const char *text, size_t len)
{
	static const char *const calls[] = { "include", "template", "tpl", "range", NULL };
	/* The braces may be in the template around it. */
	bool suspect = has_word(text, len, "Files") || has_word(text, len, "toYaml") ||
		       has_word(text, len, "toJson");
	bool braces = memmem(text, len, "{{", 2) != NULL;

	if (braces) {
		suspect = suspect || has_any_word(text, len, calls) ||
			  has_any_word(text, len, dumpers) || has_any_word(text, len, getters);
	}
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

static bool is(const struct token *token, const char *word)
{
	return token->kind == WORD && token->len == strlen(word) &&
	       memcmp(token->text, word, token->len) == 0;
}

static bool is_one_of(const struct token *token, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (is(token, *words)) {
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

static bool is_root(const struct scan *s, const struct token *token)
{
	char name[128];

	if (token->kind == HERE) {
		return s->root[s->depth];
	}
	if (token->kind != VAR || token->len >= sizeof(name)) {
		return token->kind == VAR;
	}
	memcpy(name, token->text, token->len);
	name[token->len] = '\0';
	return token->len == 1 || strvec_contains(&s->aliases, name);
}

static void reach_whole(struct helm_templates *t)
{
	t->files = true;
	t->whole = true;
}

static void add_name(struct helm_templates *t, struct strvec *names, const struct token *token)
{
	if (names->count >= NAMES_MAX || ++t->calls > CALLS_MAX) {
		reach_whole(t);
		return;
	}
	char *name = xasprintf("%.*s", (int)token->len, token->text);

	(void)strvec_push_unique(names, name);
	free(name);
}

/* The last part of a field: "b" of ".a.b". */
static struct token last_part(const struct token *field)
{
	struct token part = *field;

	while (part.len > 0 && field->text[part.len - 1] != '.') {
		part.len--;
	}
	part.text += part.len;
	part.len = field->len - part.len;
	return part;
}

/* "first .", "index . 0": the root if "." is a list that holds it. t has the function. */
static bool takes_part(const struct scan *s, const struct token *t)
{
	static const char *const takers[] = { "first", "last", "index", "mustFirst", "mustLast",
					      NULL };
	const struct token *end = s->tokens + s->count;

	t += t < end && t->kind == OTHER && t->text[0] == '(';
	return end - t >= 2 && is_one_of(t, takers) && is_root(s, t + 1) &&
	       (end - t == 2 || t[2].kind != STRING);
}

/* Rule 2 for the token at i. */
static bool reaches_all(const struct scan *s, size_t i)
{
	const struct token *t = &s->tokens[i];
	const struct token *next = i + 1 < s->count ? t + 1 : NULL;

	if (next == NULL) {
		return false;
	}
	if (is_one_of(t, dumpers)) {
		return is_root(s, next) || takes_part(s, next);
	}
	if (t->kind == PIPE) {
		return i > 0 && is_root(s, t - 1) && is_one_of(next, dumpers);
	}
	if (is_one_of(t, getters) && is_root(s, next)) {
		return i + 2 < s->count && t[2].kind != STRING && t[2].kind != WORD;
	}
	return false;
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
	       is(t + 1, "print") && t[2].kind == FIELD && t[2].len >= n &&
	       memcmp(t[2].text + t[2].len - n, end, n) == 0 && t[3].kind == STRING &&
	       t[4].kind == OTHER && t[4].text[0] == ')';
}

/* "$name := ." makes the name stand for the root. */
static void read_alias(struct scan *s, size_t i)
{
	const struct token *t = &s->tokens[i];

	if (t->kind != VAR || i + 2 >= s->count || t[1].kind != ASSIGN) {
		return;
	}
	if ((i + 3 == s->count && is_root(s, t + 2)) || takes_part(s, t + 2)) {
		add_name(s->t, &s->aliases, t);
	}
}

/* The root under a key: dict "key" . */
static void read_packed(struct scan *s, size_t i)
{
	const struct token *t = &s->tokens[i];

	if (i > 0 && i + 1 < s->count && t->kind == STRING && is_root(s, t + 1) &&
	    !is(t - 1, "include") && !is(t - 1, "template") && !is(t - 1, "block")) {
		add_name(s->t, &s->t->packed, t);
	}
}

/* A field that is written out, or held under another name. */
static void read_held(struct scan *s, size_t i)
{
	static const struct token none = { .kind = OTHER, .text = "", .len = 0 };
	const struct token *t = &s->tokens[i];
	const struct token *before = i > 0 ? t - 1 : &none;
	bool piped = i + 2 < s->count && t[1].kind == PIPE && is_one_of(t + 2, dumpers);

	if (t->kind == FIELD && (piped || before->kind == ASSIGN || is(before, "range") ||
				 is(before, "with") || is_one_of(before, dumpers))) {
		const struct token part = last_part(t);

		add_name(s->t, &s->t->held, &part);
	}
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
	add_name(t, &t->fields, &field);
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
		reach_whole(t);
	}
}

static void read_define(struct scan *s, const struct token *name)
{
	add_name(s->t, &s->t->defines, name);
	if (s->lasting) {
		add_name(s->t, &s->t->lasting, name);
	}
}

static void read_calls(struct scan *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct token *t = &s->tokens[i];
		bool named = i + 1 < s->count && t[1].kind == STRING;

		if (reaches_all(s, i)) {
			reach_whole(s->t);
		}
		read_chart(s->t, t->text, t->kind == FIELD || t->kind == STRING ? t->len : 0);
		s->t->tpl = s->t->tpl || is(t, "tpl");
		if (is(t, "include") || is(t, "template")) {
			s->t->dynamic = s->t->dynamic || !(named || names_own_file(s, t + 1));
			if (named) {
				add_name(s->t, &s->t->includes, t + 1);
			}
		} else if (named && (is(t, "define") || is(t, "block"))) {
			read_define(s, t + 1);
		}
		read_alias(s, i);
		read_packed(s, i);
		read_held(s, i);
	}
}

/* May the last value of the action be the root, and nothing but it? */
static bool gives_root(const struct scan *s)
{
	const struct token *last = &s->tokens[s->count - 1];

	return s->count >= 2 && is_root(s, last) &&
	       (last[-1].kind == ASSIGN || last[-1].kind == WORD);
}

static void open_block(struct scan *s, bool root)
{
	if (s->depth + 1 >= NESTING_MAX) {
		reach_whole(s->t);
		return;
	}
	s->root[++s->depth] = root;
}

/* Blocks open and close: what is "." after this action? */
static void follow_blocks(struct scan *s)
{
	const struct token *first = &s->tokens[0];
	bool here = s->root[s->depth];

	if (is(first, "end") || is(first, "else")) {
		s->depth -= s->depth > 0;
		here = s->root[s->depth];
	}
	if (is(first, "else")) {
		bool with = s->count > 1 && is(first + 1, "with");

		open_block(s, with ? gives_root(s) : here);
	} else if (is(first, "if")) {
		open_block(s, here);
	} else if (is(first, "with")) {
		open_block(s, gives_root(s));
	} else if (is(first, "range")) {
		if (gives_root(s)) {
			reach_whole(s->t);
		}
		open_block(s, false);
	} else if (is(first, "define") || is(first, "block")) {
		open_block(s, true);
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
			reach_whole(s->t);
			continue;
		}
		s->tokens[s->count++] = token;
	}
	if (s->count > 0) {
		read_calls(s);
		follow_blocks(s);
	}
	return p;
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
	while (p != NULL && !t->whole) {
		p = read_action(&s, p + 2, end);
		p = memmem(p, (size_t)(end - p), "{{", 2);
	}
	strvec_release(&s.aliases);
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
	for (size_t i = 0; !t->whole && i < t->packed.count; i++) {
		if (strvec_contains(&t->held, t->packed.items[i])) {
			return true;
		}
	}
	return t->whole;
}

void helm_templates_release(struct helm_templates *t)
{
	strvec_release(&t->defines);
	strvec_release(&t->lasting);
	strvec_release(&t->includes);
	strvec_release(&t->fields);
	strvec_release(&t->packed);
	strvec_release(&t->held);
	*t = (struct helm_templates){ .files = false };
}
