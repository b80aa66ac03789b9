/*
 * encoding/json (fold.go): the case of ASCII letters does not matter, and
 * neither do the two characters beyond ASCII that Unicode folds to one of
 * them: U+017F is an "s", U+212A a "k".
 */
#include "inputs/go_name.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The letter that text begins with, folded; *ret_len is its length in bytes. */
static int folded(const char *text, size_t *ret_len)
{
	static const struct {
		const char *written;
		char letter;
	} others[] = { { "\xc5\xbf", 's' }, { "\xe2\x84\xaa", 'k' } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		*ret_len = strlen(others[i].written);
		if (strncmp(text, others[i].written, *ret_len) == 0) {
			return others[i].letter;
		}
	}
	*ret_len = 1;
	return tolower((unsigned char)*text);
}

bool go_name_is(const char *written, const char *name)
{
	while (*written != '\0' && *name != '\0') {
		size_t len = 0;

		if (folded(written, &len) != tolower((unsigned char)*name)) {
			return false;
		}
		written += len;
		name++;
	}
	return *written == *name;
}

const json_t *go_name_get(const json_t *object, const char *name)
{
	const json_t *same = json_object_get(object, name);
	const char *key = NULL;
	json_t *value = NULL;

	if (same != NULL) {
		return same;
	}
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (go_name_is(key, name)) {
			return value;
		}
	}
	return NULL;
}
