/*
 * Remote references: they leave the tree being walked.
 *
 * A unit of this kind changes only when the reference itself does, which is
 * seen where it is written.  Its one probe, PROBE_REMOTE, is touched by
 * nothing; it tells the index which units to report
 * (affected/affected_result.h: remote_references).
 */
#include "inputs/remote_reference.h"

#include <string.h>

#include "base/giturl.h"
#include "base/oid.h"
#include "inputs/print.h"

static void walk_remote_reference(struct inputs_walk *w, const char *dir, const json_t *options)
{
	const struct inputs_probe probe = {
		.kind = PROBE_REMOTE, .path = "", .argument = "",
	};

	(void)dir;
	(void)options;
	inputs_probe_add(w, &probe);
}

/* The unit that holds the reference has its address in the fingerprint. */
const struct inputs_walker inputs_remote_reference = {
	.name = "elsewhere",
	.walk = walk_remote_reference,
	.prints = true,
};

static void walk_single(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)options;
	(void)inputs_file(w, dir, PROBE_MEANING, NULL);
}

const struct inputs_walker inputs_single = {
	.name = "single",
	.walk = walk_single,
};

static void walk_single_raw(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)options;
	(void)inputs_file(w, dir, 0, NULL);
}

const struct inputs_walker inputs_single_raw = {
	.name = "single-raw",
	.walk = walk_single_raw,
};

void remote_reference_add(struct inputs_walk *w, const char *url, const char *ref,
			  const char *path, const struct inputs_walker *walker, const char *via)
{
	const char *clean = inputs_join(w, "", path);
	char *repository = giturl_normalise(url, NULL);
	struct oid id;

	if (clean != NULL && repository != NULL && oid_from_hex(ref, strlen(ref), &id) != 0) {
		json_t *options = json_pack("{s:s, s:s, s:s}", "repository", repository, "ref",
					    strcmp(ref, "HEAD") != 0 ? ref : "", "walker",
					    walker->name);

		if (options != NULL) { /* NULL: not UTF-8 */
			inputs_child(w, &inputs_remote_reference, clean, options, via);
		}
		json_decref(options);
	}
	free(repository);
}

bool remote_reference_is_here(struct inputs_walk *w, const struct gitplace *place)
{
	const char *repository = inputs_repository(w);

	/* What is of another repository is not here, whichever ref this is. */
	return gitplace_is_at(place, repository, NULL) &&
	       gitplace_is_at(place, repository, inputs_ref(w));
}

bool remote_reference_is_outside(struct inputs_walk *w, const struct gitplace *place)
{
	return place->ref[0] == '\0' || strcmp(place->ref, "HEAD") == 0 ||
	       !remote_reference_is_here(w, place);
}

/* An address of a file that is being looked at. */
struct remote_file {
	struct inputs_walk *walk;
	const char *address;
	bool meaning;
	bool pattern;
};

/* The directory in front of a path with "*" in it: all of it counts. */
static const char *known_directory(struct inputs_walk *w, const char *path)
{
	size_t len = strcspn(path, "*");

	while (len > 0 && path[len - 1] != '/') {
		len--;
	}
	return inputs_format(w, "%.*s", (int)len, path);
}

static void note_here(const struct remote_file *file, const char *path)
{
	struct inputs_walk *w = file->walk;
	unsigned flags = file->meaning ? PROBE_MEANING : 0U;

	if (file->pattern && path != NULL) {
		inputs_glob(w, GLOB_DOUBLESTAR, path, flags, NULL, NULL);
	} else {
		(void)inputs_file(w, path, flags, NULL);
	}
	inputs_print_unknown(w);
}

static void note_file(void *arg, const struct gitplace *place)
{
	const struct remote_file *file = arg;
	const struct inputs_walker *walker = file->meaning ? &inputs_single : &inputs_single_raw;
	const char *path = place->path;

	/* A ref that is filled in is mostly the revision: then it is this tree. */
	if (file->pattern && strchr(place->ref, '*') != NULL) {
		if (gitplace_is_at(place, inputs_repository(file->walk), NULL)) {
			note_here(file, inputs_join(file->walk, "", path));
		}
		return;
	}
	if (remote_reference_is_here(file->walk, place)) {
		note_here(file, inputs_join(file->walk, "", path));
	}
	if (remote_reference_is_outside(file->walk, place)) {
		if (file->pattern && strchr(path, '*') != NULL) {
			path = known_directory(file->walk, path);
			walker = inputs_renderer(file->walk, "plain");
		}
		remote_reference_add(file->walk, place->url, place->ref, path, walker,
				     file->address);
	}
}

void remote_reference_file(struct inputs_walk *w, const char *address, bool meaning,
			   bool pattern)
{
	struct remote_file file = {
		.walk = w, .address = address, .meaning = meaning, .pattern = pattern,
	};

	gitplace_of_file(address, note_file, &file);
}

void remote_reference_charts(struct inputs_walk *w, const char *address, const char *name)
{
	struct gitplace place = { .url = NULL };
	const struct inputs_walker *walker = inputs_renderer(w, "chart-repository");

	if (address == NULL || !gitplace_parse(address, &place)) {
		struct remote_file index = { .walk = w, .address = address, .meaning = true };

		gitplace_of_index(address != NULL ? address : "", note_file, &index);
		return;
	}
	const char *dir = inputs_join(w, "", place.path);
	if (dir != NULL && remote_reference_is_here(w, &place)) {
		json_t *options = name != NULL ? json_pack("{s:s}", "name", name) : NULL;

		inputs_child(w, walker, dir, options, address);
		json_decref(options);
	}
	if (remote_reference_is_outside(w, &place)) {
		remote_reference_add(w, place.url, place.ref, place.path, walker, address);
	}
	gitplace_release(&place);
}
