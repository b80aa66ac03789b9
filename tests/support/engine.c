/*
 * Opening the engine, which no test goes on without.
 */
#include "tests/support/engine.h"

#include <stdio.h>
#include <stdlib.h>

struct affected_state *engine_open(const struct affected_options *options,
				   const struct app_list *list)
{
	struct affected_state *state = NULL;
	struct error err = ERROR_INIT;

	if (affected_state_new(options, &state, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
	affected_set_apps(state, list);
	return state;
}
