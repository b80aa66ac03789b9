/*
 * What our hook is told of the pushes it sent, and so the person who pushed.
 *
 *   {"delivery": "42", "decided": true,
 *    "refs": [{"ref": "refs/heads/main", "affected": 2, "applications": 40,
 *              "names": ["argocd/web"], "reason": "..."}],
 *    "more": 3}
 *
 * "affected" and "applications" are numbers; "names" has the first
 * LIMIT_ANSWER_NAMES of those that are affected; "untaken" is how many of them no
 * target takes, absent if all are taken.  "decided" is false if the
 * time was up before all refs were decided.  "more" refs were decided and
 * found no room; it is absent if there are none.
 *
 * The whole answer never takes more than LIMIT_ANSWER_BYTES, which is what
 * the hook reads, however many refs were pushed and however long names are.
 */
#ifndef LIB_PUSH_PUSH_ANSWER_H
#define LIB_PUSH_PUSH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct push_answer;

/* What is told of a repository. Everything is borrowed. */
struct push_answer_repository {
	const char *address; // as it was asked for
	bool known;
	const char *nearest; // the configured address that looks most like it, or NULL
};

/* What became of one ref. Everything is borrowed. */
struct push_answer_ref {
	const char *ref;          // full name
	size_t affected;          // applications that the push affects
	int64_t applications;     // applications that were looked at
	const char *const *names; // full names of the affected ones
	size_t name_count;
	const char *reason;       // the decision in words, or NULL
	size_t untaken;           // of the affected ones, how many no target takes
};

/*
 * The answer about a repository, as a new string (free it) of *ret_len bytes:
 *
 *   {"repository": "https://...", "known": false, "nearest": "https://..."}
 *
 * "nearest" is absent if it is NULL.  for_push: the answer to a push that ends
 * here, because the repository is not known; "decided": true and an empty
 * "refs" are added, which is what an older hook looks for.
 */
char *push_answer_about(const struct push_answer_repository *repository, bool for_push,
			size_t *ret_len);

/* An answer for that delivery with no ref yet. Never NULL; push_answer_free() it. */
struct push_answer *push_answer_new(int64_t delivery);

/* Free it; NULL is fine. */
void push_answer_free(struct push_answer *answer);

/*
 * Add a ref.  Short of room its names are left out, from the last one on, and
 * at last the ref itself, which then only counts in "more".  A ref that
 * affects nothing may take half of the room, so that those which do are told.
 */
void push_answer_add(struct push_answer *answer, const struct push_answer_ref *ref);

/*
 * The answer as text of *ret_len bytes, at most LIMIT_ANSWER_BYTES: a new
 * string, free it.  decided as above.  The answer can go on.
 */
char *push_answer_write(const struct push_answer *answer, bool decided, size_t *ret_len);

#endif
