/*
 * Targets for tests, made as the receiver makes them: from a configuration.
 */
#ifndef TESTS_SUPPORT_TARGETS_H
#define TESTS_SUPPORT_TARGETS_H

#include "config/config.h"
#include "target/target.h"

struct made_target {
	struct config *config; // NULL: there were problems
	struct target target;
	char problem[1024];    // the first of them, or ""
};

/*
 * Make a target called "argo" from a mapping of YAML in flow style, as printf
 * formats it: "exec: {command: [/bin/true]}". Each is to be released.
 */
void made_target(struct made_target *ret, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Free it. One that had problems is fine. */
void made_target_release(struct made_target *made);

/* A file that can be a token file: it is there, and nobody else may read it. */
const char *made_token_file(void);

#endif
