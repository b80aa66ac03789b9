/*
 * The room for providers: how each sender proves who it is and what its body
 * says.  The door asks it about each request, and "doorbell send" has it sign
 * one.  It never does I/O and never logs.
 *
 * One sender a file (github.c, gitlab.c, ...), each a const struct behind
 * provider_impl.h and a row in the table of provider.c.  Nothing here
 * allocates before a request is authenticated, except for what decoding a
 * form body needs (bounded by the body).
 */
#ifndef LIB_PROVIDER_PROVIDER_H
#define LIB_PROVIDER_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "push/push.h"

struct provider; // one kind of sender

struct provider_header {
	const char *name;  // any case
	const char *value; // no CR, LF, NUL; surrounding white space removed
};

/* One request as it came; everything is borrowed by the functions below. */
struct provider_request {
	const struct provider_header *headers;
	size_t header_count;
	const char *body; // raw bytes, before any decoding
	size_t body_len;
	int64_t now_ms;   // wall clock, for signed timestamps
};

/* What the operator configured for one source. */
struct provider_secrets {
	struct strvec secrets;        // HMAC keys or tokens, any of which is valid
	struct strvec signing_tokens; // "whsec_...": Standard Webhooks keys (GitLab >= 19.0)
	int64_t tolerance_ms;         // of signed timestamps, both ways; 0: 300,000
};

enum provider_result {
	PROVIDER_OK = 0,
	PROVIDER_UNAUTHORIZED = 1, // 401: signature or token missing, malformed or wrong
	PROVIDER_MALFORMED = 2,    // 400: authentic, but not what this sender sends
	PROVIDER_UNSUPPORTED = 3   // 415: a Content-Type this sender does not use
};

/* How provider_compose() makes a request. */
struct provider_compose_options {
	int64_t now_ms;          // wall clock, for signed timestamps
	const char *delivery_id; // NULL: a new random one
	bool form;               // as application/x-www-form-urlencoded
};

/* The provider of that name, or NULL. */
const struct provider *provider_by_name(const char *name);

/* The name of a provider. */
const char *provider_get_name(const struct provider *p);

/* The name of the provider in place i of the table, from 0; NULL past the last. A constant. */
const char *provider_name_at(size_t i);

/*
 * Tell the sender from the headers alone, most specific first (Forgejo and
 * Gitea also send GitHub's headers). NULL: none of ours.
 */
const struct provider *provider_detect(const struct provider_header *headers, size_t count);

/*
 * Early check at the end of the header, before a body byte is kept: is a
 * signature or token that this source could accept present and well formed?
 * PROVIDER_OK or PROVIDER_UNAUTHORIZED or PROVIDER_UNSUPPORTED. Says nothing
 * about its being right.
 */
enum provider_result provider_check_headers(const struct provider *p,
					    const struct provider_request *request,
					    const struct provider_secrets *secrets);

/*
 * Verify the request against any of the secrets, on the raw bytes, in
 * constant time, with no downgrade to a weaker scheme.  PROVIDER_OK or
 * PROVIDER_UNAUTHORIZED; err says why for our log only, never to the sender.
 */
enum provider_result provider_verify(const struct provider *p,
				     const struct provider_request *request,
				     const struct provider_secrets *secrets, struct error *err);

/*
 * Read a verified request.  PROVIDER_OK fills *ret_content (release it with
 * delivery_content_release()): pushes, or an "ignored" reason when the event
 * is authentic but not a push.  PROVIDER_MALFORMED or PROVIDER_UNSUPPORTED
 * leave it untouched, with err.
 */
enum provider_result provider_parse(const struct provider *p,
				    const struct provider_request *request,
				    struct delivery_content *ret_content, struct error *err);

/*
 * The sender's id of this delivery, borrowed from the request: 1 to 128
 * printable characters without spaces. NULL if it gives none (then repeats
 * are simply run again: the effect is idempotent).  Most senders do not sign
 * it, so deduplicate on it together with a digest of the body.
 */
const char *provider_delivery_id(const struct provider *p, const struct provider_request *request);

/*
 * True if the delivery's id is not covered by the signature and the sender gives
 * no two deliveries the same body, so that the body says whether it is a repeat.
 */
bool provider_signs_body_only(const struct provider *p);

/* True if two spellings of a path that differ in case name one repository of this sender's. */
bool provider_ignores_case(const struct provider *p);

/*
 * True if the content that this provider read is no news but a question:
 * whether its repository is known.
 */
bool provider_is_question(const struct provider *p, const struct delivery_content *content);

/*
 * How many milliseconds the sender would wait to be told the affected
 * applications; 0: it does not ask, asks for nothing readable, or this
 * provider never does.  Never negative.
 */
int64_t provider_wait_ms(const struct provider *p, const struct provider_request *request);

/*
 * Check a configured set of secrets for this provider: at least one, none
 * empty, signing tokens decode. 0, or -1 with err naming the cure.
 */
int provider_check_secrets(const struct provider *p, const struct provider_secrets *secrets,
			   struct error *err);

/*
 * Make a request as this sender would: body and headers for the content's
 * pushes, signed with the first secret.  Used by "doorbell send".  Appends
 * "Name: value" lines to ret_headers and gives the body in *ret_body (free
 * it; it is followed by a NUL). 0, or -1 with err: no secret, nothing to say,
 * several pushes or a form where this sender has no such thing.
 */
int provider_compose(const struct provider *p, const struct delivery_content *content,
		     const struct provider_secrets *secrets,
		     const struct provider_compose_options *options, struct strvec *ret_headers,
		     char **ret_body, size_t *ret_body_len, struct error *err);

/* Release secrets: they are overwritten first. secrets may be zeroed. */
void provider_secrets_release(struct provider_secrets *secrets);

/* Value of the first header of that name (any case), or NULL. Borrowed. */
const char *provider_header_get(const struct provider_request *request, const char *name);

#endif
