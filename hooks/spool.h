/*
 * Deliveries that wait on disk for the receiver: GIT_DIR/doorbell/spool.
 *
 * One file a delivery, "<milliseconds, 14 digits>-<id>.json", holding the body
 * only: it is signed when it is sent.  Files whose names end otherwise are not
 * the spool's ("....refused": the receiver said that it will never take it).
 */
#ifndef HOOKS_SPOOL_H
#define HOOKS_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"

#define HOOK_SPOOL_FILES 1000

enum hook_spool_result {
	HOOK_SPOOL_OK = 0,
	HOOK_SPOOL_FULL = 1 // HOOK_SPOOL_FILES wait there; refused ones are not counted
};

/*
 * Put a delivery into folder (made if it is not there), durably: when this
 * returns HOOK_SPOOL_OK, a crash does not lose it.  HOOK_SPOOL_FULL, or
 * negative with err. now_ms orders the files.
 */
int hook_spool_add(const char *folder, int64_t now_ms, const char *id, const char *body, size_t len,
		   struct error *err);

/*
 * Append the names of waiting deliveries, oldest first, to ret_names. A
 * folder that is not there is empty. 0, or negative with err.
 */
int hook_spool_list(const char *folder, struct strvec *ret_names, struct error *err);

/*
 * Read a delivery: its id and body as new strings (free them). 0, or negative
 * with err.
 */
int hook_spool_read(const char *folder, const char *name, char **ret_id, char **ret_body,
		    size_t *ret_len, struct error *err);

/* Remove a delivery that was taken. 0, or negative with err. */
int hook_spool_remove(const char *folder, const char *name, struct error *err);

/*
 * Put a delivery aside that will never be taken; the first HOOK_SPOOL_FILES of
 * them are kept, others are removed. 0, or negative with err.
 */
int hook_spool_refuse(const char *folder, const char *name, struct error *err);

/*
 * Try to become the only one who sends what is spooled. Returns a descriptor
 * to close() when done, or -1: someone else does, or there is no folder.
 */
int hook_spool_lock(const char *folder);

#endif
