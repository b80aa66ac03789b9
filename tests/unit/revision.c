/*
 * Which targetRevision does a push to a ref move?
 */
#include <stddef.h>

#include "manifest/app.h"
#include "tests/support/tap.h"

#define SHA "2c26b46b68ffc68ff99b453c1d30413413422d70"
#define SHA256 SHA "a1b2c3d4e5f60718293a4b5c"

static const char *const names[] = { "no", "exact", "default", "range", "pinned" };

static const struct {
	const char *target;
	const char *prefix;
	const char *ref;
	const char *branch; // the default branch, NULL: not known
	enum revision_match want;
} rows[] = {
	/* The default branch. */
	{ "", NULL, "refs/heads/main", "main", REVISION_DEFAULT },
	{ "HEAD", NULL, "refs/heads/main", "main", REVISION_DEFAULT },
	{ "HEAD", NULL, "refs/heads/HEAD", "main", REVISION_EXACT },
	{ "", NULL, "refs/heads/HEAD", "main", REVISION_EXACT },
	{ "HEAD", NULL, "refs/tags/HEAD", "main", REVISION_EXACT },
	{ "", NULL, "refs/tags/HEAD", NULL, REVISION_EXACT },
	{ "HEAD", NULL, "refs/heads/x/HEAD", "main", REVISION_NO },
	{ "", NULL, "refs/heads/other", "main", REVISION_NO },
	{ "HEAD", NULL, "refs/heads/other", "main", REVISION_NO },
	{ "HEAD", NULL, "refs/tags/main", "main", REVISION_NO },
	{ "", NULL, "refs/tags/v1", NULL, REVISION_NO },
	{ "", NULL, "refs/heads/any", NULL, REVISION_DEFAULT },
	{ "HEAD", NULL, "refs/heads/any", NULL, REVISION_DEFAULT },
	{ "HEAD", NULL, "refs/heads/release/1.0", "release/1.0", REVISION_DEFAULT },
	{ "head", NULL, "refs/heads/main", "main", REVISION_NO },
	{ "HEAD", NULL, "refs/pull/1/head", "main", REVISION_NO },
	/* Names. */
	{ "main", NULL, "refs/heads/main", "main", REVISION_EXACT },
	{ "main", NULL, "refs/heads/main", "other", REVISION_EXACT },
	{ "main", NULL, "refs/heads/main2", "main", REVISION_NO },
	{ "main", NULL, "refs/heads/mai", "main", REVISION_NO },
	{ "Main", NULL, "refs/heads/main", "main", REVISION_NO },
	{ "rev", NULL, "refs/heads/three/part/rev", "main", REVISION_NO },
	{ "three/part/rev", NULL, "refs/heads/three/part/rev", "main", REVISION_EXACT },
	{ "part/rev", NULL, "refs/heads/three/part/rev", "main", REVISION_NO },
	{ "three/part/rev", NULL, "refs/heads/rev", "main", REVISION_NO },
	{ "refs/heads/three/part/rev", NULL, "refs/heads/three/part/rev", "m", REVISION_EXACT },
	{ "refs/heads/main", NULL, "refs/heads/main", "main", REVISION_EXACT },
	{ "refs/heads/main", NULL, "refs/heads/other", "main", REVISION_NO },
	/* A branch and a tag of the same name: unqualified is both. */
	{ "v1", NULL, "refs/heads/v1", "main", REVISION_EXACT },
	{ "v1", NULL, "refs/tags/v1", "main", REVISION_EXACT },
	{ "refs/heads/v1", NULL, "refs/tags/v1", "main", REVISION_NO },
	{ "refs/tags/v1", NULL, "refs/heads/v1", "main", REVISION_NO },
	{ "refs/tags/v1", NULL, "refs/tags/v1", "main", REVISION_EXACT },
	{ "heads/main", NULL, "refs/heads/main", "main", REVISION_NO },
	/* Other refs, and what is none. */
	{ "refs/pull/1/head", NULL, "refs/pull/1/head", "main", REVISION_EXACT },
	{ "pull/1/head", NULL, "refs/pull/1/head", "main", REVISION_EXACT },
	{ "refs/pull/1/head", NULL, "refs/pull/2/head", "main", REVISION_NO },
	{ "main", NULL, "main", "main", REVISION_NO },
	{ "main", NULL, "", "main", REVISION_NO },
	/* What a template becomes is not known. */
	{ "{{.branch}}", NULL, "refs/heads/main", "main", REVISION_RANGE },
	{ "release-{{ version }}", NULL, "refs/tags/v1", "main", REVISION_RANGE },
	/* Ranges hold for tags, with and without "v". */
	{ "1.*", NULL, "refs/tags/1.4.2", "main", REVISION_RANGE },
	{ "1.*", NULL, "refs/tags/v1.4.2", "main", REVISION_RANGE },
	{ "1.*", NULL, "refs/tags/2.0.0", "main", REVISION_NO },
	{ "1.*", NULL, "refs/heads/1.4.2", "main", REVISION_NO },
	{ ">=1.0.0 <2.0.0", NULL, "refs/tags/v1.9.9", "main", REVISION_RANGE },
	{ ">=1.0.0 <2.0.0", NULL, "refs/tags/v2.0.0", "main", REVISION_NO },
	{ "^1.2", NULL, "refs/tags/1.3.0", "main", REVISION_RANGE },
	{ "~1.2.3", NULL, "refs/tags/1.3.0", "main", REVISION_NO },
	{ "1.x || 3.x", NULL, "refs/tags/3.1.0", "main", REVISION_RANGE },
	{ "*", NULL, "refs/tags/release", "main", REVISION_NO },
	{ "1.*", NULL, "refs/tags/1.5.0-rc.1", "main", REVISION_NO },
	{ "v1.2.3", NULL, "refs/tags/v1.2.3", "main", REVISION_EXACT },
	/* A prefix is taken off the tag. */
	{ "1.0.*", "component-b/", "refs/tags/component-b/1.0.1", "main", REVISION_RANGE },
	{ "1.0.*", "component-b/", "refs/tags/component-a/1.0.1", "main", REVISION_NO },
	{ "1.0.*", "component-b/", "refs/tags/1.0.1", "main", REVISION_NO },
	{ "1.0.*", "component-b/", "refs/tags/component-b/", "main", REVISION_NO },
	{ "1.0.1", "component-b/", "refs/tags/component-b/1.0.1", "main", REVISION_EXACT },
	{ "1.0.*", "", "refs/tags/1.0.1", "main", REVISION_RANGE },
	{ "1.0.*", NULL, "refs/tags/component-b/1.0.1", "main", REVISION_NO },
	/* Commit ids: nothing moves them, but a short one may be a branch. */
	{ SHA, NULL, "refs/heads/main", "main", REVISION_PINNED },
	{ SHA, NULL, "refs/heads/" SHA, "main", REVISION_PINNED },
	{ SHA256, NULL, "refs/heads/main", "main", REVISION_PINNED },
	{ "2c26b46", NULL, "refs/heads/main", "main", REVISION_PINNED },
	{ "2c26b46", NULL, "refs/heads/2c26b46", "main", REVISION_EXACT },
	{ "2C26B46", NULL, "refs/tags/v1", "main", REVISION_PINNED },
	{ "2c26b4", NULL, "refs/heads/main", "main", REVISION_NO },
	{ "deadbeefs", NULL, "refs/heads/main", "main", REVISION_NO },
	{ "2c26b46", NULL, "refs/heads/three/2c26b46", "main", REVISION_PINNED },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum revision_match got = app_revision_matches(rows[i].target, rows[i].prefix,
							       rows[i].ref, rows[i].branch);

		tap_str(names[got], names[rows[i].want], "\"%s\" (prefix %s) and %s, default %s: %s",
			rows[i].target, rows[i].prefix != NULL ? rows[i].prefix : "none",
			rows[i].ref, rows[i].branch != NULL ? rows[i].branch : "unknown",
			names[rows[i].want]);
	}
	return tap_done();
}
