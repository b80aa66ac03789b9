/*
 * What became of deliveries: names and release.
 */
#include "record/history.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[RECORD_STATUSES] = {
	[RECORD_IGNORED] = "ignored",
	[RECORD_WORKING] = "working",
	[RECORD_FAILING] = "failed",
	[RECORD_DONE] = "done",
};

const char *record_status_name(enum record_status status)
{
	return (unsigned)status < RECORD_STATUSES ? names[status] : "?";
}

enum record_status record_status_by_name(const char *name)
{
	for (unsigned i = 0; i < RECORD_STATUSES; i++) {
		if (strcmp(names[i], name) == 0) {
			return (enum record_status)i;
		}
	}
	return RECORD_STATUSES;
}

static void release_summary(struct record_summary *s)
{
	free(s->source);
	free(s->provider);
	free(s->event);
	free(s->pusher);
	free(s->ignored);
	free(s->repository);
	free(s->ref);
	free(s->reason);
}

void record_list_release(struct record_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		release_summary(&list->items[i]);
	}
	free(list->items);
	*list = (struct record_list){ .items = NULL };
}

static void release_trigger(struct record_trigger *t)
{
	for (size_t i = 0; i < t->attempt_count; i++) {
		free(t->attempts[i].state);
		free(t->attempts[i].reason);
		free(t->attempts[i].output);
	}
	free(t->attempts);
	trigger_free(t->trigger);
}

void record_triggers_release(struct record_triggers *triggers)
{
	for (size_t i = 0; i < triggers->count; i++) {
		release_trigger(&triggers->items[i]);
	}
	free(triggers->items);
	*triggers = (struct record_triggers){ .items = NULL };
}

void record_history_release(struct record_history *history)
{
	record_triggers_release(&history->triggers);
	record_delivery_release(&history->delivery);
}
