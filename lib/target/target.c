/*
 * Targets: the table of kinds, and what all of them share.
 */
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "target/target_impl.h"

/* To add a kind: its file, its line here, its row in the table. */
extern const struct target_kind target_exec;
extern const struct target_kind target_argocd;

static const struct target_kind *const kinds[] = {
	&target_exec,
	&target_argocd,
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct target_watch {
	struct target target;
	target_watch_told *told;
	void *ctx;
	void *state; // of the kind
};

const struct config_kind *target_config_kind(size_t i)
{
	return i < KINDS ? &kinds[i]->config : NULL;
}

const struct target_kind *target_kind_by_name(const char *name)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i]->config.name, name) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}

bool target_rings_applications_only(const struct target *target)
{
	return target->kind->applications_only;
}

int64_t target_observe_ms(const struct target *target)
{
	const struct target_observer *observer = target->kind->observer;

	return observer != NULL ? observer->time_ms(target->options) : 0;
}

int target_prepare(const struct target *target, const struct trigger *trigger,
		   struct call *ret_call, struct error *err)
{
	*ret_call = (struct call){ .type = CALL_HTTP };
	if (trigger->application == NULL) {
		return error_set(err, -1, "the trigger names no application");
	}
	int r = target->kind->prepare(target->options, trigger, ret_call, err);
	if (r < 0) {
		call_release(ret_call);
		return error_wrap(err, r, "target %s",
				  trigger->target != NULL ? trigger->target : "(no name)");
	}
	return 0;
}

void target_judge(const struct target *target, const struct trigger *trigger,
		  const struct call_result *result, struct outcome *ret_outcome)
{
	*ret_outcome = (struct outcome){ .code = result->status };
	target->kind->judge(target->options, trigger, result, ret_outcome);
}

char *target_watch_name(const struct trigger *trigger)
{
	struct target_application app;

	if (trigger->application == NULL || target_split(trigger->application, &app, NULL) < 0) {
		return NULL;
	}
	return xstrdup(app.name);
}

struct target_watch *target_watch_new(const struct target *target, target_watch_told *told,
				      void *ctx)
{
	struct target_watch *watch = xcalloc(1, sizeof(*watch));

	*watch = (struct target_watch){ .target = *target, .told = told, .ctx = ctx };
	watch->state = target->kind->observer->open(target->options);
	return watch;
}

int target_watch_begin(struct target_watch *watch, struct call *ret_call, struct error *err)
{
	const struct target *target = &watch->target;

	*ret_call = (struct call){ .type = CALL_HTTP };
	int r = target->kind->observer->begin(target->options, watch->state, ret_call, err);
	if (r < 0) {
		call_release(ret_call);
	}
	return r;
}

int target_watch_feed(struct target_watch *watch, const char *data, size_t len,
		      struct error *err)
{
	return watch->target.kind->observer->feed(watch->state, data, len, watch->told,
						  watch->ctx, err);
}

bool target_watch_judge(const struct target_watch *watch, const struct trigger *trigger,
			const void *news, struct outcome *ret_outcome)
{
	const struct target *target = &watch->target;

	*ret_outcome = (struct outcome){ .code = 0 };
	return target->kind->observer->judge(target->options, trigger, news, ret_outcome);
}

void target_watch_free(struct target_watch *watch)
{
	if (watch == NULL) {
		return;
	}
	watch->target.kind->observer->close(watch->state);
	free(watch);
}
