/*
 * For those who implement a provider: the struct, and what they share.
 *
 * A provider is one file that ends in const structs, and a row for each in
 * the table of provider.c.
 */
#ifndef LIB_PROVIDER_PROVIDER_IMPL_H
#define LIB_PROVIDER_PROVIDER_IMPL_H

#include "base/buf.h"
#include "base/crypto.h"
#include "provider/provider.h"

struct provider {
	const char *name;

	/* Headers any of which identifies the sender; NULL ends the list. */
	const char *const *detect;

	/* Headers that may hold the delivery's id, best first; NULL ends the list. */
	const char *const *delivery_ids;

	/* What the functions of provider.h of the same name do; all are set. */
	enum provider_result (*check_headers)(const struct provider *p,
					      const struct provider_request *request,
					      const struct provider_secrets *secrets);
	enum provider_result (*verify)(const struct provider *p,
				       const struct provider_request *request,
				       const struct provider_secrets *secrets, struct error *err);
	enum provider_result (*parse)(const struct provider *p,
				      const struct provider_request *request,
				      struct delivery_content *ret_content, struct error *err);
	int (*compose)(const struct provider *p, const struct delivery_content *content,
		       const struct provider_secrets *secrets,
		       const struct provider_compose_options *options, struct strvec *ret_headers,
		       struct buf *ret_body, struct error *err);

	/*
	 * The header by which it asks to be told the affected applications, in
	 * milliseconds that it would wait; NULL: it never asks.
	 */
	const char *wait_header;

	/* The event by which it asks whether its repository is known; NULL: it never asks. */
	const char *question_event;

	bool signs_body_only;        // not the delivery's id, by which others know a repeat
	bool case_counts;            // in the paths of its repositories; forges have no two that
				     // differ in nothing else
	bool accepts_signing_tokens; // "signing_tokens" mean something here
	bool accepts_form;           // application/x-www-form-urlencoded too
	const void *dialect;         // the file's own: what differs between its providers
};

extern const struct provider provider_github;
extern const struct provider provider_gitlab;
extern const struct provider provider_gitea;
extern const struct provider provider_forgejo;
extern const struct provider provider_gogs;
extern const struct provider provider_native;

enum provider_single {
	PROVIDER_SINGLE_NONE,
	PROVIDER_SINGLE_ONE,
	PROVIDER_SINGLE_MANY // the header is repeated: whose value counts is anyone's guess
};

/* --- what they share: provider_common.c --- */

/* The value of the first header of that name (any case), borrowed, or NULL. */
const char *provider_header_find(const struct provider_header *headers, size_t count,
				 const char *name);

/*
 * Look for a header that must not be repeated. With ..._ONE its value is in
 * *ret_value (borrowed), otherwise that is NULL.
 */
enum provider_single provider_header_single(const struct provider_request *request,
					    const char *name, const char **ret_value);

/*
 * Read "<prefix><64 hex digits>" (prefix may be "") into digest. 0, or -1 for
 * anything else, the empty digest of a sender without a secret included.
 */
int provider_read_digest(const char *value, const char *prefix, uint8_t digest[HMAC_SHA256_BYTES]);

/*
 * True if digest is the HMAC-SHA256 of the parts under one of the secrets.
 * Empty secrets never match. All secrets are tried, matching or not.
 */
bool provider_match_hmac(const struct strvec *secrets, const struct hmac_part *parts, size_t count,
			 const uint8_t digest[HMAC_SHA256_BYTES]);

/*
 * Is seconds (decimal digits only) within tolerance_ms (0: five minutes) of
 * now_ms? False for anything that is not a plain number too.
 */
bool provider_timestamp_is_fresh(const char *seconds, int64_t now_ms, int64_t tolerance_ms);

#define SIGNING_TOKEN_MIN 24
#define SIGNING_TOKEN_MAX 64

/*
 * Decode a Standard Webhooks token ("whsec_" and base64; the prefix may be
 * missing). Returns the key's length, or -1.
 */
int provider_signing_key(const char *token, uint8_t key[SIGNING_TOKEN_MAX]);

/*
 * Put the HMAC-SHA256 of the parts under the first secret into hex. 0, or -1
 * with err: no secret.
 */
int provider_sign(const struct provider_secrets *secrets, const struct hmac_part *parts,
		  size_t count, char hex[2 * HMAC_SHA256_BYTES + 1], struct error *err);

/*
 * Fill in *ret_content for an authentic request that is not a push: its event
 * (the sender's word; unprintable bytes become "?", 64 at most) and, made
 * from the printf format, why nothing follows.  Returns PROVIDER_OK.
 */
enum provider_result provider_ignore(struct delivery_content *ret_content, const char *event,
				     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A sender's word as above, as a new string (free it). */
char *provider_event(const char *word);

/* The id to send: the options' own, or a new random UUID. Free it; NULL with err. */
char *provider_compose_id(const struct provider_compose_options *options, struct error *err);

#endif
