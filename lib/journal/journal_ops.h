/*
 * What a maker of journals provides.  Only the makers and journal.c include
 * this; to add one is a folder beside sqlite/ and a row in journal.c.
 */
#ifndef LIB_JOURNAL_JOURNAL_OPS_H
#define LIB_JOURNAL_JOURNAL_OPS_H

#include "journal/journal.h"

/* The operations; the contract of each is that of the function of that name in journal.h. */
struct journal_ops {
	void (*close)(struct journal *j);
	enum record_result (*begin)(struct journal *j, struct error *err);
	enum record_result (*commit)(struct journal *j, struct error *err);
	void (*rollback)(struct journal *j);
	enum record_result (*add_delivery)(struct journal *j, struct record_delivery *d,
					   struct error *err);
	enum record_result (*add_plan)(struct journal *j, struct record_plan *plan,
				       struct error *err);
	enum record_result (*update_push)(struct journal *j, const struct record_push *push,
					  struct error *err);
	enum record_result (*update_trigger)(struct journal *j, const struct trigger *t,
					     const struct outcome *outcome, struct error *err);
	enum record_result (*resume)(struct journal *j, const struct journal_resume *resume,
				     struct error *err);
	enum record_result (*list)(struct journal *j, const struct journal_filter *filter,
				   struct record_list *ret_list, struct error *err);
	enum record_result (*get_delivery)(struct journal *j, int64_t id,
					   struct record_delivery *ret_delivery,
					   struct error *err);
	enum record_result (*get_triggers)(struct journal *j, int64_t delivery, int64_t after,
					   size_t limit, struct record_triggers *ret_triggers,
					   struct error *err);
	enum record_result (*tend)(struct journal *j, const struct journal_care *care,
				   struct journal_figures *ret_figures, struct error *err);
};

/* What all journals have; a maker's own struct begins with it. */
struct journal {
	const struct journal_ops *ops;
};

#endif
