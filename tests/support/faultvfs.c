/*
 * The failing and forgetting file layer.
 *
 * Each write first notes what it overwrites.  A sync of that file drops the
 * notes; losing power plays them back, the newest first.  After a failed sync
 * the notes stay for good, as Linux marks the pages clean and a later sync
 * proves nothing about them.
 */
#include "tests/support/faultvfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

struct undo {
	struct undo *next; // older
	char *path;
	char *old;         // what was there
	size_t old_len;
	sqlite3_int64 at;
	sqlite3_int64 end;  // of what was written
	sqlite3_int64 size; // of the file before
	bool stuck;         // a sync of it failed
};

struct fault_file {
	sqlite3_file base;
	char *path;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs layer;
static struct undo *undos;
static enum fault_kind armed;
static unsigned countdown;
static bool lasting;
static bool fired;
static bool dead;

static struct fault_file *self(sqlite3_file *file)
{
	return (struct fault_file *)(void *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
	return self(file)->real;
}

/* SQLITE_OK, or how this operation is to fail. */
static int fault(int io_code, int full_code)
{
	if (dead) {
		return io_code;
	}
	if (armed == FAULT_NONE || countdown > 1 || (countdown == 0 && !lasting)) {
		countdown -= countdown > 1;
		return SQLITE_OK;
	}
	countdown = 0;
	fired = true;
	return armed == FAULT_IO ? io_code : full_code;
}

static void drop(struct undo **slot)
{
	struct undo *u = *slot;

	*slot = u->next;
	free(u->path);
	free(u->old);
	free(u);
}

static void drop_path(const char *path, bool stuck_too)
{
	for (struct undo **slot = &undos; *slot != NULL;) {
		if (strcmp((*slot)->path, path) == 0 && (stuck_too || !(*slot)->stuck)) {
			drop(slot);
		} else {
			slot = &(*slot)->next;
		}
	}
}

static void note(struct fault_file *f, sqlite3_int64 at, sqlite3_int64 end)
{
	struct undo *u = xcalloc(1, sizeof(*u));

	(void)f->real->pMethods->xFileSize(f->real, &u->size);
	u->path = xstrdup(f->path);
	u->at = at;
	u->end = end;
	if (at < u->size) {
		u->old_len = (size_t)((end < u->size ? end : u->size) - at);
		u->old = xcalloc(1, u->old_len);
		(void)f->real->pMethods->xRead(f->real, u->old, (int)u->old_len, at);
	}
	u->next = undos;
	undos = u;
}

static int f_close(sqlite3_file *file)
{
	struct fault_file *f = self(file);
	int code = f->real->pMethods != NULL ? f->real->pMethods->xClose(f->real) : SQLITE_OK;

	free(f->path);
	return code;
}

static int f_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	return dead ? SQLITE_IOERR_READ : real(file)->pMethods->xRead(real(file), data, len, at);
}

static int f_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	int code = fault(SQLITE_IOERR_WRITE, SQLITE_FULL);

	if (!dead) {
		note(self(file), at, at + len);
	}
	if (code == SQLITE_OK) {
		return real(file)->pMethods->xWrite(real(file), data, len, at);
	}
	if (!dead && len > 1) {
		/* A failed write may have written some. */
		(void)real(file)->pMethods->xWrite(real(file), data, len / 2, at);
	}
	return code;
}

static int f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = fault(SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_TRUNCATE);
	sqlite3_int64 old = 0;

	if (code != SQLITE_OK) {
		return code;
	}
	(void)real(file)->pMethods->xFileSize(real(file), &old);
	note(self(file), size, old > size ? old : size);
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int f_sync(sqlite3_file *file, int flags)
{
	int code = fault(SQLITE_IOERR_FSYNC, SQLITE_IOERR_FSYNC);

	(void)flags;
	if (code == SQLITE_OK) {
		drop_path(self(file)->path, false);
		return code;
	}
	for (struct undo *u = undos; u != NULL; u = u->next) {
		u->stuck = u->stuck || strcmp(u->path, self(file)->path) == 0;
	}
	return code;
}

static int f_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return dead ? SQLITE_IOERR_FSTAT : real(file)->pMethods->xFileSize(real(file), size);
}

static int f_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int f_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int f_reserved(sqlite3_file *file, int *out)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int f_control(sqlite3_file *file, int op, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int f_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int f_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int f_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

static int f_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void f_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int f_shm_unmap(sqlite3_file *file, int delete_it)
{
	return real(file)->pMethods->xShmUnmap(real(file), delete_it);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_device,
	.xShmMap = f_shm_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_shm_barrier,
	.xShmUnmap = f_shm_unmap,
};

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct fault_file *f = self(file);

	(void)vfs;
	f->base.pMethods = NULL;
	if (dead) {
		return SQLITE_CANTOPEN;
	}
	f->real = (sqlite3_file *)(void *)(f + 1);
	int code = real_vfs->xOpen(real_vfs, name, f->real, flags, out);

	if (code == SQLITE_OK) {
		f->path = xstrdup(name != NULL ? name : "");
		f->base.pMethods = &methods;
	}
	return code;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	int code = fault(SQLITE_IOERR_DELETE, SQLITE_IOERR_DELETE);

	(void)vfs;
	if (code == SQLITE_OK) {
		drop_path(name, true);
		code = real_vfs->xDelete(real_vfs, name, sync_directory);
	}
	return code;
}

const char *faultvfs_register(void)
{
	if (real_vfs == NULL) {
		real_vfs = sqlite3_vfs_find(NULL);
		layer = *real_vfs;
		layer.zName = "fault";
		layer.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
		layer.xOpen = v_open;
		layer.xDelete = v_delete;
		(void)sqlite3_vfs_register(&layer, 0);
	}
	return layer.zName;
}

void faultvfs_arm(enum fault_kind kind, unsigned nth, bool forever)
{
	while (undos != NULL) {
		drop(&undos);
	}
	armed = nth > 0 ? kind : FAULT_NONE;
	countdown = nth;
	lasting = forever;
	fired = false;
	dead = false;
}

bool faultvfs_fired(void)
{
	return fired;
}

void faultvfs_kill(void)
{
	dead = true;
}

static void take_back(const struct undo *u)
{
	int fd = open(u->path, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		return;
	}
	if (u->old_len > 0 && pwrite(fd, u->old, u->old_len, (off_t)u->at) < 0) {
		abort();
	}
	if (fstat(fd, &st) == 0 && u->end > u->size) {
		/* The last thing in the file goes; a hole below later writes reads as zeros. */
		if (st.st_size <= u->end && ftruncate(fd, (off_t)u->size) < 0) {
			abort();
		}
		for (off_t at = (off_t)u->size; st.st_size > u->end && at < (off_t)u->end; at++) {
			if (at >= (off_t)u->at && pwrite(fd, "", 1, at) != 1) {
				abort();
			}
		}
	}
	(void)close(fd);
}

void faultvfs_lose(unsigned keep, unsigned seed)
{
	unsigned random = seed;

	for (struct undo *u = undos; u != NULL; u = u->next) {
		random = random * 1103515245U + 12345U;
		if ((random >> 16 & 0xff) >= keep) {
			take_back(u);
		}
	}
	faultvfs_arm(FAULT_NONE, 0, false);
}
