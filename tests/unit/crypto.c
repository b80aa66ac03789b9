/*
 * Signatures and encodings against published values.
 */
#include "base/crypto.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "tests/support/tap.h"

static void digests_match_rfc_4231(void)
{
	static const struct {
		const char *key;
		const char *data;
		const char *want;
	} cases[] = {
		{ "Jefe", "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ "key", "The quick brown fox jumps over the lazy dog",
		  "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8" },
		{ "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].data);
		uint8_t digest[HMAC_SHA256_BYTES];
		char hex[2 * HMAC_SHA256_BYTES + 1];

		for (size_t cut = 0; cut <= len; cut += 7) {
			const struct hmac_part parts[] = { { cases[i].data, cut },
							   { cases[i].data + cut, len - cut } };

			(void)hmac_sha256(cases[i].key, strlen(cases[i].key), parts, 2, digest);
			hex_encode(digest, sizeof(digest), hex);
			tap_str(hex, cases[i].want, "HMAC %zu in two parts cut at %zu", i, cut);
		}
	}
	char hex[SHA256_HEX_MAX + 1];
	tap_int(sha256_hex("abc", 3, hex), 0, "SHA-256 works");
	tap_str(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"SHA-256 of abc is FIPS 180's");
}

static void base64_is_strict(void)
{
	static const struct {
		const char *text;
		int len;
	} cases[] = {
		{ "", 0 },      { "Zg==", 1 },     { "Zm8=", 2 },     { "Zm9v", 3 },
		{ "Zm9vYg==", 4 }, { "Zm9vYmE=", 5 }, { "Zm9vYmFy", 6 }, { "Zg", -1 },
		{ "Zg=", -1 },  { "Zh==", -1 },    { "Zm9=", -1 },    { "Zm9v\n", -1 },
		{ "Zm 9", -1 }, { "=", -1 },       { "====", -1 },    { "Zg==Zg==", -1 },
		{ "Z===", -1 }, { "Zm-_", -1 },    { "Zm9vYmFyZm9v", -1 /* more than 8 */ },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t out[8];
		int len = base64_decode(cases[i].text, strlen(cases[i].text), out, sizeof(out));

		tap_int(len, cases[i].len, "base64 %zu of the table decodes to its length", i);
		if (len >= 0) {
			char *text = base64_encode(out, (size_t)len);

			tap_str(text, cases[i].text, "... and back");
			free(text);
		}
	}
}

static void hex_is_strict(void)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "00fF7a", 0 }, { "00ff7", -1 }, { "00ff7a00", -1 }, { "00fg7a", -1 },
		{ "", -1 },      { "0x0102", -1 }, { " 0ff7a", -1 },
	};
	uint8_t out[3];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tap_int(hex_decode(cases[i].text, strlen(cases[i].text), out, sizeof(out)),
			cases[i].want, "hex \"%s\" as three bytes", cases[i].text);
	}
}

static void secrets_compare_as_a_whole(void)
{
	tap_ok(secret_equal("abc", 3, "abc", 3), "equal secrets are equal");
	tap_ok(!secret_equal("abc", 3, "abcd", 4), "a prefix is another secret");
	tap_ok(!secret_equal("abc", 3, "", 0), "nothing is another secret");
	tap_ok(!secret_equal("abc", 3, "abC", 3), "case counts");
	tap_ok(hmac_equal("ab", "ab", 2) && !hmac_equal("ab", "aB", 2), "bytes compare");

	uint8_t a[16];
	uint8_t b[16];
	tap_ok(random_bytes(a, sizeof(a)) == 0 && random_bytes(b, sizeof(b)) == 0 &&
		       memcmp(a, b, sizeof(a)) != 0,
	       "random bytes differ");
}

int main(void)
{
	digests_match_rfc_4231();
	base64_is_strict();
	hex_is_strict();
	secrets_compare_as_a_whole();
	return tap_done();
}
