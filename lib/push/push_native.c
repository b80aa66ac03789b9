/*
 * Our own hook's delivery.
 *
 * The scheme is that of Standard Webhooks with a hexadecimal digest: id and
 * time are signed with the body, so neither can be changed on the way, and
 * the id has no ".", so there is one way to cut the three apart.
 */
#include "push/push_native.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/hex.h"
#include "push/push_json.h"

char *push_native_body(const struct delivery_content *content, struct error *err)
{
	json_t *json = push_json_write(content);

	(void)json_object_set_new(json, "version", json_integer(PUSH_NATIVE_VERSION));
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL) {
		error_set(err, -1, "the push cannot be written as JSON");
	}
	return text;
}

bool push_native_id_is_valid(const char *id)
{
	size_t len = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				"0123456789-_");

	return len > 0 && len <= PUSH_NATIVE_ID_MAX && id[len] == '\0';
}

int push_native_id(char id[37])
{
	uint8_t r[16];
	char hex[2 * sizeof(r) + 1];

	if (random_bytes(r, sizeof(r)) < 0) {
		return -1;
	}
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40); /* RFC 9562: version 4 ... */
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80); /* ... of variant 10 */
	hex_encode(r, sizeof(r), hex);
	(void)snprintf(id, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		       hex + 20);
	return 0;
}

int push_native_sign(const void *key, size_t key_len, const char *id, const char *timestamp,
		     const void *body, size_t body_len, uint8_t digest[HMAC_SHA256_BYTES])
{
	const struct hmac_part parts[] = {
		{ id, strlen(id) }, { ".", 1 }, { timestamp, strlen(timestamp) },
		{ ".", 1 },         { body, body_len },
	};

	return hmac_sha256(key, key_len, parts, sizeof(parts) / sizeof(parts[0]), digest);
}
