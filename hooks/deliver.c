/*
 * From the spool to the receiver.
 *
 * What the receiver refuses because of its content stays on disk under
 * another name, so that it neither is lost nor stands in the way.  All other
 * failures end the round: the next push, or "doorbell hook deliver", tries
 * again.
 */
#include "hooks/deliver.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "hooks/spool.h"

char *hook_deliver_folder(const struct hook_conf *conf)
{
	return xasprintf("%s/spool", conf->folder);
}

enum hook_deliver_result hook_deliver_judge(int status)
{
	if (status >= 200 && status <= 299) {
		return HOOK_DELIVER_TAKEN;
	}
	if (status == 400 || status == 413 || status == 415 || status == 422) {
		return HOOK_DELIVER_REFUSED;
	}
	return HOOK_DELIVER_KEPT;
}

enum hook_deliver_result hook_deliver_one(const struct hook_conf *conf, hook_send_fn send,
					  const char *name, int64_t wait_ms, int64_t deadline,
					  struct buf *answer, struct error *err)
{
	enum hook_deliver_result r = HOOK_DELIVER_KEPT;
	struct hook_delivery delivery = { .wait_ms = wait_ms };
	char *folder = hook_deliver_folder(conf);
	char *body = NULL;
	char *id = NULL;
	struct buf reply;
	int status = 0;

	buf_init(&reply, HOOK_ANSWER_BYTES);
	if (hook_spool_read(folder, name, &id, &body, &delivery.len, err) < 0) {
		goto out;
	}
	delivery.id = id;
	delivery.body = body;
	if (send(conf, &delivery, deadline, &status, &reply, err) != HOOK_SEND_ANSWERED) {
		goto out;
	}
	r = hook_deliver_judge(status);
	if (r == HOOK_DELIVER_TAKEN) {
		(void)hook_spool_remove(folder, name, err);
		(void)buf_add(answer, reply.data, reply.len);
		goto out;
	}
	error_set(err, 0, "the receiver answered %d", status);
	if (r == HOOK_DELIVER_REFUSED) {
		(void)hook_spool_refuse(folder, name, NULL);
	}
out:
	buf_release(&reply);
	free(folder);
	free(body);
	free(id);
	return r;
}

enum hook_deliver_result hook_deliver_all(const struct hook_conf *conf, hook_send_fn send,
					  size_t max, int64_t deadline, size_t *ret_taken,
					  struct error *err)
{
	enum hook_deliver_result r = HOOK_DELIVER_TAKEN;
	char *folder = hook_deliver_folder(conf);
	struct strvec names = STRVEC_INIT;

	*ret_taken = 0;
	int lock = hook_spool_lock(folder);
	if (lock < 0) {
		goto out;
	}
	if (hook_spool_list(folder, &names, err) < 0) {
		r = HOOK_DELIVER_KEPT;
		goto out;
	}
	for (size_t i = 0; i < names.count && i < max && mstime_monotonic() < deadline; i++) {
		struct buf answer;

		buf_init(&answer, HOOK_ANSWER_BYTES);
		r = hook_deliver_one(conf, send, names.items[i], 0, deadline, &answer, err);
		buf_release(&answer);
		if (r == HOOK_DELIVER_KEPT) {
			break;
		}
		*ret_taken += r == HOOK_DELIVER_TAKEN;
		r = HOOK_DELIVER_TAKEN;
	}
out:
	if (lock >= 0) {
		close(lock);
	}
	strvec_release(&names);
	free(folder);
	return r;
}

void hook_deliver_tell_left(const struct hook_conf *conf, struct buf *out)
{
	char *folder = hook_deliver_folder(conf);
	struct strvec names = STRVEC_INIT;

	if (hook_spool_list(folder, &names, NULL) == 0 && names.count > 0) {
		bool one = names.count == 1;

		(void)buf_addf(out, "warning: doorbell: %zu earlier push%s of this repository "
			       "still wait%s to be sent; nothing is lost\n", names.count,
			       one ? "" : "es", one ? "s" : "");
	}
	strvec_release(&names);
	free(folder);
}
