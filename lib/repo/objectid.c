/*
 * The id of a Git object: SHA-1 of "TYPE LENGTH NUL CONTENT".
 *
 * What is guarded against is a damaged disk.  Somebody who makes two objects
 * of one id cannot bring them here: git, which looked for signs of that when
 * the objects were received, keeps the first.  So the plain SHA-1 of OpenSSL,
 * which processors help with, is as good here as the one of libgit2, which
 * looks for those signs at each reading and takes half of the whole time.
 */
#include "repo/objectid.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define SHA1_BYTES 20

struct objectid {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

struct objectid *objectid_new(void)
{
	struct objectid *o = xcalloc(1, sizeof(*o));

	o->md = EVP_MD_fetch(NULL, "SHA1", NULL);
	o->ctx = EVP_MD_CTX_new();
	if (o->md == NULL || o->ctx == NULL) {
		abort(); /* OpenSSL without SHA-1: no Git */
	}
	return o;
}

void objectid_free(struct objectid *o)
{
	if (o == NULL) {
		return;
	}
	EVP_MD_CTX_free(o->ctx);
	EVP_MD_free(o->md);
	free(o);
}

bool objectid_is(struct objectid *o, const struct oid *id, const char *type, const void *data,
		 size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char head[64];
	int head_len = snprintf(head, sizeof(head), "%s %zu", type, len);

	return id->len == SHA1_BYTES && EVP_DigestInit_ex2(o->ctx, o->md, NULL) == 1 &&
	       EVP_DigestUpdate(o->ctx, head, (size_t)head_len + 1) == 1 &&
	       EVP_DigestUpdate(o->ctx, data, len) == 1 &&
	       EVP_DigestFinal_ex(o->ctx, digest, NULL) == 1 &&
	       memcmp(digest, id->bytes, SHA1_BYTES) == 0;
}
