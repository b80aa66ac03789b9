/*
 * Addresses in kustomization files that are not local paths.
 *
 * Pure text, no walk: a reference to a Git repository is taken apart as
 * Kustomize does it, and the address of one file in a repository's web pages
 * is mapped back to the path it has in that repository.
 */
#ifndef LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_REMOTE_H
#define LIB_INPUTS_KUSTOMIZE_KUSTOMIZE_REMOTE_H

#include <stdbool.h>

/* A reference to a directory of a Git repository; all strings are its own. */
struct kustomize_remote {
	char *url;  // what would be cloned
	char *path; // directory in it, as written and not cleaned; "" is its root
	char *ref;  // branch, tag or commit; "" is the default branch
};

/*
 * Take text apart as Kustomize's NewRepoSpecFromURL() does. True with
 * *ret_remote filled (kustomize_remote_release()) if Kustomize would clone;
 * false, and *ret_remote untouched, if it would take text for a local path.
 */
bool kustomize_remote_parse(const char *text, struct kustomize_remote *ret_remote);

/* Free the strings; a zeroed or released one is fine. */
void kustomize_remote_release(struct kustomize_remote *remote);

/* True if Kustomize gets text by HTTP where it wants a file. */
bool kustomize_remote_is_url(const char *text);

/*
 * True if remote is the repository with this normalised address (giturl.h),
 * at ref (a full name). A remote without a ref stands for any ref: the default
 * branch is not known here. repository and ref may be NULL: false, and any ref.
 */
bool kustomize_remote_is_ours(const struct kustomize_remote *remote, const char *repository,
			      const char *ref);

/* remote and its strings are borrowed. */
typedef void (*kustomize_remote_found)(void *arg, const struct kustomize_remote *remote);

/*
 * Which files of which repository, at which ref, may url name?  Known are the
 * raw and blob pages of GitHub, GitLab, Gitea, Forgejo and Bitbucket.  Where
 * the name of the ref ends is not said in such an address, so found is called
 * for each place where it may; a path is as written, and not cleaned.
 */
void kustomize_remote_files(const char *url, kustomize_remote_found found, void *arg);

#endif
