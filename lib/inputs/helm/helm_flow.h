/*
 * Where the root of a template goes.
 *
 * A template's root holds everything that the chart has; whatever writes it
 * out shows all of that.  helm_template.c takes a file apart into actions
 * ("{{ ... }}") and their tokens, and knows in which blocks an action stands.
 * For each action it calls helm_flow(), which follows the root through it and
 * notes where it gets to.  helm_token.c has what both need.
 */
#ifndef LIB_INPUTS_HELM_HELM_FLOW_H
#define LIB_INPUTS_HELM_HELM_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "inputs/helm/helm_template.h"

#define TOKENS_MAX 512 // of one action
#define NESTING_MAX 100

enum token_kind {
	WORD,   // a function, keyword or number
	STRING, // without its quotes
	HERE,   // "." alone
	VAR,    // "$" or "$name" alone
	FIELD,  // ".a" or "$a.b"
	ASSIGN, // ":=" or "="
	PIPE,
	OTHER
};

/* Borrowed from the template's text. */
struct token {
	enum token_kind kind;
	const char *text;
	size_t len;
};

/* One file being looked through. */
struct scan {
	struct helm_templates *t;
	bool lasting;           // what it defines cannot be replaced
	bool root[NESTING_MAX]; // may "." be the root, for each open block
	size_t depth;           // the innermost is root[depth]
	size_t define_depth;    // of the template being defined; 0: none
	struct token define;    // its name
	bool again;             // a variable was set anew: uses before that count, too
	struct strvec aliases;  // variables that may be the root
	struct token tokens[TOKENS_MAX];
	size_t count;
};

/* Is token that word? */
bool helm_token_is(const struct token *token, const char *word);

/* As helm_token_is(), for any of words; NULL ends them. */
bool helm_token_is_any(const struct token *token, const char *const *words);

/* Note that all may be written out. */
void helm_reach_whole(struct helm_templates *t);

/* Add a name to one of t's lists (or the scan's); too many: all may be written out. */
void helm_add_name(struct helm_templates *t, struct strvec *names, const struct token *token);

/*
 * Follow the root through the action in s->tokens (at least one), and note in
 * s->t what it gets into.  True if the value of the action's pipeline, which
 * "with" makes ".", may be the root.
 */
bool helm_flow(struct scan *s);

/* Functions that write out whatever they are given; NULL ends them. */
extern const char *const helm_dumpers[];

#endif
