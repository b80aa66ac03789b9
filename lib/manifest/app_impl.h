/*
 * Between the files that read manifests: app.c (Application), appset.c
 * (ApplicationSet), flux.c and flux_link.c (Flux), app_field.c (what they share).
 */
#ifndef LIB_MANIFEST_APP_IMPL_H
#define LIB_MANIFEST_APP_IMPL_H

#include "manifest/app.h"

#define APP_NAME_BYTES 253
#define APP_TEXT_BYTES 4096

/* What is said of an object that has no source: a patch of other fields has none (patch.c). */
#define APP_NO_SOURCE "spec has no source"
#define APP_NO_SPEC "spec is missing"

/*
 * The string at key of object as a new string, "" if absent or null. NULL with
 * err if it is no string, longer than max or holds a NUL; where names the object.
 */
char *app_take_text(const json_t *object, const char *where, const char *key, size_t max,
		    struct error *err);

/*
 * The object at key: 1 with *ret_value, 0 if it is absent or null, -1 with err
 * if it is something else.
 */
int app_get_object(const json_t *object, const char *where, const char *key,
		   const json_t **ret_value, struct error *err);

/* A boolean in JSON or as YAML text: 1 or 0; -1: neither; -2: absent or null. */
int app_get_bool(const json_t *object, const char *key);

/* Is a tree of a size and depth that we hold (LIMIT_APPLICATION_BYTES)? A cycle is not. */
bool app_fits(const json_t *tree);

/* Do all its sources together fit, so that it can go through a frame? */
bool app_sources_fit(const struct app *app);

/*
 * Does a text hold a template, of which only a controller knows what it
 * becomes: of Go and Helm, a variable of Flux or Kustomize, a secret that a
 * plugin puts in?
 */
bool app_is_template(const char *text);

/*
 * Does a text hold "$NAME", as envsubst fills in? Not for what may hold a dollar
 * of its own: "$values/a.yaml" of a value file, a password in an address.
 */
bool app_has_variable(const char *text);

/* Is an object of one of our kinds, and of which? */
bool app_kind_find(const json_t *object, enum app_kind *ret_kind);

/* The API group of a kind, with the slash before its version: a constant. */
const char *app_kind_group(enum app_kind kind);

/* Make room for count zeroed sources; app has none. */
void app_allot_sources(struct app *app, size_t count);

/*
 * Read one source of an Application into *source (zeroed; released by the
 * caller in any case). spec is borrowed; where names it. 0, or -1 with err.
 */
int app_read_source(struct app_source *source, json_t *spec, const char *where,
		    struct error *err);

/*
 * As app_read_source(), of a source that was made for another kind: its
 * "walker" names who reads it, with its "options"; repoURL may be a template.
 */
int app_read_made_source(struct app_source *source, json_t *spec, const char *where,
			 struct error *err);

/* Free what a source holds. */
void app_release_source(struct app_source *source);

/*
 * Read spec (borrowed) of one kind into app, which has its metadata. 0, or -1
 * with err.  An ApplicationSet's git generators become its sources (appset.c);
 * what Flux reads is only known with its GitRepository: the spec is kept for
 * app_link() (flux_link.c).
 */
int appset_read(struct app *app, const json_t *spec, struct error *err);
int flux_read_kustomization(struct app *app, const json_t *spec, struct error *err);
int flux_read_helm_release(struct app *app, const json_t *spec, struct error *err);
int flux_read_git_repository(struct app *app, const json_t *spec, struct error *err);
int flux_read_helm_chart(struct app *app, const json_t *spec, struct error *err);
int flux_read_artifact_generator(struct app *app, const json_t *spec, struct error *err);

#endif
