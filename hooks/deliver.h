/*
 * The room for the post-receive hook, a program of its own that git starts after
 * a push; and of this header: sending what is spooled, by the hook itself or by
 * "doorbell hook deliver".
 *
 * Besides the hook the verbs "hook" and "send" use its parts.  It never fails a
 * push, never holds one longer than its time, and links neither libgit2 nor
 * SQLite.
 */
#ifndef HOOKS_DELIVER_H
#define HOOKS_DELIVER_H

#include "hooks/send.h"

enum hook_deliver_result {
	HOOK_DELIVER_TAKEN = 0,   // 2xx; no longer spooled
	HOOK_DELIVER_REFUSED = 1, // will never be taken (400, 413, 415, 422): put aside
	HOOK_DELIVER_KEPT = 2     // not now: unreachable, unauthorized, overloaded; still spooled
};

/* As hook_send(); "doorbell" has one of its own for http(s) addresses. */
typedef enum hook_send_result (*hook_send_fn)(const struct hook_conf *conf,
					      const struct hook_delivery *delivery,
					      int64_t deadline, int *ret_status,
					      struct buf *answer, struct error *err);

/* GIT_DIR/doorbell/spool as a new string (free it). */
char *hook_deliver_folder(const struct hook_conf *conf);

/* What an answer with that status means for a spooled delivery. */
enum hook_deliver_result hook_deliver_judge(int status);

/*
 * Send the spooled delivery of that name, and remove it or put it aside.
 * wait_ms as in struct hook_delivery; the body of a 2xx is added to answer.
 * HOOK_DELIVER_KEPT and ..._REFUSED come with err.
 */
enum hook_deliver_result hook_deliver_one(const struct hook_conf *conf, hook_send_fn send,
					  const char *name, int64_t wait_ms, int64_t deadline,
					  struct buf *answer, struct error *err);

/*
 * Send at most max of the spooled deliveries, oldest first, until deadline or
 * until one is kept. Returns that one's result with err, or
 * HOOK_DELIVER_TAKEN. *ret_taken counts those taken.
 */
enum hook_deliver_result hook_deliver_all(const struct hook_conf *conf, hook_send_fn send,
					  size_t max, int64_t deadline, size_t *ret_taken,
					  struct error *err);

/*
 * Tell the one whose push was taken how many earlier pushes of the repository
 * still wait in the spool: a line is added to out, or nothing if none does.
 */
void hook_deliver_tell_left(const struct hook_conf *conf, struct buf *out);

#endif
