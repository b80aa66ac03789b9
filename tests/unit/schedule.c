/*
 * Whose turn it is: small pushes first, and yet nobody starves.
 */
#include "delivery/schedule.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tests/support/tap.h"

#define LARGE 100
#define TURNS 40

/* Which push the next try belongs to, 0: none. The try has ended at once. */
static int64_t next_push(struct schedule *s)
{
	const struct schedule_entry *entry = schedule_next(s, 0);

	if (entry != NULL) {
		schedule_done(s);
	}
	return entry != NULL ? entry->push : 0;
}

/*
 * A push that affects a hundred applications, and at each turn a new one that
 * affects a single one: each of those is smaller, and there is always one.
 */
static void the_oldest_push_has_every_fourth_turn(void)
{
	struct schedule *s = schedule_new(0, 1, 1, 0);
	struct schedule_entry *large = xcalloc(LARGE, sizeof(*large));
	struct schedule_entry *small = xcalloc(TURNS, sizeof(*small));
	size_t served = 0;
	size_t longest = 0;
	size_t waited = 0;

	for (size_t i = 0; i < LARGE; i++) {
		large[i].push = 1;
		schedule_add(s, &large[i], 0);
	}
	for (size_t i = 0; i < TURNS; i++) {
		small[i].push = 2 + (int64_t)i;
		schedule_add(s, &small[i], 0);
		bool mine = next_push(s) == 1;

		served += mine;
		waited = mine ? 0 : waited + 1;
		longest = waited > longest ? waited : longest;
	}
	tap_int(served, TURNS / 4, "a large old push has every fourth turn");
	tap_int(longest, 3, "and waits for three others at most");
	schedule_free(s);
	free(large);
	free(small);
}

static void the_smallest_push_goes_first(void)
{
	struct schedule *s = schedule_new(0, 1, 1, 0);
	struct schedule_entry entries[3] = { { .push = 1 }, { .push = 1 }, { .push = 2 } };

	for (size_t i = 0; i < 3; i++) {
		schedule_add(s, &entries[i], 0);
	}
	tap_int(next_push(s), 2, "the push with the fewest tries left goes first");
	tap_int(next_push(s), 1, "then the other one");
	tap_int(next_push(s), 1, "to its end");
	tap_int(next_push(s), 0, "and that is all");
	schedule_free(s);
}

int main(void)
{
	the_oldest_push_has_every_fourth_turn();
	the_smallest_push_goes_first();
	return tap_done();
}
