/*
 * A server of our own connections for tests, in a thread, with a handler that
 * knows a few paths; and a client that speaks bytes.
 *
 *     POST /hook     202, the body's length as the reply's body; up to 25 MB
 *     POST /small    the same, up to 1,000 bytes
 *     POST /later    as /hook, answered 50 ms later from the loop, body kept
 *     POST /never    never answered
 *     POST /refused  401 at the end of the head
 *     GET  /peer     200, the peer's address and uid
 *     GET  /big      200, four megabytes
 */
#ifndef TESTS_SUPPORT_HTTPD_H
#define TESTS_SUPPORT_HTTPD_H

#include <stddef.h>

#include "receiver/http/conn.h"

struct httpd;

#define HTTPD_BIG (4U * 1024 * 1024)

/* Short deadlines, no limits by source: what most tests want. */
struct conn_limits httpd_limits(void);

/*
 * Start a server at address ("127.0.0.1:0"); certificate and key are NULL for
 * plain HTTP. Ends the test if it cannot.
 */
struct httpd *httpd_start(const char *address, const struct conn_limits *limits,
			  const char *certificate, const char *key);

/* Its port. */
unsigned httpd_port(const struct httpd *h);

/* Read the certificate and key again, in its thread. What reload returned. */
int httpd_reload(struct httpd *h);

/* Stop listening and drain for ms; does not wait. */
void httpd_drain(struct httpd *h, int ms);

/* A copy of the counters, taken in its thread. */
struct conn_counters httpd_counters(struct httpd *h);

/* How many requests the handler has got. */
unsigned httpd_requests(struct httpd *h);

/* Wait until a drain is over, or end it now; free it. Gives the last counters. */
struct conn_counters httpd_stop(struct httpd *h);

/*
 * Serve in this process, without a thread, until SIGTERM; the port is
 * written to fd as an unsigned. The rest as for httpd_start().
 */
void httpd_run_forever(const char *address, const struct conn_limits *limits,
		       const char *certificate, const char *key, int fd);

/* Connect to a port of 127.0.0.1, blocking, with a time limit of 10 s for reading. */
int client_connect(unsigned port);

/* Connect to a unix socket. */
int client_connect_unix(const char *path);

/* Send all; -1 if the server would not have it. */
int client_send(int fd, const void *data, size_t len);

/* Send a string. */
int client_send_text(int fd, const char *text);

/*
 * Read until the end; returns the status of the reply: 0 if there is none, -1
 * if reading broke off or took too long. The whole is in out (size bytes, NUL
 * included) if out is not NULL; more than that is read and dropped.
 */
int client_read(int fd, char *out, size_t size);

/* Connect, send a string, read, close. As client_read(). */
int client_exchange(unsigned port, const char *text, char *out, size_t size);

/* Sleep. */
void client_sleep_ms(int ms);

#endif
