/*
 * Flux: which objects are in the same cluster, by where their files lie.
 *
 * One repository often holds several clusters, each with objects of the same
 * names.  A Kustomization applies the files below its spec.path, so an object
 * comes into the cluster of the Kustomization that applies it; that one is
 * applied by another, and so on up to one that applies itself, as "flux
 * bootstrap" makes it.  Its path is the tree of one cluster.  Of a file that
 * nothing applies only the directory is known.
 */
#ifndef LIB_MANIFEST_FLUX_TREE_H
#define LIB_MANIFEST_FLUX_TREE_H

#include "manifest/app.h"

/* The trees and directories of a list of objects. */
struct flux_trees;

/* The name of the GitRepository that a cluster is bootstrapped from. */
#define FLUX_OWN_NAME "flux-system"

enum flux_relation {
	RELATION_OTHERS,  // they are in the trees of different clusters
	RELATION_DOUBT,   // nothing is known
	RELATION_BESIDE,  // their directories are the same, or one is in the other
	RELATION_TOGETHER // they are in one tree
};

/* The field of object that is text, or "". Borrowed. */
const char *flux_text(const json_t *object, const char *key);

/* A path below the root of a source, where ".." stops, as a new string. */
char *flux_clean(const char *path);

/*
 * Look at a list, and at those of its objects that can be referred to: both
 * are borrowed. Never NULL.
 */
struct flux_trees *flux_trees_new(const struct app_list *list, const struct app_list *objects);

/* Free what flux_trees_new() made. */
void flux_trees_free(struct flux_trees *trees);

/* The Kustomizations that apply the directory of an object; they live as long as trees. */
const struct app_list *flux_trees_parents(struct flux_trees *trees, const struct app *app);

/* Append all that a reference may mean to *found, as a view. */
void flux_trees_find(const struct flux_trees *trees, const struct app *from,
		     const json_t *reference, enum app_kind kind, struct app_list *found);

/* How does the one that is nearest of those that refer to an object stand to it? */
enum flux_relation flux_trees_nearest(struct flux_trees *trees, const struct app *object);

/* How two objects stand to each other. */
enum flux_relation flux_relate(struct flux_trees *trees, const struct app *a,
			       const struct app *b);

#endif
