/*
 * What is secret, signed or random: HMAC, SHA-256, comparisons that tell
 * nothing by their time, random bytes, and the encodings of all these.
 */
#ifndef LIB_BASE_CRYPTO_H
#define LIB_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_SHA256_BYTES 32
#define SHA256_HEX_MAX 64

struct hmac_part {
	const void *data;
	size_t len;
};

/*
 * HMAC-SHA256 with a key over the concatenation of count parts into out.
 * Returns 0, or -1 if OpenSSL fails (treat as a failed verification).
 */
int hmac_sha256(const void *key, size_t key_len, const struct hmac_part *parts, size_t count,
		uint8_t out[HMAC_SHA256_BYTES]);

/* SHA-256 of data as 64 lower-case hex digits and a NUL. Returns 0 or -1. */
int sha256_hex(const void *data, size_t len, char out[SHA256_HEX_MAX + 1]);

/*
 * True if len bytes at a and b are equal, in time that depends on len only
 * (CRYPTO_memcmp).
 */
bool hmac_equal(const void *a, const void *b, size_t len);

/*
 * True if two secrets are equal, in time that depends on neither content nor
 * on where they differ: their SHA-256 digests are compared.
 */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/*
 * Decode standard base64 with padding, strictly: no white space, canonical
 * padding. At most max bytes to out. Returns the length, or -1.
 */
int base64_decode(const char *text, size_t text_len, uint8_t *out, size_t max);

/* Encode as standard base64 with padding into a new string (free it). */
char *base64_encode(const uint8_t *data, size_t len);

/* Fill out with len random bytes. Returns 0 or -1. */
int random_bytes(void *out, size_t len);

#endif
