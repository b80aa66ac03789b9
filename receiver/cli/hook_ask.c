/*
 * A hook that is installed and never heard is worse than none: a spelling that
 * the receiver does not know, a secret that is not the same on both sides, or
 * a socket that this user may not open are found by asking as the hook asks.
 */
#include "receiver/cli/hook_ask.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <jansson.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "hooks/report.h"
#include "hooks/send.h"
#include "push/push.h"
#include "push/push_json.h"
#include "push/push_native.h"
#include "receiver/cli/hook_deliver.h"

#define ASK_MS 3000

static const struct {
	const char *word;
	int status;
	const char *text; // NULL: the answer has more to say
} answers[] = {
	[ASKED_KNOWN] = { "known", EX_OK, "the receiver knows the repository" },
	[ASKED_OLD] = { "old", EX_OK, "the receiver answers, but does not say whether it "
					    "knows the repository: it is an earlier version" },
	[ASKED_UNKNOWN] = { "unknown", EX_CONFIG, NULL },
	[ASKED_REFUSED] = { "refused", EX_NOPERM,
				  "the receiver refuses the secret (401): is it the same file "
				  "content as its source's, and are both clocks right?" },
	[ASKED_FORBIDDEN] = { "forbidden", EX_NOPERM,
				    "the receiver's source may not speak of this repository (403): "
				    "see its sources.repositories" },
	[ASKED_NO_SOURCE] = { "no-source", EX_CONFIG,
				    "the receiver has no such source (404): see its sources, "
				    "--source and the path in --url" },
	[ASKED_ODD] = { "odd", EX_UNAVAILABLE, NULL },
	[ASKED_NO_SECRET] = { "no-secret", EX_NOPERM, NULL },
	[ASKED_UNREACHABLE] = { "unreachable", EX_UNAVAILABLE, NULL },
};

const char *hook_answer_word(enum hook_answer answer)
{
	return answers[answer].word;
}

int hook_answer_status(enum hook_answer answer)
{
	return answers[answer].status;
}

/* The body of the question (free it), NULL with err. */
static char *compose(const struct hook_conf *conf, struct error *err)
{
	struct delivery_content content;

	delivery_content_init(&content);
	free(content.event);
	content.event = xstrdup(PUSH_NATIVE_PING);
	(void)push_add_url(&content, conf->repository);
	char *body = push_native_body(&content, err);
	delivery_content_release(&content);
	return body;
}

/* What a 2xx says. text: the sentence, for an unknown repository. */
static enum hook_answer read_answer(const struct hook_conf *conf, const struct buf *body,
				    struct buf *text)
{
	json_t *json = json_loadb(body->data, body->len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *known = json_object_get(json, "known");
	const char *nearest = json_string_value(json_object_get(json, "nearest"));
	enum hook_answer answer = ASKED_OLD;

	if (json_is_true(known)) {
		answer = ASKED_KNOWN;
	} else if (json_is_false(known)) {
		answer = ASKED_UNKNOWN;
		(void)buf_addf(text, "the receiver does not know the repository %s",
			       conf->repository);
		if (nearest != NULL) {
			(void)buf_addf(text, " (nearest: %s)", nearest);
		}
		(void)buf_addstr(text, ": see its repositories and --repository");
	}
	json_decref(json);
	return answer;
}

static enum hook_answer judge(const struct hook_conf *conf, int status, const struct buf *body,
			      struct buf *text)
{
	static const struct {
		int status;
		enum hook_answer answer;
	} refusals[] = {
		{ 401, ASKED_REFUSED },
		{ 403, ASKED_FORBIDDEN },
		{ 404, ASKED_NO_SOURCE },
	};

	if (status >= 200 && status <= 299) {
		return read_answer(conf, body, text);
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].status == status) {
			return refusals[i].answer;
		}
	}
	(void)buf_addf(text, "the receiver answers %d", status);
	return ASKED_ODD;
}

static enum hook_answer ask(const struct hook_conf *conf, const char *body, struct buf *text)
{
	struct error err = ERROR_INIT;
	char id[37] = "";
	struct buf reply;
	int status = 0;

	if (push_native_id(id) < 0) {
		(void)buf_addstr(text, "no randomness");
		return ASKED_ODD;
	}
	const struct hook_delivery delivery = { .id = id, .body = body, .len = strlen(body) };
	buf_init(&reply, HOOK_ANSWER_BYTES);
	enum hook_send_result sent = cli_hook_sender(conf)(
		conf, &delivery, mstime_monotonic() + ASK_MS, &status, &reply, &err);
	enum hook_answer answer = ASKED_UNREACHABLE;
	if (sent == HOOK_SEND_ANSWERED) {
		answer = judge(conf, status, &reply, text);
	} else if (sent == HOOK_SEND_NO_SECRET) {
		answer = ASKED_NO_SECRET;
		(void)buf_addstr(text, err.text);
	} else {
		(void)buf_addf(text, "the receiver cannot be reached: %s",
			       err.text[0] != '\0' ? err.text : "no answer in time");
	}
	buf_release(&reply);
	return answer;
}

enum hook_answer hook_ask(const struct hook_conf *conf, char **ret_text)
{
	enum hook_answer answer = ASKED_ODD;
	struct error err = ERROR_INIT;
	struct buf text;
	struct buf plain;

	buf_init(&text, 16384);
	buf_init(&plain, 16384);
	char *body = compose(conf, &err);
	if (body != NULL) {
		answer = ask(conf, body, &text);
	} else {
		(void)buf_addstr(&text, err.text);
	}
	hook_report_text(answers[answer].text != NULL ? answers[answer].text : text.data, &plain);
	*ret_text = buf_detach(&plain);
	free(body);
	buf_release(&plain);
	buf_release(&text);
	return answer;
}
