/*
 * A hash of what a YAML text means.
 *
 * Each event is folded into SipHash-2-4 (64 bits): its type, then each of its
 * texts with its length in front, so that no two event streams give the same
 * bytes.  Left out are places, comments, block or flow style, the kind of
 * quotes, and whether document markers were written out.
 *
 * Who commits a file may wish for two texts with one id, so that the second
 * rings nobody.  A plain 64-bit hash, SHA-256 cut short included, gives such
 * a pair after 2^32 tries at home; under a random key that only this process
 * knows there is nothing to try.
 */
#include "base/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/yaml_impl.h"

#define KEY_BYTES 16
#define ID_BYTES 8

static void fold_text(struct buf *out, const void *text)
{
	uint32_t len = UINT32_MAX; // none at all is not the same as empty

	if (text != NULL) {
		len = (uint32_t)strlen(text);
	}
	(void)buf_add(out, &len, sizeof(len));
	(void)buf_add(out, text != NULL ? text : "", text != NULL ? len : 0);
}

static void fold_scalar(struct buf *out, const yaml_event_t *event)
{
	uint64_t len = event->data.scalar.length;

	fold_text(out, event->data.scalar.anchor);
	fold_text(out, event->data.scalar.tag);
	(void)buf_addch(out, event->data.scalar.plain_implicit ? 1 : 0);
	(void)buf_addch(out, event->data.scalar.quoted_implicit ? 1 : 0);
	(void)buf_add(out, &len, sizeof(len));
	(void)buf_add(out, event->data.scalar.value, event->data.scalar.length);
}

static void fold(struct buf *out, const yaml_event_t *event)
{
	(void)buf_addch(out, (char)event->type);
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		fold_scalar(out, event);
		break;
	case YAML_ALIAS_EVENT:
		fold_text(out, event->data.alias.anchor);
		break;
	case YAML_SEQUENCE_START_EVENT:
		fold_text(out, event->data.sequence_start.anchor);
		fold_text(out, event->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		fold_text(out, event->data.mapping_start.anchor);
		fold_text(out, event->data.mapping_start.tag);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
	default:
		break;
	}
}

/* The key of this process; false if the system gives no random bytes. */
static bool process_key(const unsigned char **ret_key)
{
	static unsigned char key[KEY_BYTES]; // drawn once, at the first call
	static bool drawn;

	if (!drawn && getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		return false;
	}
	drawn = true;
	*ret_key = key;
	return true;
}

/* A started SipHash, or NULL. Free it with EVP_MAC_CTX_free(). */
static EVP_MAC_CTX *hash_start(void)
{
	size_t size = ID_BYTES;
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
		OSSL_PARAM_construct_end(),
	};
	const unsigned char *key = NULL;
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *hash = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (hash == NULL || !process_key(&key) ||
	    EVP_MAC_init(hash, key, KEY_BYTES, parameters) != 1) {
		EVP_MAC_CTX_free(hash);
		return NULL;
	}
	return hash;
}

/* Read all events into hash. */
static enum yaml_result hash_events(struct yaml_source *source, EVP_MAC_CTX *hash)
{
	enum yaml_result r = YAML_OK;
	struct buf bytes;
	bool end = false;

	buf_init(&bytes, SIZE_MAX / 2);
	while (r == YAML_OK && !end) {
		yaml_event_t event;

		r = yaml_source_next(source, &event);
		if (r != YAML_OK) {
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		fold(&bytes, &event);
		yaml_event_delete(&event);
		if (end || bytes.len > 4096) {
			(void)EVP_MAC_update(hash, (const unsigned char *)bytes.data, bytes.len);
			buf_reset(&bytes);
		}
	}
	buf_release(&bytes);
	return r;
}

enum yaml_result yaml_meaning(const char *data, size_t len, unsigned long long *ret_id,
			      struct error *err)
{
	struct yaml_source *source = NULL;
	unsigned char id[ID_BYTES] = { 0 };
	size_t id_len = 0;
	EVP_MAC_CTX *hash = hash_start();

	if (hash == NULL) {
		return yaml_fail(err, YAML_LIMIT, 0, 0, "no SipHash to be had");
	}
	enum yaml_result r = yaml_source_new(data, len, &source, err);
	if (r == YAML_OK) {
		r = hash_events(source, hash);
	}
	if (r == YAML_OK && EVP_MAC_final(hash, id, &id_len, sizeof(id)) != 1) {
		r = yaml_fail(err, YAML_LIMIT, 0, 0, "no SipHash to be had");
	}
	if (r == YAML_OK) {
		uint64_t value = 0;

		memcpy(&value, id, sizeof(value));
		*ret_id = value;
	}
	yaml_source_free(source);
	EVP_MAC_CTX_free(hash);
	return r;
}
