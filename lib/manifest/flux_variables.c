/*
 * Variables, as fluxcd/pkg/envsubst has them: "${name}" and "${name<operator>}".
 *
 *   :-text :=text -text =text   the text if there is no value
 *   ^ ^^ , ,,                   capital and small letters
 *   :n :n:m                     a part
 *
 * Values of spec.postBuild.substitute have precedence over those of
 * substituteFrom, which are in the cluster: with that, a variable that has no
 * value here may have one there, and even "${name:=text}" may be anything.
 * Nothing is put in where there is no value at all, defaults neither.  A name
 * without a value becomes nothing in Flux, unless it is strict: a path with a
 * hole is no path that somebody meant, so that it stays a variable here.
 */
#include "manifest/flux_variables.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* Texts in texts in texts. */
#define DEPTH_MAX 16

/* What is put in. */
struct filling {
	const json_t *values;
	bool open;            // there may be more values
	size_t left;          // bytes that may still be made
};

static bool fill(const struct filling *f, const char *text, size_t len, int depth,
		 struct buf *out);

bool flux_has_variables(const json_t *tree)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(tree)) {
		return strstr(json_string_value(tree), "${") != NULL;
	}
	/* The object is not changed: jansson's iterator takes it without const. */
	json_object_foreach((json_t *)(uintptr_t)tree, key, value) {
		if (flux_has_variables(value)) {
			return true;
		}
	}
	json_array_foreach(tree, i, value) {
		if (flux_has_variables(value)) {
			return true;
		}
	}
	return false;
}

/* The bytes of a variable at text, "${" and "}" included; 0: it has no end. */
static size_t measure(const char *text, size_t len)
{
	size_t open = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '$' && i + 1 < len && text[i + 1] == '{') {
			open++;
			i++;
		} else if (text[i] == '}' && --open == 0) {
			return i + 1;
		}
	}
	return 0;
}

static size_t name_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (isalpha((unsigned char)text[n]) || text[n] == '_' ||
			   (n > 0 && isdigit((unsigned char)text[n])))) {
		n++;
	}
	return n;
}

static bool put_case(struct buf *out, const char *value, const char *operator, size_t len)
{
	bool all = len == 2 && operator[0] == operator[1];

	if (len != 1 && !all) {
		return false;
	}
	for (size_t i = 0; value[i] != '\0'; i++) {
		int c = (unsigned char)value[i];

		if (i == 0 || all) {
			c = operator[0] == '^' ? toupper(c) : tolower(c);
		}
		(void)buf_addch(out, (char)c);
	}
	return true;
}

/* ":n" or ":n:m" */
static bool put_part(struct buf *out, const char *value, const char *operator, size_t len)
{
	size_t numbers[2] = { 0, SIZE_MAX };
	size_t at = 0;

	for (size_t k = 0; at < len; k++) {
		size_t digits = 0;
		size_t number = 0;

		if (k == 2 || operator[at] != ':') {
			return false;
		}
		for (at++; at < len && isdigit((unsigned char)operator[at]) && digits < 5; at++) {
			number = number * 10 + (size_t)(operator[at] - '0');
			digits++;
		}
		if (digits == 0) {
			return false;
		}
		numbers[k] = number;
	}
	size_t size = strlen(value);
	size_t begin = numbers[0] < size ? numbers[0] : size;
	size_t count = numbers[1] < size - begin ? numbers[1] : size - begin;
	(void)buf_add(out, value + begin, count);
	return true;
}

/* How long is an operator that gives a text in place of no value? */
static size_t default_length(const char *operator, size_t len)
{
	size_t colon = len > 0 && operator[0] == ':';

	return colon < len && strchr("-=", operator[colon]) != NULL ? colon + 1 : 0;
}

static bool put_value(const char *value, const char *operator, size_t len, struct buf *out)
{
	if (len == 0) {
		return buf_addstr(out, value) == 0;
	}
	if (operator[0] == ':') {
		return put_part(out, value, operator, len);
	}
	return strchr("^,", operator[0]) != NULL && put_case(out, value, operator, len);
}

/* The variable between the braces. False: it stays, whatever was added to out. */
static bool put(const struct filling *f, const char *inner, size_t len, int depth, struct buf *out)
{
	size_t name = name_length(inner, len);
	size_t skip = default_length(inner + name, len - name);
	char *key = xstrndup(inner, name);
	const char *value = json_string_value(json_object_get(f->values, key));

	free(key);
	if (name == 0 || depth > DEPTH_MAX) {
		return false;
	}
	if (skip > 0 && value != NULL && value[0] != '\0') {
		return put_value(value, "", 0, out);
	}
	if (skip > 0) {
		return value == NULL && !f->open &&
		       fill(f, inner + name + skip, len - name - skip, depth + 1, out);
	}
	return value != NULL && put_value(value, inner + name, len - name, out);
}

/* A text that begins with "${" or "$${": its bytes up to the end of that, or 1. */
static size_t put_variable(const struct filling *f, const char *text, size_t len, int depth,
			   struct buf *out, bool *ret_whole)
{
	size_t escape = text[1] == '$';
	size_t size = measure(text + escape, len - escape);
	struct buf one;

	if (size == 0) {
		(void)buf_addch(out, text[0]);
		return 1;
	}
	buf_init(&one, LIMIT_PATH_BYTES);
	/* "$${" is a "${" that stays. */
	bool known = escape == 0 && put(f, text + 2, size - 3, depth, &one) && !buf_is_full(&one);
	size += escape;
	if (known) {
		(void)buf_add(out, one.data, one.len);
	} else {
		(void)buf_add(out, text, size);
		*ret_whole = false;
	}
	buf_release(&one);
	return size;
}

/* Append a text with what is known put in. Is nothing left? */
static bool fill(const struct filling *f, const char *text, size_t len, int depth, struct buf *out)
{
	bool whole = true;

	while (len > 0) {
		bool begins = (len > 1 && strncmp(text, "${", 2) == 0) ||
			      (len > 2 && strncmp(text, "$${", 3) == 0);
		size_t size = 1;

		if (begins) {
			size = put_variable(f, text, len, depth, out, &whole);
		} else {
			(void)buf_addch(out, text[0]);
		}
		text += size;
		len -= size;
	}
	return whole;
}

static json_t *fill_text(struct filling *f, const json_t *text)
{
	struct buf out;

	buf_init(&out, f->left);
	(void)fill(f, json_string_value(text), json_string_length(text), 0, &out);
	json_t *made = buf_is_full(&out) ? NULL : json_string(out.data);
	f->left -= made != NULL ? out.len : 0;
	buf_release(&out);
	return made != NULL ? made : json_deep_copy(text);
}

static json_t *fill_tree(struct filling *f, const json_t *tree)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(tree)) {
		return fill_text(f, tree);
	}
	if (!json_is_object(tree) && !json_is_array(tree)) {
		return json_deep_copy(tree);
	}
	json_t *made = json_is_object(tree) ? json_object() : json_array();
	json_object_foreach((json_t *)(uintptr_t)tree, key, value) {
		(void)json_object_set_new(made, key, fill_tree(f, value));
	}
	json_array_foreach(tree, i, value) {
		(void)json_array_append_new(made, fill_tree(f, value));
	}
	return made;
}

json_t *flux_fill(const json_t *tree, const json_t *post_build)
{
	const json_t *values = json_object_get(post_build, "substitute");
	struct filling f = {
		.values = values,
		.left = LIMIT_APPLICATION_BYTES,
		.open = json_object_size(values) == 0 ||
			json_is_true(json_object_get(post_build, "substituteFrom")),
	};

	return fill_tree(&f, tree);
}
