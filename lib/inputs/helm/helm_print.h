/*
 * What of a chart's files reaches "helm template", for the fingerprint.
 */
#ifndef LIB_INPUTS_HELM_HELM_PRINT_H
#define LIB_INPUTS_HELM_HELM_PRINT_H

#include "inputs/helm/helm_template.h"
#include "inputs/inputs_impl.h"

/*
 * A template said without comments and without the space that is trimmed, onto
 * out; texts: with what stands outside of actions.  False, and what is on out
 * is of no use, if Go would not read it as it is read here.
 */
bool helm_print_actions(const char *text, size_t len, bool texts, struct buf *out);

/* What of Chart.yaml counts. */
struct helm_metadata {
	const struct helm_templates *templates; // fields that they name count
	bool all;      // all fields count
	bool building; // dependencies are fetched
	bool older;    // there is a requirements.yaml or requirements.lock
	bool sub;      // it is that of a subchart
};

/* Put Chart.yaml into the fingerprint; how says what of it. */
void helm_print_metadata(struct inputs_walk *w, const struct inputs_entry *entry,
			 const struct helm_metadata *how);

/* Can the file be decoded as a Chart.lock, for certain? */
bool helm_is_lock(struct inputs_walk *w, const struct inputs_entry *entry);

#endif
