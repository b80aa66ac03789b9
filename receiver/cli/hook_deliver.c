/*
 * doorbell hook deliver: from the spool to the receiver, over HTTP(S) too.
 *
 * The hook starts this for http(s) addresses and reads its output for as long
 * as a push may be held; after that we go on alone, so a vanished reader must
 * not stop us.  By hand, or from a timer, it sends all that is left.
 */
#include "receiver/cli/hook_deliver.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "hooks/deliver.h"
#include "hooks/report.h"
#include "hooks/spool.h"
#include "push/push_native.h"
#include "receiver/cli/hook_place.h"
#include "receiver/cli/post.h"

#define ONE_MS 30000
#define ALL_MS 600000
#define OUTPUT_BYTES (64U * 1024)

/* A hook_send_fn over libcurl. */
static enum hook_send_result send_address(const struct hook_conf *conf,
					  const struct hook_delivery *delivery, int64_t deadline,
					  int *ret_status, struct buf *answer, struct error *err)
{
	int64_t left = deadline - mstime_monotonic();
	struct strvec headers = STRVEC_INIT;
	struct buf proof;

	buf_init(&proof, 4096);
	int r = hook_send_proof(conf, delivery, mstime_wall(), &proof, err);
	if (r != 0 || left <= 0) {
		buf_release(&proof);
		return r != 0 ? HOOK_SEND_NO_SECRET : HOOK_SEND_TIMEOUT;
	}
	strvec_push(&headers, "Content-Type: application/json");
	if (delivery->wait_ms > 0) {
		strvec_pushf(&headers, PUSH_NATIVE_WAIT ": %" PRId64, delivery->wait_ms);
	}
	char *rest = proof.data;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		size_t len = strcspn(line, "\r");

		if (len > 0) {
			strvec_pushf(&headers, "%.*s", (int)len, line);
		}
	}
	const struct cli_post post = {
		.url = conf->receiver,
		.headers = &headers,
		.body = delivery->body,
		.len = delivery->len,
		.timeout_ms = left < ONE_MS ? left : ONE_MS,
	};
	enum cli_post_result posted = cli_post(&post, ret_status, answer, err);
	strvec_release(&headers);
	buf_release(&proof);
	if (posted == CLI_POST_ANSWERED) {
		return HOOK_SEND_ANSWERED;
	}
	return posted == CLI_POST_TIMEOUT ? HOOK_SEND_TIMEOUT : HOOK_SEND_UNREACHABLE;
}

hook_send_fn cli_hook_sender(const struct hook_conf *conf)
{
	return hook_conf_socket(conf) != NULL ? hook_send : send_address;
}

/* The name of the spooled delivery with that id (free it), or NULL. */
static char *find_name(const struct hook_conf *conf, const char *id)
{
	char *folder = hook_deliver_folder(conf);
	char *end = xasprintf("-%s.json", id);
	struct strvec names = STRVEC_INIT;
	char *found = NULL;

	(void)hook_spool_list(folder, &names, NULL);
	for (size_t i = 0; i < names.count && found == NULL; i++) {
		size_t len = strlen(names.items[i]);

		if (len > strlen(end) && strcmp(names.items[i] + len - strlen(end), end) == 0) {
			found = xstrdup(names.items[i]);
		}
	}
	strvec_release(&names);
	free(end);
	free(folder);
	return found;
}

/* Nobody reads us any more: neither the hook nor, through it, git. */
static void detach_output(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		close(fd);
	}
}

/*
 * Deliver the one that a push waits for, and say what the pusher should see.
 * A sentence about what the receiver did is fit for a pusher ("the receiver
 * answered 503"); what else went wrong names sockets, files and libcurl's
 * troubles, which are the operator's: the pusher reads that it is not reachable.
 */
static void deliver_waiting(const struct hook_conf *conf, hook_send_fn send, const char *id)
{
	struct error err = ERROR_INIT;
	struct buf answer;
	struct buf lines;

	buf_init(&answer, HOOK_ANSWER_BYTES);
	buf_init(&lines, OUTPUT_BYTES);
	char *name = find_name(conf, id);
	if (name != NULL) {
		int64_t deadline = mstime_monotonic() + ONE_MS;

		switch (hook_deliver_one(conf, send, name, conf->limit_ms, deadline, &answer,
					 &err)) {
		case HOOK_DELIVER_TAKEN:
			hook_report(answer.data, answer.len, conf->verbose, &lines);
			hook_deliver_tell_left(conf, &lines);
			break;
		case HOOK_DELIVER_REFUSED:
		case HOOK_DELIVER_KEPT:
			(void)buf_addstr(&lines, "warning: doorbell: ");
			hook_report_text(strncmp(err.text, "the receiver", 12) == 0
						 ? err.text + 4
						 : "receiver not reachable",
					 &lines);
			(void)buf_addstr(&lines, ", push spooled; nothing is lost\n");
			break;
		}
	}
	fputs(lines.data, stdout);
	detach_output();
	free(name);
	buf_release(&answer);
	buf_release(&lines);
}

/* The repository's configuration, by its folder or whatever git knows it by. */
static int read_conf(const char *path, struct hook_conf *conf, struct error *err)
{
	struct hook_place place = { .git_dir = NULL };
	char real[PATH_MAX];

	int r = realpath(path, real) != NULL ? hook_conf_read(real, conf, err) : HOOK_CONF_NONE;
	if (r != HOOK_CONF_NONE) {
		return r;
	}
	if (hook_place_find(path, &place, err) < 0) {
		return -1;
	}
	r = hook_conf_read(place.git_dir, conf, err);
	hook_place_release(&place);
	return r != HOOK_CONF_NONE ? r : error_set(err, -1, "%s has no hook of ours", path);
}

/*
 * First the delivery that a push waits for; the hook reads what is said of it
 * for as long as it may hold the push.  Then, with nobody reading any more, all
 * others, for ten minutes at most: so the push that finds the receiver back
 * again brings along what earlier ones left.
 */
int cli_hook_deliver(const char *path, const char *wait_id)
{
	struct hook_conf conf = { .folder = NULL };
	struct error err = ERROR_INIT;
	size_t taken = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	if (read_conf(path, &conf, &err) != HOOK_CONF_OK) {
		fprintf(stderr, "doorbell hook: %s\n", err.text);
		return EX_NOINPUT;
	}
	hook_send_fn send = cli_hook_sender(&conf);
	if (wait_id != NULL) {
		deliver_waiting(&conf, send, wait_id);
	}
	enum hook_deliver_result r = hook_deliver_all(&conf, send, HOOK_SPOOL_FILES,
						      mstime_monotonic() + ALL_MS, &taken, &err);
	hook_conf_release(&conf);
	printf("%zu delivered\n", taken);
	if (r == HOOK_DELIVER_KEPT) {
		fprintf(stderr, "doorbell hook: %s\n", err.text);
		return EX_UNAVAILABLE;
	}
	return EX_OK;
}
