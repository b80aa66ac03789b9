/*
 * The room for what an application is: what the manifest of an Argo CD
 * Application, an ApplicationSet, a Flux Kustomization or HelmRelease says about
 * its inputs, and how an application is named (app_id.h).
 *
 * The inventory, the engine, the deciding core, the targets and the reader call
 * it.  It never opens a file or a repository: bytes or parsed values come in,
 * applications go out.
 *
 * Only the fields that decide which pushes matter are understood; a source's
 * whole JSON is kept, because its renderer (lib/inputs) reads more of it.
 */
#ifndef LIB_MANIFEST_APP_H
#define LIB_MANIFEST_APP_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/strvec.h"
#include "manifest/app_id.h"

enum app_result {
	APP_OK = 0,
	APP_OTHER_KIND = 1, // a valid document, but of no kind that we know
	APP_MALFORMED = 2   // one of those whose fields have the wrong types
};

/* Is such an object rung, or is it only there to be referred to? */
bool app_kind_is_rung(enum app_kind kind);

/* app_source.repository of a source that a template may lead to any repository. */
#define APP_ANY_REPOSITORY "*"

/* One source: spec.source, a member of spec.sources[], or a hydrator's. */
struct app_source {
	char *url;             // repoURL as written
	char *repository;      // url normalised (giturl.h); NULL: not git, or unreadable
	char *target_revision; // as written; "" and "HEAD" mean the default branch
	char *path;            // "" if not given; relative, cleaned, no leading or trailing "/"
	char *ref;             // name for "$ref/..." in other sources, or NULL
	char *tag_prefix;      // taken off a tag before its version is looked at, or NULL
	json_t *spec;          // the source object, owned; NULL if the application is packed
	char *spec_text;       // packed: the same as JSON with sorted keys
	bool annotation_applies; // false for a hydrator's sync source and for other kinds
	char *walker;          // who reads it (inputs.h); NULL: Argo CD's detection decides
	/*
	 * Not a source of the application's, but a remote reference that one of
	 * them has: a change there moves no revision of the application's own, so
	 * it is rung hard (trigger.h).  Remote references stand behind the sources,
	 * and the annotation never applies to them.
	 */
	bool remote;
};

struct app {
	struct app_id id;      // its strings are the application's; cluster: by the configuration
	char *project;         // "default" if not given; "" for other kinds
	char *generate_paths;  // argocd.argoproj.io/manifest-generate-paths, or NULL
	bool skip_reconcile;   // argocd.argoproj.io/skip-reconcile, or Flux's suspend, is true
	bool automated;        // spec.syncPolicy.automated is set and not disabled
	struct app_source *sources;
	size_t source_count;   // own ones first, then remote references
	json_t *spec;          // Flux: what app_link() needs; else NULL
	char *origin;          // where it was read: "file:line", for people
	/*
	 * Of the repository that it was read from, borrowed, for app_link() alone:
	 * its name and the ref's full name. NULL: from no repository.
	 */
	const char *home_repository, *home_ref;
	bool patch;            // read from a patch of a kustomization (patch.h)
	bool folded;           // app_link(): another of its name has its sources, too
	/*
	 * Several of one name are in the list, and are rung as one: the one that
	 * says all but what is read, which may be this; NULL: it has no namesake.
	 * Borrowed, set with the list.
	 */
	const struct app *first;
	bool packed;           // one block of memory, see app_pack_take()
};

/*
 * Read one Kubernetes object. APP_OK gives a new application (app_free());
 * otherwise *ret_app is untouched and err says why. origin is copied.
 */
enum app_result app_from_json(const json_t *object, const char *origin, struct app **ret_app,
			      struct error *err);

/* The inverse, enough for app_from_json() to give an equal app: for frames. New reference. */
json_t *app_to_json(const struct app *app);

/*
 * The same application in one small block: app is freed, the result is read
 * only and freed as any other.  Its sources have no spec but spec_text, and
 * what app_link() needs is gone.
 */
struct app *app_pack_take(struct app *app);

/* The source object, packed or not: a new reference, or NULL if it is not JSON. */
json_t *app_source_spec(const struct app_source *source);

/* Do two say the same of what they are made from, and of when they are rung? */
bool app_is_same(const struct app *a, const struct app *b);

/* Free an application; NULL is fine. */
void app_free(struct app *app);

/* What a source is made from in another repository, or at another ref. */
struct remote_reference {
	const char *repository; // normalised
	const char *ref;        // as a target revision; "" is the default branch
	const char *path;       // cleaned
	const char *walker;     // who reads it (inputs.h)
};

/*
 * Give the application (not a packed one) a remote reference; one that it has
 * already is not given twice.  Where there are very many, one stands for all
 * of its repository.  0, or -1 if there is no room or reference makes no source.
 */
int app_add_remote_reference(struct app *app, const struct remote_reference *reference);

/*
 * Give it the remote references that its sources have by addresses of files
 * and charts in itself, but for those that only a walk of the source can tell.
 * name tells which configured repository an address means, or NULL for none.
 * 0, or -1 if there was no room for one.
 */
int app_add_addresses(struct app *app, const char *(*name)(void *ctx, const char *address),
		      void *ctx);

/* Take all remote references away. */
void app_drop_remote_references(struct app *app);

/* Its id as one text (app_id.h): a new string. */
char *app_full_name(const struct app *app);

/* Say where it runs: copied; NULL, "", and what is no Kubernetes name are none. */
void app_set_cluster(struct app *app, const char *cluster);

enum revision_match {
	REVISION_NO = 0,
	REVISION_EXACT,   // the ref by its full or short name
	REVISION_DEFAULT, // "" or HEAD, and the ref is the default branch
	REVISION_RANGE,   // a semver range with the tag's version in it, or a template
	REVISION_PINNED   // a commit id: no push moves it (never a match, kept for the reason)
};

/*
 * Does a push to ref (full name) move what target_revision names?  An
 * unqualified "x" is refs/heads/x or refs/tags/x; with a full name only that.
 * default_branch is the short name or NULL if unknown (then "" and HEAD match
 * any branch: when in doubt, affected); a branch or a tag that is called HEAD
 * matches them, too.  tag_prefix (spec.source.tagPrefix,
 * may be NULL) is taken off a tag before the range is tried.
 * REVISION_NO and REVISION_PINNED mean no.
 */
enum revision_match app_revision_matches(const char *target_revision, const char *tag_prefix,
					 const char *ref, const char *default_branch);

/* Does a source read from repository (normalised), or may it? */
bool app_source_reads(const struct app_source *source, const char *repository);

/* A growing list of applications, owned. */
struct app_list {
	struct app **items;
	size_t count;
	size_t capacity;
};

/* Append an application, which the list owns from now on. */
void app_list_add_take(struct app_list *list, struct app *app);

/*
 * Give Flux's objects in list their sources, from the GitRepositories in the
 * list; those that they had go.  One reads from objects of its own cluster.
 * Of several with one full name the first gets the sources of all, and the
 * others are folded.  problems gets a line for each object that is referred to
 * and not there, and for those folded.
 */
void app_link(const struct app_list *list, struct strvec *problems);

/* Free the list and all in it; usable as empty afterwards. */
void app_list_release(struct app_list *list);

#endif
