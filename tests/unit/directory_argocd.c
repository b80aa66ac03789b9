/*
 * Directories: pushes at random of which Argo CD's own functions said whether
 * they change what is rendered (tests/payloads/argocd). Each that does must
 * touch the application.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/xalloc.h"
#include "tests/support/layouts.h"
#include "tests/support/tap.h"

#define FILES_MAX 8

static void fill_files(const json_t *object, struct layout_file *files)
{
	const char *path;
	json_t *text;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)object, path, text) {
		if (n < FILES_MAX) {
			files[n++] = (struct layout_file){ path, json_string_value(text) };
		}
	}
}

static char *spec_of(const json_t *test)
{
	char *directory = json_dumps(json_object_get(test, "directory"), 0);
	char *spec = xasprintf("source: {HERE, path: app, directory: %s}", directory);

	free(directory);
	return spec;
}

int main(void)
{
	const char *path = getenv("DIRECTORY_CASES");
	json_t *tests = json_load_file(path != NULL ? path : "tests/payloads/argocd/directories.json",
				       0, NULL);
	size_t count = json_array_size(tests);
	struct layout *layouts = xcalloc(count + 1, sizeof(*layouts));
	size_t missed = 0;
	size_t needless = 0;
	size_t differ = 0;

	for (size_t i = 0; i < count; i++) {
		const json_t *test = json_array_get(tests, i);

		fill_files(json_object_get(test, "before"), layouts[i].before);
		fill_files(json_object_get(test, "change"), layouts[i].change);
		layouts[i].name = "";
		layouts[i].affected = json_is_true(json_object_get(test, "differs"));
		layouts[i].spec = spec_of(test);
	}
	bool *touched = layouts_touch(layouts, count);
	for (size_t i = 0; i < count; i++) {
		differ += layouts[i].affected;
		needless += touched[i] && !layouts[i].affected;
		if (layouts[i].affected && !touched[i]) {
			char *text = json_dumps(json_array_get(tests, i), 0);

			missed++;
			tap_note("missed: %s", text);
			free(text);
		}
		free((void *)(uintptr_t)layouts[i].spec);
	}
	tap_int(missed, 0, "of %zu pushes, each of %zu that change what is rendered is seen", count,
		differ);
	tap_ok(count >= 1000 && differ >= count / 5, "there are enough of them");
	tap_ok(needless <= (count - differ) / 2, "%zu of the others are seen needlessly", needless);
	free(touched);
	free(layouts);
	json_decref(tests);
	return tap_done();
}
