/*
 * Asking the receiver whether it knows the repository of a hook.
 */
#ifndef RECEIVER_CLI_HOOK_ASK_H
#define RECEIVER_CLI_HOOK_ASK_H

#include "hooks/conf.h"

enum hook_answer {
	ASKED_KNOWN,       // it knows the repository
	ASKED_OLD,         // it took the question and does not say: an earlier version
	ASKED_UNKNOWN,     // the repository is not in its configuration
	ASKED_REFUSED,     // 401: another secret, or a wrong clock
	ASKED_FORBIDDEN,   // 403: the source may not speak of that repository
	ASKED_NO_SOURCE,   // 404: it has no such source
	ASKED_ODD,         // another status: it is overloaded, or no receiver
	ASKED_NO_SECRET,   // the secret cannot be read here
	ASKED_UNREACHABLE, // nobody answered within some seconds
};

/*
 * Ask the receiver that conf names, with a question that is signed as the
 * hook's deliveries are and changes nothing (push/push_native.h).  *ret_text
 * is a sentence for the one who reads it, with the cure, that cannot steer a
 * terminal; a new string (free it), never NULL.
 */
enum hook_answer hook_ask(const struct hook_conf *conf, char **ret_text);

/* The word for an answer in JSON: "known", "no-source"; a constant. */
const char *hook_answer_word(enum hook_answer answer);

/* The exit status of "doorbell hook status" for an answer: EX_OK for the first two. */
int hook_answer_status(enum hook_answer answer);

#endif
