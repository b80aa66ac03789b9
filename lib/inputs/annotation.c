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
#include "inputs/annotation.h"

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

	if (below == NULL) {
		inputs_always(w, "an item of manifest-generate-paths is too long");
		return;
	}
	walk_probe(w, PROBE_SUBTREE, below, PROBE_EXEC | (clean ? 0 : PROBE_BELOW), NULL, NULL);
	if (strlen(path) > GLOB_PATTERN_MAX) {
		inputs_always(w, "an item of manifest-generate-paths is too long");
	} else if (strpbrk(path, "*?[\\") != NULL) {
		const struct inputs_probe probe = {
			.kind = PROBE_GLOB, .flags = PROBE_EXEC, .dialect = GLOB_GO,
			.path = path, .argument = "",
		};

		inputs_probe_add(w, &probe);
	}
}

/* Bytes of the white space that text begins (or ends) with, as strings.TrimSpace() of Go. */
static size_t blank(const char *text, size_t len, bool at_end)
{
	static const char *const blanks[] = {
		" ", "\t", "\n", "\v", "\f", "\r", "\xc2\x85", "\u00a0", "\u1680", "\u2000",
		"\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
		"\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
	};

	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		size_t n = strlen(blanks[i]);

		if (n <= len && memcmp(at_end ? text + len - n : text, blanks[i], n) == 0) {
			return n;
		}
	}
	return 0;
}

bool inputs_annotation(struct inputs_walk *w, const char *source_path, const char *annotation)
{
	bool any = false;

	while (*annotation != '\0') {
		size_t n = strcspn(annotation, ";");
		const char *item = annotation;
		size_t len = n;

		annotation += n + (annotation[n] == ';');
		for (n = blank(item, len, false); n > 0; n = blank(item, len, false)) {
			item += n;
			len -= n;
		}
		for (n = blank(item, len, true); n > 0; n = blank(item, len, true)) {
			len -= n;
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
