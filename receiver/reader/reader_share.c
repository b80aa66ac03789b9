/*
 * Which applications a repository's reader is given.
 *
 * A reader gets only the applications with a source in the repository, counts
 * them from 0, and answers with those numbers; the share maps them back, so
 * that no number from a reader is ever an index into our own list.
 *
 * Whether a share changed is told by a digest of its content, seeded at random
 * so that nobody can prepare two applications that look alike.  Where the
 * applications stand in our list does not count: that is our business only.
 *
 * When a share changes, most of it does not: what the reader has is called by
 * its number.  Both lists keep their order, so one look ahead over a window
 * finds what was added, changed or taken away.
 */
#include "receiver/reader/reader_share.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

/* How many applications in a row may be gone before we give up looking. */
#define LOOK_AHEAD 4096

static uint64_t mix(uint64_t digest, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	digest = (digest ^ len) * 0x9e3779b97f4a7c15ULL;
	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t n = len - i < sizeof(word) ? len - i : sizeof(word);

		memcpy(&word, bytes + i, n);
		digest = (digest ^ word) * 0xff51afd7ed558ccdULL;
		digest ^= digest >> 29;
	}
	return digest ^ (digest >> 32);
}

static uint64_t mix_text(uint64_t digest, const char *text)
{
	return text != NULL ? mix(digest, text, strlen(text)) : mix(digest, "\0", 1);
}

/* A tree of an application is bounded in depth and size (app.c). */
static uint64_t mix_json(uint64_t digest, json_t *node)
{
	const char *key;
	json_t *value;
	size_t i;
	int type = (int)json_typeof(node);

	digest = mix(digest, &type, sizeof(type));
	if (json_is_string(node)) {
		return mix(digest, json_string_value(node), json_string_length(node));
	}
	if (json_is_number(node)) {
		double number = json_number_value(node);

		return mix(digest, &number, sizeof(number));
	}
	json_object_foreach(node, key, value) {
		digest = mix_json(mix_text(digest, key), value);
	}
	json_array_foreach(node, i, value) {
		digest = mix_json(digest, value);
	}
	return digest;
}

static uint64_t mix_app(uint64_t digest, const struct app *app)
{
	bool switches[] = { app->skip_reconcile, app->automated };
	int kind = (int)app->id.kind;

	digest = mix(digest, &kind, sizeof(kind));
	digest = mix_text(digest, app->id.name);
	digest = mix_text(digest, app->id.namespace);
	digest = mix_text(digest, app->project);
	digest = mix_text(digest, app->id.cluster);
	digest = mix_text(digest, app->generate_paths);
	digest = mix(digest, switches, sizeof(switches));
	for (size_t i = 0; i < app->source_count; i++) {
		bool of_source[] = { app->sources[i].annotation_applies, app->sources[i].remote };

		digest = mix(digest, of_source, sizeof(of_source));
		digest = mix_text(digest, app->sources[i].repository);
		digest = mix_json(digest, app->sources[i].spec);
	}
	return digest;
}

struct share *share_new(uint64_t generation, uint64_t seed)
{
	struct share *share = xcalloc(1, sizeof(*share));

	share->users = 1;
	share->generation = generation;
	share->digest = share->seed = seed;
	return share;
}

void share_add(struct share *share, const struct app *app, size_t index)
{
	share->items = xgrow(share->items, share->count, &share->capacity, sizeof(*share->items));
	uint64_t digest = mix_app(share->seed, app);

	share->items[share->count++] = (struct share_item){
		.index = index, .sources = app->source_count, .digest = digest,
		.name = app_full_name(app),
	};
	share->digest = mix(share->digest, &digest, sizeof(digest));
}

bool share_ends_with(const struct share *share, size_t index)
{
	return share->count > 0 && share->items[share->count - 1].index == index;
}

void share_drop(struct share *share)
{
	if (share == NULL || --share->users > 0) {
		return;
	}
	for (size_t i = 0; i < share->count; i++) {
		free(share->items[i].name);
	}
	free(share->items);
	free(share);
}

void share_set(struct share **share, struct share *value)
{
	if (value != NULL) {
		value->users++;
	}
	share_drop(*share);
	*share = value;
}

/*
 * One application as JSON text. The trees hold what JSON or UTF-8 YAML held,
 * so they can be written.  What a source's address means is said too, because
 * only we know the aliases.
 */
static void add_app(struct buf *out, const struct app *app)
{
	json_t *tree = app_to_json(app);
	json_t *repositories = json_array();

	for (size_t i = 0; i < app->source_count; i++) {
		const char *repository = app->sources[i].repository;

		(void)json_array_append_new(repositories, repository != NULL
								  ? json_string(repository)
								  : json_null());
	}
	(void)json_object_set_new(tree, "repositories", repositories);
	char *text = json_dumps(tree, JSON_COMPACT);

	(void)buf_addstr(out, text != NULL ? text : "null");
	free(text);
	json_decref(tree);
}

/* Where the reader has this application, looking from number from on: + 1, or 0. */
static size_t find_old(const struct share *old, size_t from, uint64_t digest)
{
	size_t end = old != NULL ? old->count : 0;

	end = end > from && end - from > LOOK_AHEAD ? from + LOOK_AHEAD : end;
	for (size_t i = from; i < end; i++) {
		if (old->items[i].digest == digest) {
			return i + 1;
		}
	}
	return 0;
}

void share_piece(const struct share *share, const struct share *old, const struct app_list *list,
		 const char *key, uint64_t id, struct share_cursor *at, struct buf *out)
{
	json_t *head = json_pack("{s:s, s:I, s:s, s:b}", "op", "apps", "id", (json_int_t)id,
				 "repository", key, "reset", at->next == 0);
	char *text = json_dumps(head, JSON_COMPACT);
	const char *comma = "";

	buf_reset(out);
	(void)buf_add(out, text, strlen(text) - 1);
	(void)buf_addstr(out, ",\"applications\":[");
	for (; at->next < share->count && out->len < READER_PIECE_BYTES; at->next++) {
		const struct share_item *item = &share->items[at->next];
		size_t found = find_old(old, at->old, item->digest);

		(void)buf_addstr(out, comma);
		comma = ",";
		if (found > 0) {
			(void)buf_addf(out, "%zu", found - 1);
			at->old = found;
			continue;
		}
		add_app(out, list->items[item->index]);
	}
	(void)buf_addf(out, "],\"last\":%s}", at->next == share->count ? "true" : "false");
	free(text);
	json_decref(head);
}
