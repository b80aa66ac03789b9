/*
 * What the pusher reads.
 */
#include "hooks/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tests/support/tap.h"

#define UNKNOWN "doorbell: accepted, applications not known yet\n"
#define ONE(more) "{\"decided\":true,\"refs\":[{\"ref\":\"refs/heads/main\"," more "}]}"

static void answers_become_lines(void)
{
	static const struct {
		const char *answer;
		bool verbose;
		const char *want;
	} cases[] = {
		{ ONE("\"affected\":2,\"applications\":40,\"names\":[\"argocd/web-prod\","
		      "\"argocd/web-staging\"]"),
		  false, "doorbell: 2 of 40 applications: web-prod, web-staging\n" },
		{ ONE("\"affected\":2,\"applications\":40,\"names\":[\"a/web\",\"b/web\"]"), false,
		  "doorbell: 2 of 40 applications: a/web, b/web\n" },
		{ ONE("\"affected\":1,\"applications\":1,\"names\":[\"web\"],\"reason\":\"why\""),
		  true, "doorbell: 1 of 1 applications: web (why)\n" },
		{ ONE("\"affected\":1,\"applications\":1,\"names\":[\"web\"],\"reason\":\"why\""),
		  false, "doorbell: 1 of 1 applications: web\n" },
		{ ONE("\"affected\":0,\"applications\":40,\"names\":[]"), false, "" },
		{ ONE("\"affected\":0,\"applications\":40,\"names\":[]"), true,
		  "doorbell: 0 of 40 applications: nothing to do\n" },
		{ ONE("\"affected\":3,\"applications\":40"), false,
		  "doorbell: 3 of 40 applications\n" },
		{ ONE("\"affected\":12,\"applications\":40,\"names\":[\"a\",\"b\",\"c\",\"d\",\"e\","
		      "\"f\",\"g\",\"h\",\"i\"]"),
		  false, "doorbell: 12 of 40 applications: a, b, c, d, e, f, g, h and 4 more\n" },
		{ ONE("\"affected\":3,\"applications\":40,\"names\":[\"a\",7,null,\"b\"]"), false,
		  "doorbell: 3 of 40 applications: a, b and 1 more\n" },
		{ ONE("\"affected\":\"x\",\"applications\":[],\"names\":{}"), true,
		  "doorbell: 0 of 0 applications: nothing to do\n" },
		{ "{\"decided\":true,\"refs\":["
		  "{\"ref\":\"refs/heads/main\",\"affected\":1,\"applications\":2,\"names\":[\"x\"]},"
		  "{\"ref\":\"refs/heads/dev\",\"affected\":0,\"applications\":2,\"names\":[]},"
		  "{\"ref\":\"refs/tags/v1\",\"affected\":1,\"applications\":2,\"names\":[\"y\"]}]}",
		  false,
		  "doorbell: main: 1 of 2 applications: x\ndoorbell: v1: 1 of 2 applications: y\n" },
		{ "{\"repository\":\"https://h/a\",\"known\":false,\"nearest\":\"https://h/b\","
		  "\"decided\":true,\"refs\":[]}",
		  false, "doorbell: the repository https://h/a is not configured\n"
			 "  (nearest: https://h/b)\n" },
		{ "{\"repository\":\"https://h/\u202ea\",\"known\":false}", true,
		  "doorbell: the repository https://h/?a is not configured\n" },
		{ "{\"repository\":7,\"known\":false,\"nearest\":[]}", false,
		  "doorbell: the repository is not configured\n" },
		{ "{\"repository\":\"https://h/a\",\"known\":true}", false, UNKNOWN },
		{ "{\"decided\":true,\"refs\":[],\"more\":7}", false, "doorbell: and 7 more refs\n" },
		{ "{\"decided\":true,\"refs\":[],\"more\":-7}", false, "" },
		{ "{\"decided\":true,\"refs\":[],\"more\":\"7\"}", false, "" },
		{ "{\"decided\":true,\"refs\":[]}", true, "" },
		{ "{\"decided\":true,\"refs\":[7,null,[]]}", false, "" },
		{ "{\"decided\":false,\"refs\":[]}", false, UNKNOWN },
		{ "{\"decided\":1,\"refs\":[]}", false, UNKNOWN },
		{ "{\"decided\":true}", false, UNKNOWN },
		{ "{}", false, UNKNOWN },
		{ "[]", false, UNKNOWN },
		{ "", false, UNKNOWN },
		{ "\xff", false, UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 65536);
		hook_report(cases[i].answer, strlen(cases[i].answer), cases[i].verbose, &out);
		tap_str(out.data, cases[i].want, "answer %zu of the table", i);
		buf_release(&out);
	}
}

static void nothing_steers_a_terminal(void)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{ "plain", "plain" },
		{ "gr\xc3\xbcn \xf0\x9f\x94\x94", "gr\xc3\xbcn \xf0\x9f\x94\x94" },
		{ "\x1b[31m\a\b\r\n\t\x7f", "?[31m??????" },
		{ "a\xc2\x9b" "2J", "a?2J" },
		{ "\xe2\x80\xae" "abc\xe2\x81\xa6", "?abc?" },
		{ "\xef\xbb\xbfx\xe2\x80\x8bx\xc2\xadx", "?x?x?x" },
		{ "\xff\xfe\xc3", "???" },
		{ "\xe2\x80", "??" },
		{ "\xf0\x9f", "??" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = xstrdup(cases[i].text);
		struct buf out;

		buf_init(&out, 4096);
		hook_report_text(text, &out);
		tap_str(out.data, cases[i].want, "text %zu is made harmless", i);
		buf_release(&out);
		free(text);
	}
}

static void long_lines_are_folded(void)
{
	struct buf answer;
	struct buf out;
	size_t longest = 0;
	size_t lines = 0;

	buf_init(&answer, 65536);
	buf_init(&out, 65536);
	(void)buf_addstr(&answer, "{\"decided\":true,\"refs\":[");
	for (int ref = 0; ref < 30; ref++) {
		(void)buf_addf(&answer, "%s{\"ref\":\"refs/heads/b%d\",\"affected\":5000,"
			       "\"applications\":5000,\"names\":[", ref > 0 ? "," : "", ref);
		for (int i = 0; i < 12; i++) {
			(void)buf_addf(&answer, "%s\"argocd/application-gr\xc3\xbcn-number-%d\"",
				       i > 0 ? "," : "", i);
		}
		(void)buf_addstr(&answer, "]}");
	}
	(void)buf_addstr(&answer, "]}");
	hook_report(answer.data, answer.len, false, &out);
	char *rest = out.data;
	for (char *line = strsep(&rest, "\n"); line != NULL && rest != NULL;
	     line = strsep(&rest, "\n")) {
		size_t width = 0;

		for (const char *c = line; *c != '\0'; c++) {
			width += ((unsigned char)*c & 0xc0) != 0x80;
		}
		longest = width > longest ? width : longest;
		lines += strncmp(line, "  ", 2) != 0;
	}
	tap_ok(longest <= HOOK_REPORT_COLUMNS && longest > 40, "no line is over %d columns (%zu)",
	       HOOK_REPORT_COLUMNS, longest);
	tap_int(lines, HOOK_REPORT_REFS + 1, "twenty refs and how many more");
	buf_release(&answer);
	buf_release(&out);
}

int main(void)
{
	answers_become_lines();
	nothing_steers_a_terminal();
	long_lines_are_folded();
	return tap_done();
}
