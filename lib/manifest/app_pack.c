/*
 * An application in one block of memory.
 *
 * A JSON tree of a source takes a kilobyte in thirty allocations; as text it
 * is a tenth of that.  Who holds a hundred thousand applications, and looks
 * into the source of one only when that one is walked, keeps the text.
 *
 * The block: struct app, its sources, all strings one after the other.
 */
#include <string.h>

#include "base/xalloc.h"
#include "manifest/app_impl.h"

/* Where the next string goes; without a place, only the bytes are counted. */
struct packing {
	char *place;
	size_t len;
};

static char *add(struct packing *p, const char *text)
{
	size_t len = text != NULL ? strlen(text) + 1 : 0;
	char *at = p->place != NULL && text != NULL ? p->place + p->len : NULL;

	if (at != NULL) {
		memcpy(at, text, len);
	}
	p->len += len;
	return at;
}

static void add_source(struct packing *p, const struct app_source *from, const char *text,
		       struct app_source *to)
{
	*to = *from;
	to->url = add(p, from->url);
	to->repository = add(p, from->repository);
	to->target_revision = add(p, from->target_revision);
	to->path = add(p, from->path);
	to->ref = add(p, from->ref);
	to->tag_prefix = add(p, from->tag_prefix);
	to->walker = add(p, from->walker);
	to->spec = NULL;
	to->spec_text = add(p, text);
}

/* Everything that is text, into *to, whose sources have room. */
static void add_all(struct packing *p, const struct app *app, char *const *texts, struct app *to)
{
	struct app_source *sources = to->sources;

	*to = *app;
	to->packed = true;
	to->sources = sources;
	to->id.name = add(p, app->id.name);
	to->id.namespace = add(p, app->id.namespace);
	to->project = add(p, app->project);
	to->generate_paths = add(p, app->generate_paths);
	to->origin = add(p, app->origin);
	to->id.cluster = add(p, app->id.cluster);
	to->spec = NULL;
	for (size_t i = 0; i < app->source_count; i++) {
		add_source(p, &app->sources[i], texts[i], &sources[i]);
	}
}

struct app *app_pack_take(struct app *app)
{
	size_t head = sizeof(*app) + app->source_count * sizeof(*app->sources);
	struct app counted = { .sources = xcalloc(app->source_count + 1, sizeof(*app->sources)) };
	char **texts = xcalloc(app->source_count + 1, sizeof(*texts));
	struct packing p = { .place = NULL };

	for (size_t i = 0; i < app->source_count; i++) {
		texts[i] = json_dumps(app->sources[i].spec, JSON_COMPACT | JSON_SORT_KEYS);
	}
	add_all(&p, app, texts, &counted);
	char *block = xmalloc(head + p.len);
	struct app *packed = (struct app *)(void *)block;

	p = (struct packing){ .place = block + head };
	packed->sources = (struct app_source *)(void *)(block + sizeof(*app));
	add_all(&p, app, texts, packed);
	for (size_t i = 0; i < app->source_count; i++) {
		free(texts[i]);
	}
	free(texts);
	free(counted.sources);
	app_free(app);
	return packed;
}

json_t *app_source_spec(const struct app_source *source)
{
	if (source->spec_text == NULL) {
		return json_incref(source->spec);
	}
	return json_loads(source->spec_text, 0, NULL);
}
