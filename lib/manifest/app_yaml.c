/*
 * Applications from YAML text.
 *
 * A text may hold many documents, of which only Applications count; a list
 * ("kubectl get applications -o yaml", an ApplicationList) is opened, also one
 * in a list.  A malformed
 * Application is reported with its place and the others are still read, so
 * that one mistake in a folder of manifests does not hide the folder.  The
 * same name twice is reported and both are kept: each is then found affected
 * by its own sources, which loses nothing.
 *
 * Ways to fail as a whole: the text is not YAML or passes a ceiling of
 * base/yaml.h, or there are more applications than we hold.
 */
#include "manifest/app_yaml.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "base/yaml.h"

#define LIST_DEPTH 8

/* A name seen in this text. */
struct seen_name {
	char *name;
	UT_hash_handle hh;
};

struct yaml_reading {
	const struct yaml_stream *stream;
	const char *name;       // of the text
	struct app_list *list;
	struct strvec *problems;
	struct seen_name *seen;
};

static void add_problem(struct yaml_reading *reading, int line, int column, const char *what)
{
	strvec_pushf(reading->problems, "%s:%d:%d: %s", reading->name, line, column, what);
}

/* Remember a name; false if it was there. */
static bool note_name(struct yaml_reading *reading, const struct app *app)
{
	char *name = app_full_name(app);
	struct seen_name *entry = NULL;

	HASH_FIND_STR(reading->seen, name, entry);
	if (entry != NULL) {
		free(name);
		return false;
	}
	entry = xcalloc(1, sizeof(*entry));
	entry->name = name;
	HASH_ADD_KEYPTR(hh, reading->seen, entry->name, strlen(entry->name), entry);
	return true;
}

static void forget_names(struct yaml_reading *reading)
{
	struct seen_name *entry;
	struct seen_name *next;

	HASH_ITER(hh, reading->seen, entry, next) {
		HASH_DEL(reading->seen, entry);
		free(entry->name);
		free(entry);
	}
}

/* One object. 0, or -1 with err if the list is full. */
static int read_object(struct yaml_reading *reading, const json_t *object, struct error *err)
{
	struct error why = ERROR_INIT;
	struct app *app = NULL;
	int line = 1;
	int column = 1;

	if (!yaml_stream_where(reading->stream, object, NULL, &line, &column)) {
		line = column = 1;
	}
	char *origin = xasprintf("%s:%d", reading->name, line);
	enum app_result result = app_from_json(object, origin, &app, &why);
	free(origin);
	if (result == APP_MALFORMED) {
		add_problem(reading, line, column, why.text);
	}
	if (result != APP_OK) {
		return 0;
	}
	if (reading->list->count >= LIMIT_APPLICATIONS) {
		app_free(app);
		return error_set(err, -1, "%s:%d: more than %d applications", reading->name, line,
				 LIMIT_APPLICATIONS);
	}
	if (!note_name(reading, app)) {
		char *full = app_full_name(app);
		char *what = xasprintf("application \"%s\" appears twice", full);

		add_problem(reading, line, column, what);
		free(what);
		free(full);
	}
	app_list_add_take(reading->list, app);
	return 0;
}

/*
 * A list of objects: v1 List, ApplicationList as kubectl gets it from a typed
 * client, and whatever else has items. No object that is read has items itself.
 */
static bool is_list(const json_t *document)
{
	return json_is_array(json_object_get(document, "items"));
}

/* Lists in lists are read to a depth of LIST_DEPTH, which no program makes. */
static int read_document(struct yaml_reading *reading, const json_t *document, unsigned depth,
			 struct error *err)
{
	const json_t *items = json_object_get(document, "items");
	json_t *item;
	size_t i;

	if (!is_list(document) || depth == LIST_DEPTH) {
		return read_object(reading, document, err);
	}
	json_array_foreach(items, i, item) {
		if (read_document(reading, item, depth + 1, err) < 0) {
			return -1;
		}
	}
	return 0;
}

int app_read_yaml(const char *data, size_t len, const char *name, struct app_list *list,
		  struct strvec *problems, struct error *err)
{
	const struct yaml_options options = { .merges_override = true };
	struct yaml_stream *stream = NULL;
	int r = 0;

	if (yaml_parse(data, len, &options, &stream, err) != YAML_OK) {
		/* its text begins with line and column */
		struct error why = *err;

		return error_set(err, -1, "%.255s:%.250s", name, why.text);
	}
	struct yaml_reading reading = {
		.stream = stream, .name = name, .list = list, .problems = problems,
	};
	for (size_t i = 0; i < yaml_stream_count(stream) && r == 0; i++) {
		r = read_document(&reading, yaml_stream_document(stream, i), 0, err);
	}
	forget_names(&reading);
	yaml_stream_free(stream);
	return r;
}
