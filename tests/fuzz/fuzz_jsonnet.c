/*
 * Jsonnet from committers: what it imports is within its bounds, and twice the
 * same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "inputs/directory/jsonnet_imports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *arg, const char *path, bool code)
{
	if (path[0] == '\0' || strlen(path) > LIMIT_PATH_BYTES) {
		abort();
	}
	(void)buf_addf(arg, "%d%s\n", code, path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one;
	struct buf two;

	buf_init(&one, 4 * size + 16);
	buf_init(&two, 4 * size + 16);
	jsonnet_imports((const char *)data, size, note, &one);
	jsonnet_imports((const char *)data, size, note, &two);
	/* No import is shorter than its keyword and quotes. */
	if (buf_is_full(&one) || one.len != two.len || memcmp(one.data, two.data, one.len) != 0) {
		abort();
	}
	buf_release(&one);
	buf_release(&two);
	return 0;
}
