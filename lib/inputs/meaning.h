/*
 * Do two versions of a file say the same?
 */
#ifndef LIB_INPUTS_MEANING_H
#define LIB_INPUTS_MEANING_H

#include <stdbool.h>

#include "repo/repo.h"

/*
 * True if both blobs are YAML (by name: .yaml, .yml, .json, Kustomization)
 * whose meaning is equal: only comments, layout and flow or block style
 * differ. False when in doubt: too large, not YAML, not readable, perhaps read
 * as JSON (it begins with "{" or "["), an LFS pointer, encrypted by sops (its
 * MAC covers more than the values), or with a comment that Argo CD reads
 * (+argocd:skip-file-rendering).
 */
bool meaning_same(struct repo *repo, const char *name, const struct oid *before,
		  const struct oid *after);

/*
 * What a blob of that name means, for comparing within this process, with its
 * size. False when in doubt, as above, and if it is larger than max bytes;
 * *ret_size is then 0 if the blob was not read.
 */
bool meaning_of_blob(struct repo *repo, const char *name, const struct oid *id, size_t max,
		     unsigned long long *ret_meaning, size_t *ret_size);

/*
 * True if a file of that name can hold no Kubernetes object for Argo CD's
 * directories (Argo CD, reposerver/repository, getObjsFromYAMLOrJSON): what is
 * not .json or .jsonnet is decoded document by document; the first without a
 * "kind" ends that with an error, which is ignored where nothing was decoded
 * before and the text has no "kind:".  So a text without the word contributes
 * nothing.  False if it is larger than 64 KiB (all files together have a
 * ceiling), or if the word could be there in disguise: an escape, a tag
 * (!!binary), another encoding.
 */
bool meaning_holds_no_object(struct repo *repo, const char *name, const struct oid *id);

/*
 * True if readers of YAML may disagree about where a document of the text
 * begins or ends, or whether it is one: a directive, "...", "--- a: 1", or a
 * carriage return that ends no line.  Also with a byte order mark, behind which
 * the text may be in another encoding.
 */
bool meaning_has_odd_lines(const char *text, size_t len);

/* As meaning_of_blob() for a text that stands for a YAML file. */
bool meaning_of_text(const char *text, size_t len, unsigned long long *ret_meaning);

#endif
