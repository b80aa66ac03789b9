/*
 * argocd.argoproj.io/manifest-generate-paths, exactly as Argo CD matches it.
 *
 * Argo CD, util/app/path: the annotation is split at ";", blanks are trimmed,
 * empty items dropped.  An item that begins with "/" loses that one "/" and is
 * kept as it is; any other is Clean(Join(source.path, item)).  A changed file
 * matches an item, both with a "/" in front unless they have one, if
 *   - they are equal, or
 *   - the file's directory is Clean(item) or below it ("/" holds everything), or
 *   - filepath.Match(item, file), a bad pattern being no match.
 *
 * As probes: the item itself if it is in clean form (no file's path is
 * anything else), everything strictly below Clean(item), and a glob if the
 * item has a special character.  "a/.." clamps at the root in Clean("/...").
 */
#include <string.h>

#include "base/limits.h"
#include "inputs/walk.h"

static const char *slice(struct inputs_walk *w, const char *text, size_t len)
{
	return arena_text(&w->machine->arena, text, len);
}

/* Go's filepath.Clean() of a relative path: leading ".." are kept. */
static const char *clean_relative(struct inputs_walk *w, const char *path)
{
	const char *up = "";
	const char *rest = "";

	while (*path != '\0') {
		size_t n = strcspn(path, "/");
		const char *part = slice(w, path, n);

		path += n + (path[n] == '/');
		if (n == 0 || strcmp(part, ".") == 0) {
			continue;
		}
		if (strcmp(part, "..") != 0) {
			rest = inputs_format(w, "%s%s%s", rest, rest[0] ? "/" : "", part);
			continue;
		}
		if (rest[0] == '\0') {
			up = inputs_format(w, "%s%s..", up, up[0] ? "/" : "");
			continue;
		}
		const char *slash = strrchr(rest, '/');
		rest = slash != NULL ? slice(w, rest, (size_t)(slash - rest)) : "";
	}
	if (up[0] == '\0' && rest[0] == '\0') {
		return ".";
	}
	return inputs_format(w, "%s%s%s", up, up[0] && rest[0] ? "/" : "", rest);
}

/* One item as Argo CD's AppFilesHaveChanged() gets it. */
static void log_item(struct inputs_walk *w, const char *item)
{
	const char *path = item[0] == '/' ? item + 1 : item;
	const char *below = inputs_join_clamped(w, "", path);
	bool clean = below != NULL && path[0] != '\0' && strcmp(below, path) == 0;

	if (strlen(item) > LIMIT_PATH_BYTES || below == NULL) {
		return;
	}
	walk_probe(w, PROBE_SUBTREE, below, INPUTS_EXEC | (clean ? 0 : INPUTS_BELOW), NULL, NULL);
	if (strpbrk(path, "*?[\\") != NULL) {
		const struct inputs_probe probe = {
			.kind = PROBE_GLOB, .flags = INPUTS_EXEC, .dialect = GLOB_GO,
			.path = path, .argument = "",
		};

		inputs_probe_add(w, &probe);
	}
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool inputs_annotation(struct inputs_walk *w, const char *source_path, const char *annotation)
{
	bool any = false;

	while (*annotation != '\0') {
		size_t n = strcspn(annotation, ";");
		const char *item = annotation;
		size_t len = n;

		annotation += n + (annotation[n] == ';');
		while (len > 0 && is_blank(item[0])) {
			item++;
			len--;
		}
		while (len > 0 && is_blank(item[len - 1])) {
			len--;
		}
		if (len == 0) {
			continue;
		}
		any = true;
		item = slice(w, item, len);
		if (item[0] == '/') {
			log_item(w, item + 1);
			continue;
		}
		item = inputs_format(w, "%s/%s", source_path, item);
		log_item(w, clean_relative(w, item));
	}
	return any;
}
