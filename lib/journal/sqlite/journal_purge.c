/*
 * What goes to make room, and whether there is room.
 *
 * Two limits are kept: max_bytes, of the file, and min_free, of its disk.  New
 * deliveries are refused before the last eighth of the first, so that what was
 * accepted can be finished.  Short of room is sooner than that, at three
 * quarters: from there on finished history goes, in bites as large as a batch of
 * new deliveries may be, so that none of these meets a full journal unless what
 * fills it is unfinished.
 *
 * What is deleted leaves pages unused in the file; the file does not shrink.
 * So on a disk that others have filled a delivery is taken as long as there are
 * unused pages for it, and half of min_free for the WAL.
 */
#include "journal/sqlite/journal_purge.h"

#include "journal/sqlite/journal_room.h"

/* On a disk that is short of room, so many bytes unused in the file are enough. */
#define UNUSED_ENOUGH (16ULL * 1024 * 1024)

struct room {
	uint64_t used;   // bytes of pages that hold something
	uint64_t unused; // bytes of pages that do not
	uint64_t free;   // on the disk
};

/* Whenever the figures are seen, it is noted whether room is short. */
static enum record_result look(struct journal_db *j, struct room *ret, struct error *err)
{
	int64_t pages = 0;
	int64_t unused = 0;
	enum record_result result = journal_db_number(j, SQL_PAGE_COUNT, &pages, err, "");

	if (result == RECORD_OK) {
		result = journal_db_number(j, SQL_FREE_PAGES, &unused, err, "");
	}
	*ret = (struct room){
		.used = (uint64_t)(pages - unused) * j->page_size,
		.unused = (uint64_t)unused * j->page_size,
		.free = journal_room_free(j),
	};
	j->is_short = (j->max_bytes > 0 && ret->used > j->max_bytes - j->max_bytes / 4) ||
		      (ret->free < j->min_free && ret->unused < UNUSED_ENOUGH);
	return result;
}

static enum record_result is_full(const struct journal_db *j, const struct room *room,
				  struct error *err)
{
	if (room->free < j->min_free / 2 ||
	    (room->free < j->min_free && room->unused < UNUSED_ENOUGH / 4)) {
		return error_set(err, RECORD_FULL, "%s: less than %llu MB (minFreeBytes) "
				 "free on its disk", j->path,
				 (unsigned long long)(j->min_free >> 20));
	}
	if (j->max_bytes > 0 && room->used > j->max_bytes - j->max_bytes / 8) {
		return error_set(err, RECORD_FULL, "%s: has reached its limit of %llu MB, and "
				 "nothing of it is finished: raise journalMaxBytes", j->path,
				 (unsigned long long)(j->max_bytes >> 20));
	}
	return RECORD_OK;
}

enum record_result journal_purge_check_room(struct journal_db *j, struct error *err)
{
	struct room room;

	if (j->max_bytes == 0 && journal_room_free(j) >= j->min_free) {
		return RECORD_OK;
	}
	enum record_result result = look(j, &room, err);

	return result != RECORD_OK ? result : is_full(j, &room, err);
}

/* Finished deliveries before a time, the oldest first. */
static enum record_result drop_deliveries(struct journal_db *j, int64_t before_ms, size_t limit,
					  size_t *count, struct error *err)
{
	int changes = 0;
	enum record_result result = journal_db_run(j, SQL_PURGE, &changes, err, "ii", before_ms,
						   (int64_t)limit);

	*count += (size_t)changes;
	return result;
}

/*
 * The bodies of the oldest finished deliveries.  bodies_ms is a mark: what was
 * received before has none any more, or was not finished when it was passed.
 */
static enum record_result drop_bodies(struct journal_db *j, size_t limit, size_t *count,
				      struct error *err)
{
	int64_t until = 0;
	int changes = 0;
	enum record_result result = journal_db_number(j, SQL_FIND_BODIES, &until, err, "ii",
						      j->bodies_ms, (int64_t)limit);

	if (result == RECORD_OK && until > 0) {
		result = journal_db_run(j, SQL_DROP_BODIES, &changes, err, "ii", j->bodies_ms,
					until);
	}
	j->bodies_ms = until;
	*count += (size_t)changes;
	return result;
}

enum record_result journal_purge(struct journal_db *j, const struct journal_care *care,
				 struct journal_figures *figures, struct error *err)
{
	enum record_result result = RECORD_OK;
	struct room room;

	if (care->purge_before_ms != 0) {
		result = drop_deliveries(j, care->purge_before_ms, care->purge_limit,
					 &figures->purged, err);
	}
	/* Each new delivery looks, too: in a burst there is a look before each batch. */
	if (result == RECORD_OK && care->measure) {
		result = look(j, &room, err);
		figures->full = is_full(j, &room, NULL) == RECORD_FULL;
	}
	if (result != RECORD_OK || !j->is_short || care->purge_limit == 0) {
		return result;
	}
	result = drop_bodies(j, care->purge_limit, &figures->dropped, err);
	if (result == RECORD_OK && figures->dropped < care->purge_limit) {
		result = drop_deliveries(j, INT64_MAX, care->purge_limit - figures->dropped,
					 &figures->dropped, err);
	}
	return result;
}
