/*
 * Places in Git repositories, as addresses name them.
 *
 * Renderers get files and directories of a repository by addresses that are
 * not those by which it is cloned: a forge's page with the bytes of one file,
 * an address of a downloader that clones (helm-git, go-getter).  Which
 * repository, ref and path are meant is read off the text; nothing is asked.
 */
#ifndef LIB_BASE_GITPLACE_H
#define LIB_BASE_GITPLACE_H

#include <stdbool.h>

/* A file or directory of a repository; all strings are its own. */
struct gitplace {
	char *url;  // what would be cloned; "https://HOST/": any repository there
	char *path; // as written and not cleaned; "" is the root
	char *ref;  // branch, tag or commit; "" is the default branch
};

/* Free the strings; a zeroed or released one is fine. */
void gitplace_release(struct gitplace *place);

/*
 * True if place is in the repository with this normalised address (giturl.h),
 * at ref (a full name). A place without a ref stands for any ref: the default
 * branch is not known here. repository and ref may be NULL: false, and any ref.
 */
bool gitplace_is_at(const struct gitplace *place, const char *repository, const char *ref);

/* True if text is got by HTTP. */
bool gitplace_is_http(const char *text);

/* place and its strings are borrowed. */
typedef void (*gitplace_found)(void *arg, const struct gitplace *place);

/*
 * Which files of which repository, at which ref, may url name?  Known are the
 * pages of files of GitHub, GitLab, Gitea, Forgejo, Bitbucket and Azure DevOps,
 * those of their interfaces for programs, and what gitplace_parse() knows.
 * Where the name of the ref ends is not said in most such addresses, and what
 * the repository is called not in all, so found is called for each place that
 * may be meant; a path is as written, and not cleaned.
 */
void gitplace_of_file(const char *url, gitplace_found found, void *arg);

/*
 * The same for the index (index.yaml) of a repository of charts that is at url:
 * one whose files are pages of a Git repository.
 */
void gitplace_of_index(const char *url, gitplace_found found, void *arg);

/*
 * Take the address of a downloader that clones apart: helm-git's
 * "git+https://HOST/REPOSITORY@PATH?ref=REF", or "git::" and an address that
 * has "//PATH" (go-getter) or "@PATH" behind the repository.  True with
 * *ret_place filled (gitplace_release()); false, and *ret_place untouched, if
 * text is none.
 */
bool gitplace_parse(const char *text, struct gitplace *ret_place);

/*
 * The first value of an option in a query, decoded as a form: a new string;
 * NULL if there is none or the query is malformed.
 */
char *gitplace_option(const char *query, const char *name);

/*
 * An address as people may see it, a new string: without user, password and
 * what its query says, but for which ref it is; any other text is copied.
 */
char *gitplace_shown(const char *text);

/* The text after prefix if text begins with it in any case, else NULL. */
const char *gitplace_after(const char *text, const char *prefix);

#endif
