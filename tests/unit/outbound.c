/*
 * Calls to a real server over real TLS, which has every fault there is.
 */
#include "receiver/ring/outbound_impl.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mstime.h"
#include "base/xalloc.h"
#include "tests/support/tap.h"

#define SECRET "s3cr3t-t0ken"
#define STARS "****************************************************************"

struct world {
	struct event_base *base;
	struct outbound *outbound;
	FILE *server;
	const char *dir;
	int tls, plain, silent;
};

struct seen {
	int count;
	struct call_result answer;
	char output[2048];
	char failure[512];
};

static void on_answer(void *arg, const struct call_result *answer)
{
	struct seen *seen = arg;
	size_t len = answer->output_len < sizeof(seen->output) ? answer->output_len :
								 sizeof(seen->output) - 1;

	seen->count++;
	seen->answer = *answer;
	if (len > 0) {
		memcpy(seen->output, answer->output, len);
	}
	seen->output[len] = '\0';
	(void)snprintf(seen->failure, sizeof(seen->failure), "%s",
		       answer->failure ? answer->failure : "");
}

static void run_loop(const struct world *w)
{
	while (outbound_count(w->outbound) > 0) {
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
}

static void start_server(struct world *w)
{
	char path[512];

	w->dir = tap_dir();
	tap_sh("cd %s && for ca in ca other; do openssl req -x509 -newkey ec -pkeyopt "
	       "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$ca -keyout $ca.key -out $ca.pem "
	       "2>/dev/null; done", w->dir);
	tap_sh("cd %s && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "
	       "/CN=x -keyout k.pem -out r.pem 2>/dev/null && "
	       "echo subjectAltName=IP:127.0.0.1,DNS:argo.test > ext && "
	       "openssl x509 -req -in r.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
	       "-extfile ext -out c.pem 2>/dev/null && cat c.pem k.pem > server.pem", w->dir);
	tap_sh("printf '  %s\\n' > %s/token; printf 'two words' > %s/words; : > %s/empty; "
	       "head -c 20000 /dev/zero | tr '\\0' x > %s/long", SECRET, w->dir, w->dir, w->dir,
	       w->dir);
	(void)snprintf(path, sizeof(path), "exec python3 tests/support/badserver.py %s", w->dir);
	w->server = popen(path, "we");
	(void)snprintf(path, sizeof(path), "%s/ports", w->dir);
	for (int i = 0; i < 500; i++) {
		FILE *f = fopen(path, "r");
		if (f != NULL) {
			tap_ok(fscanf(f, "%d %d %d", &w->tls, &w->plain, &w->silent) == 3,
			       "the bad server listens");
			(void)fclose(f);
			return;
		}
		(void)usleep(20000);
	}
	tap_ok(false, "the bad server listens");
}

/* The settings of one call; strings are copied by call_start(). */
struct request {
	const char *host; // NULL: 127.0.0.1
	const char *path;
	const char *token; // file in dir, NULL: none
	const char *ca;    // file in dir
	const char *body;
	bool plain, silent, insecure;
	int64_t limit_ms;
};

static uint64_t start_call(const struct world *w, const struct request *c,
			   outbound_piece *piece, outbound_callback *callback, void *arg)
{
	struct call call = { .type = CALL_HTTP };
	char token[256];
	char ca[256];

	(void)snprintf(token, sizeof(token), "%s/%s", w->dir, c->token ? c->token : "");
	(void)snprintf(ca, sizeof(ca), "%s/%s", w->dir, c->ca ? c->ca : "ca.pem");
	call.url = xasprintf("%s://%s:%d%s", c->plain ? "http" : "https",
			     c->host ? c->host : "127.0.0.1",
			     c->silent ? w->silent : c->plain ? w->plain : w->tls, c->path);
	call.method = c->body ? "POST" : "GET";
	call.body = c->body ? xstrdup(c->body) : NULL;
	call.body_len = c->body ? strlen(c->body) : 0;
	call.time_limit_ms = c->limit_ms > 0 ? c->limit_ms : 10000;
	call.token_file = c->token ? token : NULL;
	call.ca_file = ca;
	call.insecure = c->insecure;
	strvec_push(&call.headers, "Accept: application/json");
	if (c->body) {
		strvec_push(&call.headers, "Content-Type: application/json");
	}
	uint64_t id = piece != NULL ? outbound_stream(w->outbound, &call, piece, callback, arg)
				    : outbound_call(w->outbound, &call, callback, arg);
	call_release(&call);
	memset(token, 'X', sizeof(token));
	memset(ca, 'X', sizeof(ca));
	return id;
}

static uint64_t call_start(const struct world *w, const struct request *c, struct seen *seen)
{
	return start_call(w, c, NULL, on_answer, seen);
}

static struct seen make(const struct world *w, struct request c)
{
	struct seen seen = { .count = 0 };

	(void)call_start(w, &c, &seen);
	run_loop(w);
	return seen;
}

static void test_requests(const struct world *w)
{
	struct seen seen = make(w, (struct request){ .path = "/echo", .token = "token" });
	char want[512];

	tap_ok(seen.answer.completed && seen.answer.status == 200, "an answer comes over TLS (%s)",
	       seen.failure);
	(void)snprintf(want, sizeof(want),
		       "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: doorbell/%s\r\n"
		       "Authorization: Bearer %.*s\r\nAccept: application/json\r\n\r\n",
		       w->tls, DOORBELL_VERSION, (int)strlen(SECRET), STARS);
	tap_str(seen.output, want, "a GET is exactly what we want, with the token trimmed and, in "
		"what comes back, hidden");
	seen = make(w, (struct request){ .path = "/echo", .body = "{}" });
	(void)snprintf(want, sizeof(want),
		       "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: doorbell/%s\r\n"
		       "Accept: application/json\r\nContent-Type: application/json\r\n"
		       "Content-Length: 2\r\n\r\n{}", w->tls, DOORBELL_VERSION);
	tap_str(seen.output, want, "a POST is exactly what we want, without a token");

	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	seen = make(w, (struct request){ .path = "/echo", .plain = true });
	tap_ok(seen.answer.completed, "a proxy of the environment is not asked");
	(void)unsetenv("http_proxy");
	(void)unsetenv("ALL_PROXY");

	seen = make(w, (struct request){ .path = "/status/404", .token = "token" });
	tap_int(seen.answer.status, 404, "an error is an answer, too");
	tap_str(seen.output, "status 404", "with its body");
	seen = make(w, (struct request){ .path = "/gzip" });
	tap_str(seen.output, "not gzip", "nothing is unpacked");
}

static void test_redirect(const struct world *w)
{
	struct seen seen = make(w, (struct request){ .path = "/redirect", .token = "token" });

	tap_int(seen.answer.status, 302, "a redirect is an answer");
	tap_str(seen.output, "", "and is not followed");
}

static void test_certificates(const struct world *w)
{
	struct seen seen = make(w, (struct request){ .path = "/echo", .ca = "other.pem", .token = "token" });

	tap_ok(!seen.answer.completed && seen.answer.never_sent && seen.answer.status == 0,
	       "another authority's certificate is refused before anything is sent (%s)",
	       seen.failure);
	seen = make(w, (struct request){ .path = "/echo", .host = "localhost" });
	tap_ok(seen.answer.never_sent, "so is one for another name (%s)", seen.failure);
	seen = make(w, (struct request){ .path = "/echo", .ca = "other.pem", .insecure = true });
	tap_ok(seen.answer.completed, "unless told not to look");
	seen = make(w, (struct request){ .path = "/echo", .ca = "missing.pem" });
	tap_ok(seen.answer.never_sent && !seen.answer.unusable,
	       "a missing authority file may come yet (%s)", seen.failure);
}

static void test_tokens(const struct world *w)
{
	static const struct {
		const char *file, *why;
	} cases[] = {
		{ "missing", "No such file" }, { "words", "no token" },
		{ "empty", "no token" },       { "long", "longer than 8192 bytes" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = make(w, (struct request){ .path = "/echo", .token = cases[i].file });
		tap_ok(seen.count == 1 && seen.answer.never_sent && !seen.answer.unusable &&
		       strstr(seen.failure, cases[i].why) != NULL &&
		       strstr(seen.failure, cases[i].file) != NULL,
		       "a token file that is %s is named: %s", cases[i].file, seen.failure);
	}
	tap_sh("printf new > %s/token2", w->dir);
	struct seen seen = make(w, (struct request){ .path = "/echo", .token = "token2" });
	tap_ok(strstr(seen.output, "Bearer new\r\n") != NULL, "a token is read");
	tap_sh("printf newer > %s/token2", w->dir);
	seen = make(w, (struct request){ .path = "/echo", .token = "token2" });
	tap_ok(strstr(seen.output, "Bearer newer\r\n") != NULL, "and read again for the next call");
}

static void test_time_limits(const struct world *w)
{
	int64_t begin = mstime_monotonic();
	struct seen seen = make(w, (struct request){ .path = "/slow", .limit_ms = 300 });

	tap_ok(seen.answer.timed_out && !seen.answer.completed && !seen.answer.never_sent &&
	       seen.answer.status == 0, "a time-out after the request was sent is told (%s)",
	       seen.failure);
	seen = make(w, (struct request){ .path = "/slowbody", .limit_ms = 300 });
	tap_ok(seen.answer.timed_out && !seen.answer.completed && seen.answer.status == 200,
	       "a time-out in the body leaves the status");
	seen = make(w, (struct request){ .path = "/x", .silent = true, .limit_ms = 300 });
	tap_ok(seen.answer.timed_out && seen.answer.never_sent,
	       "a silent server was sent nothing (%s)", seen.failure);
	seen = make(w, (struct request){ .path = "/x", .silent = true, .limit_ms = 60000 });
	tap_ok(seen.answer.never_sent, "TLS has its own limit (%s)", seen.failure);
	tap_ok(mstime_monotonic() - begin < 5000, "and all four took no longer than they should");
}

static void test_broken_answers(const struct world *w)
{
	struct seen seen = make(w, (struct request){ .path = "/reset", .plain = true });

	tap_ok(!seen.answer.completed && seen.answer.status == 200 && !seen.answer.never_sent,
	       "a reset in the body leaves the status (%s)", seen.failure);
	seen = make(w, (struct request){ .path = "/hangup" });
	tap_ok(!seen.answer.completed && seen.answer.status == 0 && !seen.answer.never_sent,
	       "a hang-up after the request is told (%s)", seen.failure);
	seen = make(w, (struct request){ .path = "/huge" });
	tap_ok(seen.answer.completed && seen.answer.truncated && seen.answer.status == 200,
	       "a huge body is cut");
	tap_int(seen.answer.output_len, LIMIT_RESPONSE_BYTES, "at its ceiling");
	seen = make(w, (struct request){ .path = "/lines" });
	tap_ok(!seen.answer.completed && seen.answer.status == 0 &&
	       strstr(seen.failure, "no end") != NULL, "a flood of header lines is cut off");
	seen = make(w, (struct request){ .path = "/line" });
	tap_ok(!seen.answer.completed, "a header line without end is cut off (%s)", seen.failure);
	seen = make(w, (struct request){ .path = "/garbage" });
	tap_ok(!seen.answer.completed && seen.answer.status == 0, "what is no HTTP is no answer (%s)",
	       seen.failure);
	struct world nobody = *w;
	nobody.plain = 1;
	seen = make(&nobody, (struct request){ .path = "/", .plain = true });
	tap_ok(seen.answer.never_sent && !seen.answer.timed_out, "a refused connection is told (%s)",
	       seen.failure);
	seen = make(w, (struct request){ .path = "/", .host = "no-such-host.invalid" });
	tap_ok(seen.answer.never_sent, "a name that nobody knows is told (%s)", seen.failure);
}

static void test_retry_after(const struct world *w)
{
	static const struct {
		const char *path;
		int64_t least, most;
	} cases[] = {
		{ "/after/7", 7000, 7000 },
		{ "/after/0", 0, 0 },
		{ "/after/-5", 0, 0 },
		{ "/after/soon", 0, 0 },
		{ "/after/99999999999999999999", 0, 86400000 },
		{ "/after/Wed,_21_Oct_2015_07:28:00_GMT", 0, 0 },
		{ "/soon", 25000, 30000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = make(w, (struct request){ .path = cases[i].path });
		tap_ok(seen.answer.status == 503 && seen.answer.retry_after_ms >= cases[i].least &&
		       seen.answer.retry_after_ms <= cases[i].most, "%s means %lld ms", cases[i].path,
		       (long long)seen.answer.retry_after_ms);
	}
}

static void test_many(const struct world *w)
{
	struct seen seen[100] = { { .count = 0 } };
	const struct request call = { .path = "/echo", .token = "token" };
	int good = 0;

	for (int i = 0; i < 100; i++) {
		(void)call_start(w, &call, &seen[i]);
	}
	run_loop(w);
	for (int i = 0; i < 100; i++) {
		good += seen[i].count == 1 && seen[i].answer.completed;
	}
	tap_int(good, 100, "more calls than run at a time are all made");
}

static void test_cancel(const struct world *w)
{
	struct seen seen[60] = { { .count = 0 } };
	uint64_t ids[60];
	const struct request slow = { .path = "/slow" };
	const struct request quick = { .path = "/echo" };

	for (int i = 0; i < 60; i++) {
		ids[i] = call_start(w, i < 40 ? &slow : &quick, &seen[i]);
	}
	(void)usleep(100000);
	int64_t begin = mstime_monotonic();
	for (int i = 0; i < 50; i++) {
		outbound_cancel(w->outbound, ids[i]);
	}
	outbound_cancel(w->outbound, 123456);
	run_loop(w);
	int cancelled = 0;
	int made = 0;
	for (int i = 0; i < 60; i++) {
		cancelled += i < 50 && seen[i].count == 0;
		made += i >= 50 && seen[i].answer.completed;
	}
	tap_int(cancelled, 50, "cancelled calls, running or waiting, have no callback");
	tap_int(made, 10, "those behind them are made");
	tap_ok(mstime_monotonic() - begin < 5000, "without waiting for them");
}

static void test_limits_and_end(struct world *w)
{
	const struct outbound_options options = { .max_calls = 1, .max_waiting = 2 };
	const struct request slow = { .path = "/slow", .limit_ms = 60000 };
	struct outbound *first = w->outbound;
	struct seen seen[5] = { { .count = 0 } };
	struct error err = ERROR_INIT;

	tap_int(outbound_new(w->base, &options, &w->outbound, &err), 0, "a second one can be had");
	for (int i = 0; i < 5; i++) {
		(void)call_start(w, &slow, &seen[i]);
	}
	while (outbound_count(w->outbound) > 3) {
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
	tap_ok(seen[3].answer.never_sent && seen[4].answer.never_sent && seen[2].count == 0,
	       "calls above the ceiling fail at once (%s)", seen[4].failure);
	int64_t begin = mstime_monotonic();
	outbound_free(w->outbound);
	tap_ok(mstime_monotonic() - begin < 1500, "the end does not wait for calls");
	tap_ok(seen[0].count == 0 && seen[1].count == 0, "and has no callbacks");
	w->outbound = first;
	outbound_free(NULL);
}

/* What came of a stream. */
struct stream {
	struct seen end;
	size_t pieces, bytes;
	int64_t first_ms, last_ms;
	bool after_end;      // a piece came behind the answer
	bool disorder;       // of /torrent
	char text[256];
	char rest[16];       // of /torrent: what a piece ended with of a number
	size_t rest_len;
	unsigned next;       // number that comes next
	struct outbound *cancel_in; // cancel `id` at the first piece
	uint64_t id;
};

static void on_piece(void *arg, const char *data, size_t len)
{
	struct stream *s = arg;
	size_t used = strlen(s->text);

	s->pieces++;
	s->bytes += len;
	s->last_ms = mstime_monotonic();
	s->first_ms = s->first_ms == 0 ? s->last_ms : s->first_ms;
	s->after_end |= s->end.count > 0;
	(void)snprintf(s->text + used, sizeof(s->text) - used, "%.*s", (int)len, data);
	if (s->cancel_in != NULL) {
		outbound_cancel(s->cancel_in, s->id);
	}
}

/* Numbers of eight digits, each 8192 times, in order. */
static void on_torrent(void *arg, const char *data, size_t len)
{
	struct stream *s = arg;

	s->bytes += len;
	for (size_t i = 0; i < len; i++) {
		s->rest[s->rest_len++] = data[i];
		if (s->rest_len == 8) {
			unsigned number = (unsigned)strtoul(s->rest, NULL, 10);

			s->disorder |= number != s->next / 8192;
			s->next++;
			s->rest_len = 0;
		}
	}
}

static void on_end(void *arg, const struct call_result *answer)
{
	on_answer(&((struct stream *)arg)->end, answer);
}

static void run_until_end(const struct world *w, const struct stream *s, int64_t limit_ms)
{
	int64_t end = mstime_monotonic() + limit_ms;
	const struct timeval tick = { .tv_usec = 10000 };

	while (s->end.count == 0 && mstime_monotonic() < end) {
		(void)event_base_loopexit(w->base, &tick);
		(void)event_base_dispatch(w->base);
	}
}

static void test_streams(const struct world *w)
{
	struct stream s = { .pieces = 0 };

	(void)start_call(w, &(struct request){ .path = "/stream", .token = "token" }, on_piece,
			 on_end, &s);
	tap_int(outbound_count(w->outbound), 0, "a stream is not waited for");
	run_until_end(w, &s, 10000);
	tap_str(s.text, "one\ntwo\nthree\nfour\nfive\n", "a stream comes whole and in order");
	tap_ok(s.pieces >= 3 && s.last_ms - s.first_ms >= 100,
	       "while it is being made: %zu pieces in %lld ms", s.pieces,
	       (long long)(s.last_ms - s.first_ms));
	tap_ok(s.end.count == 1 && s.end.answer.completed && s.end.answer.status == 200 &&
	       s.end.answer.output_len == 0 && !s.after_end, "its end comes last, once");

	s = (struct stream){ .pieces = 0 };
	(void)start_call(w, &(struct request){ .path = "/endless", .limit_ms = 500 }, on_piece,
			 on_end, &s);
	run_until_end(w, &s, 10000);
	tap_ok(s.end.answer.timed_out && !s.end.answer.completed && s.end.answer.status == 200 &&
	       s.pieces >= 5, "its time limit ends one without end, after %zu pieces", s.pieces);

	s = (struct stream){ .pieces = 0 };
	(void)start_call(w, &(struct request){ .path = "/status/403" }, on_piece, on_end, &s);
	run_until_end(w, &s, 10000);
	tap_ok(s.pieces == 0 && s.end.answer.status == 403, "what is no success is no stream");
	tap_str(s.end.output, "status 403", "but an answer with its body");

	s = (struct stream){ .cancel_in = w->outbound };
	s.id = start_call(w, &(struct request){ .path = "/endless" }, on_piece, on_end, &s);
	run_until_end(w, &s, 600);
	tap_ok(s.pieces == 1 && s.end.count == 0, "one that is cancelled, even by its own piece, is "
	       "silent: %zu pieces", s.pieces);
}

static void test_torrent(const struct world *w)
{
	struct stream s = { .pieces = 0 };

	(void)start_call(w, &(struct request){ .path = "/torrent", .plain = true }, on_torrent,
			 on_end, &s);
	/* The loop does nothing for a while; the sender would have sent it all. */
	(void)usleep(500000);
	(void)event_base_loop(w->base, EVLOOP_ONCE);
	tap_ok(s.bytes > 0 && s.bytes <= OUTBOUND_STREAM_BYTES,
	       "no more waits than the ceiling: %zu bytes", s.bytes);
	run_until_end(w, &s, 30000);
	tap_ok(s.end.answer.completed && !s.disorder, "and nothing is lost or out of order");
	tap_int(s.bytes, 64 * 1024 * 1024, "of all that was sent");
}

static void test_stream_limits(struct world *w)
{
	const struct outbound_options options = { .max_calls = 1 };
	struct outbound *first = w->outbound;
	struct stream *s = calloc(OUTBOUND_STREAMS + 1, sizeof(*s));
	struct error err = ERROR_INIT;

	tap_int(outbound_new(w->base, &options, &w->outbound, &err), 0, "one call at a time");
	for (size_t i = 0; s != NULL && i <= OUTBOUND_STREAMS; i++) {
		(void)start_call(w, &(struct request){ .path = "/endless", .plain = true }, on_piece,
				 on_end, &s[i]);
	}
	struct seen seen = make(w, (struct request){ .path = "/echo" });
	tap_ok(seen.answer.completed, "streams take no place of a call");
	run_until_end(w, &s[OUTBOUND_STREAMS], 2000);
	tap_ok(s[OUTBOUND_STREAMS].end.answer.never_sent && s[0].end.count == 0,
	       "one above the ceiling fails (%s)", s[OUTBOUND_STREAMS].end.failure);
	outbound_free(w->outbound);
	w->outbound = first;
	free(s);
}

int main(void)
{
	struct world w = { .base = event_base_new() };
	const struct outbound_options options = { .connect_limit_ms = 1000 };
	struct error err = ERROR_INIT;

	start_server(&w);
	tap_int(outbound_new(w.base, &options, &w.outbound, &err), 0, "it starts (%s)", err.text);
	test_requests(&w);
	test_redirect(&w);
	test_certificates(&w);
	test_tokens(&w);
	test_time_limits(&w);
	test_broken_answers(&w);
	test_retry_after(&w);
	test_many(&w);
	test_cancel(&w);
	test_streams(&w);
	test_torrent(&w);
	test_stream_limits(&w);
	test_limits_and_end(&w);
	outbound_free(w.outbound);
	event_base_free(w.base);
	(void)pclose(w.server);
	return tap_done();
}
