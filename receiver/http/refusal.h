/*
 * The states of a connection, and why one is not served to its end.
 */
#ifndef RECEIVER_HTTP_REFUSAL_H
#define RECEIVER_HTTP_REFUSAL_H

enum conn_state {
	CONN_PROXY,
	CONN_HANDSHAKE,
	CONN_HEAD,
	CONN_BODY,
	CONN_STORE,  // the handler has the request
	CONN_REPLY,
	CONN_LINGER, // reply sent: read what still comes, so that no reset overtakes it
	CONN_STATES
};

/* Why somebody was not served, each with a name for metrics and logs. */
enum conn_refusal {
	REFUSAL_PEER_OPEN,    // too many open from one peer: answered 429
	REFUSAL_PEER_NEW,     // too many new ones from one peer: answered 429
	REFUSAL_DESCRIPTORS,  // the process has no file descriptor left: whoever calls waits
	REFUSAL_BODIES,       // the memory for bodies is used up: answered 503
	REFUSAL_SILENT,       // had sent nothing while others waited for a place
	REFUSAL_CROWD,        // did not go on while others waited for a place
	REFUSAL_PROXY,        // a proxy did not say for whom it calls, or not correctly
	REFUSAL_HANDSHAKE,    // the handshake failed
	REFUSAL_LATE,         // and a state before LINGER: its deadline ended the connection
	REFUSALS = REFUSAL_LATE + CONN_LINGER
};

/* The name of a refusal for metrics and logs ("handshake_deadline"); constant. */
const char *conn_refusal_name(enum conn_refusal refusal);

#endif
