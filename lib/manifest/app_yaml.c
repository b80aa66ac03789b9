/*
 * Applications from YAML text.
 *
 * A text may hold many documents, of which only Applications count; a list
 * ("kubectl get applications -o yaml", an ApplicationList) is opened, also one
 * in a list.  A malformed
 * Application is reported with its place and the others are still read, so
 * that one mistake in a folder of manifests does not hide the folder.
 *
 * Ways to fail as a whole: the text is not YAML or passes a ceiling of
 * base/yaml.h, or there are more applications than we hold.
 */
#include "manifest/app_yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "base/yaml.h"
#include "manifest/app_impl.h"
#include "manifest/guess.h"
#include "manifest/patch.h"
#include "manifest/template.h"

#define LIST_DEPTH 8

/* Names of broken texts; of more, any may be. */
#define BROKEN_MAX 1000

/* Objects of one sort, of which one line is said. */
struct noted {
	size_t count;
	char *field;            // of the first, and its kind and line
	enum app_kind kind;
	int line;
};

struct yaml_reading {
	const struct yaml_stream *stream;
	const char *name;       // of the text
	struct manifests *found;
	struct noted templates[2]; // with templates: not read; read, with any file for input
	struct noted guessed;      // of no kind of ours, though they look so
};

static void add_problem(struct yaml_reading *reading, int line, int column, const char *what)
{
	strvec_pushf(&reading->found->problems, "%s:%d:%d: %s", reading->name, line, column, what);
}

/*
 * If fields that count hold templates, remember that for one line about all
 * such objects that cannot be read, and one about those that can.  What Flux
 * puts into its objects is known when they are linked (flux_expand.h).
 */
static bool note_template(struct yaml_reading *reading, const json_t *object, int line,
			  enum app_result result)
{
	enum app_kind kind = APP_APPLICATION;

	if (result == APP_OTHER_KIND || !app_kind_find(object, &kind) ||
	    (result == APP_OK && kind != APP_APPLICATION && kind != APP_APPLICATION_SET)) {
		return false;
	}
	struct noted *t = &reading->templates[result == APP_OK];
	char *field = template_find(object, kind);
	if (field == NULL) {
		return false;
	}
	if (t->count++ > 0) {
		free(field);
		return true;
	}
	t->field = field;
	t->kind = kind;
	t->line = line;
	return true;
}

static char *more_here(const struct noted *t)
{
	return t->count > 1 ? xasprintf(" (so it is in %zu more here)", t->count - 1)
			    : xstrdup("");
}

static void say_templates(struct yaml_reading *reading, struct noted *t, const char *effect)
{
	if (t->count == 0) {
		return;
	}
	char *advice = template_advice(t->kind);
	char *more = more_here(t);
	char *what = xasprintf("a template that makes a%s %s: %s is only known when it is filled "
			       "in%s, %s; %s", app_kind_name(t->kind)[0] == 'A' ? "n" : "",
			       app_kind_name(t->kind), t->field, more, effect, advice);

	add_problem(reading, t->line, 1, what);
	free(what);
	free(more);
	free(advice);
	free(t->field);
}

/* An object of another kind, or of none, that looks as one of ours: for one line about all. */
static void note_guess(struct yaml_reading *reading, const json_t *object, int line)
{
	struct noted *t = &reading->guessed;
	enum app_kind kind = APP_APPLICATION;
	const char *missing = guess_missing(object, &kind);

	if (missing != NULL) {
		manifests_note_broken(reading->found, reading->name);
	}
	if (missing != NULL && t->count++ == 0) {
		t->field = xstrdup(missing);
		t->kind = kind;
		t->line = line;
	}
}

static void say_guessed(struct yaml_reading *reading)
{
	struct noted *t = &reading->guessed;
	const char *kind = app_kind_name(t->kind);

	if (t->count == 0) {
		return;
	}
	char *more = more_here(t);
	char *what = xasprintf("its spec is that of a%s %s, but not its %s%s: it is not read; "
			       "write 'apiVersion: %sVERSION' and 'kind: %s' if it is one",
			       kind[0] == 'A' ? "n" : "", kind, t->field, more,
			       app_kind_group(t->kind), kind);
	add_problem(reading, t->line, 1, what);
	free(what);
	free(more);
	free(t->field);
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
	bool template = note_template(reading, object, line, result);
	if (result == APP_MALFORMED && !template) {
		add_problem(reading, line, column, why.text);
	}
	if (result == APP_OTHER_KIND) {
		note_guess(reading, object, line);
	}
	if (result == APP_MALFORMED) {
		manifests_note_broken(reading->found, reading->name);
	}
	if (result != APP_OK) {
		return 0;
	}
	if (reading->found->list.count >= LIMIT_APPLICATIONS) {
		app_free(app);
		return error_set(err, -1, "%s:%d: more than %d applications", reading->name, line,
				 LIMIT_APPLICATIONS);
	}
	app_list_add_take(&reading->found->list, app);
	return 0;
}

/*
 * A list of objects: v1 List, ApplicationList as kubectl gets it from a typed
 * client, whatever else has items, and a bare list. No object that is read has
 * items itself.
 */
static const json_t *list_of(const json_t *document)
{
	return json_is_array(document) ? document : json_object_get(document, "items");
}

/* Lists in lists are read to a depth of LIST_DEPTH, which no program makes. */
static int read_document(struct yaml_reading *reading, const json_t *document, unsigned depth,
			 struct error *err)
{
	const json_t *items = list_of(document);
	json_t *item;
	size_t i;

	if (!json_is_array(items) || depth == LIST_DEPTH) {
		patch_find(document, &reading->found->patches);
		return read_object(reading, document, err);
	}
	json_array_foreach(items, i, item) {
		if (read_document(reading, item, depth + 1, err) < 0) {
			return -1;
		}
	}
	return 0;
}

/*
 * The text is not YAML: is it a template? One of other things is passed over;
 * one that holds an application is refused, as is what is no template: it may
 * be half of a write, or hold a slip.
 */
static int refuse(const char *data, size_t len, const char *name, struct error *err)
{
	const struct error why = *err; /* its text begins with line and column */
	enum app_kind kind = APP_APPLICATION;
	int line = 1;
	enum template_text text = template_look(data, len, &kind, &line);

	if (text == TEMPLATE_OTHER) {
		return 0;
	}
	if (text == TEMPLATE_NONE) {
		return error_set(err, -1, "%.255s:%.150s: it is not read until that is mended",
				 name, why.text);
	}
	char *advice = template_advice(kind);
	const char *kind_name = app_kind_name(kind);

	(void)error_set(err, -1, "%.200s:%d:1: a Helm template that holds a%s %s is not read; %s; "
			"taken as YAML it fails at %.80s", name, line,
			kind_name[0] == 'A' ? "n" : "", kind_name, advice, why.text);
	free(advice);
	return -1;
}

int manifests_read(const char *data, size_t len, const char *name, struct manifests *m,
		   struct error *err)
{
	const struct yaml_options options = { .merges_override = true };
	struct yaml_stream *stream = NULL;
	int r = 0;

	if (yaml_parse(data, len, &options, &stream, err) != YAML_OK) {
		return refuse(data, len, name, err);
	}
	struct yaml_reading reading = {
		.stream = stream, .name = name, .found = m,
	};
	for (size_t i = 0; i < yaml_stream_count(stream) && r == 0; i++) {
		r = read_document(&reading, yaml_stream_document(stream, i), 0, err);
	}
	say_guessed(&reading);
	say_templates(&reading, &reading.templates[0], "and it is not read");
	say_templates(&reading, &reading.templates[1],
		      "so any push to its repository may ring it");
	yaml_stream_free(stream);
	return r;
}

void manifests_note_broken(struct manifests *m, const char *name)
{
	size_t count = m->broken.count;

	if (count == 0 || (count < BROKEN_MAX && strcmp(m->broken.items[count - 1], name) != 0)) {
		strvec_push(&m->broken, name);
	} else if (count == BROKEN_MAX) {
		strvec_push(&m->broken, "");
	}
}

void manifests_release(struct manifests *m)
{
	app_list_release(&m->list);
	strvec_release(&m->problems);
	strvec_release(&m->patches);
	strvec_release(&m->broken);
}
