/*
 * Argo CD's loop, step by step, with Go's path functions.
 */
#include "tests/support/argocd.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/xalloc.h"

/* Take the last component off what is in front of the limit. */
static size_t step_back(const char *out, size_t w, size_t limit)
{
	w--;
	while (w > limit && out[w] != '/') {
		w--;
	}
	return w;
}

static bool is_element(const char *path, const char *element)
{
	size_t n = strlen(element);

	return strncmp(path, element, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Go: path.Clean(), the algorithm of its documentation. A new string. */
static char *clean(const char *path)
{
	size_t n = strlen(path);
	char *out = xcalloc(n + 2, 1);
	bool rooted = path[0] == '/';
	size_t r = 0;
	size_t w = 0;
	size_t dotdot = 0;

	if (n == 0) {
		out[0] = '.';
		return out;
	}
	if (rooted) {
		out[w++] = '/';
		r = 1;
		dotdot = 1;
	}
	for (size_t len; r < n; r += len) {
		len = strcspn(path + r, "/") + (strchr(path + r, '/') == path + r);
		if (path[r] == '/' || is_element(path + r, ".")) {
			continue;
		}
		bool up = is_element(path + r, "..");
		if (up && w > dotdot) {
			w = step_back(out, w, dotdot);
			continue;
		}
		if (up && rooted) {
			continue;
		}
		if (w > (size_t)rooted) {
			out[w++] = '/';
		}
		memcpy(out + w, path + r, len);
		w += len;
		dotdot = up ? w : dotdot;
	}
	if (w == 0) {
		out[w++] = '.';
	}
	out[w] = '\0';
	return out;
}

void argocd_refresh_paths(const char *source_path, const char *annotation, struct strvec *paths)
{
	while (*annotation != '\0') {
		size_t n = strcspn(annotation, ";");
		char *item = xstrndup(annotation, n);
		char *p = item;

		annotation += n + (annotation[n] == ';');
		p += strspn(p, " \t\n\v\f\r");
		for (size_t len = strlen(p); len > 0 && strchr(" \t\n\v\f\r", p[len - 1]) != NULL;) {
			p[--len] = '\0';
		}
		if (p[0] == '/') {
			strvec_push(paths, p + 1);
		} else if (p[0] != '\0') {
			/* filepath.Join() leaves empty elements out. */
			char *joined = source_path[0] != '\0' ? xasprintf("%s/%s", source_path, p)
							      : xstrdup(p);

			strvec_push_take(paths, clean(joined));
			free(joined);
		}
		free(item);
	}
}

static char *absolute(const char *path)
{
	return path[0] == '/' ? xstrdup(path) : xasprintf("/%s", path);
}

/* security.EnforceToCurrentRoot() gives no error. */
static bool is_below(const char *item, const char *file)
{
	char *root = clean(item);
	char *slash = strrchr(file, '/');
	char *up = slash == file ? xstrdup("/") : xstrndup(file, (size_t)(slash - file));
	char *dir = clean(up);
	size_t n = strlen(root);
	bool below = strcmp(root, "/") == 0 || strcmp(root, dir) == 0 ||
		     (strncmp(dir, root, n) == 0 && dir[n] == '/');

	free(root);
	free(up);
	free(dir);
	return below;
}

bool argocd_files_have_changed(const struct strvec *paths, const char *const *files, size_t count)
{
	if (count == 0 || paths->count == 0) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		char *file = absolute(files[i]);
		bool changed = false;

		for (size_t k = 0; k < paths->count && !changed; k++) {
			char *item = absolute(paths->items[k]);

			changed = strcmp(file, item) == 0 || is_below(item, file) ||
				  glob_match(GLOB_GO, item, file) == GLOB_MATCH;
			free(item);
		}
		free(file);
		if (changed) {
			return true;
		}
	}
	return false;
}
