/*
 * Which files of a commit come into a GitRepository's artifact?
 *
 * source-controller (gitrepository_controller.go, reconcileArtifact) checks
 * out spec.sparseCheckout, whose entries are beginnings of paths ("a" is "ab/c",
 * too: go-git's index.SkipUnless), and archives what the patterns of all
 * .sourceignore files in that working tree, from the root down, and then of
 * spec.ignore leave.  Files of Git itself are left out unless they say
 * otherwise; if none of them has a pattern, so are the things of ExcludeExt,
 * ExcludeCI and ExcludeExtra (fluxcd/pkg/sourceignore).
 *
 * The rules have one line each, a letter in front:
 *
 *   b  the directory at which the filter hangs; the first line
 *   r  a root below it: what is in it is not ours, but its kustomization file,
 *      which makes it one, has a probe of its own
 *   s  a sparse checkout's beginning of a path; with none all is checked out
 *   d  the directory that the patterns to come are relative to
 *   i  a pattern; the last that says something decides
 *   l  a pattern of spec.ignore, which decides before all others
 *   x  the defaults hold
 */
#include "inputs/flux/flux_artifact.h"

#include <string.h>

#include "base/limits.h"
#include "inputs/flux/flux_ignore.h"

#define PATH_MAX_BYTES (2 * LIMIT_PATH_BYTES)
#define LINE_BYTES (LIMIT_PATH_BYTES + 2)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const flux_kustomization_names[FLUX_KUSTOMIZATION_NAMES] = {
	"kustomization.yaml", "kustomization.yml", "Kustomization",
};

static const char *const of_git[] = { ".git/", ".gitignore", ".gitmodules", ".gitattributes" };

static const char *const defaults[] = {
	"*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip",
	".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml",
	"cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml",
	"**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml",
};

/* --- making rules --- */

void flux_artifact_begin(struct buf *rules, const char *dir)
{
	(void)buf_addf(rules, "b%s\n", dir);
}

void flux_artifact_add_sparse(struct buf *rules, const json_t *sparse)
{
	const json_t *item;
	size_t i;

	json_array_foreach(sparse, i, item) {
		const char *path = json_string_value(item);

		path = path != NULL ? path : "";
		path += strncmp(path, "./", 2) == 0 ? 2 : 0;
		(void)buf_addf(rules, "s%.*s\n", (int)strcspn(path, "\n"), path);
	}
}

static void add_lines(struct buf *rules, char letter, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (flux_ignore_is_pattern(text)) {
			(void)buf_addf(rules, "%c%.*s\n", letter, (int)len, text);
		}
		text += len + (text[len] == '\n');
	}
}

void flux_artifact_add_spec(struct buf *rules, const char *ignore)
{
	add_lines(rules, 'l', ignore != NULL ? ignore : "");
}

void flux_artifact_add_file(struct buf *rules, const char *dir, const char *text)
{
	(void)buf_addf(rules, "d%s\n", dir);
	add_lines(rules, 'i', text);
}

void flux_artifact_add_defaults(struct buf *rules)
{
	(void)buf_addstr(rules, "x\n");
}

void flux_artifact_add_root(struct buf *rules, const char *dir)
{
	(void)buf_addf(rules, "r%s\n", dir);
}

/* --- reading them --- */

struct rules_reading {
	const char *at;   // in the rules
	char line[LINE_BYTES];
};

static bool next_line(struct rules_reading *r)
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

bool flux_artifact_has_patterns(const char *rules)
{
	struct rules_reading r = { .at = rules };

	while (next_line(&r)) {
		if (r.line[0] == 'i' || r.line[0] == 'l') {
			return true;
		}
	}
	return false;
}

bool flux_artifact_is_checked_out(const char *rules, const char *path)
{
	struct rules_reading r = { .at = rules };
	bool sparse = false;

	while (next_line(&r)) {
		if (r.line[0] == 's') {
			sparse = true;
			if (strncmp(path, r.line + 1, strlen(r.line + 1)) == 0) {
				return true;
			}
		}
	}
	return !sparse;
}

/* What of path is below dir, or NULL if it is not. */
static const char *below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (len == 0) {
		return path;
	}
	return strncmp(dir, path, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

static bool any_matches(const char *const *patterns, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		if (flux_ignore_line(patterns[i], path) == FLUX_IGNORE_YES) {
			return true;
		}
	}
	return false;
}

/* What the rules make of a path so far. */
struct judgement {
	const char *relative;  // to the directory of the patterns, or NULL
	enum flux_ignore said;
	enum flux_ignore last;
	bool in_root;
};

static void judge(struct judgement *j, const char *line, const char *path)
{
	const char *text = line + 1;
	enum flux_ignore answer = FLUX_IGNORE_NONE;

	switch (line[0]) {
	case 'r':
		j->in_root = j->in_root || below(text, path) != NULL;
		break;
	case 'd':
		j->relative = below(text, path);
		break;
	case 'i':
		answer = j->relative != NULL ? flux_ignore_line(text, j->relative) : answer;
		j->said = answer != FLUX_IGNORE_NONE ? answer : j->said;
		break;
	case 'l':
		answer = flux_ignore_line(text, path);
		j->last = answer != FLUX_IGNORE_NONE ? answer : j->last;
		break;
	case 'x':
		if (any_matches(defaults, COUNT(defaults), path)) {
			j->said = FLUX_IGNORE_YES;
		}
		break;
	default:
		break;
	}
}

bool flux_artifact_has(const char *rules, const char *path)
{
	struct rules_reading r = { .at = rules };
	struct judgement j = { .relative = NULL };

	if (any_matches(of_git, COUNT(of_git), path)) {
		j.said = FLUX_IGNORE_YES;
	}
	while (next_line(&r)) {
		judge(&j, r.line, path);
	}
	j.said = j.last != FLUX_IGNORE_NONE ? j.last : j.said;
	return !j.in_root && j.said != FLUX_IGNORE_YES &&
	       flux_artifact_is_checked_out(rules, path);
}

/* --- filters --- */

static bool is_manifest(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static bool is_kustomization(const char *name)
{
	for (size_t i = 0; i < FLUX_KUSTOMIZATION_NAMES; i++) {
		if (strcmp(name, flux_kustomization_names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool manifest_matches(const char *argument, const char *path, size_t name_at)
{
	struct rules_reading r = { .at = argument };
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
	return flux_artifact_has(argument, full);
}

const struct inputs_filter inputs_filter_flux_manifests = {
	.name = "flux-manifests",
	.match = manifest_matches,
};

static bool excluded_matches(const char *argument, const char *path, size_t name_at)
{
	const char *name = path + name_at;

	(void)argument;
	return (is_manifest(name) || is_kustomization(name)) &&
	       any_matches(defaults, COUNT(defaults), path);
}

const struct inputs_filter inputs_filter_flux_excluded = {
	.name = "flux-excluded",
	.match = excluded_matches,
};

static bool kustomization_matches(const char *argument, const char *path, size_t name_at)
{
	(void)argument;
	return is_kustomization(path + name_at);
}

const struct inputs_filter inputs_filter_flux_kustomizations = {
	.name = "flux-kustomizations",
	.match = kustomization_matches,
};

static bool ignore_matches(const char *argument, const char *path, size_t name_at)
{
	(void)argument;
	return strcmp(path + name_at, ".sourceignore") == 0;
}

const struct inputs_filter inputs_filter_flux_ignores = {
	.name = "flux-ignores",
	.match = ignore_matches,
};
