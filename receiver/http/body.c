/*
 * Bodies.
 *
 * Bodies up to 64 KB, as nearly all pushes are, may fill the whole budget,
 * bodies up to 1 MB nine tenths of it, larger ones four fifths: of 64 MB two
 * of the largest fit into their share, and 12 MB stay for the small.  What
 * counts is the announced length, so a slow sender of a large body does not
 * pass for a small one; a body of unknown length counts by what has come.
 */
#include "receiver/http/body.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define FIRST_CAPACITY 4096

static const struct {
	size_t size;
	unsigned tenths;
} shares[] = {
	{ 64UL * 1024, 10 },
	{ 1024UL * 1024, 9 },
};

#define LARGE_TENTHS 8

static size_t body_share(size_t max, size_t size)
{
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		if (size <= shares[i].size) {
			return max / 10 * shares[i].tenths;
		}
	}
	return max / 10 * LARGE_TENTHS;
}

struct body *body_new(struct body_budget *budget, size_t max, size_t announced)
{
	struct body *body = xcalloc(1, sizeof(*body));

	body->budget = budget;
	body->max = announced > 0 && announced < max ? announced : max;
	body->announced = announced;
	return body;
}

/* Doubled, but neither below what is needed nor above the ceiling. */
static size_t next_capacity(const struct body *body, size_t need)
{
	size_t capacity = body->capacity * 2;

	if (capacity < FIRST_CAPACITY) {
		capacity = FIRST_CAPACITY;
	}
	if (capacity < need) {
		capacity = need;
	}
	return capacity < body->max ? capacity : body->max;
}

static enum body_result grow(struct body *body, size_t need)
{
	struct body_budget *budget = body->budget;
	size_t capacity = next_capacity(body, need);
	size_t size = body->announced > capacity ? body->announced : capacity;
	size_t more = capacity - body->capacity;
	size_t share = body_share(budget->max, size);

	if (budget->used > share || more > share - budget->used) {
		return BODY_NO_ROOM;
	}
	body->data = xreallocarray(body->data, capacity + 1, 1);
	body->capacity = capacity;
	budget->used += more;
	return BODY_OK;
}

enum body_result body_add(struct body *body, const void *data, size_t len)
{
	if (len > body->max - body->len) {
		return BODY_TOO_LONG;
	}
	if (body->len + len > body->capacity || body->data == NULL) {
		enum body_result r = grow(body, body->len + len);

		if (r != BODY_OK) {
			return r;
		}
	}
	if (len > 0) {
		memcpy(body->data + body->len, data, len);
	}
	body->len += len;
	body->data[body->len] = '\0';
	return BODY_OK;
}

void body_free(struct body *body)
{
	if (body == NULL) {
		return;
	}
	body->budget->used -= body->capacity;
	free(body->data);
	free(body);
}
