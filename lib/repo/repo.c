/*
 * Open a repository and read its objects, through libgit2.
 *
 * Opened with git_repository_open_ext() and NO_SEARCH: git_repository_open_bare()
 * does not look at extensions and ownership.  Each object is read in two
 * steps, git_odb_read_header() and git_odb_read(), because a blob of 300 MB
 * would otherwise be in memory before its size is known.
 *
 * What was read is hashed and compared with its id, so that a damaged disk
 * gives an error and no wrong answer.
 *
 * Ways to fail: objects that are missing may have been moved by "git gc"
 * since we opened the packs, so the first miss of an operation opens the
 * repository again and asks once more.  Messages of libgit2 can be left over
 * from an earlier call, so they are cleared before each call that may use one.
 */
#include "repo/repo.h"

#include <git2/common.h>
#include <git2/errors.h>
#include <git2/global.h>
#include <git2/object.h>
#include <git2/odb.h>
#include <git2/refs.h>
#include <git2/repository.h>
#include <git2/revparse.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/ref_list.h"
#include "base/xalloc.h"
#include "repo/closed.h"
#include "repo/objectid.h"
#include "repo/tree_cache.h"

#define TAG_DEPTH_MAX 16
#define COMMIT_BYTES_MAX (1024U * 1024)
#define NOTES 65536U
#define TREES_BYTES_MAX (32U * 1024 * 1024)

/* Packs that are open at a time, of all repositories: a quarter of what a reader may open. */
#define PACKS_OPEN_MAX 64

/* A repository is opened anew after so many operations: a millisecond each time. */
#define REOPEN_EVERY 256

struct note {
	uint8_t id[GIT_OID_RAWSZ];
	bool used;
	unsigned long long note;
};

struct repo {
	git_repository *git;
	git_odb *odb;
	char *path;
	struct objectid *objectid;
	struct tree_cache *trees;
	struct note *notes;  // NOTES places, each of one id at a time; NULL: not yet
	bool reopened;       // in this operation
	unsigned begun;      // operations since it was opened anew for good measure
};

static const char *git_text(void)
{
	const git_error *e = git_error_last();

	return e != NULL && e->message != NULL ? e->message : "no reason given";
}

/* libgit2 has two codes for a foreign owner, one of them with a text about configuration. */
static int open_error(const char *path, int code, struct error *err)
{
	const char *text = git_text();

	if (closed_repository(path, err)) {
		return -1;
	}
	if (code == GIT_EOWNER || (code == GIT_ENOTFOUND && strstr(text, "safe.directory"))) {
		return error_set(err, -1,
				 "%s: owned by another user and not listed in safe.directory",
				 path);
	}
	if (code == GIT_ENOTFOUND) {
		return error_set(err, -1, "%s: not a Git repository", path);
	}
	/* An extension, such as SHA-256 or reftable, or a version of the format. */
	if (strncmp(text, "unsupported ", strlen("unsupported ")) == 0) {
		return error_set(err, REPO_UNSUPPORTED,
				 "%s: %s; configure a clone that is made without it", path, text);
	}
	return error_set(err, -1, "%s: %s", path, text);
}

static int open_git(const char *path, git_repository **ret_git, git_odb **ret_odb,
		    struct error *err)
{
	git_repository *git = NULL;

	git_error_clear();
	int code = git_repository_open_ext(&git, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (code != 0) {
		return open_error(path, code, err);
	}
	code = git_repository_odb(ret_odb, git);
	if (code != 0) {
		git_repository_free(git);
		return open_error(path, code, err);
	}
	*ret_git = git;
	return 0;
}

/* gitrepository-layout(5): objects/info/alternates names other object stores. */
static int refuse_alternates(git_repository *git, const char *path, struct error *err)
{
	char *file = xasprintf("%s/objects/info/alternates", git_repository_commondir(git));
	struct stat st;
	int r = 0;

	if (lstat(file, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size > 0)) {
		r = error_set(err, REPO_UNSUPPORTED,
			      "%s: borrows objects from elsewhere (%s), not allowed", path,
			      "objects/info/alternates");
	}
	free(file);
	return r;
}

int repo_open(const char *path, bool allow_alternates, struct repo **ret_repo, struct error *err)
{
	struct repo *repo = NULL;
	int r = 0;

	if (git_libgit2_init() < 0) {
		return error_set(err, -1, "libgit2: %s", git_text());
	}
	/* Trees are kept by us, parsed; a second copy of them would only cost memory. */
	git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
	/* We check ids ourselves, several times faster (repo/objectid.h). */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)1 << 30);
	/* Each fetch brings a pack, and the library closes none of its own accord. */
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, (size_t)PACKS_OPEN_MAX);

	repo = xcalloc(1, sizeof(*repo));
	repo->path = xstrdup(path);
	repo->objectid = objectid_new();
	repo->trees = tree_cache_new(TREES_BYTES_MAX);
	r = open_git(path, &repo->git, &repo->odb, err);
	if (r == 0 && !allow_alternates) {
		r = refuse_alternates(repo->git, path, err);
	}
	if (r != 0) {
		repo_free(repo);
		return r;
	}
	*ret_repo = repo;
	return 0;
}

void repo_free(struct repo *repo)
{
	if (repo == NULL) {
		return;
	}
	tree_cache_free(repo->trees);
	objectid_free(repo->objectid);
	free(repo->notes);
	git_odb_free(repo->odb);
	git_repository_free(repo->git);
	free(repo->path);
	free(repo);
	git_libgit2_shutdown();
}

struct tree_cache *repo_trees(struct repo *repo)
{
	return repo->trees;
}

static struct note *note_of(const struct repo *repo, const struct oid *id)
{
	uint32_t number;

	memcpy(&number, id->bytes, sizeof(number));
	return &repo->notes[number % NOTES];
}

void repo_note(struct repo *repo, const struct oid *id, unsigned long long note)
{
	if (id->len != GIT_OID_RAWSZ) {
		return;
	}
	if (repo->notes == NULL) {
		repo->notes = xcalloc(NOTES, sizeof(*repo->notes));
	}
	struct note *place = note_of(repo, id);

	memcpy(place->id, id->bytes, sizeof(place->id));
	place->used = true;
	place->note = note;
}

bool repo_recall(const struct repo *repo, const struct oid *id, unsigned long long *ret_note)
{
	if (repo->notes == NULL || id->len != GIT_OID_RAWSZ) {
		return false;
	}
	const struct note *place = note_of(repo, id);

	if (!place->used || memcmp(place->id, id->bytes, sizeof(place->id)) != 0) {
		return false;
	}
	*ret_note = place->note;
	return true;
}

/* True if the repository was opened anew and asking again makes sense. */
static bool reopen(struct repo *repo)
{
	git_repository *git = NULL;
	git_odb *odb = NULL;

	if (repo->reopened) {
		return false;
	}
	repo->reopened = true;
	if (open_git(repo->path, &git, &odb, NULL) != 0) {
		return false;
	}
	git_odb_free(repo->odb);
	git_repository_free(repo->git);
	repo->git = git;
	repo->odb = odb;
	return true;
}

/* The index of a pack that is gone stays in memory until the repository is opened anew. */
void repo_begin(struct repo *repo)
{
	repo->reopened = false;
	if (++repo->begun == REOPEN_EVERY) {
		repo->begun = 0;
		(void)reopen(repo);
		repo->reopened = false;
	}
}

static bool to_git(const struct oid *id, git_oid *ret_id)
{
	if (id->len != GIT_OID_RAWSZ) {
		return false;
	}
	memcpy(ret_id->id, id->bytes, GIT_OID_RAWSZ);
	return true;
}

static void from_git(const git_oid *id, struct oid *ret_id)
{
	memset(ret_id, 0, sizeof(*ret_id));
	ret_id->len = GIT_OID_RAWSZ;
	memcpy(ret_id->bytes, id->id, GIT_OID_RAWSZ);
}

static int missing(const struct oid *id, const char *what, struct error *err)
{
	char hex[OID_HEX_MAX + 1];

	return error_set(err, REPO_MISSING, "%s %s is not in the repository", what,
			 oid_to_hex(id, hex));
}

static int corrupt(const struct oid *id, struct error *err)
{
	char hex[OID_HEX_MAX + 1];

	return error_set(err, REPO_CORRUPT, "object %s: %s", oid_to_hex(id, hex), git_text());
}

/* Kind and size of an object, without its content. */
static int header(struct repo *repo, const git_oid *gid, const struct oid *id, size_t *ret_len,
		  git_object_t *ret_type, struct error *err)
{
	git_error_clear();
	int code = git_odb_read_header(ret_len, ret_type, repo->odb, gid);
	if (code != 0 && reopen(repo)) {
		code = git_odb_read_header(ret_len, ret_type, repo->odb, gid);
	}
	if (code == GIT_ENOTFOUND) {
		return missing(id, "object", err);
	}
	return code != 0 ? corrupt(id, err) : REPO_OK;
}

/* Read an object whose size was asked for, and see that it is what its id says. */
static int read_checked(struct repo *repo, const git_oid *gid, const struct oid *id,
			git_odb_object **ret_object, struct error *err)
{
	git_odb_object *object = NULL;
	char hex[OID_HEX_MAX + 1];

	git_error_clear();
	int code = git_odb_read(&object, repo->odb, gid);
	if (code == GIT_ENOTFOUND) {
		return missing(id, "object", err);
	}
	if (code != 0) {
		return corrupt(id, err);
	}
	const char *type = git_object_type2string(git_odb_object_type(object));
	if (!objectid_is(repo->objectid, id, type, git_odb_object_data(object),
			 git_odb_object_size(object))) {
		git_odb_object_free(object);
		return error_set(err, REPO_CORRUPT, "object %s is damaged", oid_to_hex(id, hex));
	}
	*ret_object = object;
	return REPO_OK;
}

int repo_read(struct repo *repo, const struct oid *id, enum repo_type type, size_t max,
	      struct repo_object *ret_object, struct error *err)
{
	const git_object_t want = type == REPO_TREE ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB;
	git_odb_object *object = NULL;
	git_object_t got;
	git_oid gid;
	size_t len;
	char hex[OID_HEX_MAX + 1];

	if (!to_git(id, &gid)) {
		return missing(id, "object", err);
	}
	int r = header(repo, &gid, id, &len, &got, err);
	if (r != REPO_OK) {
		return r;
	}
	if (got != want) {
		return error_set(err, REPO_CORRUPT, "object %s is a %s, not a %s",
				 oid_to_hex(id, hex), git_object_type2string(got),
				 git_object_type2string(want));
	}
	if (len > max) {
		return error_set(err, REPO_LIMIT, "object %s has %zu bytes, more than %zu",
				 oid_to_hex(id, hex), len, max);
	}
	r = read_checked(repo, &gid, id, &object, err);
	if (r != REPO_OK) {
		return r;
	}
	ret_object->data = git_odb_object_data(object);
	ret_object->len = git_odb_object_size(object);
	ret_object->handle = object;
	return REPO_OK;
}

void repo_object_release(struct repo_object *object)
{
	git_odb_object_free(object->handle);
	memset(object, 0, sizeof(*object));
}

/* What a commit or tag begins with: "tree HEX" or "object HEX" (git: commit.c, tag.c). */
static bool first_id(const git_odb_object *object, const char *word, struct oid *ret_id)
{
	const char *text = git_odb_object_data((git_odb_object *)(uintptr_t)object);
	size_t len = git_odb_object_size((git_odb_object *)(uintptr_t)object);
	size_t at = strlen(word);

	return len > at + GIT_OID_HEXSZ && memcmp(text, word, at) == 0 &&
	       text[at + GIT_OID_HEXSZ] == '\n' &&
	       oid_from_hex(text + at, GIT_OID_HEXSZ, ret_id) == 0;
}

/*
 * Read a commit or tag; *ret_next is the commit's tree, or what is tagged.
 * Its kind into *ret_type.
 */
static int read_link(struct repo *repo, const struct oid *id, git_object_t *ret_type,
		     struct oid *ret_next, struct error *err)
{
	git_odb_object *object = NULL;
	char hex[OID_HEX_MAX + 1];
	git_oid gid;
	size_t len;

	if (!to_git(id, &gid)) {
		return missing(id, "commit", err);
	}
	int r = header(repo, &gid, id, &len, ret_type, err);
	if (r != REPO_OK) {
		return r;
	}
	if (*ret_type != GIT_OBJECT_COMMIT && *ret_type != GIT_OBJECT_TAG) {
		return error_set(err, REPO_CORRUPT, "a %s where a commit should be",
				 git_object_type2string(*ret_type));
	}
	if (len > COMMIT_BYTES_MAX) {
		return error_set(err, REPO_LIMIT, "a commit or tag of %zu bytes", len);
	}
	r = read_checked(repo, &gid, id, &object, err);
	if (r != REPO_OK) {
		return r;
	}
	if (!first_id(object, *ret_type == GIT_OBJECT_TAG ? "object " : "tree ", ret_next)) {
		r = error_set(err, REPO_CORRUPT, "%s %s is malformed",
			      git_object_type2string(*ret_type), oid_to_hex(id, hex));
	}
	git_odb_object_free(object);
	return r;
}

int repo_peel(struct repo *repo, const struct oid *id, struct oid *ret_commit,
	      struct oid *ret_tree, struct error *err)
{
	struct oid at = *id;

	for (int depth = 0; depth < TAG_DEPTH_MAX; depth++) {
		git_object_t type;
		struct oid next;
		int r = read_link(repo, &at, &type, &next, err);

		if (r != REPO_OK) {
			return r;
		}
		if (type == GIT_OBJECT_TAG) {
			at = next;
			continue;
		}
		if (ret_commit != NULL) {
			*ret_commit = at;
		}
		if (ret_tree != NULL) {
			*ret_tree = next;
		}
		return REPO_OK;
	}
	return error_set(err, REPO_LIMIT, "tags of tags, more than %d deep", TAG_DEPTH_MAX);
}

int repo_resolve(struct repo *repo, const char *revision, struct oid *ret_commit,
		 struct error *err)
{
	git_object *object = NULL;
	struct oid id;

	git_error_clear();
	int code = git_revparse_single(&object, repo->git, revision);
	if (code != 0 && reopen(repo)) {
		code = git_revparse_single(&object, repo->git, revision);
	}
	if (code != 0) {
		return error_set(err, REPO_MISSING, "'%.200s' names no commit: %s", revision,
				 git_text());
	}
	from_git(git_object_id(object), &id);
	git_object_free(object);
	return repo_peel(repo, &id, ret_commit, NULL, err);
}

/* A tag is peeled; what cannot be is listed as it is: the push will say what is wrong. */
static int list_ref(struct repo *repo, const git_reference *ref, struct ref_list *listing,
		    struct error *err)
{
	const char *name = git_reference_name(ref);
	const git_oid *target = git_reference_target(ref);
	struct oid id;
	struct oid commit;

	if (target == NULL || !ref_list_is_of(name)) {
		return 0;
	}
	from_git(target, &id);
	commit = id;
	if (strncmp(name, "refs/tags/", 10) == 0) {
		(void)repo_peel(repo, &id, &commit, NULL, NULL);
	}
	return ref_list_add(listing, name, &id, &commit, err);
}

static int list_refs(struct repo *repo, const char *glob, struct ref_list *listing,
		     struct error *err)
{
	git_reference_iterator *iterator = NULL;
	git_reference *ref = NULL;
	int code = git_reference_iterator_glob_new(&iterator, repo->git, glob);
	int r = 0;

	while (r == 0 && code == 0 && (code = git_reference_next(&ref, iterator)) == 0) {
		r = list_ref(repo, ref, listing, err);
		git_reference_free(ref);
	}
	git_reference_iterator_free(iterator);
	if (r == 0 && code != GIT_ITEROVER) {
		r = error_set(err, -1, "%s: its refs cannot be read: %s", repo->path, git_text());
	}
	return r;
}

/* HEAD of a bare repository is a name: the branch that it means need not be there. */
static void list_head(struct repo *repo, struct ref_list *listing)
{
	git_reference *head = NULL;
	const char *target = NULL;

	if (git_reference_lookup(&head, repo->git, "HEAD") == 0) {
		target = git_reference_symbolic_target(head);
	}
	if (target != NULL && strncmp(target, "refs/heads/", 11) == 0) {
		listing->default_branch = xstrdup(target + 11);
	}
	git_reference_free(head);
}

int repo_list(struct repo *repo, struct ref_list *ret_listing, struct error *err)
{
	git_error_clear();
	list_head(repo, ret_listing);
	if (list_refs(repo, "refs/heads/*", ret_listing, err) < 0) {
		return -1;
	}
	return list_refs(repo, "refs/tags/*", ret_listing, err);
}
