/*
 * What "explain" says.
 *
 * Text is for people: how many applications, then each with the changed paths
 * that touched it and the chain from what read the path up to its root.  Paths
 * come from a repository, so what could steer a terminal is replaced.  JSON is
 * one line, of the same shape always.
 */
#include "receiver/cli/explain.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "affected/affected_json.h"
#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "receiver/cli/verb.h"

#define CANDIDATES 3
#define DISTANCE_BYTES 256
#define SHORT_ID 10

void explain_put_json(json_t *tree)
{
	char *text = json_dumps(tree, JSON_COMPACT);

	(void)puts(text != NULL ? text : "{}");
	free(text);
	json_decref(tree);
}

static const char *short_ref(const char *ref)
{
	return strncmp(ref, "refs/heads/", 11) == 0  ? ref + 11
	       : strncmp(ref, "refs/tags/", 10) == 0 ? ref + 10
						     : ref;
}

/* --- JSON --- */

/* A fall-back has no path to show: its sentence stands in the chain. */
static json_t *item_reasons(const struct affected *affected,
			    const struct affected_application *item)
{
	json_t *reasons = item->told != NULL ? json_loads(item->told, 0, NULL) : NULL;

	if (reasons != NULL) {
		return reasons;
	}
	if (affected->fallback == FALLBACK_NONE) {
		return json_array();
	}
	return json_pack("[{s:s, s:s, s:s, s:[o]}]", "path", "", "change",
			 change_kind_name(CHANGE_MODIFIED), "probe",
			 probe_kind_name(PROBE_ALWAYS), "via",
			 json_string(fallback_text(affected->fallback)));
}

static json_t *items_to_json(const struct explain_result *result,
			     const struct affected_application *items, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		char *name = app_full_name(result->apps->items[items[i].app]);

		(void)json_array_append_new(
			array, json_pack("{s:s, s:I, s:o}", "application", name, "source",
					 (json_int_t)items[i].source, "reasons",
					 item_reasons(result->affected, &items[i])));
		free(name);
	}
	return array;
}

static void print_json(const struct explain *e, const struct explain_result *result)
{
	char before[OID_HEX_MAX + 1];
	char after[OID_HEX_MAX + 1];
	const struct affected *a = result->affected;
	double elapsed = (double)(mstime_nanoseconds() - e->started_ns) / 1e6;

	explain_put_json(json_pack("{s:o, s:s, s:s, s:I, s:I, s:o, s:o, s:f}", "repository",
			   text_to_json(e->repository), "before",
			   oid_to_hex(&e->before, before), "after", oid_to_hex(&e->after, after),
			   "changed_paths", (json_int_t)a->changed_paths, "applications",
			   (json_int_t)result->apps->count, "affected",
			   items_to_json(result, a->items, a->count), "same",
			   items_to_json(result, a->same, a->same_count), "elapsed_ms", elapsed));
}

/* --- text --- */

void explain_put_chain(const char *path, const struct strvec *via)
{
	const char *arrow = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\xe2\x86\x90" : "<-";

	verb_fput(stdout, path[0] != '\0' ? path : "any change");
	for (size_t i = 0; i < via->count; i++) {
		(void)printf(" %s ", arrow);
		verb_fput(stdout, via->items[i]);
	}
}

static void print_reason(const json_t *reason)
{
	const char *path = json_string_value(json_object_get(reason, "path"));
	const json_t *links = json_object_get(reason, "via");
	struct strvec via = STRVEC_INIT;
	const json_t *link;
	size_t i;

	json_array_foreach(links, i, link) {
		strvec_push(&via, json_string_value(link));
	}
	(void)printf("    ");
	explain_put_chain(path, &via);
	if (path[0] != '\0') {
		(void)printf("  (%s)", json_string_value(json_object_get(reason, "change")));
	}
	(void)printf("\n");
	strvec_release(&via);
}

static void print_item(const struct explain_result *result,
		       const struct affected_application *item)
{
	char *name = app_full_name(result->apps->items[item->app]);
	json_t *reasons = item->told != NULL ? json_loads(item->told, 0, NULL) : NULL;
	size_t count = json_array_size(reasons);

	(void)printf("\n");
	verb_fput(stdout, name);
	free(name);
	if (item->source > 0) {
		(void)printf("  (source %zu)", item->source);
	}
	(void)printf("\n");
	for (size_t k = 0; k < count; k++) {
		print_reason(json_array_get(reasons, k));
	}
	if (item->touched > count && count > 0) {
		(void)printf("    and %zu more\n", item->touched - count);
	}
	json_decref(reasons);
}

/* Those of which somebody may ask why they are not rung. */
static void print_same(const struct explain_result *result)
{
	const struct affected *a = result->affected;

	if (a->same_count == 0) {
		return;
	}
	(void)printf("\n%zu not rung: what changed of its inputs is rendered to the same\n",
		     a->same_count);
	for (size_t i = 0; i < a->same_count; i++) {
		print_item(result, &a->same[i]);
	}
}

/* Why nothing is affected, in one line. */
static void print_nothing(const struct explain *e, const struct explain_result *result)
{
	size_t changed = result->affected->changed_paths;

	if (result->apps->count == 0) {
		(void)printf("no applications were given\n");
		return;
	}
	if (result->readers == 0) {
		(void)printf("none of the %zu applications reads from ", result->apps->count);
		verb_fput(stdout, e->repository);
		(void)printf("\n");
		return;
	}
	(void)printf("%zu changed path%s", changed, changed == 1 ? "" : "s");
	if (result->affected->tracked == 0) {
		(void)printf(", but no application follows ");
	} else if (changed == 0) {
		(void)printf(": both commits hold the same files, so nothing changes for ");
	} else if (result->affected->same_count > 0) {
		(void)printf(", none changes what is rendered for an application that follows ");
	} else {
		(void)printf(", none is an input of an application that follows ");
	}
	verb_fput(stdout, short_ref(e->ref));
	(void)printf("\n");
}

static void print_text(const struct explain *e, const struct explain_result *result)
{
	char before[OID_HEX_MAX + 1];
	char after[OID_HEX_MAX + 1];

	(void)printf("%zu of %zu application%s\n", result->affected->count, result->apps->count,
		     result->apps->count == 1 ? "" : "s");
	(void)printf("%.*s..%.*s of ", SHORT_ID, oid_to_hex(&e->before, before), SHORT_ID,
		     oid_to_hex(&e->after, after));
	verb_fput(stdout, e->repository);
	(void)printf(", taken as a push to ");
	verb_fput(stdout, short_ref(e->ref));
	(void)printf("%s\n", e->ref_is_given ? "" : " (the default branch; --ref says otherwise)");
	if (result->affected->fallback != FALLBACK_NONE) {
		(void)printf("all that follow it, because ");
		verb_fput(stdout, fallback_text(result->affected->fallback));
		(void)printf("\n");
	}
	for (size_t i = 0; i < result->affected->count; i++) {
		print_item(result, &result->affected->items[i]);
	}
	if (result->affected->count == 0) {
		print_nothing(e, result);
	}
	print_same(result);
}

void explain_print(const struct explain *e, const struct explain_result *result)
{
	if (e->json) {
		print_json(e, result);
	} else {
		print_text(e, result);
	}
}

void explain_print_failure(const struct explain *e)
{
	const struct explain_failure *f = &e->failure;

	if (e->json) {
		explain_put_json(json_pack("{s:{s:s, s:o, s:o}}", "error", "code", f->code,
					   "message", text_to_json(f->message.text),
					   "hint", text_to_json(f->hint.text)));
		return;
	}
	(void)fputs("doorbell explain: ", stderr);
	verb_fput(stderr, f->message.text);
	(void)fputc('\n', stderr);
	if (f->hint.text[0] != '\0') {
		(void)fputs("hint: ", stderr);
		verb_fput(stderr, f->hint.text);
		(void)fputc('\n', stderr);
	}
}

/*
 * --- addresses that look alike ---
 *
 * That nothing is affected has one cause more often than all others: the
 * applications spell the address of the repository in a way that giturl.h cannot
 * know for the same (another host name, a mirror).  So the nearest are shown.
 */

/* Levenshtein's distance of the first DISTANCE_BYTES of two texts. */
static size_t distance(const char *a, const char *b)
{
	size_t row[DISTANCE_BYTES + 1];
	size_t a_len = strnlen(a, DISTANCE_BYTES);
	size_t b_len = strnlen(b, DISTANCE_BYTES);

	for (size_t j = 0; j <= b_len; j++) {
		row[j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[b_len];
}

/* The repository nearest to name that is not in said, or NULL. */
static const char *nearest(const struct app_list *apps, const char *name,
			   const struct strvec *said)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	for (size_t i = 0; i < apps->count; i++) {
		for (size_t k = 0; k < apps->items[i]->source_count; k++) {
			const char *candidate = apps->items[i]->sources[k].repository;

			if (candidate == NULL || strcmp(candidate, APP_ANY_REPOSITORY) == 0 ||
			    strvec_contains(said, candidate)) {
				continue;
			}
			size_t d = distance(candidate, name);
			if (d < best_distance) {
				best_distance = d;
				best = candidate;
			}
		}
	}
	return best;
}

void explain_print_candidates(const struct explain *e, const struct app_list *apps)
{
	struct strvec said = STRVEC_INIT;
	const char *candidate;

	(void)fputs("doorbell explain: no application reads from ", stderr);
	verb_fput(stderr, e->repository);
	while (said.count < CANDIDATES &&
	       (candidate = nearest(apps, e->repository, &said)) != NULL) {
		(void)fputs(said.count == 0 ? "; nearest: " : ", ", stderr);
		verb_fput(stderr, candidate);
		strvec_push(&said, candidate);
	}
	(void)fputs(said.count > 0 ? " (--url names the repository as they do)\n" : "\n", stderr);
	strvec_release(&said);
}
