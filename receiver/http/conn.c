/*
 * One connection.
 *
 * The states and their moves are a table.  For each state a function (a step)
 * does what can be done without waiting and says how to go on: wait for the
 * socket, run the next step, or end.  One timer watches the state's deadline,
 * which no traffic moves; in BODY it also wakes each second to see that the
 * body comes fast enough.
 *
 * Ways to end: the peer closes or breaks, a deadline passes (with a reply
 * where the peer may still read one), or LINGER is over.  A reply is followed
 * by shutdown() and a bounded read of what the peer still sends: closing a
 * socket with unread data sends a reset that can overtake the reply.
 *
 * RFC 9112 9.6: "A server that sends a 'close' connection option MUST
 * initiate closure of the connection after it sends the response ... and MUST
 * NOT process any further requests received on that connection", and "to
 * avoid the TCP reset problem, servers typically close a connection in
 * stages": half-close, read on, close.
 */
#include "receiver/http/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mstime.h"
#include "receiver/http/conn_impl.h"

/* Steps in one wake-up, so that a fast peer does not keep the loop. */
#define TURNS 16

#define RATE_CHECK_MS 1000

enum conn_step {
	CONN_STEP_WAIT, // for the socket, the handler or the timer
	CONN_STEP_ON,   // run the step of the state
	CONN_STEP_END   // free the connection
};

static const struct {
	unsigned next; // bits of the states that may follow
	short wanted;  // what the socket is watched for
	int late;      // status for the peer when the deadline passes; 0: none
	enum crowd_kind crowd; // when others wait; before its first byte it is CROWD_SILENT
} states[CONN_STATES] = {
	[CONN_PROXY] = { 1U << CONN_HANDSHAKE | 1U << CONN_HEAD, EV_READ, 0, CROWD_STILL },
	[CONN_HANDSHAKE] = { 1U << CONN_HEAD, EV_READ, 0, CROWD_STILL },
	[CONN_HEAD] = { 1U << CONN_BODY | 1U << CONN_STORE | 1U << CONN_REPLY, EV_READ, 408,
			CROWD_STILL },
	[CONN_BODY] = { 1U << CONN_STORE | 1U << CONN_REPLY, EV_READ, 408, CROWD_BODY },
	[CONN_STORE] = { 1U << CONN_REPLY, 0, 503, CROWD_KINDS },
	[CONN_REPLY] = { 1U << CONN_LINGER | 1U << CONN_HEAD, EV_WRITE, 0, CROWD_STILL },
	[CONN_LINGER] = { 0, EV_READ, 0, CROWD_LINGER },
};

static void on_io(evutil_socket_t fd, short what, void *arg);

/* Watch the socket for EV_READ or EV_WRITE, or not at all (0). */
static void want(struct conn *c, short wanted)
{
	if (c->wanted == wanted) {
		return;
	}
	if (c->wanted != 0) {
		(void)event_del(&c->io);
	}
	c->wanted = wanted;
	if (wanted != 0) {
		(void)event_assign(&c->io, c->pool->base, c->fd, (short)(wanted | EV_PERSIST),
				   on_io, c);
		(void)event_add(&c->io, NULL);
	}
}

static void arm_timer(struct conn *c, int64_t now)
{
	int64_t left = c->deadline > now ? c->deadline - now : 1;

	if (c->state == CONN_BODY) {
		int64_t grace = c->since + c->pool->limits.body_grace_ms - now;
		int64_t check = grace > 0 ? grace : RATE_CHECK_MS;

		left = check < left ? check : left;
	}
	struct timeval tv = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	(void)evtimer_add(&c->timer, &tv);
}

/* It goes on: a step of the handshake, the first byte, another state. */
static void take_step(struct conn *c, int64_t now)
{
	bool silent = !c->spoke && states[c->state].crowd == CROWD_STILL;

	crowd_step(&c->pool->crowd, &c->crowd, silent ? CROWD_SILENT : states[c->state].crowd,
		   now);
}

static void count_handshake(const struct conn *c, int by)
{
	if (c->state == CONN_HANDSHAKE) {
		c->pool->counters.handshakes += (unsigned)by;
	}
}

static void enter(struct conn *c, enum conn_state state)
{
	int64_t now = mstime_monotonic();

	c->state = state;
	count_handshake(c, 1);
	take_step(c, now);
	c->since = now;
	c->deadline = now + c->pool->limits.phase_ms[state];
	arm_timer(c, now);
	want(c, states[state].wanted);
}

/* Move to another state; a move that is not in the table is a bug. */
static void move(struct conn *c, enum conn_state state)
{
	if ((states[c->state].next & 1U << state) == 0) {
		abort();
	}
	count_handshake(c, -1);
	enter(c, state);
}

/* The first byte is there. */
static void speak(struct conn *c)
{
	if (!c->spoke) {
		c->spoke = true;
		take_step(c, mstime_monotonic());
	}
}

void conn_hurry(struct conn *c, int ms)
{
	int64_t now = mstime_monotonic();

	if (c->deadline > now + ms) {
		c->deadline = now + ms;
		arm_timer(c, now);
	}
}

/* What a read or write that did not succeed means for the step. */
static enum conn_step wait_or_end(struct conn *c, enum tls_result r)
{
	if (r == TLS_WANT_READ || r == TLS_WANT_WRITE) {
		want(c, r == TLS_WANT_READ ? EV_READ : EV_WRITE);
		return CONN_STEP_WAIT;
	}
	return CONN_STEP_END;
}

static enum tls_result plain_result(ssize_t n, enum tls_result again, size_t *ret_n)
{
	if (n > 0) {
		*ret_n = (size_t)n;
		return TLS_OK;
	}
	if (n == 0) {
		return TLS_CLOSED;
	}
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? again : TLS_FAILED;
}

static enum tls_result read_some(struct conn *c, void *data, size_t len, size_t *ret_n)
{
	enum tls_result r = c->tls != NULL ? tls_read(c->tls, data, len, ret_n)
					   : plain_result(recv(c->fd, data, len, 0),
							  TLS_WANT_READ, ret_n);

	if (r == TLS_OK) {
		c->pool->counters.bytes_in += *ret_n;
	}
	return r;
}

static enum tls_result write_some(struct conn *c, const void *data, size_t len, size_t *ret_n)
{
	enum tls_result r = c->tls != NULL
				    ? tls_write(c->tls, data, len, ret_n)
				    : plain_result(send(c->fd, data, len, MSG_NOSIGNAL),
						   TLS_WANT_WRITE, ret_n);

	if (r == TLS_OK) {
		c->pool->counters.bytes_out += *ret_n;
	}
	return r;
}

/*
 * May another request follow on this connection?  Only behind a head that was
 * read whole, from a peer that wants it, without a body or a byte of anything
 * else behind it: then there is no doubt where the next one begins.
 */
static bool may_keep(const struct conn *c)
{
	const struct http_field *wish = http_head_field(&c->head, "connection");

	return c->answered + 1 < c->pool->limits.requests && !c->pool->draining &&
	       c->head.size > 0 && c->head.minor >= 1 && c->header_len == c->head.size &&
	       !c->head.chunked && c->head.content_length == 0 &&
	       (wish == NULL || http_span_is_nocase(wish->value, "keep-alive"));
}

void conn_answer(struct conn *c, const struct reply *reply)
{
	bool without_body = c->head.size > 0 && http_span_is(c->head.method, "HEAD");

	c->keep = may_keep(c);
	c->status = reply_write(&c->out, reply, (without_body ? REPLY_WITHOUT_BODY : 0U) |
							(c->keep ? REPLY_KEEP : 0U));
	c->pool->counters.replies[reply_index(c->status)]++;
	if (c->state == CONN_BODY) {
		body_free(c->body);
		c->body = NULL;
	}
	move(c, CONN_REPLY);
}

static enum conn_step refuse(struct conn *c, int status)
{
	struct reply_header allow = { "Allow", c->admission.allow };
	struct reply reply = {
		.status = status,
		.headers = &allow,
		.header_count = allow.value != NULL ? 1 : 0,
	};

	conn_answer(c, &reply);
	return CONN_STEP_ON;
}

/*
 * We have sent something and now wait: have the kernel acknowledge at once.
 * A peer that does not switch Nagle's algorithm off holds the end of its
 * request back until then, which the kernel would delay by 40 ms.
 */
static void acknowledge_quickly(struct conn *c)
{
	const int on = 1;

	if (!c->peer.is_unix) {
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	}
}

/* What comes first from whoever is behind the proxy. */
static void begin(struct conn *c)
{
	c->header_len = 0;
	c->spoke = false;
	move(c, c->tls != NULL ? CONN_HANDSHAKE : CONN_HEAD);
}

/*
 * The header of a proxy.  What follows it is for TLS, which reads from the
 * socket itself: we look first, and take no more than belongs to the header.
 */
static enum conn_step do_proxy(struct conn *c)
{
	struct http_proxy proxy;
	char *at = c->header + c->header_len;
	ssize_t seen = recv(c->fd, at, HTTP_PROXY_BYTES - c->header_len, MSG_PEEK);
	size_t n = 0;
	enum tls_result r = plain_result(seen, TLS_WANT_READ, &n);

	if (r != TLS_OK) {
		return wait_or_end(c, r);
	}
	enum http_result p = http_proxy_parse(c->header, c->header_len + n, &proxy);
	if (p == HTTP_REFUSED) {
		conn_refused(c, REFUSAL_PROXY);
		return CONN_STEP_END;
	}
	n = p == HTTP_OK ? proxy.size - c->header_len : n;
	if (recv(c->fd, at, n, 0) != (ssize_t)n) {
		return CONN_STEP_END;
	}
	c->header_len += n;
	c->pool->counters.bytes_in += n;
	if (p == HTTP_MORE) {
		speak(c);
		return CONN_STEP_ON;
	}
	if (proxy.has_address) {
		conn_speaks_for(c, &proxy.source, proxy.port);
	}
	begin(c);
	return CONN_STEP_ON;
}

/* Not yet there: did it come further? */
static enum conn_step wait_for_handshake(struct conn *c, enum tls_result r)
{
	unsigned stage = tls_stage(c->tls);

	if (r != TLS_WANT_READ && r != TLS_WANT_WRITE) {
		conn_refused(c, REFUSAL_HANDSHAKE);
	} else if (stage != c->stage) {
		c->stage = stage;
		c->spoke = true;
		take_step(c, mstime_monotonic());
	}
	return wait_or_end(c, r);
}

static enum conn_step do_handshake(struct conn *c)
{
	enum tls_result r = tls_handshake(c->tls);

	if (r != TLS_OK) {
		return wait_for_handshake(c, r);
	}
	c->spoke = true;
	acknowledge_quickly(c);
	move(c, CONN_HEAD);
	return CONN_STEP_ON;
}

/* The request is complete: the handler's turn. */
static enum conn_step deliver(struct conn *c)
{
	struct conn_request request = {
		.id = c->id, .head = &c->head, .peer = &c->peer, .body = c->body,
		.began_ms = c->began,
	};

	move(c, CONN_STORE);
	c->handler->request(c->handler->ctx, &request);
	/* Not kept: give the memory back before the reply is read. */
	body_free(c->body);
	c->body = NULL;
	return CONN_STEP_WAIT;
}

/* Bytes of the body, as they came. They may be changed. */
static enum conn_step take_body(struct conn *c, char *bytes, size_t len)
{
	size_t used = len;
	enum http_result r = HTTP_MORE;

	c->received += len;
	if (c->admission.chunked) {
		r = http_chunk_decode(&c->chunk, bytes, len, &len, &used);
	}
	if (r == HTTP_REFUSED) {
		return refuse(c, c->chunk.status);
	}
	enum body_result b = body_add(c->body, bytes, len);
	if (b != BODY_OK) {
		if (b == BODY_NO_ROOM) {
			conn_refused(c, REFUSAL_BODIES);
		}
		return refuse(c, b == BODY_NO_ROOM ? 503 : 413);
	}
	bool done = c->admission.chunked ? r == HTTP_OK : c->body->len == c->admission.need;
	return done ? deliver(c) : CONN_STEP_ON;
}

/* Bytes that may still be read of the body. */
static size_t body_left(const struct conn *c)
{
	return c->admission.chunked ? CONN_SCRATCH : (size_t)c->admission.need - c->body->len;
}

static enum conn_step do_body(struct conn *c)
{
	size_t left = body_left(c);
	size_t n = 0;
	enum tls_result r =
		read_some(c, c->pool->scratch, left < CONN_SCRATCH ? left : CONN_SCRATCH, &n);

	return r == TLS_OK ? take_body(c, c->pool->scratch, n) : wait_or_end(c, r);
}

/* The socket is fresh: these few bytes fit, or the peer is not worth it. */
static enum conn_step send_continue(struct conn *c)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t n = 0;
	enum tls_result r = write_some(c, line, sizeof(line) - 1, &n);

	acknowledge_quickly(c);
	return r == TLS_OK && n == sizeof(line) - 1 ? CONN_STEP_ON : CONN_STEP_END;
}

/* Accepted: what came behind the head is the beginning of the body. */
static enum conn_step begin_body(struct conn *c)
{
	char *bytes = c->header + c->head.size;
	size_t len = c->header_len - c->head.size;
	size_t max = (size_t)(c->admission.chunked ? c->admission.max : c->admission.need);

	if (!c->admission.chunked && c->admission.need == 0) {
		return deliver(c);
	}
	c->body = body_new(&c->pool->budget, max, (size_t)c->admission.need);
	http_chunk_init(&c->chunk, c->admission.max);
	move(c, CONN_BODY);
	if (len > 0) {
		return take_body(c, bytes, len < body_left(c) ? len : body_left(c));
	}
	return c->admission.send_continue ? send_continue(c) : CONN_STEP_ON;
}

static enum conn_step judge(struct conn *c)
{
	struct conn_request request = { .id = c->id, .head = &c->head, .peer = &c->peer };
	struct http_route route = { .status = 0 };

	http_head_terminate(c->header, &c->head);
	conn_read_forwarded(c);
	if (c->welcome != PEERS_OK) {
		conn_refused(c, c->welcome == PEERS_TOO_MANY ? REFUSAL_PEER_OPEN
							       : REFUSAL_PEER_NEW);
		return refuse(c, 429);
	}
	c->handler->admit(c->handler->ctx, &request, &route);
	c->admission = http_admit(&c->head, &route);
	c->route = route.name != NULL ? route.name : CONN_NO_ROUTE;
	return c->admission.status != 0 ? refuse(c, c->admission.status) : begin_body(c);
}

/* True if another look at the header can tell something new. */
static bool worth_parsing(const struct conn *c, size_t before)
{
	return before == 0 || c->header_len == sizeof(c->header) ||
	       memchr(c->header + before, '\n', c->header_len - before) != NULL;
}

static enum conn_step do_head(struct conn *c)
{
	size_t before = c->header_len;
	size_t n = 0;
	enum tls_result r = read_some(c, c->header + before, sizeof(c->header) - before, &n);

	if (r != TLS_OK) {
		return wait_or_end(c, r);
	}
	if (before == 0) {
		c->began = mstime_monotonic();
		conn_hurry(c, c->pool->limits.phase_ms[CONN_HEAD]);
	}
	c->header_len += n;
	speak(c);
	if (!worth_parsing(c, before)) {
		return CONN_STEP_ON;
	}
	switch (http_head_parse(c->header, c->header_len, &c->head)) {
	case HTTP_OK:
		return judge(c);
	case HTTP_REFUSED:
		c->head.size = 0;
		return refuse(c, c->head.status);
	case HTTP_MORE:
		break;
	}
	return CONN_STEP_ON;
}

static enum conn_step do_store(struct conn *c)
{
	(void)c;
	return CONN_STEP_WAIT;
}

static void tell_answered(const struct conn *c)
{
	int64_t took = c->began > 0 ? mstime_monotonic() - c->began : 0;

	if (c->handler->answered != NULL) {
		c->handler->answered(c->handler->ctx, c->route, c->status, took);
	}
}

/* The reply is sent and the peer may ask again: as if it had just connected. */
static void begin_again(struct conn *c)
{
	c->answered++;
	c->sent = 0;
	c->header_len = 0;
	c->received = 0;
	c->began = 0;
	c->head = (struct http_head){ .size = 0 };
	c->admission = (struct http_admission){ .status = 0 };
	c->route = CONN_NO_ROUTE;
	c->spoke = false;
	buf_init(&c->out, LIMIT_RESPONSE_BYTES + REPLY_HEADER_BYTES);
	conn_renumber(c);
	move(c, CONN_HEAD);
	c->deadline = c->since + c->pool->limits.idle_ms;
	arm_timer(c, c->since);
}

static enum conn_step do_reply(struct conn *c)
{
	size_t n = 0;
	enum tls_result r = write_some(c, c->out.data + c->sent, c->out.len - c->sent, &n);

	if (r != TLS_OK) {
		return wait_or_end(c, r);
	}
	c->sent += n;
	take_step(c, mstime_monotonic());
	if (c->sent < c->out.len) {
		return CONN_STEP_ON;
	}
	buf_release(&c->out);
	tell_answered(c);
	if (c->keep) {
		begin_again(c);
		return CONN_STEP_ON;
	}
	if (c->tls != NULL) {
		tls_shutdown(c->tls);
	}
	(void)shutdown(c->fd, SHUT_WR);
	move(c, CONN_LINGER);
	return CONN_STEP_ON;
}

/* Below TLS: nothing that comes now is read as anything. */
static enum conn_step do_linger(struct conn *c)
{
	size_t n = 0;
	enum tls_result r =
		plain_result(recv(c->fd, c->pool->scratch, CONN_SCRATCH, 0), TLS_WANT_READ, &n);

	if (r != TLS_OK) {
		return wait_or_end(c, r);
	}
	c->dropped += n;
	return c->dropped < c->pool->limits.linger_bytes ? CONN_STEP_ON : CONN_STEP_END;
}

static enum conn_step (*const steps[CONN_STATES])(struct conn *c) = {
	[CONN_PROXY] = do_proxy, [CONN_HANDSHAKE] = do_handshake, [CONN_HEAD] = do_head,
	[CONN_BODY] = do_body,	 [CONN_STORE] = do_store,	  [CONN_REPLY] = do_reply,
	[CONN_LINGER] = do_linger,
};

/*
 * Run steps until one waits or ends.  After TURNS the loop gets its turn: the
 * socket wakes us again.  Only what TLS has read ahead (one record) would
 * not, so that is used up first.
 */
static void run(struct conn *c)
{
	enum conn_step step = CONN_STEP_ON;

	for (int i = 0;
	     step == CONN_STEP_ON && (i < TURNS || (c->tls != NULL && tls_pending(c->tls)));
	     i++) {
		step = steps[c->state](c);
	}
	if (step == CONN_STEP_END) {
		conn_free(c);
		return;
	}
	if (step == CONN_STEP_ON) {
		want(c, states[c->state].wanted);
	}
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run(arg);
}

/* It was answered and has not asked again: to end it takes nothing from anybody. */
static bool between_requests(const struct conn *c)
{
	return c->state == CONN_HEAD && c->answered > 0 && c->header_len == 0;
}

/* The deadline has passed, or the body comes too slowly. */
static void end_late(struct conn *c)
{
	int status = states[c->state].late;

	if (c->state < CONN_LINGER && !between_requests(c)) {
		conn_refused(c, REFUSAL_LATE + c->state);
	}
	if (status == 0 || (c->state == CONN_HEAD && c->header_len == 0)) {
		conn_free(c);
		return;
	}
	if (c->state == CONN_HEAD) {
		c->head.size = 0;
	}
	conn_answer(c, &(struct reply){ .status = status });
}

/* The body does not come at rate, after it had grace_ms to begin. */
static bool too_slow(const struct conn *c, int64_t now, int grace_ms, unsigned rate)
{
	int64_t passed = now - c->since;

	return c->state == CONN_BODY && passed >= grace_ms &&
	       (int64_t)c->received * 1000 < passed * (int64_t)rate;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	int64_t now = mstime_monotonic();

	(void)fd;
	(void)what;
	const struct conn_limits *limits = &c->pool->limits;

	if (now >= c->deadline || too_slow(c, now, limits->body_grace_ms, limits->body_rate)) {
		end_late(c);
		return;
	}
	arm_timer(c, now);
}

void conn_give_way(struct conn *c)
{
	const struct conn_limits *limits = &c->pool->limits;
	int64_t now = mstime_monotonic();
	bool reads = c->state == CONN_BODY || c->crowd.kind == CROWD_SILENT ||
		     (c->crowd.kind == CROWD_STILL && c->state != CONN_REPLY);
	int unread = 0;

	/* It has sent something that we did not come to: the delay is ours. */
	if (reads && ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0) {
		c->spoke = true;
		take_step(c, now);
		return;
	}
	if (c->state == CONN_BODY) {
		if (too_slow(c, now, limits->crowd_ms, limits->crowd_rate)) {
			conn_refused(c, REFUSAL_CROWD);
			conn_answer(c, &(struct reply){ .status = 503 });
		} else {
			take_step(c, now);
		}
		return;
	}
	if (c->crowd.kind != CROWD_LINGER && !between_requests(c)) {
		conn_refused(c, c->crowd.kind == CROWD_SILENT ? REFUSAL_SILENT : REFUSAL_CROWD);
	}
	conn_free(c);
}

void conn_start(struct conn *c)
{
	bool announced = c->proxied && c->pool->proxy_header == HTTP_PROXY_PROTOCOL;

	(void)evtimer_assign(&c->timer, c->pool->base, on_timer, c);
	enter(c, announced ? CONN_PROXY : c->tls != NULL ? CONN_HANDSHAKE : CONN_HEAD);
}
