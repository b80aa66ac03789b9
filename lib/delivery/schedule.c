/*
 * Turns: a heap of entries that are not due, a queue for each push that has
 * ready ones, a token bucket.
 */
#include "delivery/schedule.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/xalloc.h"

/* One turn in this many belongs to the oldest push. */
#define OLDEST_TURN 4

/* Tokens are counted in thousandths, so that slow rates fill smoothly. */
#define TOKEN 1000

/* A slow rate may say "in a million years", which no clock holds: looked at daily. */
#define WAIT_MAX_MS 86400000

struct schedule_group {
	int64_t push;
	int64_t sequence; // lowest of its entries so far
	size_t count;
	struct schedule_entry *first, *last;
	UT_hash_handle hh;
};

struct schedule {
	double rate;
	unsigned burst;
	unsigned concurrency;
	double tokens;      // thousandths, at filled_ms
	int64_t filled_ms;
	size_t active;
	size_t turn;
	size_t ready;       // entries in groups
	struct schedule_group *groups;
	struct schedule_entry **heap; // from 1, smallest due first
	size_t heap_count;
	size_t heap_capacity;
};

struct schedule *schedule_new(double rate, unsigned burst, unsigned concurrency, int64_t now)
{
	struct schedule *s = xcalloc(1, sizeof(*s));

	schedule_set_limits(s, rate, burst, concurrency);
	s->tokens = (double)s->burst * TOKEN;
	s->filled_ms = now;
	s->heap_capacity = 16;
	s->heap = xcalloc(s->heap_capacity, sizeof(*s->heap));
	return s;
}

void schedule_set_limits(struct schedule *s, double rate, unsigned burst, unsigned concurrency)
{
	s->rate = rate;
	s->burst = burst > 0 ? burst : 1;
	s->concurrency = concurrency > 0 ? concurrency : 1;
}

void schedule_free(struct schedule *s)
{
	struct schedule_group *group;
	struct schedule_group *next;

	if (s == NULL) {
		return;
	}
	HASH_ITER(hh, s->groups, group, next) {
		HASH_DEL(s->groups, group);
		free(group);
	}
	free(s->heap);
	free(s);
}

static void heap_place(struct schedule *s, size_t at, struct schedule_entry *entry)
{
	s->heap[at] = entry;
	entry->heap = at;
}

static void heap_up(struct schedule *s, size_t at)
{
	struct schedule_entry *entry = s->heap[at];

	while (at > 1 && s->heap[at / 2]->due_ms > entry->due_ms) {
		heap_place(s, at, s->heap[at / 2]);
		at /= 2;
	}
	heap_place(s, at, entry);
}

static void heap_down(struct schedule *s, size_t at)
{
	struct schedule_entry *entry = s->heap[at];

	for (;;) {
		size_t child = at * 2;

		if (child > s->heap_count) {
			break;
		}
		if (child < s->heap_count &&
		    s->heap[child + 1]->due_ms < s->heap[child]->due_ms) {
			child++;
		}
		if (s->heap[child]->due_ms >= entry->due_ms) {
			break;
		}
		heap_place(s, at, s->heap[child]);
		at = child;
	}
	heap_place(s, at, entry);
}

static void heap_remove(struct schedule *s, struct schedule_entry *entry)
{
	size_t at = entry->heap;
	struct schedule_entry *last = s->heap[s->heap_count--];

	entry->heap = 0;
	if (last == entry) {
		return;
	}
	heap_place(s, at, last);
	heap_up(s, at);
	heap_down(s, last->heap);
}

void schedule_add(struct schedule *s, struct schedule_entry *entry, int64_t due)
{
	entry->due_ms = due;
	if (s->heap_count + 1 >= s->heap_capacity) {
		s->heap_capacity *= 2;
		s->heap = xreallocarray(s->heap, s->heap_capacity, sizeof(*s->heap));
	}
	heap_place(s, ++s->heap_count, entry);
	heap_up(s, s->heap_count);
}

static void group_append(struct schedule *s, struct schedule_entry *entry)
{
	struct schedule_group *group = NULL;

	HASH_FIND(hh, s->groups, &entry->push, sizeof(entry->push), group);
	if (group == NULL) {
		group = xcalloc(1, sizeof(*group));
		group->push = entry->push;
		group->sequence = entry->sequence;
		HASH_ADD(hh, s->groups, push, sizeof(group->push), group);
	}
	if (entry->sequence < group->sequence) {
		group->sequence = entry->sequence;
	}
	entry->group = group;
	entry->next = NULL;
	entry->prev = group->last;
	if (group->last != NULL) {
		group->last->next = entry;
	} else {
		group->first = entry;
	}
	group->last = entry;
	group->count++;
	s->ready++;
}

static void group_remove(struct schedule *s, struct schedule_entry *entry)
{
	struct schedule_group *group = entry->group;

	if (entry->prev != NULL) {
		entry->prev->next = entry->next;
	} else {
		group->first = entry->next;
	}
	if (entry->next != NULL) {
		entry->next->prev = entry->prev;
	} else {
		group->last = entry->prev;
	}
	entry->group = NULL;
	entry->next = NULL;
	entry->prev = NULL;
	s->ready--;
	if (--group->count == 0) {
		HASH_DEL(s->groups, group);
		free(group);
	}
}

void schedule_remove(struct schedule *s, struct schedule_entry *entry)
{
	if (entry->heap != 0) {
		heap_remove(s, entry);
	}
	if (entry->group != NULL) {
		group_remove(s, entry);
	}
}

/* Move what has become due into the queues. */
static void collect_due(struct schedule *s, int64_t now)
{
	while (s->heap_count > 0 && s->heap[1]->due_ms <= now) {
		struct schedule_entry *entry = s->heap[1];

		heap_remove(s, entry);
		group_append(s, entry);
	}
}

static void fill_tokens(struct schedule *s, int64_t now)
{
	double full = (double)s->burst * TOKEN;

	s->tokens += (double)(now - s->filled_ms) * s->rate;
	s->filled_ms = now;
	if (s->tokens > full) {
		s->tokens = full;
	}
}

static struct schedule_group *choose_group(struct schedule *s)
{
	bool oldest = ++s->turn % OLDEST_TURN == 0;
	struct schedule_group *best = NULL;
	struct schedule_group *group;
	struct schedule_group *next;

	HASH_ITER(hh, s->groups, group, next) {
		if (best == NULL || (!oldest && group->count < best->count) ||
		    ((oldest || group->count == best->count) &&
		     group->sequence < best->sequence)) {
			best = group;
		}
	}
	return best;
}

struct schedule_entry *schedule_next(struct schedule *s, int64_t now)
{
	collect_due(s, now);
	if (s->ready == 0 || s->active >= s->concurrency) {
		return NULL;
	}
	if (s->rate > 0) {
		fill_tokens(s, now);
		if (s->tokens < TOKEN) {
			return NULL;
		}
		s->tokens -= TOKEN;
	}
	struct schedule_entry *entry = choose_group(s)->first;
	group_remove(s, entry);
	s->active++;
	return entry;
}

void schedule_done(struct schedule *s)
{
	s->active--;
}

int64_t schedule_wake(const struct schedule *s, int64_t now)
{
	if (s->active >= s->concurrency) {
		return SCHEDULE_NEVER;
	}
	if (s->ready == 0) {
		return s->heap_count > 0 ? s->heap[1]->due_ms : SCHEDULE_NEVER;
	}
	double missing = TOKEN - s->tokens;
	if (s->rate <= 0 || missing <= 0) {
		return now;
	}
	double wait = missing / s->rate;
	return s->filled_ms + (wait < WAIT_MAX_MS ? (int64_t)wait : WAIT_MAX_MS) + 1;
}

size_t schedule_count(const struct schedule *s)
{
	return s->ready + s->heap_count;
}

size_t schedule_active(const struct schedule *s)
{
	return s->active;
}
