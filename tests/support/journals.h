/*
 * Journals in the scratch directory, and short ways to change them.
 */
#ifndef TESTS_SUPPORT_JOURNALS_H
#define TESTS_SUPPORT_JOURNALS_H

#include "journal/journal.h"

/* "<scratch>/<name>", a new string. */
char *jt_path(const char *name);

/* Open (or create) a journal of that name; the test ends if it cannot be. */
struct journal *jt_open_with(struct journal_options options, const char *name);
struct journal *jt_open(const char *name);

/* The text of the failure to open it, "" if it opened. Good until the next call. */
const char *jt_refusal(const char *name, bool read_only);

/* Add sample_delivery(n) in a transaction of its own; its result, and the ids if wanted. */
enum record_result jt_add(struct journal *j, unsigned n, int64_t *ret_id, int64_t *ret_push);

/*
 * Plan push with the given triggers, whose ids are set; commits even if the
 * plan is refused: it must have left nothing.
 */
enum record_result jt_plan(struct journal *j, int64_t push, struct trigger **triggers,
			    size_t count, const int64_t *superseded, size_t superseded_count);

/* journal_update_trigger() in a transaction of its own. */
enum record_result jt_update(struct journal *j, const struct trigger *t,
			      const struct outcome *outcome);

/* journal_tend(), which must not fail; what it found. */
struct journal_figures jt_tend(struct journal *j, struct journal_care care);

/* The number that sql gives in a journal, through another connection; -1 if it fails. */
long long jt_count(const char *name, const char *sql);

#endif
