/*
 * TLS on a non-blocking socket: OpenSSL behind a few verbs.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_HTTP_TLS_H
#define RECEIVER_HTTP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct tls_context; // certificate, key and settings of a listener
struct tls;         // one connection

enum tls_result {
	TLS_OK = 0,
	TLS_WANT_READ = 1,  // call again when the socket can be read
	TLS_WANT_WRITE = 2, // call again when the socket can be written
	TLS_CLOSED = 3,     // the peer has closed
	TLS_FAILED = 4      // broken; nothing more can be sent or received
};

/*
 * Make a context from two PEM files: a certificate chain, leaf first, and its
 * key, which must not be encrypted (nobody could be asked).  Returns it, or
 * NULL with err, which never holds text of the key.  Free it with
 * tls_context_free() after the connections that use it.
 */
struct tls_context *tls_context_new(const char *certificate, const char *key, struct error *err);

/*
 * Read the files again, or others (NULL: the same ones).  0: new connections
 * use what is in them now, old ones go on with what they have.  -1: nothing
 * has changed; err says why.
 */
int tls_context_reload(struct tls_context *context, const char *certificate, const char *key,
		       struct error *err);

/* Free a context. NULL is allowed. */
void tls_context_free(struct tls_context *context);

/*
 * Start a connection on the connected socket fd, which stays the caller's.
 * NULL if OpenSSL cannot.
 */
struct tls *tls_new(struct tls_context *context, int fd);

/* Go on with the handshake. TLS_OK when it is done. */
enum tls_result tls_handshake(struct tls *tls);

/*
 * How far the handshake is: 0 before the first byte of the peer, then a
 * number that is another after each message of the handshake.
 */
unsigned tls_stage(const struct tls *tls);

/* Read up to len bytes. TLS_OK: *ret_n (> 0) bytes were read. */
enum tls_result tls_read(struct tls *tls, void *data, size_t len, size_t *ret_n);

/*
 * Write up to len bytes (len > 0). TLS_OK: *ret_n (> 0) bytes were taken. After
 * TLS_WANT_... the next call must begin with the same bytes.
 */
enum tls_result tls_write(struct tls *tls, const void *data, size_t len, size_t *ret_n);

/* True if bytes were received that tls_read() would give without the socket. */
bool tls_pending(const struct tls *tls);

/* Tell the peer that nothing more follows; does not wait for its answer. */
void tls_shutdown(struct tls *tls);

/* Free a connection. NULL is allowed. */
void tls_free(struct tls *tls);

/* The version of OpenSSL that is in use ("3.0.17"), a constant. */
const char *tls_library_version(void);

#endif
