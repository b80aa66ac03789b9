/*
 * The delivery that our own hook sends: how it is written and signed.
 *
 *   POST /... HTTP/1.1
 *   Content-Type: application/json
 *   Doorbell-Delivery: 0e9e6d2c-...      one delivery, however often it is sent
 *   Doorbell-Timestamp: 1795000000       seconds since 1970, of this attempt
 *   Doorbell-Signature: v1=<64 hex>      HMAC-SHA256 of "delivery.timestamp.body"
 *   Doorbell-Wait: 1800                  milliseconds the sender would wait to
 *                                        be told the applications (optional)
 *
 *   {"version": 1, ...as in push_json.h...}
 *
 * Who gives Doorbell-Wait is answered with JSON (receiver/door/waiters.h).  If the
 * receiver does not know the repository, that answer is at once
 *
 *   {"repository": "https://...",    as it was asked for
 *    "known": false,
 *    "nearest": "https://...",       the configured address that looks most like
 *                                    it; absent if none does, or if this source
 *                                    may not speak of that one
 *    "decided": true, "refs": []}
 *
 * A question is a delivery with "event": PUSH_NATIVE_PING and no refs.  It is
 * authenticated like any other and answered 200 with the first three members
 * ("known": true too); nothing is stored.  A receiver that does not know
 * questions stores it as a delivery of nothing and answers without a body.
 */
#ifndef LIB_PUSH_PUSH_NATIVE_H
#define LIB_PUSH_PUSH_NATIVE_H

#include <stdint.h>

#include "base/crypto.h"
#include "base/error.h"
#include "push/push.h"

#define PUSH_NATIVE_VERSION 1
#define PUSH_NATIVE_DELIVERY "Doorbell-Delivery"
#define PUSH_NATIVE_TIMESTAMP "Doorbell-Timestamp"
#define PUSH_NATIVE_SIGNATURE "Doorbell-Signature"
#define PUSH_NATIVE_SCHEME "v1="
#define PUSH_NATIVE_WAIT "Doorbell-Wait"
#define PUSH_NATIVE_ID_MAX 128
#define PUSH_NATIVE_PING "ping"

/*
 * The body for a content, as a new string (free it). NULL with err if a text
 * in it is not UTF-8.
 */
char *push_native_body(const struct delivery_content *content, struct error *err);

/*
 * True if id can be a delivery's id: 1 to PUSH_NATIVE_ID_MAX letters, digits,
 * "-" and "_".
 */
bool push_native_id_is_valid(const char *id);

/* Write a new random id (a UUID) and a NUL to id. 0, or -1: no randomness. */
int push_native_id(char id[37]);

/*
 * The HMAC-SHA256 of "id.timestamp.body" under key into digest. 0, or -1 if
 * OpenSSL fails.
 */
int push_native_sign(const void *key, size_t key_len, const char *id, const char *timestamp,
		     const void *body, size_t body_len, uint8_t digest[HMAC_SHA256_BYTES]);

#endif
