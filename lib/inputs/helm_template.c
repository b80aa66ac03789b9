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
 * For 2 one must know whether "." is the root: "with" and "range" make it
 * something else up to their "end".  In a "define" it is what the caller
 * gives, which may be the root.  Variables that are set to the root are
 * followed within their file.
 *
 * This is no parser: it may take something for an access that is none, which
 * makes more files count.  What it cannot see is a root that was packed into
 * a dict and is written out from there under another name.
 */
#include "inputs/helm_template.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define TOKENS_MAX 512 // of one action
#define NESTING_MAX 100
#define NAMES_MAX 1024
#define CALLS_MAX 20000 // in all templates of a chart; ten times those of large ones

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

bool helm_value_suspect(const char *text, size_t len)
{
	/* The braces may be in the template around it. */
	if (has_word(text, len, "Files")) {
		return true;
	}
	return memmem(text, len, "{{", 2) != NULL &&
	       (has_word(text, len, "include") || has_word(text, len, "template") ||
		has_word(text, len, "tpl"));
}

static bool is_suspect(const json_t *node, int depth)
{
	const char *key = NULL;
	json_t *value = NULL;
	size_t i = 0;

	if (depth > LIMIT_YAML_DEPTH) {
		return true;
	}
	if (json_is_string(node)) {
		return helm_value_suspect(json_string_value(node), json_string_length(node));
	}
	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		if (helm_value_suspect(key, strlen(key)) || is_suspect(value, depth + 1)) {
			return true;
		}
	}
	json_array_foreach(node, i, value) {
		if (is_suspect(value, depth + 1)) {
			return true;
		}
	}
	return false;
}

bool helm_values_suspect(const json_t *values)
{
	return is_suspect(values, 0);
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

static void add_name(struct helm_templates *t, struct strvec *names, const struct token *token)
{
	if (names->count >= NAMES_MAX || ++t->calls > CALLS_MAX) {
		t->files = true;
		return;
	}
	char *name = xasprintf("%.*s", (int)token->len, token->text);

	(void)strvec_push_unique(names, name);
	free(name);
}

/* Functions that write out whatever they are given. */
static const char *const dumpers[] = {
	"toYaml", "toJson", "toToml", "toPrettyJson", "toRawJson", "mustToYaml", "mustToJson",
	"mustToToml", "mustToPrettyJson", "mustToRawJson", "toYamlPretty", "values", "toString",
	"toStrings", NULL,
};
static const char *const getters[] = { "index", "get", "pluck", "dig", NULL };

/* Rule 2 for the token at i. */
static bool reaches_all(const struct scan *s, size_t i)
{
	const struct token *t = &s->tokens[i];
	const struct token *next = i + 1 < s->count ? t + 1 : NULL;

	if (next == NULL) {
		return false;
	}
	if (is_one_of(t, dumpers)) {
		return is_root(s, next);
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

	return s->tokens + s->count - t > 3 && t->kind == OTHER && t->text[0] == '(' &&
	       is(t + 1, "print") && t[2].kind == FIELD && t[2].len >= n &&
	       memcmp(t[2].text + t[2].len - n, end, n) == 0 && t[3].kind == STRING;
}

/* "$name := ." makes the name stand for the root. */
static void read_alias(struct scan *s, size_t i)
{
	const struct token *t = &s->tokens[i];

	if (t->kind == VAR && i + 3 == s->count && t[1].kind == ASSIGN && is_root(s, t + 2)) {
		add_name(s->t, &s->aliases, t);
	}
}

static void read_calls(struct scan *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct token *t = &s->tokens[i];
		bool named = i + 1 < s->count && t[1].kind == STRING;

		s->t->files = s->t->files || reaches_all(s, i);
		s->t->tpl = s->t->tpl || is(t, "tpl");
		if (is(t, "include") || is(t, "template")) {
			s->t->dynamic = s->t->dynamic || !(named || names_own_file(s, t + 1));
			if (named) {
				add_name(s->t, &s->t->includes, t + 1);
			}
		} else if (named && (is(t, "define") || is(t, "block"))) {
			add_name(s->t, &s->t->defines, t + 1);
		}
		read_alias(s, i);
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
		s->t->files = true;
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
		s->t->files = s->t->files || gives_root(s);
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
			s->t->files = true;
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

void helm_template_scan(struct helm_templates *t, const char *text, size_t len)
{
	struct scan s;
	const char *end = text + len;
	const char *p = memmem(text, len, "{{", 2);

	memset(&s, 0, sizeof(s));
	s.t = t;
	s.root[0] = true;
	t->files = t->files || has_word(text, len, "Files");
	while (p != NULL && !t->files) {
		p = read_action(&s, p + 2, end);
		p = memmem(p, (size_t)(end - p), "{{", 2);
	}
	strvec_release(&s.aliases);
}

bool helm_templates_miss(const struct helm_templates *t)
{
	for (size_t i = 0; i < t->includes.count; i++) {
		if (!strvec_contains(&t->defines, t->includes.items[i])) {
			return true;
		}
	}
	return t->dynamic;
}

void helm_templates_release(struct helm_templates *t)
{
	strvec_release(&t->defines);
	strvec_release(&t->includes);
	*t = (struct helm_templates){ .files = false };
}
