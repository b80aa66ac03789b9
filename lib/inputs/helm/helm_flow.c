/*
 * Where does the root of a template go?
 *
 * The root, "." and "$" at the top of a file, is a map with all that a chart
 * has; what writes it out shows other files and all of Chart.yaml.  There are
 * too many ways to do that to list them, so an action is evaluated, with
 * values of four kinds: the root or something that has it inside; a field that
 * may be it; a text or number that is written there; and any other.
 *
 *   1. A function that is not in the table writes out what it is given.
 *   2. Those in the table hand it on (dict, merge), take something out of it
 *      (index), say no more of it than its kind (kindIs), or call a template.
 *   3. What is left of an action without a keyword is written out.
 *   4. In a "define" the root is what the caller gives: there rule 1 and 3 make
 *      the template one that writes out its argument, and it counts if someone
 *      gives it the root (helm_templates_whole()).
 *   5. A field is the root if its last name is one under which the root was
 *      put into a map, anywhere; what the root has itself (Values, Release ...)
 *      never is, or the one who puts it there counts as writing it out.
 *
 * A string with an action in it may be given to "tpl" and is looked through
 * where it stands (helm_template.c).
 */
#include "inputs/helm/helm_flow.h"

#include <string.h>
#include <strings.h>

#define DEPTH_MAX 50

const char *const helm_dumpers[] = {
	"toYaml", "toJson", "toToml", "toPrettyJson", "toRawJson", "mustToYaml", "mustToJson",
	"mustToToml", "mustToPrettyJson", "mustToRawJson", "toYamlPretty", "values", "toString",
	"toStrings", NULL,
};

enum flow_kind { FLOW_CLEAN, FLOW_TEXT, FLOW_NUMBER, FLOW_PART, FLOW_ROOT };

struct flow {
	enum flow_kind kind;
	struct token text; // of a FLOW_TEXT; the name of a FLOW_PART, which is a field
	bool packed;       // a FLOW_ROOT that is a map made here, with the root in it
};

/* What a function does with its arguments. */
enum effect { WRITES, CALLS, PACKS, SETS, KEEPS, GETS, ASKS };

static const struct {
	const char *name; // "must" before it makes no difference
	enum effect effect;
} functions[] = {
	{ "include", CALLS }, { "tpl", CALLS }, { "dict", PACKS }, { "set", SETS },
	{ "list", KEEPS }, { "tuple", KEEPS }, { "merge", KEEPS }, { "mergeOverwrite", KEEPS },
	{ "deepCopy", KEEPS }, { "omit", KEEPS }, { "default", KEEPS }, { "coalesce", KEEPS },
	{ "ternary", KEEPS }, { "required", KEEPS }, { "and", KEEPS }, { "or", KEEPS },
	{ "append", KEEPS }, { "push", KEEPS }, { "prepend", KEEPS }, { "concat", KEEPS },
	{ "first", KEEPS }, { "last", KEEPS }, { "rest", KEEPS }, { "initial", KEEPS },
	{ "index", GETS }, { "get", GETS },
	{ "hasKey", ASKS }, { "kindOf", ASKS }, { "kindIs", ASKS }, { "typeOf", ASKS },
	{ "typeIs", ASKS }, { "typeIsLike", ASKS }, { "empty", ASKS }, { "not", ASKS },
	{ "len", ASKS }, { "eq", ASKS }, { "ne", ASKS },
};

/* A call of a function, its arguments taken one after the other. */
struct template_call {
	struct token name;
	enum effect effect;
	size_t count;
	struct flow first;
	struct flow key; // the one before
	struct flow result;
};

static struct flow pipeline(struct scan *s, size_t *at, int depth);

static enum effect effect_of(const struct token *name)
{
	struct token rest = *name;

	if (rest.len > 4 && memcmp(rest.text, "must", 4) == 0) {
		rest.text += 4;
		rest.len -= 4;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		const char *known = functions[i].name;

		if (strlen(known) == rest.len && strncasecmp(known, rest.text, rest.len) == 0) {
			return functions[i].effect;
		}
	}
	return WRITES;
}

/* What the root has; a field below one of these is no root, nor is it itself. */
static bool is_own(const char *text, size_t len)
{
	static const char *const own[] = { "Values", "Release", "Chart", "Capabilities",
					   "Template", "Files", "Subcharts" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strlen(own[i]) == len && memcmp(own[i], text, len) == 0) {
			return true;
		}
	}
	return false;
}

static struct flow named(const char *text, size_t len)
{
	struct flow flow = { .kind = is_own(text, len) ? FLOW_CLEAN : FLOW_PART,
			     .text = { .kind = STRING, .text = text, .len = len } };

	return flow;
}

/* ".a.b", "$a.b": by its last name, if it is below nothing that the root has. */
static struct flow field(const struct token *token)
{
	const char *end = token->text + token->len;
	const char *p = memchr(token->text, '.', token->len);
	struct flow flow = { .kind = FLOW_CLEAN };

	while (p != NULL && p < end) {
		const char *dot = memchr(p + 1, '.', (size_t)(end - p - 1));

		flow = named(p + 1, (size_t)((dot != NULL ? dot : end) - p - 1));
		p = flow.kind == FLOW_CLEAN ? NULL : dot;
	}
	return flow;
}

static bool is_alias(const struct scan *s, const struct token *token)
{
	for (size_t i = 0; i < s->aliases.count; i++) {
		if (helm_token_is(&(struct token){ WORD, token->text, token->len },
				  s->aliases.items[i])) {
			return true;
		}
	}
	return token->len == 1;
}

/* Something is written out, or goes where it is not followed. */
static void escapes(struct scan *s, const struct flow *v, bool dumped)
{
	if (v->kind == FLOW_PART) {
		helm_add_name(s->t, &s->t->held, &v->text);
	}
	if (v->kind == FLOW_ROOT && s->define_depth > 0 && !dumped) {
		helm_add_name(s->t, &s->t->leaks, &s->define);
	} else if (v->kind == FLOW_ROOT) {
		helm_reach_whole(s->t);
	}
}

static bool is_same(const struct flow *key, const struct flow *part)
{
	return key->kind == FLOW_TEXT && key->text.len == part->text.len &&
	       memcmp(key->text.text, part->text.text, key->text.len) == 0;
}

/* A value goes into a map under the key. */
static void pack(struct scan *s, const struct flow *key, const struct flow *v)
{
	if (v->kind == FLOW_PART && !is_same(key, v)) {
		escapes(s, v, false);
	}
	if (v->kind != FLOW_ROOT) {
		return;
	}
	if (key->kind != FLOW_TEXT || memchr(key->text.text, '\\', key->text.len) != NULL ||
	    is_own(key->text.text, key->text.len)) {
		helm_reach_whole(s->t);
		return;
	}
	helm_add_name(s->t, &s->t->packed, &key->text);
}

/* A template is given something. */
static void give(struct scan *s, const struct flow *name, const struct flow *v)
{
	if (name->kind == FLOW_TEXT && (v->kind == FLOW_ROOT || v->kind == FLOW_PART)) {
		helm_add_name(s->t, &s->t->given, &name->text);
	}
}

static void call(struct scan *s, const struct template_call *c, const struct flow *v)
{
	if (c->count > 1) {
		give(s, &c->first, v);
	}
	/* What a value does with a map that is made here is not known. */
	if (v->kind == FLOW_ROOT &&
	    (c->count == 1 || (v->packed && helm_token_is(&c->name, "tpl")))) {
		helm_reach_whole(s->t);
	}
}

/* What is handed on is the root if one of the arguments is. */
static void keep(struct scan *s, struct template_call *c, const struct flow *v)
{
	if (v->kind != FLOW_ROOT && v->kind != FLOW_PART) {
		return;
	}
	if (c->result.kind == FLOW_PART) {
		escapes(s, v->kind == FLOW_ROOT ? &c->result : v, false);
	}
	if (v->kind == FLOW_ROOT || c->result.kind == FLOW_CLEAN) {
		c->result = *v;
	}
}

static void take_from(struct scan *s, struct template_call *c, const struct flow *v)
{
	struct flow *from = &c->result;

	if (c->count == 1) {
		*from = *v;
	} else if (v->kind == FLOW_ROOT) {
		escapes(s, v, true);
	} else if (from->kind != FLOW_ROOT && from->kind != FLOW_PART) {
		return;
	} else if (v->kind == FLOW_TEXT && memchr(v->text.text, '\\', v->text.len) == NULL) {
		*from = named(v->text.text, v->text.len);
	} else if (v->kind == FLOW_NUMBER && from->kind == FLOW_ROOT) {
		/* A list: no map has a number. */
		from->kind = s->define_depth > 0 ? FLOW_ROOT : FLOW_CLEAN;
	} else {
		escapes(s, from, from->kind == FLOW_ROOT);
		from->kind = FLOW_CLEAN;
	}
}

static void set(struct scan *s, struct template_call *c, const struct flow *v)
{
	if (c->count == 1) {
		c->result = *v;
		if (v->kind == FLOW_PART) {
			escapes(s, v, false);
		}
	} else if (c->count == 3) {
		pack(s, &c->key, v);
		if (v->kind == FLOW_ROOT && c->first.kind != FLOW_ROOT) {
			helm_reach_whole(s->t);
		}
	}
}

static void argument(struct scan *s, struct template_call *c, const struct flow *v)
{
	c->count++;
	c->first = c->count == 1 ? *v : c->first;
	switch (c->effect) {
	case WRITES:
		escapes(s, v, helm_token_is_any(&c->name, helm_dumpers));
		break;
	case CALLS:
		call(s, c, v);
		break;
	case PACKS:
		if (c->count % 2 == 0) {
			pack(s, &c->key, v);
			c->result.packed = c->result.packed || v->kind == FLOW_ROOT;
			c->result.kind = c->result.packed ? FLOW_ROOT : FLOW_CLEAN;
		}
		break;
	case SETS:
		set(s, c, v);
		break;
	case KEEPS:
		keep(s, c, v);
		break;
	case GETS:
		take_from(s, c, v);
		break;
	case ASKS:
		break;
	}
	c->key = *v;
}

static bool is_sign(const struct token *token, char sign)
{
	return token->kind == OTHER && token->text[0] == sign;
}

static bool is_constant(const struct token *token)
{
	static const char *const constants[] = { "true", "false", "nil", NULL };

	return (token->text[0] >= '0' && token->text[0] <= '9') ||
	       helm_token_is_any(token, constants);
}

static struct flow in_parentheses(struct scan *s, size_t *at, int depth)
{
	struct flow v = pipeline(s, at, depth + 1);

	if (*at >= s->count) {
		return v;
	}
	const char *close = s->tokens[(*at)++].text;
	const struct token *next = *at < s->count ? &s->tokens[*at] : NULL;
	if (next != NULL && next->kind == FIELD && next->text == close + 1) {
		(*at)++;
		v = v.kind == FLOW_CLEAN ? v : field(next);
	}
	return v;
}

static struct flow operand(struct scan *s, size_t *at, int depth)
{
	const struct token *token = &s->tokens[(*at)++];
	struct flow v = { .kind = FLOW_CLEAN, .text = *token };

	switch (token->kind) {
	case HERE:
		v.kind = s->root[s->depth] ? FLOW_ROOT : FLOW_CLEAN;
		break;
	case VAR:
		v.kind = is_alias(s, token) ? FLOW_ROOT : FLOW_CLEAN;
		break;
	case FIELD:
		return field(token);
	case STRING:
		v.kind = FLOW_TEXT;
		break;
	case WORD:
		v.kind = FLOW_NUMBER;
		break;
	case OTHER:
		return is_sign(token, '(') ? in_parentheses(s, at, depth) : v;
	case ASSIGN:
	case PIPE:
		break;
	}
	return v;
}

static bool at_end(const struct scan *s, size_t at)
{
	return at >= s->count || s->tokens[at].kind == PIPE || is_sign(&s->tokens[at], ')');
}

/* A function or value with its arguments; before is what is piped into it, or NULL. */
static struct flow command(struct scan *s, size_t *at, const struct flow *before, int depth)
{
	struct template_call c = { .effect = WRITES, .result = { .kind = FLOW_CLEAN } };

	if (at_end(s, *at)) {
		return c.result;
	}
	c.name = s->tokens[*at];
	if (c.name.kind == WORD && !is_constant(&c.name)) {
		c.effect = effect_of(&c.name);
		(*at)++;
	} else {
		struct flow v = operand(s, at, depth);

		if (at_end(s, *at) && before == NULL) {
			return v;
		}
	}
	while (!at_end(s, *at)) {
		struct flow v = operand(s, at, depth);

		argument(s, &c, &v);
	}
	if (before != NULL) {
		argument(s, &c, before);
	}
	return c.result;
}

static struct flow pipeline(struct scan *s, size_t *at, int depth)
{
	struct flow v = { .kind = FLOW_CLEAN };

	if (depth > DEPTH_MAX) {
		helm_reach_whole(s->t);
		*at = s->count;
		return v;
	}
	v = command(s, at, NULL, depth);
	while (*at < s->count && s->tokens[*at].kind == PIPE) {
		(*at)++;
		v = command(s, at, &v, depth);
	}
	return v;
}

/* "$a :=", "$a, $b :=", "$a =" at i: the tokens of it; 0: none. */
static size_t declaration(struct scan *s, size_t i)
{
	const struct token *t = &s->tokens[i];
	size_t left = s->count - i;
	size_t n = left >= 2 && t->kind == VAR && t[1].kind == ASSIGN ? 2 : 0;

	if (left >= 4 && t->kind == VAR && is_sign(t + 1, ',') && t[2].kind == VAR &&
	    t[3].kind == ASSIGN) {
		n = 4;
	}
	s->again = s->again || (n > 0 && t[n - 1].text[0] == '=');
	return n;
}

/* A pipeline, perhaps with variables that are set to it. */
static struct flow whole_pipeline(struct scan *s, size_t i, bool *ret_declares)
{
	size_t n = declaration(s, i);
	size_t at = i + n;
	struct flow v = pipeline(s, &at, 0);

	for (size_t k = i; n > 0 && v.kind == FLOW_ROOT && k < i + n; k += 2) {
		helm_add_name(s->t, &s->aliases, &s->tokens[k]);
	}
	if (n > 0 && v.kind == FLOW_PART) {
		escapes(s, &v, false);
	}
	*ret_declares = n > 0;
	return v;
}

bool helm_flow(struct scan *s)
{
	static const char *const silent[] = { "end", "define", "break", "continue", NULL };
	static const char *const called[] = { "template", "block", NULL };
	const struct token *word = &s->tokens[0];
	struct flow v = { .kind = FLOW_CLEAN };
	bool declares = false;

	if (helm_token_is(word, "else")) {
		if (s->count == 1) {
			return false;
		}
		word++;
	}
	size_t i = (size_t)(word - s->tokens);
	if (helm_token_is_any(word, silent)) {
		return false;
	}
	if (helm_token_is_any(word, called)) {
		struct flow name = { .kind = FLOW_TEXT };

		name.text = i + 1 < s->count ? s->tokens[i + 1] : *word;
		v = i + 2 < s->count ? whole_pipeline(s, i + 2, &declares) : v;
		give(s, &name, &v);
		return false;
	}
	if (helm_token_is(word, "if")) {
		(void)whole_pipeline(s, i + 1, &declares);
		return false;
	}
	if (helm_token_is(word, "with") || helm_token_is(word, "range")) {
		bool range = helm_token_is(word, "range");

		v = whole_pipeline(s, i + 1, &declares);
		if (range || v.kind == FLOW_PART) {
			escapes(s, &v, range);
		}
		return v.kind == FLOW_ROOT;
	}
	v = whole_pipeline(s, i, &declares);
	if (!declares) {
		escapes(s, &v, false);
	}
	return false;
}
