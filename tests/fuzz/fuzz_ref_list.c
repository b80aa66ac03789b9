/*
 * What a Git server says its refs are: a listing holds nothing but branches and
 * tags, and never more than its text can name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "base/ref_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ref_list listing = { .items = NULL };
	struct error err = ERROR_INIT;
	char *text = xcalloc(1, size + 1);
	size_t bytes = 0;

	if (size > 0) {
		memcpy(text, data, size);
	}
	int r = ref_list_parse(text, size, &listing, &err);
	require(r == 0 || err.text[0] != '\0');
	for (size_t i = 0; i < listing.count; i++) {
		const struct ref_entry *l = &listing.items[i];

		require(ref_list_is_of(l->ref) && l->id.len >= 20 && l->commit.len >= 20);
		bytes += strlen(l->ref) + 2 * (size_t)l->id.len + 1;
	}
	require(bytes <= size + 1);
	ref_list_release(&listing);
	free(text);
	return 0;
}
