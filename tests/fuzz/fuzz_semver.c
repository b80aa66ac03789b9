/*
 * Constraints from applications, versions from tags: a constraint, NUL, two
 * versions with NUL between.  No version is more and less than another, ranges are no versions.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/semver.h"
#include "base/xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *next(const char *text, const char *end)
{
	const char *nul = text + strlen(text);

	return nul < end ? nul + 1 : nul;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);

	if (text == NULL) {
		return 0;
	}
	memcpy(text, data, size);
	const char *a = next(text, text + size);
	const char *b = next(a, text + size);
	char *more = xasprintf(">%s", a);
	char *less = xasprintf("<%s", a);

	if (semver_matches(more, b) && semver_matches(less, b)) {
		abort();
	}
	if (semver_is_range(text) && semver_matches("*", text)) {
		abort();
	}
	(void)semver_matches(text, a);
	free(more);
	free(less);
	free(text);
	return 0;
}
