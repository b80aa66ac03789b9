/*
 * The journal as its users see it: each call goes to whoever made it.
 *
 * There is one maker.  A second one would be told by the form of the path
 * ("etcd://..."), as libcurl tells its protocols, and nobody else would know.
 */
#include "journal/journal.h"

#include "base/xalloc.h"
#include "journal/journal_ops.h"
#include "journal/sqlite/journal_sqlite.h"

char *journal_place(const char *state_directory)
{
	return xasprintf("%s/%s", state_directory, JOURNAL_SQLITE_FILE);
}

enum record_result journal_open(const struct journal_options *options,
				struct journal **ret_journal, struct error *err)
{
	return journal_sqlite_open(options, ret_journal, err);
}

void journal_close(struct journal *j)
{
	if (j != NULL) {
		j->ops->close(j);
	}
}

enum record_result journal_begin(struct journal *j, struct error *err)
{
	return j->ops->begin(j, err);
}

enum record_result journal_commit(struct journal *j, struct error *err)
{
	return j->ops->commit(j, err);
}

void journal_rollback(struct journal *j)
{
	j->ops->rollback(j);
}

enum record_result journal_add_delivery(struct journal *j, struct record_delivery *d,
					struct error *err)
{
	return j->ops->add_delivery(j, d, err);
}

enum record_result journal_add_plan(struct journal *j, struct record_plan *plan,
				    struct error *err)
{
	return j->ops->add_plan(j, plan, err);
}

enum record_result journal_update_push(struct journal *j, const struct record_push *push,
				       struct error *err)
{
	return j->ops->update_push(j, push, err);
}

enum record_result journal_update_trigger(struct journal *j, const struct trigger *t,
					  const struct outcome *outcome, struct error *err)
{
	return j->ops->update_trigger(j, t, outcome, err);
}

enum record_result journal_resume(struct journal *j, const struct journal_resume *resume,
				  struct error *err)
{
	return j->ops->resume(j, resume, err);
}

enum record_result journal_list(struct journal *j, const struct journal_filter *filter,
				struct record_list *ret_list, struct error *err)
{
	return j->ops->list(j, filter, ret_list, err);
}

enum record_result journal_get_delivery(struct journal *j, int64_t id,
					struct record_delivery *ret_delivery, struct error *err)
{
	return j->ops->get_delivery(j, id, ret_delivery, err);
}

enum record_result journal_get_triggers(struct journal *j, int64_t delivery, int64_t after,
					size_t limit, struct record_triggers *ret_triggers,
					struct error *err)
{
	return j->ops->get_triggers(j, delivery, after, limit, ret_triggers, err);
}

enum record_result journal_tend(struct journal *j, const struct journal_care *care,
				struct journal_figures *ret_figures, struct error *err)
{
	return j->ops->tend(j, care, ret_figures, err);
}
