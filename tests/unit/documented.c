/*
 * Every setting is in the manual and in the example, with its true default;
 * every provider is in the manuals, in the README and in the example.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/config_table.h"
#include "provider/provider.h"
#include "target/target.h"
#include "tests/support/tap.h"

#define MANUAL "contrib/man/doorbell.yaml.5"
#define COMMANDS "contrib/man/doorbell.1"
#define EXAMPLE "contrib/examples/doorbell.yaml"
#define README "README.md"
#define FILE_MOST (256 * 1024)

static const char *const lists[] = { "sources", "repositories", "applications", "targets" };

static char *manual;
static char *example;

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = xcalloc(1, FILE_MOST);

	if (!tap_ok(file != NULL && fread(text, 1, FILE_MOST - 1, file) > 0, "%s is there", path)) {
		exit(tap_done());
	}
	(void)fclose(file);
	return text;
}

/* What the manual says of a setting, up to the next one; NULL if nothing. */
static char *entry(const char *name)
{
	char *head = xasprintf("\n.It Cm %s\n", name);
	const char *at = strstr(manual, head);
	char *text = NULL;

	if (at != NULL) {
		at += strlen(head) - 1;
		const char *next = strstr(at, "\n.It ");
		const char *last = strstr(at, "\n.El\n");

		next = next != NULL && next < last ? next : last;
		text = xstrndup(at, (size_t)(next - at));
	}
	free(head);
	return text;
}

static void check_manual(const char *list, const struct config_setting *s)
{
	char *name = list != NULL ? xasprintf("%s.%s", list, s->key) : xstrdup(s->key);
	bool has_default = s->initial != NULL && s->initial[0] != '\0';
	char *initial = xasprintf("\nDefault: %s", has_default ? s->initial : "none");
	char *text = entry(name);

	if (tap_ok(text != NULL, "%s: is in the manual", name)) {
		const char *found = strstr(text, has_default ? initial : "\nDefault: ");

		tap_ok(has_default ? found != NULL && strchr(".,", found[strlen(initial)]) != NULL
				   : found == NULL || strncmp(found, initial, strlen(initial)) == 0,
		       "%s: with its default (%s)", name, has_default ? s->initial : "none");
		char *range = config_range(s);
		char *from = xasprintf("\nFrom %s", range != NULL ? range : "");
		const char *there = strstr(text, from);

		tap_ok(range == NULL ? there == NULL
				     : there != NULL && strchr(".;", there[strlen(from)]) != NULL,
		       "%s: with its range (%s)", name, range != NULL ? range : "none");
		free(from);
		free(range);
		tap_ok((strstr(text, "\nRestart.") != NULL) == !s->reload,
		       "%s: with whether it needs a restart", name);
	}
	free(text);
	free(initial);
	free(name);
}

/* The part of the example that is about a list, or all that is about none. */
static char *example_part(const char *list)
{
	char *head = list != NULL ? xasprintf("\n%s:\n", list) : xstrdup("\n# --- listening");
	const char *at = strstr(example, head);
	const char *end = at != NULL && list != NULL ? strstr(at, "\n# ---") : NULL;
	char *text = at == NULL ? xstrdup("")
				: xstrndup(at, end != NULL ? (size_t)(end - at) : strlen(at));

	free(head);
	return text;
}

static void check_example(const char *list, const struct config_setting *s)
{
	char *part = example_part(list);
	const char *dot = strrchr(s->key, '.');
	char *key = xasprintf("%s:", dot != NULL ? dot + 1 : s->key);
	const char *at = strstr(part, key);

	while (at != NULL && strchr(" #\n{", at[-1]) == NULL) {
		at = strstr(at + 1, key);
	}
	if (tap_ok(at != NULL, "%s%s%s: is in the example", list != NULL ? list : "",
		   list != NULL ? "." : "", s->key) &&
	    list == NULL && s->initial != NULL && s->initial[0] != '\0') {
		const char *value = at + strlen(key);

		value += strspn(value, " [\"");
		tap_ok(strncmp(value, s->initial, strlen(s->initial)) == 0 &&
			       strchr(" \n\"]", value[strlen(s->initial)]) != NULL,
		       "%s: with its default", s->key);
	}
	free(key);
	free(part);
}

static void check(const char *list, const struct config_setting *s)
{
	if (s->type == CONFIG_OBJECTS) {
		char *head = xasprintf("\n.Ss %s\n", s->key);

		tap_ok(strstr(manual, head) != NULL, "%s: has a part of the manual", s->key);
		free(head);
		return;
	}
	check_manual(list, s);
	check_example(list, s);
}

static bool is_in(const struct config_setting *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].key, name) == 0) {
			return true;
		}
	}
	return false;
}

/* A setting of one kind of target: "exec.command". */
static bool is_of_a_kind(const char *name)
{
	const struct config_kind *kind;
	bool found = false;

	for (size_t i = 0; (kind = target_config_kind(i)) != NULL; i++) {
		found |= is_in(kind->settings, kind->setting_count, name);
	}
	return found;
}

static bool is_setting(const char *name)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		size_t len = strlen(lists[i]);

		if (strncmp(name, lists[i], len) == 0 && name[len] == '.') {
			table = config_object_settings(lists[i], &count);
			name += len + 1;
			return is_in(table, count, name) ||
			       (strcmp(lists[i], "targets") == 0 && is_of_a_kind(name));
		}
	}
	return is_in(table, count, name);
}

static void nothing_else_is_in_the_manual(void)
{
	static const char mark[] = "\n.It Cm ";

	for (const char *at = strstr(manual, mark); at != NULL; at = strstr(at, mark)) {
		at += strlen(mark);
		char *name = xstrndup(at, strcspn(at, "\n"));

		tap_ok(is_setting(name), "%s: is a setting", name);
		free(name);
	}
}

static void kinds_of_targets(void)
{
	const struct config_kind *kind;

	for (size_t k = 0; (kind = target_config_kind(k)) != NULL; k++) {
		size_t len = strlen(kind->name);

		for (size_t i = 0; i < kind->setting_count; i++) {
			const char *key = kind->settings[i].key;

			tap_ok(strncmp(key, kind->name, len) == 0 && key[len] == '.',
			       "%s begins with its kind", key);
			check("targets", &kind->settings[i]);
		}
	}
}

/* A word in the file, after the first place where the mark is, before the end that follows it. */
static bool is_told(const char *text, const char *mark, const char *word, const char *ended_by)
{
	const char *at = strstr(text, mark);
	const char *end = at != NULL ? strstr(at + strlen(mark), ended_by) : NULL;
	const char *found = at != NULL ? strstr(at + strlen(mark), word) : NULL;

	return found != NULL && end != NULL && found < end;
}

static void providers(void)
{
	static const char of_yaml[] = "provider: github  "; // what follows is a comment, on its line
	char *commands = read_file(COMMANDS);
	char *readme = read_file(README);

	for (size_t i = 0; provider_name_at(i) != NULL; i++) {
		const char *name = provider_name_at(i);

		tap_ok(is_told(manual, "\n.It Cm sources.provider\n", name, "\n.It "),
		       "provider %s: is in " MANUAL, name);
		tap_ok(is_told(commands, "\n.It Fl -as Cm ", name, "\n.It "),
		       "provider %s: is in " COMMANDS, name);
		tap_ok(is_told(example, of_yaml, name, "\n"), "provider %s: is in " EXAMPLE, name);
		tap_ok(is_told(readme, of_yaml, name, "\n"), "provider %s: is in " README, name);
	}
	free(readme);
	free(commands);
}

int main(void)
{
	size_t count = 0;
	const struct config_setting *table = config_settings(&count);

	manual = read_file(MANUAL);
	example = read_file(EXAMPLE);
	for (size_t i = 0; i < count; i++) {
		check(NULL, &table[i]);
	}
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		table = config_object_settings(lists[l], &count);
		for (size_t i = 0; i < count; i++) {
			check(lists[l], &table[i]);
		}
	}
	kinds_of_targets();
	providers();
	nothing_else_is_in_the_manual();
	free(manual);
	free(example);
	return tap_done();
}
