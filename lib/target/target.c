/*
 * Targets: the table of kinds, and what all of them share.
 */
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

#include "target/target_impl.h"

static const struct target_kind *const kinds[] = { &target_argocd, &target_exec };

const struct target_kind *target_kind_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i]->name, name) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}

int target_check(const struct target_kind *kind, const struct target_options *options,
		 struct error *err)
{
	if (options->name == NULL || *options->name == '\0') {
		return error_set(err, -1, "a target needs a name");
	}
	if (options->time_limit_ms <= 0) {
		return error_set(err, -1, "target %s: the time limit must be more than 0",
				 options->name);
	}
	int r = kind->check(options, err);
	if (r < 0) {
		return error_wrap(err, r, "target %s", options->name);
	}
	return 0;
}

int target_prepare(const struct target_kind *kind, const struct target_options *options,
		   const struct trigger *trigger, struct call *ret_call, struct error *err)
{
	*ret_call = (struct call){ .time_limit_ms = options->time_limit_ms };
	if (trigger->application == NULL) {
		return error_set(err, -1, "the trigger names no application");
	}
	int r = kind->prepare(options, trigger, ret_call, err);
	if (r < 0) {
		call_release(ret_call);
		return error_wrap(err, r, "target %s", options->name);
	}
	return 0;
}

void target_judge(const struct target_kind *kind, const struct target_options *options,
		  const struct trigger *trigger, const struct call_result *answer,
		  struct outcome *ret_outcome)
{
	*ret_outcome = (struct outcome){ .code = answer->status };
	kind->judge(options, trigger, answer, ret_outcome);
}
