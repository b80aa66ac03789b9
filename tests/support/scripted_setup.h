/*
 * Inputs of a scenario that say what the world is like (see tests/replay/replay.c),
 * each with its words, of which a NULL is the last.
 */
#ifndef TESTS_SUPPORT_SCRIPTED_SETUP_H
#define TESTS_SUPPORT_SCRIPTED_SETUP_H

#include <stdint.h>

#include "tests/support/scripted.h"

/* The value of "name=" among the words, or fallback. */
const char *scripted_word(char **words, const char *name, const char *fallback);

/* The same as a number. */
int64_t scripted_number(char **words, const char *name, int64_t fallback);

/* Options of the core; before it is made. */
void scripted_option(struct world *w, char **words);

/* One more target; before the core is made. */
void scripted_target(struct world *w, char **words);

/* A reload that changes for how long a target is observed. */
void scripted_observe(struct world *w, char **words);

/* A reload that takes all targets away. */
void scripted_no_targets(struct world *w, char **words);

/* One more application. */
void scripted_app(struct world *w, char **words);

/* A ref at which applications are kept. */
void scripted_holds(struct world *w, char **words);

#endif
