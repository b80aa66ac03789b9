/*
 * One value: from text to the member of a struct.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/xalloc.h"
#include "config/config_impl.h"

struct scale {
	const char *name;
	int64_t factor;
};

static const struct scale durations[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
};

static const struct scale sizes[] = {
	{ "B", 1 }, { "KiB", INT64_C(1) << 10 }, { "MiB", INT64_C(1) << 20 },
	{ "GiB", INT64_C(1) << 30 }, { "TiB", INT64_C(1) << 40 },
};

static const struct scale plain = { "", 1 };

/* The units of a type, least first; the way to write it. */
static const struct scale *units_of(enum config_type type, size_t *ret_count, const char **ret_cure)
{
	*ret_count = 5;
	if (type == CONFIG_DURATION) {
		*ret_cure = "give a number and ms, s, m, h or d, such as 200ms";
		return durations;
	}
	if (type == CONFIG_SIZE) {
		*ret_cure = "give a number and KiB, MiB or GiB, such as 25MiB";
		return sizes;
	}
	*ret_count = 1;
	*ret_cure = "give a whole number";
	return &plain;
}

/* Digits and a unit. False if it is none or would not fit. */
static bool read_number(const char *text, const struct scale *units, size_t count, int64_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;

	if (digits == 0 || digits > 18) {
		return false;
	}
	errno = 0;
	int64_t value = strtoll(text, NULL, 10);
	if (value == 0 && rest[0] == '\0') {
		*ret = 0;
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(units[i].name, rest) == 0 && value <= INT64_MAX / units[i].factor) {
			*ret = value * units[i].factor;
			return true;
		}
	}
	return false;
}

/* value in the largest unit that leaves no rest. A new string. */
static char *show_number(int64_t value, const struct scale *units, size_t count)
{
	size_t i = count - 1;

	while (i > 0 && (value == 0 || value % units[i].factor != 0)) {
		i--;
	}
	return xasprintf("%lld%s", (long long)(value / units[i].factor),
			 value == 0 ? "" : units[i].name);
}

char *config_range(const struct config_setting *s)
{
	const char *cure = NULL;
	size_t count = 0;
	const struct scale *units = NULL;
	char *range = NULL;

	if (s->type == CONFIG_NUMBER || s->type == CONFIG_REAL || s->type == CONFIG_DURATION ||
	    s->type == CONFIG_SIZE) {
		units = units_of(s->type, &count, &cure);
		char *low = show_number(s->min, units, count);
		char *high = show_number(s->max, units, count);

		range = xasprintf("%s to %s", low, high);
		free(high);
		free(low);
	}
	return range;
}

static char *config_parse_number(const struct config_setting *s, const char *text, int64_t *ret)
{
	const char *cure = NULL;
	size_t count = 0;
	const struct scale *units = units_of(s->type, &count, &cure);
	int64_t value = 0;

	if (!read_number(text, units, count, &value)) {
		return xasprintf("'%s' is '%.60s': %s", s->key, text, cure);
	}
	if (value >= s->min && value <= s->max) {
		*ret = value;
		return NULL;
	}
	char *range = config_range(s);
	char *why = xasprintf("'%s' is '%.60s': give %s", s->key, text, range);
	free(range);
	return why;
}

/* ---- one text to a member, by type ------------------------------------- */

/* All of these: NULL, or why not (a new string). member is the struct's. */

static char *set_string(const struct config_setting *s, void *member, const char *text)
{
	char **slot = member;

	(void)s;
	free(*slot);
	*slot = xstrdup(text);
	return NULL;
}

static char *set_boolean(const struct config_setting *s, void *member, const char *text)
{
	bool *slot = member;

	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
		return xasprintf("'%s' is '%.60s': give true or false", s->key, text);
	}
	*slot = text[0] == 't';
	return NULL;
}

static char *set_number(const struct config_setting *s, void *member, const char *text)
{
	unsigned *slot = member;
	int64_t value = 0;
	char *why = config_parse_number(s, text, &value);

	if (why == NULL) {
		*slot = (unsigned)value;
	}
	return why;
}

static char *set_large(const struct config_setting *s, void *member, const char *text)
{
	int64_t *slot = member;

	return config_parse_number(s, text, slot);
}

static char *set_real(const struct config_setting *s, void *member, const char *text)
{
	double *slot = member;
	char *end = NULL;

	if (strspn(text, "0123456789.") != strlen(text) || text[0] == '\0') {
		return xasprintf("'%s' is '%.60s': give a number, such as 2.5", s->key, text);
	}
	double value = strtod(text, &end);
	if (*end != '\0') {
		return xasprintf("'%s' is '%.60s': give a number, such as 2.5", s->key, text);
	}
	if (value < (double)s->min || value > (double)s->max) {
		return xasprintf("'%s' is '%.60s': give %lld to %lld", s->key, text,
				 (long long)s->min, (long long)s->max);
	}
	*slot = value;
	return NULL;
}

static char *set_octal(const struct config_setting *s, void *member, const char *text)
{
	unsigned *slot = member;
	size_t len = strlen(text);

	if (len < 3 || len > 4 || strspn(text, "01234567") != len ||
	    strtol(text, NULL, 8) > s->max) {
		return xasprintf("'%s' is '%.60s': give permissions in octal, such as 0660",
				 s->key, text);
	}
	*slot = (unsigned)strtol(text, NULL, 8);
	return NULL;
}

static char *set_choice(const struct config_setting *s, void *member, const char *text)
{
	int *slot = member;
	struct buf list;

	for (int i = 0; s->choices[i] != NULL; i++) {
		if (strcmp(s->choices[i], text) == 0) {
			*slot = i;
			return NULL;
		}
	}
	const char *near = config_suggest(text, s->choices);
	if (near != NULL) {
		return xasprintf("'%s' is '%.60s': did you mean '%s'?", s->key, text, near);
	}
	buf_init(&list, 1024);
	for (int i = 0; s->choices[i] != NULL; i++) {
		const char *between = s->choices[i + 1] == NULL ? " or " : ", ";

		(void)buf_addf(&list, "%s%s", i == 0 ? "" : between, s->choices[i]);
	}
	char *why = xasprintf("'%s' is '%.60s': give %s", s->key, text, list.data);
	buf_release(&list);
	return why;
}

/* What a path must be before it can be used: a file, if it is said to be. */
static char *check_file(const struct config_setting *s, const char *path)
{
	size_t len = strlen(s->key);
	struct stat st;

	if (len < 4 || strcmp(s->key + len - 4, "File") != 0) {
		return NULL;
	}
	if (stat(path, &st) != 0) {
		return xasprintf("'%s' is '%s': %s: create it", s->key, path, strerror(errno));
	}
	if (!S_ISREG(st.st_mode)) {
		return xasprintf("'%s' is '%s': not a file: give the file's path", s->key, path);
	}
	if (s->type == CONFIG_SECRET_PATH && (st.st_mode & (S_IROTH | S_IWOTH)) != 0) {
		return xasprintf("'%s' is '%s', which anybody may read or write: chmod o= '%s'",
				 s->key, path, path);
	}
	return NULL;
}

static void set_path(struct config_loader *l, const struct config_setting *s, void *member,
		     const json_t *parent, const char *key, const char *text)
{
	char **slot = member;
	char *path = config_resolve(l, text, s->type == CONFIG_SECRET_PATH);
	char *why = text[0] != '\0' ? check_file(s, path)
				    : xasprintf("'%s' is empty: give a path", s->key);

	if (why != NULL) {
		config_problem(l, parent, key, "%s", why);
		free(why);
	}
	free(*slot);
	*slot = path;
}

typedef char *(*setter)(const struct config_setting *s, void *member, const char *text);

static setter setter_of(enum config_type type)
{
	static const setter setters[] = {
		[CONFIG_STRING] = set_string, [CONFIG_BOOLEAN] = set_boolean,
		[CONFIG_NUMBER] = set_number, [CONFIG_REAL] = set_real,
		[CONFIG_OCTAL] = set_octal, [CONFIG_DURATION] = set_large,
		[CONFIG_SIZE] = set_large, [CONFIG_CHOICE] = set_choice,
		[CONFIG_OBJECTS] = NULL,
	};

	return setters[type];
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

static void set_one(struct config_loader *l, const struct config_setting *s, void *member,
		    const json_t *parent, const char *key, const json_t *value)
{
	const json_t *place = json_is_null(value) ? parent : value;
	const char *place_key = json_is_null(value) ? key : NULL;
	const char *text = json_is_null(value) ? "" : json_string_value(value);
	char *why = NULL;

	if (text == NULL) {
		config_problem(l, value, NULL, "'%s' is a %s: give a single value", s->key,
			       json_is_array(value) ? "list" : "mapping");
		return;
	}
	if (has_control(text)) {
		config_problem(l, place, place_key, "'%s' has a control character: remove it",
			       s->key);
		return;
	}
	if (s->type == CONFIG_PATH || s->type == CONFIG_SECRET_PATH) {
		set_path(l, s, member, place, place_key, text);
		return;
	}
	why = setter_of(s->type)(s, member, text);
	if (why != NULL) {
		config_problem(l, place, place_key, "%s", why);
		free(why);
	}
}

/* ---- lists ------------------------------------------------------------- */

bool config_is_list(enum config_type type)
{
	return type == CONFIG_STRINGS || type == CONFIG_GLOBS || type == CONFIG_MAP ||
	       type == CONFIG_SECRETS || type == CONFIG_SECRET_FILES;
}

bool config_is_text(enum config_type type)
{
	return type == CONFIG_STRING || type == CONFIG_PATH || type == CONFIG_SECRET_PATH;
}

static bool is_good_glob(const struct config_setting *s, const char *text)
{
	return s->type != CONFIG_GLOBS || glob_is_valid(GLOB_GOBWAS, text);
}

static void add_item(struct config_loader *l, const struct config_setting *s, struct strvec *list,
		     const json_t *parent, const char *key, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL && !json_is_null(value)) {
		config_problem(l, value, NULL, "'%s' has an item that is no text: give texts",
			       s->key);
		return;
	}
	if (text == NULL || text[0] == '\0') {
		config_problem(l, text == NULL ? parent : value, text == NULL ? key : NULL,
			       "'%s' has an empty item: remove it", s->key);
		return;
	}
	if (s->type == CONFIG_SECRET_FILES) {
		char *path = config_resolve(l, text, true);

		config_read_secret(l, path, value, s->key, list);
		free(path);
		return;
	}
	if (!is_good_glob(s, text)) {
		config_problem(l, value, NULL, "'%s' has '%.60s', which is no pattern: correct it",
			       s->key, text);
		return;
	}
	if (s->type == CONFIG_SECRETS) {
		config_check_secret(l, value, s->key, text);
	}
	strvec_push(list, text);
}

static void set_list(struct config_loader *l, const struct config_setting *s, struct strvec *list,
		     const json_t *parent, const char *key, const json_t *value)
{
	size_t i;
	json_t *item;

	if (s->type != CONFIG_SECRETS && s->type != CONFIG_SECRET_FILES) {
		strvec_release(list);
	}
	if (json_is_object(value)) {
		config_problem(l, value, NULL, "'%s' is a mapping: give a list", s->key);
		return;
	}
	if (!json_is_array(value)) {
		add_item(l, s, list, parent, key, value);
		return;
	}
	if (s->max > 0 && json_array_size(value) > (size_t)s->max) {
		config_problem(l, value, NULL, "'%s' has %zu items: give at most %lld", s->key,
			       json_array_size(value), (long long)s->max);
		return;
	}
	json_array_foreach(value, i, item) {
		add_item(l, s, list, parent, key, item);
	}
}

static void set_map(struct config_loader *l, const struct config_setting *s, struct strvec *list,
		    const json_t *value)
{
	const char *name;
	json_t *item;

	strvec_release(list);
	if (!json_is_object(value)) {
		config_problem(l, value, NULL, "'%s' is no mapping: give NAME: value", s->key);
		return;
	}
	/* jansson's macro takes no const; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)value, name, item) {
		const char *text = json_is_null(item) ? "" : json_string_value(item);

		if (text == NULL || name[0] == '\0' || strchr(name, '=') != NULL) {
			config_problem(l, value, name,
				       "'%s' has '%.60s', which is no NAME: value: correct it",
				       s->key, name);
			continue;
		}
		strvec_pushf(list, "%s=%s", name, text);
	}
}

void config_set(struct config_loader *l, const struct config_setting *s, void *base,
		const json_t *parent, const char *key, const json_t *value)
{
	void *member = (char *)base + s->offset;

	if (s->type == CONFIG_OBJECTS) {
		config_set_objects(l, s->key, parent, value);
	} else if (s->type == CONFIG_MAP) {
		set_map(l, s, member, value);
	} else if (config_is_list(s->type)) {
		set_list(l, s, member, parent, key, value);
	} else {
		set_one(l, s, member, parent, key, value);
	}
}

void config_set_initial(struct config_loader *l, const struct config_setting *s, void *base)
{
	if (s->initial == NULL) {
		return;
	}
	json_t *value = json_string(s->initial);
	config_set(l, s, base, NULL, NULL, value);
	json_decref(value);
}

void config_clear(const struct config_setting *s, void *base)
{
	void *member = (char *)base + s->offset;

	if (s->type == CONFIG_SECRETS || s->type == CONFIG_SECRET_FILES) {
		config_wipe(member);
	} else if (config_is_list(s->type)) {
		strvec_release(member);
	} else if (config_is_text(s->type)) {
		free(*(char **)member);
		*(char **)member = NULL;
	}
}
