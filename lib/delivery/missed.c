/*
 * Pushes of which nobody told us: from a list of where all refs are.
 *
 * A ref is compared with the commit processed last.  Before anything of it was
 * processed there is only where it was when it was first looked at, and that
 * is no commit processed: a forge moves the ref first and sends its webhook
 * after that, so what is seen may be what a delivery on its way will bring.
 * It is used for one thing alone: to see that the ref has moved since.
 *
 * The list may be older than what is known by now.  So what is found is only a
 * reason to look at the ref once more, in its lane, in its turn: if nothing has
 * moved after all, that finds the commit processed already, and rings nobody.
 */
#include "delivery/missed.h"

#include <string.h>

#include "delivery/core.h"

void delivery_resume_seen(struct delivery_core *core, const char *repository, const char *ref,
			  const struct oid *commit)
{
	struct lane *lane = lane_get(core, repository, ref);

	lane->seen = *commit;
	lane->seen_earlier = true;
}

/* One comparison. */
struct ref_comparison {
	struct delivery_core *core;
	const char *repository;
	const char *default_branch;
	const struct delivery_looked *told;
	uint64_t number;
	bool new_is_created; // a ref that is not known was created since it was known
};

static bool is_at(const struct oid *known, const struct ref_entry *ref)
{
	return oid_equal(known, &ref->id) || oid_equal(known, &ref->commit);
}

/* Is there a push among these that says of the ref what the list says? ref NULL: it is gone. */
static bool says(const struct record_push *pushes, size_t count, const struct ref_entry *ref)
{
	bool found = false;

	for (size_t i = 0; !found && i < count; i++) {
		const struct oid *after = &pushes[i].after;
		bool anything = after->len == 0;

		found = anything || (ref != NULL ? is_at(after, ref) : oid_is_zero(after));
	}
	return found;
}

static bool is_under_way(const struct lane *lane, const struct ref_entry *ref)
{
	return says(lane->queue, lane->count, ref) || says(lane->work, lane->work_count, ref);
}

/* Where the ref was, as far as is known; no id: it is not. */
static const struct oid *known_of(const struct lane *lane)
{
	return lane->last.len > 0 ? &lane->last : &lane->seen;
}

static void look_at(struct ref_comparison *look, const struct ref_entry *ref)
{
	struct lane *lane = lane_get(look->core, look->repository, ref->ref);
	const struct oid *known = known_of(lane);

	lane->looked = look->number;
	if (known->len > 0) {
		if (!is_at(known, ref) && !is_under_way(lane, ref)) {
			look->told->moved(look->told->ctx, ref->ref, known);
		}
		return;
	}
	if (lane->count + lane->work_count > 0) {
		return;
	}
	lane->seen = ref->id;
	if (look->new_is_created) {
		const struct oid nothing = { .len = ref->id.len };

		look->told->moved(look->told->ctx, ref->ref, &nothing);
	} else {
		look->told->seen(look->told->ctx, ref->ref, &ref->id);
	}
}

static bool is_followed(const struct ref_comparison *look, const char *ref)
{
	return lane_is_followed(look->core, look->repository, ref, look->default_branch);
}

/* Before the first look no ref is known, whatever was created when. */
bool delivery_knows(const struct delivery_core *core, const char *repository)
{
	const struct lane *lane = core->lanes;

	while (lane != NULL &&
	       (known_of(lane)->len == 0 || strcmp(lane->repository, repository) != 0)) {
		lane = lane->hh.next;
	}
	return lane != NULL;
}

/* What is known and not in the list is gone; the list is of branches and tags only. */
static void find_gone(const struct ref_comparison *look)
{
	const struct lane *lane;

	for (lane = look->core->lanes; lane != NULL; lane = lane->hh.next) {
		if (lane->looked != look->number && known_of(lane)->len > 0 &&
		    strcmp(lane->repository, look->repository) == 0 &&
		    ref_list_is_of(lane->ref) && is_followed(look, lane->ref) &&
		    !is_under_way(lane, NULL)) {
			look->told->moved(look->told->ctx, lane->ref, known_of(lane));
		}
	}
}

void delivery_look(struct delivery_core *core, const char *repository,
		   const char *default_branch, const struct ref_list *listing,
		   const struct delivery_looked *told)
{
	struct ref_comparison look = {
		.core = core,
		.repository = repository,
		.default_branch = default_branch,
		.told = told,
		.number = ++core->looks,
		.new_is_created = told->new_is_created && delivery_knows(core, repository),
	};

	for (size_t i = 0; i < listing->count; i++) {
		if (is_followed(&look, listing->items[i].ref)) {
			look_at(&look, &listing->items[i]);
		}
	}
	find_gone(&look);
}
