/*
 * Globs from committers: first byte the dialect, then pattern, NUL, text.
 * The work stays within its bound, and what matches is well formed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 8192) {
		return 0;
	}
	char *pattern = calloc(1, size + 1);
	if (pattern == NULL) {
		return 0;
	}
	memcpy(pattern, data + 1, size - 1);
	enum glob_dialect dialect = (enum glob_dialect)(data[0] % 4);
	const char *end = memchr(pattern, '\0', size);
	const char *text = end < pattern + size - 1 ? end + 1 : "";
	size_t steps = 0;
	enum glob_result r = glob_match_counted(dialect, pattern, text, &steps);
	bool valid = glob_is_valid(dialect, pattern);

	if (steps > 8 * (strlen(pattern) + 1) * (strlen(text) + 2) + 10000) {
		abort();
	}
	if (!valid && r == GLOB_NO_MATCH) {
		abort();
	}
	if (valid && r == GLOB_BAD_PATTERN) {
		abort();
	}
	free(pattern);
	return 0;
}
