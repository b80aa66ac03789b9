/*
 * post-receive: tells the receiver what was pushed, and the pusher what it
 * means.
 *
 * githooks(5): "It is called once for the receive operation.  It takes no
 * arguments, but gets the same information as the pre-receive hook does on its
 * standard input. ... This hook does not affect the outcome of
 * git-receive-pack, as it is called after the real work is done. ... Both
 * standard output and standard error output are forwarded to git send-pack on
 * the other end".
 *
 * The promise to the pusher: whatever happens here, the push has succeeded,
 * is held for no longer than the configured limit, and is not forgotten.  So:
 *
 *   1. read all of standard input,
 *   2. send what earlier pushes left in the spool, within bounds,
 *   3. send this push, all refs in one delivery, and wait for the names of the
 *      applications while time is left,
 *   4. if that fails, put it into the spool; else say how many are still there,
 *   5. run the hook that was here before us, and exit 0.
 *
 * What git runs is a short script that "doorbell hook install" wrote;
 * it ends as this program, whose first argument is then the script's path as
 * git called it.  Where the program itself stands as a hook (a link, as
 * earlier versions made it) that is argument 0.
 *
 * A hook may lie on a push's way twice: in a folder that repositories share
 * and in one of them.  So whoever is run by us is told in the environment what
 * was delivered already.
 *
 * An http(s) address is left to "doorbell hook deliver": loading an HTTP
 * library costs more than everything else here together.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mstime.h"
#include "base/secrecy.h"
#include "base/xalloc.h"
#include "hooks/child.h"
#include "hooks/conf.h"
#include "hooks/deliver.h"
#include "hooks/refs.h"
#include "hooks/report.h"
#include "hooks/send.h"
#include "hooks/spool.h"
#include "push/push_json.h"
#include "push/push_native.h"

#define SPOOLED_FIRST 16      // deliveries of earlier pushes that this push takes along
#define MARGIN_MS 150         // of the limit, for the spool
#define GRACE_MS 500          // after the limit the process ends, come what may
#define ANSWER_MARGIN_MS 50   // for the way of the answer
#define OUTPUT_BYTES (64U * 1024)
#define TOLD "DOORBELL_TOLD"  // in the environment: the push that was told

struct hook {
	struct hook_conf conf;
	char git_dir[PATH_MAX];
	int64_t deadline;     // of everything on the network
	char id[37];
	char *body;
	struct buf out;       // for the pusher
};

static const char gave_up[] = "warning: doorbell: gave up at the time limit\n";

static void on_alarm(int sig)
{
	(void)sig;
	(void)!write(STDERR_FILENO, gave_up, sizeof(gave_up) - 1);
	_exit(0);
}

/* The last resort, for a disk that hangs; 0 ends it. */
static void set_alarm(int64_t ms)
{
	const struct itimerval timer = {
		.it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 },
	};

	(void)signal(SIGALRM, on_alarm);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void say(struct hook *hook)
{
	const char *at = hook->out.data;
	size_t len = hook->out.len;

	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, at, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return;
		}
		at += n;
		len -= (size_t)n;
	}
}

/* Who pushed, as the server in front of git says. */
static char *pusher(void)
{
	static const char *const names[] = { "GL_USERNAME", "GITEA_PUSHER_NAME", "GL_USER",
					     "REMOTE_USER", "LOGNAME", "USER" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0' && strlen(value) <= 255) {
			return xstrdup(value);
		}
	}
	return NULL;
}

/* "ref: refs/heads/main" of HEAD to "main". */
static char *default_branch(const char *git_dir)
{
	static const char prefix[] = "ref: refs/heads/";
	char *path = xasprintf("%s/HEAD", git_dir);
	char *branch = NULL;
	struct buf text;

	buf_init(&text, LIMIT_REF_BYTES);
	if (file_read_small(path, &text, NULL, NULL) == 0 &&
	    strncmp(text.data, prefix, sizeof(prefix) - 1) == 0) {
		branch = xstrndup(text.data + sizeof(prefix) - 1,
				  strcspn(text.data + sizeof(prefix) - 1, "\n"));
	}
	free(path);
	buf_release(&text);
	return branch;
}

/* Make the delivery of all that was pushed. False: there is nothing to say. */
static bool compose(struct hook *hook, const struct buf *input)
{
	struct delivery_content content;
	struct hook_refs refs;
	struct error err = ERROR_INIT;

	delivery_content_init(&content);
	free(content.event);
	content.event = xstrdup("push");
	content.pusher = pusher();
	content.default_branch = default_branch(hook->git_dir);
	(void)push_add_url(&content, hook->conf.repository);
	hook_refs_parse(input->data, input->len, &content, &refs);
	if (refs.skipped > 0) {
		(void)buf_addf(&hook->out, "warning: doorbell: %zu odd lines skipped\n",
			       refs.skipped);
	}
	if (refs.over > 0) {
		(void)buf_addf(&hook->out, "warning: doorbell: %zu refs over %d are not told; the "
			       "next push to them makes up for it\n", refs.over, LIMIT_REFS);
	}
	if (content.count > 0) {
		hook->body = push_native_body(&content, &err);
	}
	delivery_content_release(&content);
	return hook->body != NULL && push_native_id(hook->id) == 0;
}

/* Why a receiver did not answer. */
static const char *unreachable(const struct hook *hook)
{
	const char *socket = hook_conf_socket(&hook->conf);
	bool refused = socket != NULL && access(socket, W_OK) != 0 && errno == EACCES;

	return refused ? "this user may not write to the receiver's socket"
		       : "receiver not reachable";
}

/* Keep the push for later, and say so. why: "receiver not reachable". */
static bool spool(struct hook *hook, const char *why)
{
	char *folder = hook_deliver_folder(&hook->conf);
	struct error err = ERROR_INIT;

	int r = hook_spool_add(folder, mstime_wall(), hook->id, hook->body, strlen(hook->body),
			       &err);
	free(folder);
	if (r == HOOK_SPOOL_OK) {
		if (why != NULL) {
			(void)buf_addf(&hook->out, "warning: doorbell: %s, push spooled; "
				       "nothing is lost\n", why);
		}
		return true;
	}
	(void)buf_addf(&hook->out, "warning: doorbell: %s, push not spooled (",
		       why != NULL ? why : "not sent");
	hook_report_text(r == HOOK_SPOOL_FULL ? "spool full" : err.text, &hook->out);
	(void)buf_addstr(&hook->out, ");\nwarning: doorbell: the next push to the same refs "
				"makes up for it\n");
	return false;
}

static int64_t wait_ms(const struct hook *hook)
{
	int64_t left = hook->deadline - mstime_monotonic() - ANSWER_MARGIN_MS;

	return left > 0 ? left : 0;
}

/* Over the socket: earlier pushes first, then this one. */
static void ring_socket(struct hook *hook)
{
	int64_t now = mstime_monotonic();
	struct error err = ERROR_INIT;
	struct buf answer;
	size_t taken = 0;
	int status = 0;

	buf_init(&answer, HOOK_ANSWER_BYTES);
	/* Whatever comes of that, this push is tried, and says what is wrong. */
	(void)hook_deliver_all(&hook->conf, hook_send, SPOOLED_FIRST,
			       now + (hook->deadline - now) / 2, &taken, &err);
	const struct hook_delivery delivery = {
		.id = hook->id,
		.body = hook->body,
		.len = strlen(hook->body),
		.wait_ms = wait_ms(hook),
	};
	enum hook_send_result r = hook_send(&hook->conf, &delivery, hook->deadline, &status,
					    &answer, &err);
	if (r == HOOK_SEND_NO_SECRET) {
		(void)spool(hook, "secret not readable");
		goto out;
	}
	if (r != HOOK_SEND_ANSWERED) {
		(void)spool(hook, unreachable(hook));
		goto out;
	}
	if (hook_deliver_judge(status) != HOOK_DELIVER_TAKEN) {
		char why[64];

		(void)snprintf(why, sizeof(why), "receiver answered %d%s", status,
			       status == 404 ? ": no such source there" : "");
		(void)spool(hook, why);
		goto out;
	}
	hook_report(answer.data, answer.len, hook->conf.verbose, &hook->out);
	hook_deliver_tell_left(&hook->conf, &hook->out);
out:
	buf_release(&answer);
}

/* Copy a child's lines, each made harmless. */
static void relay(struct hook *hook, char *text)
{
	for (char *line = strsep(&text, "\n"); line != NULL; line = strsep(&text, "\n")) {
		if (line[0] != '\0') {
			hook_report_text(line, &hook->out);
			(void)buf_addch(&hook->out, '\n');
		}
	}
}

/* To an address: safely on disk, then "doorbell hook deliver" takes it from there. */
static void ring_address(struct hook *hook)
{
	struct buf printed;

	if (hook->conf.program == NULL || access(hook->conf.program, X_OK) != 0) {
		(void)spool(hook, "no doorbell program");
		return;
	}
	if (!spool(hook, NULL)) {
		return;
	}
	buf_init(&printed, OUTPUT_BYTES);
	if (hook_child_deliver(hook->conf.program, hook->id, hook->git_dir, hook->deadline,
			       &printed)) {
		relay(hook, printed.data);
	} else {
		(void)buf_addstr(&hook->out, "doorbell: delivery under way, applications not known "
					     "yet\n");
	}
	buf_release(&printed);
}

static void ring(struct hook *hook, const struct buf *input)
{
	struct error err = ERROR_INIT;
	int64_t start = mstime_monotonic();

	int r = hook_conf_read(hook->git_dir, &hook->conf, &err);
	if (r == HOOK_CONF_NONE) {
		return;
	}
	if (r != HOOK_CONF_OK) {
		(void)buf_addstr(&hook->out, "warning: doorbell: ");
		hook_report_text(err.text, &hook->out);
		(void)buf_addch(&hook->out, '\n');
		return;
	}
	int64_t limit = hook->conf.limit_ms;
	int64_t margin = limit / 5 < MARGIN_MS ? limit / 5 : MARGIN_MS;
	hook->deadline = start + limit - margin;
	set_alarm(limit + GRACE_MS);
	if (compose(hook, input)) {
		if (hook_conf_socket(&hook->conf) != NULL) {
			ring_socket(hook);
		} else {
			ring_address(hook);
		}
	}
	set_alarm(0);
}

/*
 * A pusher who gives up takes the connection with him, but the push is done:
 * it is told all the same, within the limit.
 */
static void ignore_signals(void)
{
	static const int signals[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		(void)signal(signals[i], SIG_IGN);
	}
}

/*
 * Is this push new here, and not one that a hook of ours, of which this one
 * is a child, has told?  From now on it is told.  What was pushed is part of
 * the mark, because a hook may itself push, even to this repository.
 */
static bool is_first(const struct hook *hook, const struct buf *input)
{
	const char *told = getenv(TOLD);
	char digest[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex(input->data, input->len, digest);
	char *mark = xasprintf("%s:%s", digest, hook->git_dir);
	bool first = told == NULL || strcmp(told, mark) != 0;
	(void)setenv(TOLD, mark, 1);
	free(mark);
	return first;
}

int main(int argc, char **argv)
{
	static char *none[] = { NULL };
	struct hook hook = { .body = NULL };
	const char *git_dir = getenv("GIT_DIR");
	struct buf input;

	secrecy_begin();
	ignore_signals();
	buf_init(&hook.out, OUTPUT_BYTES);
	buf_init(&input, HOOK_INPUT_BYTES);
	hook_refs_read(STDIN_FILENO, &input);
	if (realpath(git_dir != NULL ? git_dir : ".", hook.git_dir) != NULL &&
	    is_first(&hook, &input)) {
		ring(&hook, &input);
		say(&hook);
	}
	if (argc > 0) {
		hook_child_chain(argv[argc > 1], argc > 2 ? argv + 2 : none, input.data,
				 input.len);
	}
	buf_release(&input);
	buf_release(&hook.out);
	hook_conf_release(&hook.conf);
	free(hook.body);
	return 0;
}
