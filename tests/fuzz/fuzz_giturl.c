/*
 * Repository addresses from payloads: what comes out stays as it is, and has
 * no "..", no control character and no empty component.  The same text as the
 * address of a file names places that have a path.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/gitplace.h"
#include "base/giturl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *url)
{
	const char *path = strncmp(url, "file://", 7) == 0 ? url + 7 : url;

	for (const char *c = url; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			abort();
		}
	}
	if (strstr(path, "//") != NULL || strstr(path, "/../") != NULL) {
		abort();
	}
}

static void check_place(void *arg, const struct gitplace *place)
{
	(void)arg;
	if (place->url == NULL || place->ref == NULL || place->path == NULL ||
	    place->path[0] == '/') {
		abort();
	}
	(void)gitplace_is_at(place, "git.example.com/a/b", "refs/heads/main");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *url = calloc(1, size + 1);

	if (url == NULL) {
		return 0;
	}
	memcpy(url, data, size);
	char *once = giturl_normalise(url, NULL);
	if (once != NULL) {
		check(once);
		char *twice = strlen(once) <= GITURL_MAX ? giturl_normalise(once, NULL) : NULL;

		if (strlen(once) <= GITURL_MAX && (twice == NULL || strcmp(once, twice) != 0)) {
			abort();
		}
		free(twice);
	}
	gitplace_of_file(url, check_place, NULL);
	gitplace_of_index(url, check_place, NULL);
	free(once);
	free(url);
	return 0;
}
