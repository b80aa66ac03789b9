/*
 * A listing is read line by line:
 *
 *     ref: refs/heads/main<TAB>HEAD
 *     ID<TAB>HEAD
 *     ID<TAB>refs/heads/main
 *     ID<TAB>refs/tags/v1
 *     ID<TAB>refs/tags/v1^{}        the commit behind the tag of the line before
 *
 * A ref that is missed would be taken for deleted.  So a line that cannot be
 * read fails the whole, unless nothing was read before it.
 */
#include "base/ref_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define BRANCHES "refs/heads/"
#define TAGS "refs/tags/"
#define PEELED "^{}"

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool ref_list_is_of(const char *ref)
{
	return (starts_with(ref, BRANCHES) || starts_with(ref, TAGS)) &&
	       strlen(ref) <= LIMIT_REF_BYTES;
}

int ref_list_add(struct ref_list *listing, const char *ref, const struct oid *id,
		const struct oid *commit, struct error *err)
{
	if (listing->count == LIMIT_LISTED_REFS) {
		return error_set(err, -1, "it has more than %d branches and tags",
				 LIMIT_LISTED_REFS);
	}
	listing->items = xgrow(listing->items, listing->count, &listing->capacity,
			       sizeof(*listing->items));
	listing->items[listing->count++] = (struct ref_entry){ xstrdup(ref), *id, *commit };
	return 0;
}

/* "ref: refs/heads/NAME<TAB>HEAD": true if it was that, or the same of another ref. */
static bool read_symref(const char *line, struct ref_list *listing)
{
	static const char head[] = "\tHEAD";
	const char *target = line + 5;
	const char *tab = strchr(line, '\t');

	if (!starts_with(line, "ref: ") || tab == NULL) {
		return false;
	}
	if (strcmp(tab, head) == 0 && starts_with(target, BRANCHES) &&
	    listing->default_branch == NULL) {
		const char *name = target + strlen(BRANCHES);

		listing->default_branch = xstrndup(name, (size_t)(tab - name));
	}
	return true;
}

/* The name of a peeled tag is that of the last ref and "^{}". */
static bool is_peeled(const char *name, const struct ref_list *listing)
{
	const char *last = listing->count > 0 ? listing->items[listing->count - 1].ref : "";
	size_t len = strlen(last);

	return len > 0 && strncmp(name, last, len) == 0 && strcmp(name + len, PEELED) == 0;
}

/* One line: 1 if it is git's, 0 if it is not, -1 with err. */
static int read_line(const char *line, struct ref_list *listing, struct error *err)
{
	const char *tab = strchr(line, '\t');
	struct oid id;

	if (read_symref(line, listing)) {
		return 1;
	}
	if (tab == NULL || oid_from_hex(line, (size_t)(tab - line), &id) < 0) {
		return 0;
	}
	if (is_peeled(tab + 1, listing)) {
		listing->items[listing->count - 1].commit = id;
	} else if (ref_list_is_of(tab + 1) && strstr(tab + 1, PEELED) == NULL &&
		   ref_list_add(listing, tab + 1, &id, &id, err) < 0) {
		return -1;
	}
	return 1;
}

int ref_list_parse(const char *text, size_t len, struct ref_list *ret_listing, struct error *err)
{
	char *copy = xstrndup(text, len);
	char *rest = copy;
	bool begun = false;
	int r = strlen(copy) == len ? 0 : error_set(err, -1, "a NUL in the list of its refs");

	while (r == 0 && rest != NULL && *rest != '\0') {
		const char *line = strsep(&rest, "\n");
		int read = read_line(line, ret_listing, err);

		if (read < 0) {
			r = -1;
		} else if (read == 0 && begun) {
			r = error_set(err, -1, "the list of its refs has a line that is not git's");
		}
		begun = begun || read > 0;
	}
	free(copy);
	return r;
}

void ref_list_release(struct ref_list *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->items[i].ref);
	}
	free(listing->items);
	free(listing->default_branch);
	*listing = (struct ref_list){ .items = NULL };
}
