/*
 * What of a chart's files reaches "helm template".
 *
 * Chart.yaml (pkg/chart/metadata.go, pkg/chart/loader): the file is decoded
 * into a struct, checked, and given to templates as Chart.  These fields are
 * used for nothing but that: description, home, icon, sources, keywords,
 * maintainers, annotations, appVersion, deprecated (a warning), and version,
 * which is checked for being one (and, of a subchart, compared with what is
 * required).  So such a field counts if a template names it; else all that
 * counts is that it can be decoded, which is certain here of plain texts and
 * lists of them only.  "type" may say what holds without it, and "apiVersion"
 * v1 or v2 makes a difference for requirements.yaml and its lock alone (and,
 * where dependencies are built, for their digest).  A dependency's repository
 * is asked only when dependencies are built.
 *
 * Chart.lock is decoded, too, and used only to build dependencies.
 *
 * Templates are those of text/template/parse/lex.go: an action is "{{" to
 * "}}" outside of quotes; "{{- " and " -}}" trim space around it; a comment is
 * "{{", perhaps the mark, then at once "/" and "*", up to the other two and,
 * perhaps behind the mark, at once "}}".  A comment leaves nothing, so the
 * texts around it are one.
 */
#include "inputs/helm/helm_print.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/yaml.h"
#include "inputs/go_name.h"
#include "inputs/helm/helm_values.h"
#include "inputs/print.h"

/* --- templates --- */

struct lexing {
	const char *p;
	const char *end;
	struct buf *out;
	bool texts;
	bool trim;      // the space that follows is trimmed
	struct buf run; // text since the last action
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool at(const struct lexing *l, const char *p, const char *two)
{
	return l->end - p >= 2 && p[0] == two[0] && p[1] == two[1];
}

/* "}}" or " -}}" at p: the bytes of it, *ret_trim if the latter. 0: neither. */
static size_t right_delimiter(const struct lexing *l, const char *p, bool *ret_trim)
{
	*ret_trim = l->end - p >= 4 && is_space(p[0]) && p[1] == '-' && at(l, p + 2, "}}");
	if (*ret_trim) {
		return 4;
	}
	return at(l, p, "}}") ? 2 : 0;
}

static void add_text(struct lexing *l, const char *to, bool trim_end)
{
	while (l->trim && l->p < to && is_space(*l->p)) {
		l->p++;
	}
	while (trim_end && to > l->p && is_space(to[-1])) {
		to--;
	}
	if (l->texts) {
		(void)buf_add(&l->run, l->p, (size_t)(to - l->p));
	}
}

static void end_run(struct lexing *l)
{
	if (l->run.len > 0) {
		(void)buf_addf(l->out, "x%zu:", l->run.len);
		(void)buf_add(l->out, l->run.data, l->run.len);
		buf_reset(&l->run);
	}
}

/* The end of a quoted text at p, or NULL where Go finds none. */
static const char *end_of_quoted(const struct lexing *l, const char *p)
{
	char quote = *p;

	for (p++; p < l->end && *p != quote; p++) {
		if (quote != '`' && *p == '\n') {
			return NULL;
		}
		p += quote != '`' && *p == '\\';
	}
	return p < l->end ? p + 1 : NULL;
}

/* A comment whose "/" is at p. */
static bool read_comment(struct lexing *l, const char *p)
{
	const char *close = memmem(p + 2, (size_t)(l->end - p) - 2, "*/", 2);
	size_t n = close != NULL ? right_delimiter(l, close + 2, &l->trim) : 0;

	l->p = n > 0 ? close + 2 + n : l->end;
	return n > 0;
}

static bool read_action(struct lexing *l, const char *p)
{
	const char *from = p;
	size_t n = 0;

	end_run(l);
	while (p < l->end && (n = right_delimiter(l, p, &l->trim)) == 0) {
		p = *p == '"' || *p == '`' || *p == '\'' ? end_of_quoted(l, p) : p + 1;
		if (p == NULL) {
			return false;
		}
	}
	if (n == 0) {
		return false;
	}
	(void)buf_addf(l->out, "a%zu:", (size_t)(p - from));
	(void)buf_add(l->out, from, (size_t)(p - from));
	l->p = p + n;
	return true;
}

static bool lex(struct lexing *l)
{
	for (;;) {
		const char *open = memmem(l->p, (size_t)(l->end - l->p), "{{", 2);

		if (open == NULL) {
			add_text(l, l->end, false);
			end_run(l);
			return true;
		}
		bool mark = l->end - open >= 4 && open[2] == '-' && is_space(open[3]);
		const char *inner = open + (mark ? 4 : 2);

		add_text(l, open, mark);
		l->trim = false;
		if (!(at(l, inner, "/*") ? read_comment(l, inner) : read_action(l, inner))) {
			return false;
		}
	}
}

bool helm_print_actions(const char *text, size_t len, bool texts, struct buf *out)
{
	struct lexing l = { .p = text, .end = text + len, .out = out, .texts = texts };

	buf_init(&l.run, len + 1);
	bool ok = lex(&l) && !buf_is_full(out);
	buf_release(&l.run);
	return ok;
}

/* --- Chart.yaml --- */

enum shape {
	ANY,
	FIELD_TEXT,
	FIELD_TEXTS,      // a list of texts
	FIELD_TEXT_TABLE, // an object of texts
	PEOPLE,     // a list of such
	TRUTH,
	VERSION
};

static const struct {
	const char *key;
	const char *field; // as templates say it
	enum shape shape;
} unused[] = {
	{ "description", "Description", FIELD_TEXT },
	{ "home", "Home", FIELD_TEXT },
	{ "icon", "Icon", FIELD_TEXT },
	{ "appVersion", "AppVersion", FIELD_TEXT },
	{ "version", "Version", VERSION },
	{ "sources", "Sources", FIELD_TEXTS },
	{ "keywords", "Keywords", FIELD_TEXTS },
	{ "maintainers", "Maintainers", PEOPLE },
	{ "annotations", "Annotations", FIELD_TEXT_TABLE },
	{ "deprecated", "Deprecated", TRUTH },
};

/* Plain, and a number or a version: "1.16", "1.16.0-alpine". */
static bool is_number(const char *text)
{
	static const char digits[] = "0123456789.";
	static const char others[] = "abcdefghijklmnopqrstuvwxyz-";
	size_t n = strspn(text, digits);
	size_t dots = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (strchr(digits, *p) == NULL && strchr(others, *p) == NULL) {
			return false;
		}
		dots += *p == '.';
	}
	return n > 0 && text[0] != '.' && (dots >= 2 || (text[n] == '\0' && n < 16));
}

/* A string to any reader of YAML; numbers: or what is taken for one where a string is wanted. */
static bool is_text(const json_t *value, bool numbers)
{
	const char *text = json_string_value(value);

	if (text == NULL || text[0] != YAML_PLAIN) {
		return text != NULL;
	}
	return numbers && is_number(text + 1);
}

static bool is_texts(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!is_text(json_array_get(list, i), false)) {
			return false;
		}
	}
	return json_is_array(list);
}

static bool is_table(const json_t *table)
{
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)(uintptr_t)table, key, value) {
		if (!is_text(value, false)) {
			return false;
		}
	}
	return json_is_object(table);
}

static bool is_people(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!is_table(json_array_get(list, i))) {
			return false;
		}
	}
	return json_is_array(list);
}

/* "1.2.3", perhaps with "-name": less than Helm takes. */
static bool is_version(const json_t *value)
{
	const char *p = json_string_value(value);

	p += p != NULL && p[0] == YAML_PLAIN;
	for (int part = 0; p != NULL && part < 3; part++) {
		size_t n = strspn(p, "0123456789");

		if (n == 0 || n > 9 || (n > 1 && p[0] == '0') || (part < 2 && p[n] != '.')) {
			return false;
		}
		p += n + (part < 2);
	}
	if (p != NULL && p[0] == '-' && p[1] >= 'a' && p[1] <= 'z') {
		p += 1 + strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
	}
	return p != NULL && p[0] == '\0';
}

static bool has_shape(const json_t *value, enum shape shape)
{
	const char *text = json_string_value(value);

	switch (shape) {
	case FIELD_TEXT:
		return is_text(value, true);
	case FIELD_TEXTS:
		return is_texts(value);
	case FIELD_TEXT_TABLE:
		return is_table(value);
	case PEOPLE:
		return is_people(value);
	case TRUTH:
		return text != NULL && text[0] == YAML_PLAIN &&
		       (strcmp(text + 1, "true") == 0 || strcmp(text + 1, "false") == 0);
	case VERSION:
		return is_version(value);
	case ANY:
		break;
	}
	return false;
}

/* May a template name this field of Chart? */
static bool is_named(const struct helm_metadata *how, const char *field)
{
	const struct strvec *fields = &how->templates->fields;

	for (size_t i = 0; i < fields->count; i++) {
		if (strcasecmp(fields->items[i], field) == 0) {
			return true;
		}
	}
	return how->all;
}

static void drop_unused(json_t *file, const struct helm_metadata *how)
{
	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
		const json_t *value = json_object_get(file, unused[i].key);

		bool counts = is_named(how, unused[i].field) ||
			      (how->sub && unused[i].shape == VERSION);

		if (value == NULL || counts || !has_shape(value, unused[i].shape)) {
			continue;
		}
		/* There must be a version. */
		if (unused[i].shape == VERSION) {
			(void)json_object_set_new(file, unused[i].key, json_true());
		} else {
			(void)json_object_del(file, unused[i].key);
		}
	}
}

static void drop_text(json_t *file, const char *key, const char *const *texts)
{
	const char *value = json_string_value(json_object_get(file, key));

	for (; value != NULL && *texts != NULL; texts++) {
		if (strcmp(value, *texts) == 0) {
			(void)json_object_del(file, key);
			return;
		}
	}
}

/* What holds without being said. */
static void drop_defaults(json_t *file, const struct helm_metadata *how)
{
	static const char *const types[] = { "application", NULL };
	static const char *const versions[] = { "v1", "v2", NULL };

	if (!is_named(how, "Type")) {
		drop_text(file, "type", types);
	}
	if (!how->building && !how->older && !is_named(how, "APIVersion")) {
		drop_text(file, "apiVersion", versions);
	}
}

/* A copy without the repositories of dependencies, or NULL. */
static json_t *without_repositories(const json_t *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *dependency = json_copy(json_array_get(list, i));

		if (is_text(json_object_get(dependency, "repository"), false)) {
			(void)json_object_del(dependency, "repository");
		}
		(void)json_array_append_new(out, dependency);
	}
	return out;
}

static bool is_in_other_case(const char *key, const char *name)
{
	return go_name_is(key, name) && strcmp(key, name) != 0;
}

/* Does the file hold a key twice, for decoding knows no case? */
static bool is_ambiguous(const json_t *file)
{
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)(uintptr_t)file, key, value) {
		for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
			if (is_in_other_case(key, unused[i].key)) {
				return true;
			}
		}
		if (is_in_other_case(key, "dependencies")) {
			return true;
		}
	}
	return false;
}

void helm_print_metadata(struct inputs_walk *w, const struct inputs_entry *entry,
			 const struct helm_metadata *how)
{
	json_t *plain = helm_yaml_plain(w, entry);

	if (plain == NULL || is_ambiguous(plain)) {
		inputs_print_file(w, entry, true);
		json_decref(plain);
		return;
	}
	json_t *file = json_copy(plain);
	json_t *dependencies = json_object_get(file, "dependencies");

	drop_unused(file, how);
	drop_defaults(file, how);
	if (json_is_array(dependencies) && !how->building && !is_named(how, "Dependencies")) {
		(void)json_object_set_new(file, "dependencies", without_repositories(dependencies));
	}
	helm_print_tree(w, 'm', file);
	json_decref(file);
	json_decref(plain);
}

/* --- Chart.lock --- */

/* The number of two digits, or -1. */
static int two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
		return -1;
	}
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* ".123", up to nine digits; what is behind it, or NULL. */
static const char *behind_fraction(const char *text)
{
	size_t digits = text[0] == '.' ? strspn(text + 1, "0123456789") : 0;

	if (text[0] != '.') {
		return text;
	}
	return digits >= 1 && digits <= 9 ? text + 1 + digits : NULL;
}

static bool is_zone(const char *text)
{
	int hours = strlen(text) == 6 ? two_digits(text + 1) : -1;

	if (strcmp(text, "Z") == 0) {
		return true;
	}
	return (text[0] == '+' || text[0] == '-') && hours >= 0 && hours <= 14 && text[3] == ':' &&
	       two_digits(text + 4) >= 0 && text[4] <= '5';
}

/* "2024-01-28T09:30:00.123456789+01:00", as time.Time is decoded, and less than that. */
static bool is_time(const char *text)
{
	static const char form[] = "0000-00-00T00:00:00";
	static const struct {
		size_t at;
		int least;
		int most;
	} parts[] = { { 0, 0, 99 }, { 2, 0, 99 }, { 5, 1, 12 }, { 8, 1, 30 },
		      { 11, 0, 23 }, { 14, 0, 59 }, { 17, 0, 59 } };

	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (text[i] == '\0' || (form[i] != '0' && text[i] != form[i])) {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int number = two_digits(text + parts[i].at);

		if (number < parts[i].least || number > parts[i].most) {
			return false;
		}
	}
	if (two_digits(text + 5) == 2 && two_digits(text + 8) > 28) {
		return false;
	}
	text = behind_fraction(text + sizeof(form) - 1);
	return text != NULL && is_zone(text);
}

static bool is_locked(const json_t *dependency)
{
	static const char *const keys[] = { "name", "version", "repository" };
	size_t known = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		known += is_text(json_object_get(dependency, keys[i]), true);
	}
	return known == json_object_size(dependency) && known > 0;
}

static bool is_lock(const json_t *file)
{
	const json_t *list = json_object_get(file, "dependencies");
	const char *time = json_string_value(json_object_get(file, "generated"));
	size_t known = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!is_locked(json_array_get(list, i))) {
			return false;
		}
	}
	time += time != NULL && time[0] == YAML_PLAIN;
	known += json_is_array(list);
	known += time != NULL && is_time(time);
	known += is_text(json_object_get(file, "digest"), false);
	return known == json_object_size(file);
}

bool helm_is_lock(struct inputs_walk *w, const struct inputs_entry *entry)
{
	json_t *file = helm_yaml_plain(w, entry);
	bool is = file != NULL && is_lock(file);

	json_decref(file);
	return is;
}
