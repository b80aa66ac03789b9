/*
 * Health and readiness: a few atomics and two lists.
 */
#include "receiver/ops/status.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/xalloc.h"

static const char *const part_names[STATUS_PARTS] = {
	[STATUS_LOOP] = "loop",
	[STATUS_WRITER] = "writer",
};

static const struct {
	const char *name;
	const char *first; // why it does not hold at the start, NULL: it does
	bool health;
} checks[STATUS_CHECKS] = {
	[STATUS_JOURNAL] = { "journal", NULL, true },
	[STATUS_ROOM] = { "room", NULL, false },
	[STATUS_LISTENERS] = { "listeners", "not open yet", false },
	[STATUS_APPLICATIONS] = { "applications", "not loaded yet", false },
	[STATUS_SERVING] = { "serving", "starting", false },
};

struct status {
	_Atomic int64_t beats[STATUS_PARTS];
	_Atomic(const char *) why[STATUS_CHECKS]; // NULL: it holds
	_Atomic uint64_t free_bytes;
};

struct status *status_new(int64_t now)
{
	struct status *s = xcalloc(1, sizeof(*s));

	for (unsigned i = 0; i < STATUS_PARTS; i++) {
		atomic_store(&s->beats[i], now);
	}
	for (unsigned i = 0; i < STATUS_CHECKS; i++) {
		atomic_store(&s->why[i], checks[i].first);
	}
	atomic_store(&s->free_bytes, UINT64_MAX);
	return s;
}

void status_free(struct status *s)
{
	free(s);
}

void status_beat(struct status *s, enum status_part part, int64_t now)
{
	if (s != NULL) {
		atomic_store(&s->beats[part], now);
	}
}

void status_set(struct status *s, enum status_check check, bool holds, const char *why)
{
	if (s != NULL) {
		atomic_store(&s->why[check], holds ? NULL : why != NULL ? why : "not so");
	}
}

void status_set_room(struct status *s, bool holds, uint64_t free_bytes)
{
	if (s != NULL) {
		atomic_store(&s->free_bytes, free_bytes);
		status_set(s, STATUS_ROOM, holds,
			   "deliveries are refused: see minFreeBytes and journalMaxBytes");
	}
}

static bool add_line(struct buf *out, const char *name, const char *why)
{
	(void)buf_addf(out, "%s %s%s%s\n", why == NULL ? "ok" : "failed", name,
		       why == NULL ? "" : ": ", why == NULL ? "" : why);
	return why == NULL;
}

static bool add_checks(struct status *s, bool health_only, struct buf *out)
{
	bool all = true;

	for (unsigned i = 0; i < STATUS_CHECKS; i++) {
		if (checks[i].health || !health_only) {
			all = add_line(out, checks[i].name, atomic_load(&s->why[i])) && all;
		}
	}
	return all;
}

bool status_healthz(struct status *s, int64_t now, struct buf *out)
{
	bool all = true;

	for (unsigned i = 0; i < STATUS_PARTS; i++) {
		bool stuck = now - atomic_load(&s->beats[i]) > STATUS_STUCK_MS;

		all = add_line(out, part_names[i], stuck ? "has not moved for 10 seconds" : NULL) &&
		      all;
	}
	return add_checks(s, true, out) && all;
}

bool status_readyz(struct status *s, struct buf *out)
{
	bool all = add_checks(s, false, out);
	uint64_t free_bytes = atomic_load(&s->free_bytes);

	if (free_bytes != UINT64_MAX) {
		(void)buf_addf(out, "%llu bytes free for the journal\n",
			       (unsigned long long)free_bytes);
	}
	return all;
}
