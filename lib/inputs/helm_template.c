/*
 * What a chart's templates can reach, as far as their text tells.
 */
#include "inputs/helm_template.h"

#include <string.h>

static bool is_word(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Is the word anywhere in text, on its own? */
static bool has_word(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = memmem(text, len, word, n); at != NULL;
	     at = memmem(at + 1, len - (size_t)(at + 1 - text), word, n)) {
		bool begins = at == text || !is_word(at[-1]);
		bool ends = at + n == text + len || !is_word(at[n]);

		if (begins && ends) {
			return true;
		}
	}
	return false;
}

bool helm_values_suspect(const char *text, size_t len)
{
	/* The braces may be in the template around it. */
	if (has_word(text, len, "Files")) {
		return true;
	}
	return memmem(text, len, "{{", 2) != NULL &&
	       (has_word(text, len, "include") || has_word(text, len, "template") ||
		has_word(text, len, "tpl"));
}
