/*
 * Which files below a Kustomization's path are manifests of its own?
 *
 * The argument has one line each, a letter in front, for what flux.c found:
 *
 *   b  the directory at which the filter hangs; the first line
 *   r  a root below it: what is in it is not ours, but its kustomization file,
 *      which makes it one, has a probe of its own
 *   s  a directory of the sparse checkout; with none all is checked out
 *   d  the directory that the patterns to come are relative to
 *   i  a pattern; the last that says something decides
 */
#include "inputs/flux.h"

#include <string.h>

#include "base/limits.h"
#include "inputs/flux_ignore.h"

#define PATH_MAX_BYTES (2 * LIMIT_PATH_BYTES)
#define LINE_BYTES (LIMIT_PATH_BYTES + 2)

struct reading {
	const char *at;   // in the argument
	char line[LINE_BYTES];
};

static bool next_line(struct reading *r)
{
	size_t len = strcspn(r->at, "\n");

	if (*r->at == '\0') {
		return false;
	}
	size_t kept = len < LINE_BYTES ? len : LINE_BYTES - 1;
	memcpy(r->line, r->at, kept);
	r->line[kept] = '\0';
	r->at += len + (r->at[len] == '\n');
	return true;
}

static bool is_manifest(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* What of path is below dir, or NULL if it is not. */
static const char *below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/') {
		len--;
	}
	if (len == 0) {
		return path;
	}
	return strncmp(dir, path, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* Lines after the first: is the file, a path from the root, left out? */
static bool is_left_out(struct reading *r, const char *path)
{
	enum flux_ignore said = FLUX_IGNORE_NONE;
	const char *relative = path;
	bool sparse = false;
	bool checked_out = false;

	while (next_line(r) && r->line[0] != '\0') {
		const char *text = r->line + 1;

		switch (r->line[0]) {
		case 'r':
			if (below(text, path) != NULL) {
				return true;
			}
			break;
		case 's':
			sparse = true;
			checked_out = checked_out || below(text, path) != NULL;
			break;
		case 'd':
			relative = below(text, path);
			break;
		default:
			if (relative != NULL) {
				enum flux_ignore line = flux_ignore_line(text, relative);

				said = line != FLUX_IGNORE_NONE ? line : said;
			}
			break;
		}
	}
	return said == FLUX_IGNORE_YES || (sparse && !checked_out);
}

static bool manifest_matches(const char *argument, const char *path, size_t name_at)
{
	struct reading r = { .at = argument };
	char full[PATH_MAX_BYTES];

	if (!is_manifest(path + name_at)) {
		return false;
	}
	if (!next_line(&r) || r.line[0] != 'b') {
		return true;
	}
	size_t len = strlen(r.line) - 1;
	size_t rest = strlen(path);
	if (len + rest + 2 > PATH_MAX_BYTES) {
		return true;
	}
	memcpy(full, r.line + 1, len);
	if (len > 0) {
		full[len++] = '/';
	}
	memcpy(full + len, path, rest + 1);
	return !is_left_out(&r, full);
}

const struct inputs_filter inputs_filter_flux_manifests = {
	.name = "flux-manifests",
	.match = manifest_matches,
};
