/*
 * One question to the journal and one delivery, one after the other.
 */
#include "receiver/door/repeat.h"

#include <stdlib.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "journal/journal.h"
#include "receiver/ops/log.h"
#include "receiver/store/store.h"

/* Triggers that are looked at in one go. */
#define PAGE 500

struct repeat {
	struct repeat_order order;
	struct record_delivery old;
	struct record_delivery fresh;
	bool failed; // the old one, in a push or a trigger
};

static void end(struct repeat *r, enum repeat_result result, const char *why)
{
	r->order.done(r->order.arg, result, r->fresh.id, why);
	record_delivery_release(&r->old);
	record_delivery_release(&r->fresh);
	free(r);
}

static void on_stored(void *arg, enum record_result result, const struct error *err)
{
	struct repeat *r = arg;

	if (result != RECORD_OK) {
		end(r, REPEAT_NOT_NOW, err->text);
		return;
	}
	log_info("replay", "delivery", LOG_INT(r->fresh.id), "of", LOG_INT(r->order.id), NULL);
	for (size_t i = 0; i < r->fresh.push_count; i++) {
		r->order.accepted(r->order.ctx, &r->fresh.pushes[i]);
	}
	end(r, REPEAT_STORED, "");
}

static bool has_failed(enum trigger_state state)
{
	return state == TRIGGER_REFUSED || state == TRIGGER_STALLED;
}

/* Look at the triggers of the old delivery, page by page, until one has failed. */
static enum record_result look_at_triggers(struct journal *j, struct repeat *r,
					   struct error *err)
{
	enum record_result result = RECORD_OK;
	int64_t after = 0;
	bool more = true;

	while (result == RECORD_OK && more && !r->failed) {
		struct record_triggers page = { .count = 0 };

		result = journal_get_triggers(j, r->order.id, after, PAGE, &page, err);
		for (size_t i = 0; result == RECORD_OK && i < page.count; i++) {
			const struct trigger *t = page.items[i].trigger;

			r->failed = r->failed || has_failed(t->state);
			after = t->sequence;
		}
		more = page.count == PAGE;
		record_triggers_release(&page);
	}
	return result;
}

/* On the writer thread. */
static enum record_result read_old(struct journal *j, void *arg, struct error *err)
{
	struct repeat *r = arg;
	enum record_result result = journal_get_delivery(j, r->order.id, &r->old, err);

	for (size_t i = 0; result == RECORD_OK && i < r->old.push_count; i++) {
		r->failed = r->failed || r->old.pushes[i].state == PUSH_REFUSED;
	}
	return result == RECORD_OK && r->order.only_failed ? look_at_triggers(j, r, err) : result;
}

static void on_old_read(void *arg, enum record_result result, const struct error *err)
{
	struct repeat *r = arg;

	if (result != RECORD_OK) {
		end(r, result == RECORD_NOT_FOUND ? REPEAT_UNKNOWN : REPEAT_NOT_NOW, err->text);
	} else if (r->old.push_count == 0) {
		end(r, REPEAT_NOTHING, "this delivery holds no push: there is nothing to repeat");
	} else if (r->order.only_failed && !r->failed) {
		end(r, REPEAT_NOTHING, "nothing of it has failed");
	} else {
		record_delivery_repeat(&r->old, mstime_wall(), &r->fresh);
		if (store_add_delivery(r->order.store, &r->fresh, on_stored, r) != STORE_OK) {
			end(r, REPEAT_NOT_NOW, "the journal takes nothing now");
		}
	}
}

void repeat_delivery(const struct repeat_order *order)
{
	struct repeat *r = xcalloc(1, sizeof(*r));

	r->order = *order;
	if (store_read(order->store, read_old, on_old_read, r) != STORE_OK) {
		end(r, REPEAT_NOT_NOW, "the journal takes nothing now");
	}
}
