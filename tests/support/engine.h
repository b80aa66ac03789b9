/*
 * The affected engine for tests that only want its answers.
 */
#ifndef TESTS_SUPPORT_ENGINE_H
#define TESTS_SUPPORT_ENGINE_H

#include "affected/affected.h"
#include "manifest/app.h"

/*
 * The state of a repository as options say, with the applications of list, which
 * must live as long. Ends the program if it cannot be opened. Free it with
 * affected_state_free().
 */
struct affected_state *engine_open(const struct affected_options *options,
				   const struct app_list *list);

#endif
