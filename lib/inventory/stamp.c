/*
 * Stamps: five numbers compared, and one question of time.
 *
 * The time of the last change of the inode (st_ctime) cannot be set by
 * anybody, unlike that of the last modification, so it is the one that must
 * be old enough.  A clock that was put back makes stamps look young: then
 * files are read once more, which costs time and loses nothing.
 */
#include "inventory/stamp.h"

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct stamp stamp_of(const struct stat *st, int64_t now_ns)
{
	return (struct stamp){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.modified_ns = nanoseconds(st->st_mtim),
		.changed_ns = nanoseconds(st->st_ctim),
		.read_ns = now_ns,
	};
}

bool stamp_is_unchanged(const struct stamp *known, const struct stamp *now)
{
	return known->digest[0] != '\0' && known->device == now->device &&
	       known->inode == now->inode && known->size == now->size &&
	       known->modified_ns == now->modified_ns && known->changed_ns == now->changed_ns &&
	       known->changed_ns < known->read_ns - STAMP_SETTLED_NS;
}
