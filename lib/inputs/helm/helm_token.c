/*
 * What the scanning of a template and the following of its root both need:
 * words told apart, and what was found written down.
 */
#include <string.h>

#include "base/xalloc.h"
#include "inputs/helm/helm_flow.h"

#define CALLS_MAX 40000 // in all templates of a chart; ten times those of large ones
#define NAMES_MAX 1500

bool helm_token_is(const struct token *token, const char *word)
{
	return token->kind == WORD && token->len == strlen(word) &&
	       memcmp(token->text, word, token->len) == 0;
}

bool helm_token_is_any(const struct token *token, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (helm_token_is(token, *words)) {
			return true;
		}
	}
	return false;
}

void helm_reach_whole(struct helm_templates *t)
{
	t->files = true;
	t->whole = true;
}

void helm_add_name(struct helm_templates *t, struct strvec *names, const struct token *token)
{
	if (names->count >= NAMES_MAX || ++t->calls > CALLS_MAX) {
		helm_reach_whole(t);
		return;
	}
	char *name = xasprintf("%.*s", (int)token->len, token->text);

	(void)strvec_push_unique(names, name);
	free(name);
}
