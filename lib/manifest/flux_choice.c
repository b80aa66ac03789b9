/*
 * Choosing: the objects of one name, by where their files lie (flux_tree.h).
 *
 * Objects that are known to be in trees of other clusters are not meant.  Of
 * those of which nothing is known, all may be.  If there is but one, it is
 * taken for the one that is meant, as in a repository of one cluster that
 * keeps sources in a directory of their own; but where somebody else refers to
 * it from nearer by, it may be the one of that cluster alone.
 */
#include "manifest/flux_choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void push(struct flux_choice *choice, const struct app *object)
{
	choice->items = xgrow(choice->items, choice->count, &choice->capacity,
			      sizeof(*choice->items));
	choice->items[choice->count++] = object;
}

/* Add those that stand to from in a relation between two. */
static enum flux_relation add(struct flux_trees *trees, const struct app *from,
			      const struct app_list *found, enum flux_relation least,
			      enum flux_relation most, struct flux_choice *choice)
{
	enum flux_relation best = RELATION_OTHERS;

	for (size_t i = 0; i < found->count; i++) {
		enum flux_relation r = flux_relate(trees, from, found->items[i]);

		best = r > best ? r : best;
		if (r >= least && r <= most) {
			push(choice, found->items[i]);
		}
	}
	return best;
}

void flux_choose(struct flux_trees *trees, const struct app *from, const json_t *reference,
		 enum app_kind kind, struct flux_choice *ret_choice)
{
	struct app_list found = { .items = NULL };

	flux_trees_find(trees, from, reference, kind, &found);
	enum flux_relation best =
		add(trees, from, &found, RELATION_BESIDE, RELATION_TOGETHER, ret_choice);

	ret_choice->together = ret_choice->count;
	(void)add(trees, from, &found, RELATION_DOUBT, RELATION_DOUBT, ret_choice);
	if (ret_choice->count == 0) {
		ret_choice->others = found.count > 0;
		(void)add(trees, from, &found, RELATION_OTHERS, RELATION_OTHERS, ret_choice);
	}
	ret_choice->foreign =
		ret_choice->others ||
		(ret_choice->count == 1 && best < RELATION_TOGETHER &&
		 flux_trees_nearest(trees, ret_choice->items[0]) > best);
	free(found.items); /* the objects are the list's */
}

const char *flux_choice_doubt(const struct flux_choice *choice, size_t i)
{
	if (choice->others || (choice->foreign && choice->together == 0)) {
		return FLUX_WHY_OTHER;
	}
	return choice->count > 1 && (i >= choice->together || choice->together > 1)
		       ? FLUX_WHY_SEVERAL
		       : NULL;
}

void flux_choice_release(struct flux_choice *choice)
{
	free(choice->items);
	*choice = (struct flux_choice){ .items = NULL };
}
