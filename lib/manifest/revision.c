/*
 * Does a push to a ref move what a targetRevision names?
 *
 * Argo CD resolves a revision in this order (util/git/client.go, LsRemote): a
 * full commit id is itself; a ref by its full or short name; a semver range
 * is the highest tag in it; an abbreviated commit id is itself.  "" and "HEAD"
 * are the default branch, or a branch or a tag that is called HEAD: LsRemote
 * takes the first ref with that short name.  Its webhook (util/webhook/webhook.go) compares
 * names only; here branches and tags are told apart, and a tagPrefix is taken
 * off a tag before the range is tried.
 *
 * When in doubt (the default branch is not known, a template is not filled
 * in), the answer is yes.
 */
#include <string.h>

#include "base/semver.h"
#include "manifest/app_impl.h"

#define ABBREVIATED_MIN 7

/* What is left of text after prefix, or NULL. */
static const char *after_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static bool is_hex_of(const char *text, size_t min, size_t max)
{
	size_t len = strspn(text, "0123456789abcdefABCDEF");

	return text[len] == '\0' && len >= min && len <= max;
}

static bool is_full_id(const char *text)
{
	return is_hex_of(text, 40, 40) || is_hex_of(text, 64, 64);
}

static enum revision_match match_default(const char *branch, const char *tag,
					 const char *default_branch)
{
	const char *short_name = branch != NULL ? branch : tag;

	if (short_name != NULL && strcmp(short_name, "HEAD") == 0) {
		return REVISION_EXACT;
	}
	if (branch == NULL) {
		return REVISION_NO;
	}
	if (default_branch != NULL && strcmp(branch, default_branch) != 0) {
		return REVISION_NO;
	}
	return REVISION_DEFAULT;
}

/* A tag against a range, and against a single version behind the prefix. */
static enum revision_match match_tag(const char *target, const char *tag_prefix, const char *tag)
{
	const char *version = after_prefix(tag, tag_prefix != NULL ? tag_prefix : "");

	if (version == NULL || version[0] == '\0') {
		return REVISION_NO;
	}
	if (strcmp(version, target) == 0) {
		return REVISION_EXACT;
	}
	if (semver_is_range(target) && semver_matches(target, version)) {
		return REVISION_RANGE;
	}
	return REVISION_NO;
}

/* Is it a template's to say which ref is followed? */
static bool is_open(const char *target, const char *tag_prefix)
{
	return app_is_template(target) || app_has_variable(target) ||
	       (tag_prefix != NULL && app_is_template(tag_prefix));
}

enum revision_match app_revision_matches(const char *target_revision, const char *tag_prefix,
					 const char *ref, const char *default_branch)
{
	const char *branch = after_prefix(ref, "refs/heads/");
	const char *tag = after_prefix(ref, "refs/tags/");
	const char *other = after_prefix(ref, "refs/");
	enum revision_match match = REVISION_NO;

	if (other == NULL) {
		return REVISION_NO;
	}
	if (target_revision[0] == '\0' || strcmp(target_revision, "HEAD") == 0) {
		return match_default(branch, tag, default_branch);
	}
	if (is_open(target_revision, tag != NULL ? tag_prefix : NULL)) {
		return REVISION_RANGE;
	}
	if (is_full_id(target_revision)) {
		return REVISION_PINNED;
	}
	const char *short_name = branch != NULL ? branch : tag != NULL ? tag : other;
	if (strcmp(target_revision, ref) == 0 || strcmp(target_revision, short_name) == 0) {
		return REVISION_EXACT;
	}
	if (tag != NULL) {
		match = match_tag(target_revision, tag_prefix, tag);
	}
	if (match == REVISION_NO && is_hex_of(target_revision, ABBREVIATED_MIN, 40)) {
		return REVISION_PINNED;
	}
	return match;
}

bool app_source_reads(const struct app_source *source, const char *repository)
{
	return source->repository != NULL &&
	       (strcmp(source->repository, repository) == 0 ||
		strcmp(source->repository, APP_ANY_REPOSITORY) == 0);
}
