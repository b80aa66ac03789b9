/*
 * The walk of two trees: every kind of change, and the same as git diff-tree.
 */
#include "repo/treewalk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

struct seen {
	struct buf text;
	size_t entered;
	const char *skip; // a directory that is left out
	int stop_after;   // changes until the visitor says 77
};

static bool enter(void *arg, uint64_t parent, const char *path, size_t len, size_t name,
		  uint64_t *ret_cookie)
{
	struct seen *seen = arg;

	seen->entered++;
	/* The cookie is the depth: parents must come with theirs. */
	size_t depth = 0;
	for (size_t i = 0; i < len; i++) {
		depth += path[i] == '/';
	}
	if (parent != depth || (name > 0 && path[name - 1] != '/')) {
		(void)buf_addf(&seen->text, "wrong cookie at %s\n", path);
	}
	*ret_cookie = parent + 1;
	return seen->skip == NULL || strcmp(seen->skip, path) != 0;
}

/* Lines as git diff-tree --name-status prints them; directories as "+d" and "-d". */
static int note(void *arg, uint64_t parent, const struct tree_change *c)
{
	static const char letters[] = "AMD";
	struct seen *seen = arg;
	char letter = letters[c->kind];

	(void)parent;
	if (strlen(c->path) != c->len) {
		(void)buf_addstr(&seen->text, "wrong length\n");
	}
	if (c->directory) {
		(void)buf_addf(&seen->text, "%cd\t%s\n", c->kind == CHANGE_ADDED ? '+' : '-', c->path);
		return 0;
	}
	bool regular_before = c->before.kind == TREE_FILE || c->before.kind == TREE_EXEC;
	bool regular_after = c->after.kind == TREE_FILE || c->after.kind == TREE_EXEC;
	if (c->kind == CHANGE_MODIFIED && c->before.kind != c->after.kind &&
	    !(regular_before && regular_after)) {
		letter = 'T';
	}
	(void)buf_addf(&seen->text, "%c\t%s\n", letter, c->path);
	return seen->stop_after > 0 && --seen->stop_after == 0 ? 77 : 0;
}

static int walk(struct repo *repo, const struct oid *a, const struct oid *b, struct seen *seen)
{
	const struct treewalk_visitor visitor = { .enter = enter, .change = note, .arg = seen };
	struct error err = ERROR_INIT;
	int r = treewalk(repo, a, b, &visitor, &err);

	if (r != REPO_OK && r != 77) {
		tap_note("%s", err.text);
	}
	return r;
}

static struct repo *open_repo(const char *path)
{
	struct repo *repo = NULL;
	struct error err = ERROR_INIT;

	if (repo_open(path, false, &repo, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
	return repo;
}

static const char before_script[] =
	"mkdir -p d/e z; echo 1 >a; echo 1 >d/f; echo 1 >d/e/g; echo 1 >z/z; ln -s a l; echo 1 >x.y\n"
	"git update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,sub\n"
	"mkdir -p sub";

static const struct {
	const char *name;
	const char *script;
	const char *want;
} cases[] = {
	{ "nothing", "true", "" },
	{ "added", "echo 1 >b", "A\tb\n" },
	{ "modified", "echo 2 >a", "M\ta\n" },
	{ "removed", "rm d/e/g", "-d\td/e\nD\td/e/g\n" },
	{ "renamed", "git mv a n", "D\ta\nA\tn\n" },
	{ "mode only", "chmod +x a", "M\ta\n" },
	{ "a file becomes a directory", "rm a; mkdir a; echo 1 >a/b", "D\ta\n+d\ta\nA\ta/b\n" },
	{ "a directory becomes a file", "rm -r d; echo 1 >d",
	  "A\td\n-d\td\n-d\td/e\nD\td/e/g\nD\td/f\n" },
	{ "a file becomes a link", "rm a; ln -s x a", "T\ta\n" },
	{ "a link becomes a file", "rm l; echo 1 >l", "T\tl\n" },
	{ "a link leads elsewhere", "ln -sf z l", "M\tl\n" },
	{ "a submodule moves",
	  "git update-index --cacheinfo 160000,2222222222222222222222222222222222222222,sub",
	  "M\tsub\n" },
	{ "a submodule goes", "git update-index --force-remove sub; rmdir sub", "D\tsub\n" },
	{ "a name that sorts between a file and its directory",
	  "echo 1 >a.b; rm a; mkdir a; echo 1 >a/c", "D\ta\nA\ta.b\n+d\ta\nA\ta/c\n" },
	{ "deep", "mkdir -p q/w/e/r; echo 1 >q/w/e/r/t",
	  "+d\tq\n+d\tq/w\n+d\tq/w/e\n+d\tq/w/e/r\nA\tq/w/e/r/t\n" },
	{ "first and last", "echo 2 >a; echo 2 >z/z", "M\ta\nM\tz/z\n" },
};

static void test_kinds(void)
{
	const char *path = gitrepo_new("kinds");

	gitrepo_sh(path, "%s", before_script);
	gitrepo_commit(path);
	struct repo *repo = open_repo(path);
	struct oid base = gitrepo_rev(path, "HEAD^{tree}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = { 0 };

		gitrepo_sh(path, "git checkout -q -f main; git clean -fdxq; mkdir -p sub\n%s\n"
			   "git add -A -- . ':!sub'; git commit -q --allow-empty -m c\n"
			   "git branch -f tip; git reset -q --hard HEAD~", cases[i].script);
		struct oid tip = gitrepo_rev(path, "tip^{tree}");
		buf_init(&seen.text, 1 << 20);
		tap_int(walk(repo, &base, &tip, &seen), REPO_OK, "%s: the walk ends well",
			cases[i].name);
		tap_str(seen.text.data, cases[i].want, "%s: is reported", cases[i].name);
		buf_release(&seen.text);
	}
	repo_free(repo);
}

static void test_pruning(void)
{
	const char *path = gitrepo_new("pruning");
	struct seen seen = { .skip = "d" };
	const struct oid empty = { .len = 0 };
	const struct oid nowhere = { .len = 20, .bytes = { 9 } };

	gitrepo_sh(path, "%s", before_script);
	gitrepo_commit(path);
	struct oid before = gitrepo_rev(path, "HEAD^{tree}");
	gitrepo_sh(path, "%s", "echo 2 >d/f; echo 2 >d/e/g; echo 2 >z/z");
	gitrepo_commit(path);
	struct oid after = gitrepo_rev(path, "HEAD^{tree}");
	struct repo *repo = open_repo(path);
	buf_init(&seen.text, 1 << 20);
	tap_int(walk(repo, &before, &after, &seen), REPO_OK, "a walk with a directory left out");
	tap_str(seen.text.data, "M\tz/z\n", "reports what is elsewhere");
	tap_int(seen.entered, 2, "and asks only for directories that differ");
	buf_reset(&seen.text);
	seen.skip = NULL;
	seen.stop_after = 1;
	tap_int(walk(repo, &before, &after, &seen), 77, "the visitor can end the walk");
	buf_reset(&seen.text);
	tap_int(walk(repo, &empty, &empty, &seen), REPO_OK, "two empty trees");
	tap_str(seen.text.data, "", "do not differ");
	tap_int(walk(repo, &before, &nowhere, &seen), REPO_MISSING, "a tree that is not there");
	struct oid commit = gitrepo_rev(path, "HEAD");
	tap_int(walk(repo, &before, &commit, &seen), REPO_CORRUPT, "a commit is no tree");
	buf_release(&seen.text);
	repo_free(repo);
}

/* Trees that git would not make, written by hand. */
static void test_malformed(void)
{
	static const struct {
		const char *name;
		const char *format;
	} trees[] = {
		{ "names out of order", "100644 b\\0%s100644 a\\0%s" },
		{ "a name twice", "100644 a\\0%s100644 a\\0%s" },
		{ "a name with a slash", "100644 a/b\\0%s100644 z\\0%s" },
		{ "an empty name", "100644 \\0%s100644 z\\0%s" },
		{ "dot dot", "100644 ..\\0%s100644 z\\0%s" },
		{ "no mode", " a\\0%s100644 z\\0%s" },
		{ "a mode of letters", "1oo644 a\\0%s100644 z\\0%s" },
		{ "cut in an id", "100644 a\\0%s100644 z\\0abc" },
	};
	const char id[] = "\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1";
	const char *path = gitrepo_new("malformed");
	const struct oid empty = { .len = 0 };

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		struct seen seen = { 0 };
		char bytes[512];
		struct oid tree = { 0 };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
		(void)snprintf(bytes, sizeof(bytes), trees[i].format, id, id);
#pragma GCC diagnostic pop
		char *hex = gitrepo_output(path, "printf '%s' | git hash-object -t tree -w --literally --stdin",
					   bytes);
		tap_int(oid_from_hex(hex, strcspn(hex, "\n"), &tree), 0, "%s: a tree is made",
			trees[i].name);
		struct repo *repo = open_repo(path);
		buf_init(&seen.text, 1 << 20);
		tap_int(walk(repo, &empty, &tree, &seen), REPO_CORRUPT, "%s: is refused",
			trees[i].name);
		buf_release(&seen.text);
		repo_free(repo);
		free(hex);
	}
}

/* A tree of trees that would unfold to 10^9 files. */
static void test_bomb(void)
{
	const char *path = gitrepo_new("bomb");
	struct seen seen = { 0 };
	const struct oid empty = { .len = 0 };
	struct oid tree = { 0 };

	char *hex = gitrepo_output(path, "%s",
		"t=$(echo x | git hash-object -w --stdin)\n"
		"mode='100644 blob'\n"
		"for level in 1 2 3 4 5 6 7 8 9; do\n"
		"t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '%s %s\\tf%s\\n' \"$mode\" $t $i; done |"
		" git mktree); mode='040000 tree'\n"
		"done; echo $t");
	(void)oid_from_hex(hex, strcspn(hex, "\n"), &tree);
	struct repo *repo = open_repo(path);
	buf_init(&seen.text, 1 << 20);
	tap_int(walk(repo, &empty, &tree, &seen), REPO_LIMIT, "a billion files end at the limit");
	free(hex);
	hex = gitrepo_output(path, "%s",
		"t=$(echo x | git hash-object -w --stdin); mode='100644 blob'\n"
		"i=0; while [ $i -lt 300 ]; do t=$(printf '%s %s\\td\\n' \"$mode\" $t | git mktree)\n"
		"mode='040000 tree'; i=$((i+1)); done; echo $t");
	(void)oid_from_hex(hex, strcspn(hex, "\n"), &tree);
	tap_int(walk(repo, &empty, &tree, &seen), REPO_LIMIT, "300 levels end at the limit");
	buf_release(&seen.text);
	repo_free(repo);
	free(hex);
}

/* Drop the lines of directories, which git does not print. */
static char *files_only(const char *text)
{
	struct buf b;

	buf_init(&b, 16 << 20);
	while (*text != '\0') {
		size_t n = strcspn(text, "\n") + 1;

		if (text[1] == '\t') {
			(void)buf_add(&b, text, n);
		}
		text += n;
	}
	char *result = buf_detach(&b);
	buf_release(&b);
	return result;
}

/* Random trees, random edits, against git. */
static void test_random(void)
{
	const char *path = gitrepo_new("random");
	size_t equal = 0;
	const size_t rounds = 60;

	srand(4711);
	for (size_t i = 0; i < rounds; i++) {
		struct buf script;

		buf_init(&script, 12000);
		(void)buf_addstr(&script, "set +e\n"); // what cannot be done is left out
		for (int k = 0; k < 25; k++) {
			static const char *const parts[] = { "a", "b", "a.b", "a-", "A", "c0", "a b" };
			const char *p = parts[rand() % 7];
			const char *q = parts[rand() % 7];
			const char *s = parts[rand() % 7];

			switch (rand() % 7) {
			case 0:
				(void)buf_addf(&script, "rm -rf '%s/%s'\n", p, q);
				break;
			case 1:
				(void)buf_addf(&script, "rm -rf '%s'; echo %d >'%s'\n", p, k, p);
				break;
			case 2:
				(void)buf_addf(&script, "rm -rf '%s'; ln -s '%s' '%s'\n", p, q, p);
				break;
			case 3:
				(void)buf_addf(&script, "[ -f '%s/%s' ] && chmod +x '%s/%s'||:\n", p, q, p, q);
				break;
			default:
				(void)buf_addf(&script, "[ -d '%s' ] || rm -f '%s'; [ -d '%s/%s' ] || "
					       "rm -f '%s/%s'; mkdir -p '%s/%s'; echo %d >'%s/%s/%s' ||:\n",
					       p, p, p, q, p, q, p, q, rand() % 3, p, q, s);
				break;
			}
		}
		gitrepo_sh(path, "%s\ntrue", script.data);
		buf_release(&script);
		gitrepo_commit(path);
	}
	for (size_t i = 1; i < rounds; i++) {
		struct seen seen = { 0 };
		char a[32];
		char b[32];

		(void)snprintf(a, sizeof(a), "HEAD~%zu^{tree}", i);
		(void)snprintf(b, sizeof(b), "HEAD~%d^{tree}", rand() % (int)i);
		struct oid from = gitrepo_rev(path, a);
		struct oid to = gitrepo_rev(path, b);
		struct repo *repo = open_repo(path);
		buf_init(&seen.text, 16 << 20);
		(void)walk(repo, &from, &to, &seen);
		char *mine = files_only(seen.text.data);
		char *git = gitrepo_output(path, "git -c core.quotepath=off diff-tree -r --no-renames "
					   "--name-status '%s' '%s'", a, b);
		equal += strcmp(mine, git) == 0;
		if (strcmp(mine, git) != 0) {
			tap_note("mine:\n%sgit:\n%s", mine, git);
		}
		buf_release(&seen.text);
		repo_free(repo);
		free(mine);
		free(git);
	}
	tap_int(equal, rounds - 1, "random trees: the walk says what git diff-tree says");
}

int main(void)
{
	test_kinds();
	test_pruning();
	test_malformed();
	test_bomb();
	test_random();
	return tap_done();
}
