/*
 * A stored index that is not as it was written: read it, or do not.
 * The input is what follows the line with the version.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "index/index_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oid commit;
	struct oid tree;
	char path[64];
	int fd = memfd_create("index", MFD_CLOEXEC);

	if (fd < 0) {
		return 0;
	}
	static const char magic[] = INDEX_STORE_MAGIC;

	if (write(fd, magic, sizeof(magic) - 1) > 0 && write(fd, data, size) == (ssize_t)size) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		index_free(index_store_read(path, &commit, &tree));
	}
	(void)close(fd);
	return 0;
}
