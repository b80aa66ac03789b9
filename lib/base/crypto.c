/*
 * HMAC, SHA-256 and random bytes, and their encodings.
 *
 * HMAC goes through EVP_MAC, which takes a message in parts, so that
 * "id.timestamp.body" is never copied together.  Comparisons are
 * CRYPTO_memcmp; decoders are strict, because a lenient one makes many
 * spellings of one signature.
 */
#include "base/crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/hex.h"
#include "base/xalloc.h"

int hmac_sha256(const void *key, size_t key_len, const struct hmac_part *parts, size_t count,
		uint8_t out[HMAC_SHA256_BYTES])
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = NULL;
	size_t written = 0;
	int r = -1;

	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (mac == NULL) {
		goto out;
	}
	ctx = EVP_MAC_CTX_new(mac);
	if (ctx == NULL || EVP_MAC_init(ctx, key, key_len, params) != 1) {
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0 && EVP_MAC_update(ctx, parts[i].data, parts[i].len) != 1) {
			goto out;
		}
	}
	if (EVP_MAC_final(ctx, out, &written, HMAC_SHA256_BYTES) != 1 ||
	    written != HMAC_SHA256_BYTES) {
		goto out;
	}
	r = 0;
out:
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return r;
}

static int sha256(const void *data, size_t len, uint8_t out[HMAC_SHA256_BYTES])
{
	unsigned written = 0;

	if (EVP_Digest(data, len, out, &written, EVP_sha256(), NULL) != 1 ||
	    written != HMAC_SHA256_BYTES) {
		return -1;
	}
	return 0;
}

int sha256_hex(const void *data, size_t len, char out[SHA256_HEX_MAX + 1])
{
	uint8_t digest[HMAC_SHA256_BYTES];

	if (sha256(data, len, digest) < 0) {
		return -1;
	}
	hex_encode(digest, sizeof(digest), out);
	return 0;
}

bool hmac_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	uint8_t digest_a[HMAC_SHA256_BYTES];
	uint8_t digest_b[HMAC_SHA256_BYTES];

	if (sha256(a, a_len, digest_a) < 0 || sha256(b, b_len, digest_b) < 0) {
		return false;
	}
	return hmac_equal(digest_a, digest_b, sizeof(digest_a));
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == '+') {
		return 62;
	}
	return c == '/' ? 63 : -1;
}

/*
 * One group of four characters, the last `padding` of which are '='.  The
 * bits that padding leaves over must be zero, or two texts mean one value.
 */
static int base64_group(const char *text, size_t padding, uint8_t *out)
{
	unsigned bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit = i < 4 - padding ? base64_digit(text[i]) : 0;

		if (digit < 0) {
			return -1;
		}
		bits = bits << 6 | (unsigned)digit;
	}
	if ((bits & ((1U << (8 * padding)) - 1)) != 0) {
		return -1;
	}
	for (size_t i = 0; i < 3 - padding; i++) {
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	}
	return 0;
}

int base64_decode(const char *text, size_t text_len, uint8_t *out, size_t max)
{
	size_t padding = 0;

	if (text_len % 4 != 0 || text_len > INT32_MAX) {
		return -1;
	}
	while (padding < 2 && padding < text_len && text[text_len - 1 - padding] == '=') {
		padding++;
	}
	size_t len = text_len / 4 * 3 - padding;
	if (len > max) {
		return -1;
	}
	for (size_t i = 0; i < text_len / 4; i++) {
		bool last = i == text_len / 4 - 1;

		if (base64_group(text + 4 * i, last ? padding : 0, out + 3 * i) < 0) {
			return -1;
		}
	}
	return (int)len;
}

char *base64_encode(const uint8_t *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = xmalloc((len + 2) / 3 * 4 + 1);
	char *to = text;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned bits = (unsigned)data[i] << 16 |
				(left > 1 ? (unsigned)data[i + 1] << 8 : 0U) |
				(left > 2 ? (unsigned)data[i + 2] : 0U);

		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[bits & 63] : '=';
	}
	*to = '\0';
	return text;
}

int random_bytes(void *out, size_t len)
{
	uint8_t *to = out;

	/* Not RAND_bytes(): seeding its generator costs the hook a millisecond. */
	while (len > 0) {
		ssize_t n = getrandom(to, len, 0);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return -1;
		}
		to += n;
		len -= (size_t)n;
	}
	return 0;
}
