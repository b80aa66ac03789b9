/*
 * Whether a file may have changed since it was read, without reading it.
 *
 * A stamp is what the file system says of a file, and a digest of the text
 * that was read then.  A file that is written twice within one tick of the
 * file system's clock may look the same after the second time as after the
 * first; so a stamp is only believed if the file had been left alone for a
 * while when it was read.  Otherwise the file is read once more, and the
 * digest says whether anything is different.
 *
 * Plain data: any thread.
 */
#ifndef LIB_INVENTORY_STAMP_H
#define LIB_INVENTORY_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/crypto.h"

/* A file must have been left alone for so long before its stamp is believed: 2 s. */
#define STAMP_SETTLED_NS INT64_C(2000000000)

struct stamp {
	uint64_t device;
	uint64_t inode;
	int64_t size;        // bytes
	int64_t modified_ns; // since 1970, as the file system says, these two
	int64_t changed_ns;
	int64_t read_ns;     // since 1970, by our own clock: just before it was read
	char digest[SHA256_HEX_MAX + 1]; // of the text; "": it was not read
};

/* The stamp of a file by what stat(2) said (borrowed) at now_ns (since 1970), without a digest. */
struct stamp stamp_of(const struct stat *st, int64_t now_ns);

/*
 * True if the file that *now (without a digest) was taken of is certainly the
 * one that *known was taken of, unchanged, so that it need not be read.
 */
bool stamp_is_unchanged(const struct stamp *known, const struct stamp *now);

#endif
