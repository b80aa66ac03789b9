/*
 * TLS.
 *
 * What is switched off costs memory, CPU or safety and brings a sender that
 * makes one request a connection nothing: renegotiation, compression,
 * sessions and tickets, early data, protocols before 1.2.  Buffers are
 * released while a connection is idle.  ALPN offers http/1.1 only; a client
 * that wants something else only is told so (RFC 7301 3.2).
 *
 * OpenSSL keeps its errors in a queue of the thread: it is emptied before each
 * call, so that SSL_get_error() speaks of that call.
 */
#include "receiver/http/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/xalloc.h"

struct tls_context {
	SSL_CTX *ctx;
	char *certificate;
	char *key;
};

struct tls {
	SSL *ssl;
	bool broken; // SSL_shutdown() must not be called any more
};

static const char ciphers12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* There is nobody to ask for a passphrase. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int choose_protocol(SSL *ssl, const unsigned char **ret_out, unsigned char *ret_len,
			   const unsigned char *offered, unsigned int offered_len, void *arg)
{
	static const unsigned char name[] = "http/1.1";

	(void)ssl;
	(void)arg;
	for (unsigned int i = 0; i < offered_len; i += offered[i] + 1U) {
		if (offered[i] == sizeof(name) - 1 && offered_len - i > offered[i] &&
		    memcmp(offered + i + 1, name, sizeof(name) - 1) == 0) {
			*ret_out = name;
			*ret_len = sizeof(name) - 1;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int openssl_error(struct error *err, const char *what)
{
	/* The first of a chain of errors is the cause, the others are who noticed. */
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
						    : ERR_reason_error_string(code);

	if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) {
		reason = "nothing in PEM format is in it";
	} else if (ERR_GET_LIB(code) == ERR_LIB_X509 &&
		   ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH) {
		reason = "it does not belong to the certificate";
	}
	ERR_clear_error();
	return error_set(err, -1, "%s: %s", what, reason != NULL ? reason : "unknown error");
}

static int configure(SSL_CTX *ctx, struct error *err)
{
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					       SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET |
					       SSL_OP_CIPHER_SERVER_PREFERENCE);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* What is sent is short: a buffer of a quarter of the size will do. */
	(void)SSL_CTX_set_max_send_fragment(ctx, 4096);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	/* A certificate chain of a client is never asked for, nor read. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 0) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, ciphers12) != 1) {
		return openssl_error(err, "TLS settings");
	}
	return 0;
}

static int load(SSL_CTX *ctx, const char *certificate, const char *key, struct error *err)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
		return error_wrap(err, openssl_error(err, certificate), "TLS certificate");
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		return error_wrap(err, openssl_error(err, key), "TLS key");
	}
	if (SSL_CTX_check_private_key(ctx) != 1) {
		return openssl_error(err, "the TLS key does not belong to the certificate");
	}
	return 0;
}

/* Replace a text by a copy of another, which may be itself. */
static void replace(char **text, const char *by)
{
	char *copy = xstrdup(by);

	free(*text);
	*text = copy;
}

int tls_context_reload(struct tls_context *context, const char *certificate, const char *key,
		       struct error *err)
{
	certificate = certificate != NULL ? certificate : context->certificate;
	key = key != NULL ? key : context->key;
	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL) {
		return openssl_error(err, "TLS");
	}
	if (configure(ctx, err) < 0 || load(ctx, certificate, key, err) < 0) {
		SSL_CTX_free(ctx);
		return -1;
	}
	replace(&context->certificate, certificate);
	replace(&context->key, key);
	/* Connections hold references to the old one. */
	SSL_CTX_free(context->ctx);
	context->ctx = ctx;
	return 0;
}

struct tls_context *tls_context_new(const char *certificate, const char *key, struct error *err)
{
	struct tls_context *context = xcalloc(1, sizeof(*context));

	if (tls_context_reload(context, certificate, key, err) < 0) {
		tls_context_free(context);
		return NULL;
	}
	return context;
}

void tls_context_free(struct tls_context *context)
{
	if (context == NULL) {
		return;
	}
	SSL_CTX_free(context->ctx);
	free(context->certificate);
	free(context->key);
	free(context);
}

struct tls *tls_new(struct tls_context *context, int fd)
{
	ERR_clear_error();
	SSL *ssl = SSL_new(context->ctx);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_accept_state(ssl);
	struct tls *tls = xcalloc(1, sizeof(*tls));
	tls->ssl = ssl;
	return tls;
}

static enum tls_result explain(struct tls *tls, int r)
{
	int code = SSL_get_error(tls->ssl, r);

	ERR_clear_error();
	switch (code) {
	case SSL_ERROR_NONE:
		return TLS_OK;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	default:
		tls->broken = true;
		return TLS_FAILED;
	}
}

enum tls_result tls_handshake(struct tls *tls)
{
	ERR_clear_error();
	return explain(tls, SSL_do_handshake(tls->ssl));
}

unsigned tls_stage(const struct tls *tls)
{
	if (BIO_number_read(SSL_get_rbio(tls->ssl)) == 0) {
		return 0;
	}
	return 1U + (unsigned)SSL_get_state(tls->ssl);
}

enum tls_result tls_read(struct tls *tls, void *data, size_t len, size_t *ret_n)
{
	ERR_clear_error();
	return explain(tls, SSL_read_ex(tls->ssl, data, len, ret_n));
}

enum tls_result tls_write(struct tls *tls, const void *data, size_t len, size_t *ret_n)
{
	ERR_clear_error();
	return explain(tls, SSL_write_ex(tls->ssl, data, len, ret_n));
}

bool tls_pending(const struct tls *tls)
{
	return SSL_has_pending(tls->ssl) == 1;
}

void tls_shutdown(struct tls *tls)
{
	if (!tls->broken && SSL_is_init_finished(tls->ssl)) {
		ERR_clear_error();
		(void)SSL_shutdown(tls->ssl);
		ERR_clear_error();
	}
}

void tls_free(struct tls *tls)
{
	if (tls == NULL) {
		return;
	}
	SSL_free(tls->ssl);
	free(tls);
}

const char *tls_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}
