/*
 * Bodies of requests in memory, and the budget they share.
 *
 * A body takes memory as it arrives, not as it is announced.  The fuller the
 * budget, the smaller a body must be to get more of it: few large bodies, or
 * many slow ones, never keep out the small ones that pushes are.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_HTTP_BODY_H
#define RECEIVER_HTTP_BODY_H

#include <stddef.h>

struct body_budget {
	size_t max;  // bytes all bodies together may take
	size_t used; // bytes they take
};

struct body {
	char *data; // len bytes and a NUL; NULL while empty
	size_t len;
	size_t capacity;            // of data, the NUL not counted
	size_t max;                 // ceiling of len
	size_t announced;           // length the peer announced, 0: unknown
	struct body_budget *budget; // what capacity is charged to
};

enum body_result {
	BODY_OK = 0,
	BODY_TOO_LONG = 1, // over its own ceiling: 413
	BODY_NO_ROOM = 2   // the budget is used up for bodies of this size: 503
};

/*
 * A new empty body of at most max bytes; announced is its Content-Length, or
 * 0.  The budget must outlive it.
 */
struct body *body_new(struct body_budget *budget, size_t max, size_t announced);

/* Append len bytes. Unless BODY_OK is returned nothing was added. */
enum body_result body_add(struct body *body, const void *data, size_t len);

/* Free the body and give its memory back to the budget. NULL is allowed. */
void body_free(struct body *body);

#endif
