/*
 * TLS: requests through it, what is refused, deadlines, reloading.
 */
#include "receiver/http/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/httpd.h"
#include "tests/support/tap.h"

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

static char *certificate;
static char *key;

static void make_certificate(const char *name)
{
	tap_sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
	       "-subj /CN=%s -keyout %s -out %s 2>/dev/null",
	       name, key, certificate);
}

/* Connect and shake hands; alpn is in wire format or NULL. True if it succeeds. */
static bool client_open(struct client *c, unsigned port, int max_version, const char *alpn)
{
	c->fd = client_connect(port);
	c->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(c->ctx, 0);
	(void)SSL_CTX_set_min_proto_version(c->ctx, TLS1_VERSION);
	(void)SSL_CTX_set_max_proto_version(c->ctx, max_version);
	c->ssl = SSL_new(c->ctx);
	if (alpn != NULL) {
		(void)SSL_set_alpn_protos(c->ssl, (const unsigned char *)alpn,
					  (unsigned)strlen(alpn));
	}
	(void)SSL_set_fd(c->ssl, c->fd);
	return SSL_connect(c->ssl) == 1;
}

static void client_close(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	(void)close(c->fd);
}

static bool client_write(struct client *c, const void *data, size_t len)
{
	size_t done = 0;
	size_t n = 0;

	while (done < len && SSL_write_ex(c->ssl, (const char *)data + done, len - done, &n) == 1) {
		done += n;
	}
	return done == len;
}

/* Read to the end; the status. *ret_clean: ended with close_notify. */
static int client_status(struct client *c, char *out, size_t size, bool *ret_clean)
{
	char rest[16384];
	size_t len = 0;
	size_t n = 0;
	int r;

	while ((r = SSL_read_ex(c->ssl, rest, sizeof(rest), &n)) == 1) {
		size_t room = size - 1 - len;

		n = n < room ? n : room;
		memcpy(out + len, rest, n);
		len += n;
	}
	out[len] = '\0';
	*ret_clean = SSL_get_error(c->ssl, r) == SSL_ERROR_ZERO_RETURN;
	return strncmp(out, "HTTP/1.1 ", 9) == 0 ? (int)strtol(out + 9, NULL, 10) : 0;
}

static struct httpd *start(struct conn_limits *limits)
{
	return httpd_start("127.0.0.1:0", limits, certificate, key);
}

static void test_versions(void)
{
	static const struct {
		const char *name;
		int version;
		const char *alpn;
		bool ok;
	} cases[] = {
		{ "TLS 1.3", TLS1_3_VERSION, NULL, true },
		{ "TLS 1.2", TLS1_2_VERSION, NULL, true },
		{ "TLS 1.1 is refused", TLS1_1_VERSION, NULL, false },
		{ "ALPN http/1.1", TLS1_3_VERSION, "\x08http/1.1", true },
		{ "ALPN h2 and http/1.1", TLS1_3_VERSION, "\x02h2\x08http/1.1", true },
		{ "ALPN h2 alone is refused", TLS1_3_VERSION, "\x02h2", false },
	};
	struct conn_limits limits = httpd_limits();
	struct httpd *h = start(&limits);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client c;
		char out[2048];
		bool clean = false;
		bool ok = client_open(&c, httpd_port(h), cases[i].version, cases[i].alpn);

		tap_ok(ok == cases[i].ok, "%s: the handshake ends so", cases[i].name);
		if (ok) {
			(void)client_write(&c, "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n", 31);
			tap_int(client_status(&c, out, sizeof(out), &clean), 200, "%s: reply", cases[i].name);
			tap_ok(strstr(out, "127.0.0.1 0 1\n") != NULL, "%s: the peer is known", cases[i].name);
			tap_ok(clean, "%s: the end is announced", cases[i].name);
			tap_ok(SSL_session_reused(c.ssl) == 0 && !SSL_SESSION_has_ticket(SSL_get0_session(c.ssl)),
			       "%s: no ticket", cases[i].name);
		}
		client_close(&c);
	}
	struct conn_counters counters = httpd_stop(h);
	tap_int(counters.refused[REFUSAL_HANDSHAKE], 2, "failed handshakes are counted");
	tap_int(counters.handshakes, 0, "none is in flight");
}

static void test_bodies(void)
{
	struct conn_limits limits = httpd_limits();
	struct httpd *h = start(&limits);
	size_t len = 5U << 20;
	char *data = xcalloc(1, len);
	struct client c;
	char head[128];
	char out[2048];
	bool clean = false;

	(void)client_open(&c, httpd_port(h), TLS1_3_VERSION, NULL);
	(void)snprintf(head, sizeof(head), "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", len);
	(void)client_write(&c, head, strlen(head));
	tap_ok(client_write(&c, data, len), "5 MB are taken");
	tap_int(client_status(&c, out, sizeof(out), &clean), 202, "and accepted");
	tap_ok(strstr(out, "length=5242880 ") != NULL, "all of them arrived");
	client_close(&c);

	static const char dribble[] = "POST /hook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
				      "5\r\nhello\r\n0\r\n\r\n";
	(void)client_open(&c, httpd_port(h), TLS1_3_VERSION, NULL);
	for (size_t i = 0; i < sizeof(dribble) - 1; i++) {
		(void)client_write(&c, dribble + i, 1);
	}
	tap_int(client_status(&c, out, sizeof(out), &clean), 202, "a record for each byte is read");
	client_close(&c);

	/* Four records in the socket at once, then silence: none may be forgotten. */
	(void)client_open(&c, httpd_port(h), TLS1_3_VERSION, NULL);
	(void)snprintf(head, sizeof(head), "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 65000\r\n\r\n");
	(void)client_write(&c, head, strlen(head));
	(void)client_write(&c, data, 65000);
	tap_int(client_status(&c, out, sizeof(out), &clean), 202, "full records are read to their end");
	client_close(&c);

	(void)client_open(&c, httpd_port(h), TLS1_3_VERSION, NULL);
	(void)client_write(&c, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n", 30);
	tap_int(client_status(&c, out, sizeof(out), &clean), 200, "4 MB are sent");
	tap_ok(clean, "to their end");
	client_close(&c);
	free(data);
	(void)httpd_stop(h);
}

/*
 * One-byte records, then a large one that holds more than the header has room
 * for, all at once in the socket: wherever the server takes a breath, what TLS
 * has already read must not be forgotten.
 */
static void test_pending(void)
{
	struct conn_limits limits = httpd_limits();
	struct httpd *h = start(&limits);
	char request[16384];
	int served = 0;

	(void)snprintf(request, sizeof(request),
		       "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 16000\r\n\r\n%016000d", 0);
	for (size_t first = 0; first < 40; first++) {
		struct client c;
		char out[2048];
		char *wire = NULL;
		bool clean = false;

		(void)client_open(&c, httpd_port(h), TLS1_3_VERSION, NULL);
		BIO *memory = BIO_new(BIO_s_mem());
		SSL_set0_wbio(c.ssl, memory);
		for (size_t i = 0; i < first; i++) {
			(void)client_write(&c, request + i, 1);
		}
		(void)client_write(&c, request + first, strlen(request) - first);
		long len = BIO_get_mem_data(memory, &wire);
		(void)client_send(c.fd, wire, (size_t)len);
		served += client_status(&c, out, sizeof(out), &clean) == 202;
		client_close(&c);
	}
	tap_int(served, 40, "records read ahead are not forgotten");
	(void)httpd_stop(h);
}

static void test_deadlines(void)
{
	struct conn_limits limits = httpd_limits();
	struct httpd *h = start(&limits);
	struct client c;
	char out[2048];
	bool clean = false;
	int64_t begin = mstime_monotonic();
	int fd = client_connect(httpd_port(h));

	tap_int(client_read(fd, NULL, 0), 0, "a silent peer is closed");
	int64_t ms = mstime_monotonic() - begin;
	tap_ok(ms >= 380 && ms < 1000, "at the deadline of handshakes (%lld ms)", (long long)ms);
	(void)close(fd);
	fd = client_connect(httpd_port(h));
	(void)client_send_text(fd, "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n");
	tap_ok(client_read(fd, NULL, 0) <= 0, "plain HTTP gets no reply");
	(void)close(fd);
	(void)client_open(&c, httpd_port(h), TLS1_3_VERSION, NULL);
	(void)client_write(&c, "GET /pe", 7);
	tap_int(client_status(&c, out, sizeof(out), &clean), 408, "half a head is too late");
	client_close(&c);
	struct conn_counters counters = httpd_stop(h);
	tap_int(counters.refused[REFUSAL_LATE + CONN_HANDSHAKE], 1, "the late handshake is counted");
	tap_int(counters.refused[REFUSAL_LATE + CONN_HEAD], 1, "so is the late head");
}

/* Silent peers take all places; an honest one comes through. */
static void test_flood(void)
{
	struct conn_limits limits = httpd_limits();
	int silent[40];
	struct client c;

	limits.connections = 8;
	limits.silent_ms = 20;
	limits.phase_ms[CONN_HANDSHAKE] = 5000;
	struct httpd *h = start(&limits);
	for (size_t i = 0; i < 40; i++) {
		silent[i] = client_connect(httpd_port(h));
	}
	tap_ok(client_open(&c, httpd_port(h), TLS1_3_VERSION, NULL), "a handshake succeeds among silent ones");
	client_close(&c);
	for (size_t i = 0; i < 40; i++) {
		(void)close(silent[i]);
	}
	client_sleep_ms(50);
	struct conn_counters counters = httpd_stop(h);
	tap_ok(counters.refused[REFUSAL_SILENT] >= 32, "the silent ones ended (%llu)",
	       (unsigned long long)counters.refused[REFUSAL_SILENT]);
	tap_int((long long)counters.refused[REFUSAL_CROWD], 0, "and nobody else");
	tap_int(counters.handshakes, 0, "none is in flight at the end");
}

static const char *seen_name(unsigned port, char *out, int size)
{
	struct client c;

	(void)client_open(&c, port, TLS1_3_VERSION, NULL);
	X509 *cert = SSL_get1_peer_certificate(c.ssl);
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, out, size);
	X509_free(cert);
	client_close(&c);
	return out;
}

static void test_reload(void)
{
	struct conn_limits limits = httpd_limits();
	struct client old;
	char out[2048];
	char name[64];
	bool clean = false;

	limits.phase_ms[CONN_HEAD] = 5000;
	struct httpd *h = start(&limits);
	(void)client_open(&old, httpd_port(h), TLS1_3_VERSION, NULL);
	make_certificate("second");
	tap_int(httpd_reload(h), 0, "another certificate is loaded");
	tap_str(seen_name(httpd_port(h), name, sizeof(name)), "second", "new connections see it");
	(void)client_write(&old, "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n", 31);
	tap_int(client_status(&old, out, sizeof(out), &clean), 200, "old connections go on");
	client_close(&old);
	tap_sh("echo nonsense > %s", key);
	tap_int(httpd_reload(h), -1, "a broken key is refused");
	tap_str(seen_name(httpd_port(h), name, sizeof(name)), "second", "and changes nothing");
	(void)httpd_stop(h);
}

static void test_bad_files(void)
{
	struct error err = ERROR_INIT;

	tap_ok(tls_context_new("/nonexistent", key, &err) == NULL, "a missing certificate is an error");
	tap_ok(strstr(err.text, "/nonexistent") != NULL, "that names the file: %s", err.text);
	make_certificate("third");
	tap_sh("openssl ec -in %s -aes128 -passout pass:s3cret -out %s.enc 2>/dev/null", key, key);
	char *encrypted = xasprintf("%s.enc", key);
	tap_ok(tls_context_new(certificate, encrypted, &err) == NULL, "an encrypted key is refused and nobody asked");
	tap_sh("openssl ecparam -name prime256v1 -genkey -noout -out %s 2>/dev/null", encrypted);
	tap_ok(tls_context_new(certificate, encrypted, &err) == NULL, "another's key is refused");
	tap_note("%s", err.text);
	free(encrypted);
}

int main(void)
{
	certificate = xasprintf("%s/cert.pem", tap_dir());
	key = xasprintf("%s/key.pem", tap_dir());
	make_certificate("first");
	test_versions();
	test_bodies();
	test_pending();
	test_deadlines();
	test_flood();
	test_reload();
	test_bad_files();
	free(certificate);
	free(key);
	return tap_done();
}
