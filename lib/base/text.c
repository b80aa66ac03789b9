/*
 * Text from outside as JSON.  jansson refuses what is not UTF-8, and who does
 * not look drops the member, or the whole object that json_pack() makes.
 */
#include "base/text.h"

#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" // U+FFFD

json_t *text_to_json(const char *text)
{
	size_t left = text != NULL ? strlen(text) : 0;
	struct buf clean;

	if (text == NULL) {
		return json_null();
	}
	if (utf8_is_valid(text, left)) {
		return json_stringn_nocheck(text, left);
	}
	buf_init(&clean, (sizeof(REPLACEMENT) - 1) * left);
	while (left > 0) {
		size_t len = utf8_length(text, left);

		(void)(len > 0 ? buf_add(&clean, text, len) : buf_addstr(&clean, REPLACEMENT));
		len = len > 0 ? len : 1;
		text += len;
		left -= len;
	}
	json_t *value = json_stringn_nocheck(clean.data, clean.len);
	buf_release(&clean);
	return value;
}
