/*
 * Where all refs are: what git ls-remote prints, what a repository holds, and
 * what must not be taken for a list.
 */
#include "base/ref_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "repo/repo.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define A "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
#define B "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ref_entry *)a)->ref, ((const struct ref_entry *)b)->ref);
}

/* "default: ref ref(peeled) ...", sorted. */
static char *text_of(struct ref_list *listing)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 2);
	if (listing->count > 0) {
		qsort(listing->items, listing->count, sizeof(*listing->items), by_name);
	}
	(void)buf_addf(&text, "%s:", listing->default_branch != NULL ? listing->default_branch : "");
	for (size_t i = 0; i < listing->count; i++) {
		const struct ref_entry *l = &listing->items[i];

		(void)buf_addf(&text, " %s%s", l->ref,
			       oid_equal(&l->id, &l->commit) ? "" : "(peeled)");
	}
	return buf_detach(&text);
}

static void texts_are_read_or_refused(void)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want; // NULL: refused
	} rows[] = {
		{ "nothing", "", ":" },
		{ "what git prints",
		  "ref: refs/heads/main\tHEAD\n" A "\tHEAD\n" A "\trefs/heads/main\n" B
		  "\trefs/tags/v1\n" A "\trefs/tags/v1^{}\n",
		  "main: refs/heads/main refs/tags/v1(peeled)" },
		{ "a greeting before it", "Welcome to git!\n\n" A "\trefs/heads/main\n",
		  ": refs/heads/main" },
		{ "a line in the middle that is none of git's",
		  A "\trefs/heads/main\nwarning: something\n" A "\trefs/heads/next\n", NULL },
		{ "a list that breaks off in an id", A "\trefs/heads/main\n0a0a", NULL },
		{ "other refs", A "\trefs/pull/1/head\n" A "\trefs/heads/main\n",
		  ": refs/heads/main" },
		{ "HEAD that is no branch", "ref: refs/other/x\tHEAD\n" A "\tHEAD\n", ":" },
		{ "a peeled line without its tag", A "\trefs/heads/main\n" A "\trefs/tags/v1^{}\n",
		  ": refs/heads/main" },
		{ "an id of no length that git has", "0a0a\trefs/heads/main\n", ":" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ref_list listing = { .items = NULL };
		struct error err = ERROR_INIT;
		int r = ref_list_parse(rows[i].text, strlen(rows[i].text), &listing, &err);
		char *got = r == 0 ? text_of(&listing) : NULL;

		tap_str(got, rows[i].want, "%s", rows[i].name);
		free(got);
		ref_list_release(&listing);
	}
	struct ref_list listing = { .items = NULL };
	struct error err = ERROR_INIT;

	tap_int(ref_list_parse(A "\trefs/heads/a\0b\n", 56, &listing, &err), -1, "a NUL in it");
	ref_list_release(&listing);
}

static void more_than_the_limit_is_no_list(void)
{
	struct ref_list listing = { .items = NULL };
	struct error err = ERROR_INIT;
	struct oid id;
	int r = oid_from_hex(A, 40, &id);

	for (size_t i = 0; r == 0 && i < LIMIT_LISTED_REFS; i++) {
		r = ref_list_add(&listing, "refs/heads/x", &id, &id, &err);
	}
	tap_int(r, 0, "as many refs as the limit says");
	tap_int(ref_list_add(&listing, "refs/heads/y", &id, &id, &err), -1, "and not one more");
	tap_str(err.text, "it has more than 100000 branches and tags", "which is said");
	ref_list_release(&listing);
}

/* The reader's way and git's must find the same. */
static void a_repository_is_listed_as_git_does(void)
{
	const char *path = gitrepo_new("listing");
	struct ref_list ours = { .items = NULL };
	struct ref_list gits = { .items = NULL };
	struct error err = ERROR_INIT;
	struct repo *repo = NULL;

	gitrepo_sh(path, "git checkout -q -B main; echo 1 >a; git add -A; git commit -q -m 1\n"
			 "git branch next; git branch feature/x; git tag light\n"
			 "git tag -a -m 1 v1; git tag -a -m 2 v2 v1\n"
			 "git update-ref refs/pull/1/head HEAD; git pack-refs --all\n"
			 "echo 2 >a; git commit -q -a -m 2\n"
			 "git branch loose; git symbolic-ref refs/heads/alias refs/heads/main\n"
			 "git symbolic-ref -d refs/heads/alias");
	char *text = gitrepo_output(path, "git ls-remote --symref . HEAD 'refs/heads/*' "
					  "'refs/tags/*'");

	tap_int(ref_list_parse(text, strlen(text), &gits, &err), 0, "git's list: %s", err.text);
	tap_int(repo_open(path, false, &repo, &err), 0, "the repository: %s", err.text);
	tap_int(repo_list(repo, &ours, &err), 0, "its list: %s", err.text);
	char *want = text_of(&gits);
	char *got = text_of(&ours);
	tap_str(got, want, "both are the same");
	tap_str(got, "main: refs/heads/feature/x refs/heads/loose refs/heads/main refs/heads/next "
		     "refs/tags/light refs/tags/v1(peeled) refs/tags/v2(peeled)",
		"with all branches and tags");
	free(got);
	free(want);
	free(text);
	ref_list_release(&ours);
	ref_list_release(&gits);
	repo_free(repo);
}

int main(void)
{
	texts_are_read_or_refused();
	more_than_the_limit_is_no_list();
	a_repository_is_listed_as_git_does();
	return tap_done();
}
