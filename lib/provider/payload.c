/*
 * Reading bodies: authentic, but made by someone else.
 *
 * A push of 25 MB is nearly all "commits", which nobody here reads, and
 * jansson needs up to sixty times the text; of an everyday push of 8 KB it is
 * the ninety members of "repository", which took longer to parse than all
 * else that is done for a delivery.  So the body is skimmed first: one pass
 * over the bytes that knows strings and brackets and copies the members that
 * the provider names.  The same pass counts nodes and depth, so the parser
 * never sees more than its limits.
 *
 * A member whose name is written with escapes ("\u0072ef") is not one of the
 * named and becomes null: the parser still finds a second spelling of a name
 * as a duplicate.
 *
 * Forms are application/x-www-form-urlencoded as HTML has it: pairs joined by
 * "&", "+" for a space, %XX for a byte.
 */
#include "provider/payload.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/percent.h"
#include "provider/payload_impl.h"
#include "provider/provider_impl.h"

#define PAYLOAD_PATH_MAX 128

_Static_assert(LIMIT_JSON_DEPTH <= 64, "the kinds of open brackets are bits of a uint64_t");

enum payload_media payload_media(const struct provider_request *request)
{
	static const char *const names[] = {
		[PAYLOAD_JSON] = "application/json",
		[PAYLOAD_FORM] = "application/x-www-form-urlencoded",
	};
	const char *value;

	if (provider_header_single(request, "Content-Type", &value) != PROVIDER_SINGLE_ONE) {
		return PAYLOAD_OTHER;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(value, names[i], len) != 0) {
			continue;
		}
		const char *rest = value + len + strspn(value + len, " \t");
		if (*rest == '\0' || *rest == ';') {
			return (enum payload_media)i;
		}
	}
	return PAYLOAD_OTHER;
}

int payload_form_decode(const char *body, size_t len, struct buf *out, struct error *err)
{
	static const char field[] = "payload=";
	const size_t field_len = sizeof(field) - 1;

	if (len < field_len || memcmp(body, field, field_len) != 0) {
		return error_set(err, -1, "the form does not start with the field \"payload\"");
	}
	for (size_t i = field_len; i < len; i++) {
		if (body[i] == '&') {
			return error_set(err, -1, "the form has more than one field");
		}
		if (body[i] <= ' ' || body[i] > '~') {
			return error_set(err, -1, "the form is not urlencoded");
		}
	}
	if (percent_decode(out, body + field_len, len - field_len, PERCENT_PLUS) < 0) {
		return error_set(err, -1, buf_is_full(out) ? "the form is too long"
							   : "the form has a broken %% escape");
	}
	return 0;
}

void payload_form_encode(const char *text, size_t len, struct buf *out)
{
	(void)buf_addstr(out, "payload=");
	(void)percent_encode(out, text, len);
}

/* A place in the text, and what was seen on the way. */
struct skimmer {
	const char *at;
	const char *end;
	const char *const *keep;
	struct buf *out;
	size_t nodes; // in what is kept
	unsigned level; // of the object that is skimmed: 1 is the outermost
	struct error *err;
};

static void skip_space(struct skimmer *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) {
		s->at++;
	}
}

/*
 * Over one string, the quotes included; s->at is at the first.  A quote that
 * was found is looked for again only once it turned out to be escaped, so
 * that a long string of escapes takes no longer than its length.
 */
static int skip_string(struct skimmer *s)
{
	const char *quote = s->at;

	s->at++;
	while (s->at < s->end) {
		if (quote < s->at) {
			quote = memchr(s->at, '"', (size_t)(s->end - s->at));
		}
		if (quote == NULL) {
			break;
		}
		const char *escape = memchr(s->at, '\\', (size_t)(quote - s->at));
		if (escape == NULL) {
			s->at = quote + 1;
			return 0;
		}
		s->at = escape + 2;
	}
	s->at = s->end;
	return error_set(s->err, -1, "a string does not end");
}

/* Over a number or a word: up to what can follow a value. */
static int skip_scalar(struct skimmer *s)
{
	const char *start = s->at;

	while (s->at < s->end && strchr(" \t\r\n,]}:[{\"", *s->at) == NULL) {
		s->at++;
	}
	if (s->at == start) {
		return error_set(s->err, -1, "a value is missing");
	}
	return 0;
}

/* One step inside an array or object: what it does to the stack of brackets. */
static int skip_token(struct skimmer *s, uint64_t *kinds, unsigned *depth)
{
	char c = *s->at;

	if (c == '"') {
		return skip_string(s);
	}
	s->at++;
	if (c == '{' || c == '[') {
		s->nodes++;
		if (++*depth >= LIMIT_JSON_DEPTH) {
			return error_set(s->err, -1, "more than %d levels", LIMIT_JSON_DEPTH);
		}
		*kinds = *kinds << 1 | (c == '{');
	}
	if (c == '}' || c == ']') {
		if ((*kinds & 1) != (c == '}')) {
			return error_set(s->err, -1, "brackets do not match");
		}
		*kinds >>= 1;
		--*depth;
	}
	s->nodes += c == ',';
	return 0;
}

/* Over one whole value, counting its nodes: brackets opened and commas. */
static int skip_value(struct skimmer *s)
{
	uint64_t kinds = 0;
	unsigned depth = s->level - 1;

	if (s->at == s->end) {
		return error_set(s->err, -1, "a value is missing");
	}
	s->nodes++;
	if (*s->at == '"') {
		return skip_string(s);
	}
	if (*s->at != '{' && *s->at != '[') {
		return skip_scalar(s);
	}
	do {
		if (s->at == s->end) {
			return error_set(s->err, -1, "brackets do not match");
		}
		if (skip_token(s, &kinds, &depth) < 0) {
			return -1;
		}
	} while (depth >= s->level);
	return 0;
}

/* What becomes of a member. */
enum fate {
	FATE_DROP,
	FATE_NULL, // the key stays
	FATE_KEEP,
	FATE_PART  // members of it stay
};

/* Of the member whose key is len bytes, in the object at path ("", "repository."). */
static enum fate fate_of(const struct skimmer *s, const char *path, const char *key, size_t len)
{
	size_t path_len = strlen(path);
	enum fate fate = FATE_DROP;

	if (memchr(key, '\\', len) != NULL) {
		return FATE_NULL;
	}
	/* A dot stands between two keys: in one it would be taken for that. */
	if (memchr(key, '.', len) != NULL) {
		return FATE_DROP;
	}
	for (const char *const *name = s->keep; *name != NULL; name++) {
		/* A name may be shorter than the path, and the key hold any byte: NUL too. */
		if (strncmp(*name, path, path_len) != 0) {
			continue;
		}
		const char *rest = *name + path_len;
		if (strnlen(rest, len) < len || memcmp(rest, key, len) != 0) {
			continue;
		}
		/* Whoever wants all of it is given that, whatever others want of it. */
		if (rest[len] == '\0') {
			return FATE_KEEP;
		}
		fate = rest[len] == '.' ? FATE_PART : fate;
	}
	return fate;
}

static int skim_object(struct skimmer *s, const char *path);

/* A value of which only members are kept: those of the names below path and key. */
static int skim_part(struct skimmer *s, const char *path, const char *key, size_t len)
{
	char inner[PAYLOAD_PATH_MAX];
	int n = snprintf(inner, sizeof(inner), "%s%.*s.", path, (int)len, key);

	if (n < 0 || (size_t)n >= sizeof(inner)) {
		return error_set(s->err, -1, "a name is too long");
	}
	s->level++;
	s->nodes++;
	int r = skim_object(s, inner);
	s->level--;
	return r;
}

/* Over a value, copied if it is kept. */
static int skim_value(struct skimmer *s, enum fate fate)
{
	const char *value = s->at;
	size_t nodes = s->nodes;

	if (skip_value(s) < 0) {
		return -1;
	}
	if (fate == FATE_DROP) {
		s->nodes = nodes;
	} else if (fate == FATE_NULL) {
		s->nodes = nodes + 1;
		(void)buf_addstr(s->out, "null");
	} else {
		(void)buf_add(s->out, value, (size_t)(s->at - value));
	}
	return 0;
}

static void copy_key(struct skimmer *s, const char *key, size_t len)
{
	bool first = s->out->len > 0 && s->out->data[s->out->len - 1] == '{';

	s->nodes++;
	(void)buf_addstr(s->out, first ? "\"" : ",\"");
	(void)buf_add(s->out, key, len);
	(void)buf_addstr(s->out, "\":");
}

/* One "key": value of the object at path; s->at is at the key. */
static int skim_member(struct skimmer *s, const char *path)
{
	const char *key = s->at + 1;

	if (s->at == s->end || *s->at != '"') {
		return error_set(s->err, -1, "a key is missing");
	}
	if (skip_string(s) < 0) {
		return -1;
	}
	size_t len = (size_t)(s->at - key) - 1;
	skip_space(s);
	if (s->at == s->end || *s->at != ':') {
		return error_set(s->err, -1, "a \":\" is missing");
	}
	s->at++;
	skip_space(s);
	enum fate fate = fate_of(s, path, key, len);
	if (fate != FATE_DROP) {
		copy_key(s, key, len);
	}
	bool part = fate == FATE_PART && s->at < s->end && *s->at == '{';
	int r = part ? skim_part(s, path, key, len) : skim_value(s, fate);
	if (r == 0 && s->nodes > LIMIT_JSON_NODES) {
		return error_set(s->err, -1, "more than %d values", LIMIT_JSON_NODES);
	}
	return r;
}

/* One object; s->at is at its "{". */
static int skim_object(struct skimmer *s, const char *path)
{
	s->at++;
	(void)buf_addch(s->out, '{');
	skip_space(s);
	bool more = s->at == s->end || *s->at != '}';
	while (more) {
		if (skim_member(s, path) < 0) {
			return -1;
		}
		skip_space(s);
		if (s->at == s->end || (*s->at != ',' && *s->at != '}')) {
			return error_set(s->err, -1, "the object does not end");
		}
		more = *s->at == ',';
		if (more) {
			s->at++;
			skip_space(s);
		}
	}
	s->at++;
	(void)buf_addch(s->out, '}');
	return 0;
}

int payload_skim(const char *text, size_t len, const char *const *keep, struct buf *out,
		 struct error *err)
{
	struct skimmer s = {
		.at = text, .end = text + len, .keep = keep, .out = out, .level = 1, .err = err,
	};

	skip_space(&s);
	if (s.at == s.end || *s.at != '{') {
		return error_set(err, -1, "not a JSON object");
	}
	if (skim_object(&s, "") < 0) {
		return -1;
	}
	skip_space(&s);
	if (s.at != s.end) {
		return error_set(err, -1, "something follows the object");
	}
	return buf_is_full(out) ? error_set(err, -1, "too long") : 0;
}

static int parse_json(const char *text, size_t len, const char *const *keep, json_t **ret_json,
		      struct error *err)
{
	json_error_t why;
	struct buf kept;
	json_t *json = NULL;
	int r = -1;

	buf_init(&kept, PAYLOAD_KEPT_BYTES);
	if (payload_skim(text, len, keep, &kept, err) < 0) {
		goto out;
	}
	json = json_loadb(kept.data, kept.len, JSON_REJECT_DUPLICATES, &why);
	if (json == NULL) {
		r = error_set(err, -1, "not JSON: %s", why.text);
		goto out;
	}
	*ret_json = json;
	r = 0;
out:
	buf_release(&kept);
	return r;
}

enum provider_result payload_read(const struct provider_request *request, bool may_be_form,
				  const char *const *keep, json_t **ret_json, struct error *err)
{
	enum payload_media media = payload_media(request);
	enum provider_result r = PROVIDER_MALFORMED;
	const char *text = request->body;
	size_t len = request->body_len;
	struct buf form;

	if (media == PAYLOAD_OTHER || (media == PAYLOAD_FORM && !may_be_form)) {
		error_set(err, 0, "Content-Type is not one that this sender uses");
		return PROVIDER_UNSUPPORTED;
	}
	buf_init(&form, request->body_len);
	if (media == PAYLOAD_FORM) {
		if (payload_form_decode(request->body, request->body_len, &form, err) < 0) {
			goto out;
		}
		text = form.data;
		len = form.len;
	}
	if (parse_json(text, len, keep, ret_json, err) == 0) {
		r = PROVIDER_OK;
	}
out:
	buf_release(&form);
	return r;
}

const char *payload_string(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}
