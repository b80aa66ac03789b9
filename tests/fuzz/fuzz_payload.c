/*
 * The skimmer against jansson: what jansson takes as an object within our
 * limits, the skimmer takes, and the members that are kept are the same.
 * The form decoder gives back what it was given.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "provider/payload_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const keep[] = { "ref", "repository.url", "repository.owner.name", NULL };

/* The value at a path as in keep; what is no object on the way is the value. */
static const json_t *at(const json_t *json, const char *path)
{
	while (*path != '\0' && json_is_object(json)) {
		char *key = xstrndup(path, strcspn(path, "."));

		json = json_object_get(json, key);
		path += strlen(key);
		path += *path == '.';
		free(key);
	}
	return json;
}

/* What is kept is as it was. A key spelt with escapes is null on our side, and what is in it lost. */
static void compare_kept(const json_t *whole, const json_t *part, bool escapes)
{
	for (size_t i = 0; keep[i] != NULL; i++) {
		const json_t *a = at(whole, keep[i]);
		const json_t *b = at(part, keep[i]);
		bool lost = (b == NULL || json_is_null(b)) && escapes;

		if (a != b && !json_equal(a, b) && !lost) {
			abort();
		}
	}
	if (json_object_size(whole) < json_object_size(part)) {
		abort();
	}
}

static void same_members(const char *text, size_t size, const struct buf *kept, int skimmed)
{
	json_t *whole = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	json_t *part = skimmed == 0
			       ? json_loadb(kept->data, kept->len, JSON_REJECT_DUPLICATES, NULL)
			       : NULL;

	if (json_is_object(whole) && part != NULL) {
		compare_kept(whole, part, memchr(text, '\\', size) != NULL);
	}
	/* Inputs here are too small for any limit but depth. (jansson overlooks a NUL after a number.) */
	if (json_is_object(whole) && part == NULL && memchr(text, '[', size) == NULL &&
	    memchr(text, '\0', size) == NULL && size < LIMIT_JSON_DEPTH) {
		abort();
	}
	json_decref(whole);
	json_decref(part);
}

static void form_goes_round(const char *text, size_t size)
{
	struct buf form;
	struct buf back;

	buf_init(&form, 3 * size + 16);
	buf_init(&back, size);
	(void)payload_form_decode(text, size, &back, NULL);
	buf_reset(&back);
	payload_form_encode(text, size, &form);
	if (payload_form_decode(form.data, form.len, &back, NULL) < 0 || back.len != size ||
	    memcmp(back.data, text, size) != 0) {
		abort();
	}
	buf_release(&form);
	buf_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmemdup(data, size);
	struct buf out;

	buf_init(&out, PAYLOAD_KEPT_BYTES);
	int r = payload_skim(text, size, keep, &out, NULL);
	same_members(text, size, &out, r);
	form_goes_round(text, size);
	buf_release(&out);
	free(text);
	return 0;
}
