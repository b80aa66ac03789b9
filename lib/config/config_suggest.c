/*
 * "Did you mean": the name that begins so, else the nearest by insertions,
 * deletions, changes and swaps of neighbours, letter case aside.  And "give one
 * of": all names.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "config/config_impl.h"

#define WORD_MAX 63
#define NAMES_BYTES 4096

static size_t least(size_t a, size_t b, size_t c)
{
	size_t d = a < b ? a : b;

	return d < c ? d : c;
}

static bool same(const char *a, size_t i, const char *b, size_t j)
{
	return tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
}

/* Optimal string alignment distance; both are WORD_MAX long at most. */
static size_t distance(const char *a, const char *b)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1,
					d[i - 1][j - 1] + !same(a, i - 1, b, j - 1));
			if (i > 1 && j > 1 && same(a, i - 1, b, j - 2) &&
			    same(a, i - 2, b, j - 1) && d[i - 2][j - 2] + 1 < d[i][j]) {
				d[i][j] = d[i - 2][j - 2] + 1;
			}
		}
	}
	return d[a_len][b_len];
}

const char *config_suggest(const char *word, const char *const *names)
{
	size_t len = strnlen(word, WORD_MAX + 1);
	const char *best = NULL;
	size_t best_distance = len / 3 + 1; /* a third may be wrong, and one more */

	if (len > WORD_MAX || len == 0) {
		return NULL;
	}
	for (; *names != NULL; names++) {
		if (strlen(*names) > WORD_MAX) {
			continue;
		}
		if (len > 2 && strncasecmp(*names, word, len) == 0) {
			return *names; /* begun, not ended */
		}
		size_t d = distance(word, *names);
		if (d < best_distance || (d == best_distance && best == NULL && len > 2)) {
			best = *names;
			best_distance = d;
		}
	}
	return best;
}

char *config_join_names(const char *const *names)
{
	struct buf out;

	buf_init(&out, NAMES_BYTES);
	for (size_t i = 0; names[i] != NULL; i++) {
		const char *before = i == 0 ? "" : names[i + 1] == NULL ? " and " : ", ";

		(void)buf_addf(&out, "%s%s", before, names[i]);
	}
	return buf_detach(&out);
}
