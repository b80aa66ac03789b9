/*
 * Constraints from applications, versions from tags: a constraint, NUL, two
 * versions with NUL between.  Order is total, ranges are no versions.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/semver.h"

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
	int order = semver_compare(a, b);
	int back = semver_compare(b, a);

	if ((order > 0) != (back < 0) || (order == 0) != (back == 0)) {
		abort();
	}
	(void)semver_matches(text, a);
	if (semver_is_range(text) && semver_compare(text, "not a version") != 0) {
		abort();
	}
	free(text);
	return 0;
}
