/*
 * The log: formats, levels, escapes, ceilings.
 */
#include "receiver/ops/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "receiver/ops/log_impl.h"
#include "tests/support/tap.h"

static char *path;
static int saved_stderr;

static void begin(void)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	(void)dup2(fd, STDERR_FILENO);
	(void)close(fd);
}

/* What was written since begin(). */
static const char *end(void)
{
	static char text[3 * LOG_LINE_MAX];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	(void)dup2(saved_stderr, STDERR_FILENO);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void test_limit(void)
{
	struct log_limit limit = { .lines = 0 };
	uint64_t left_out = 99;
	int written = 0;

	for (int i = 0; i < 1000; i++) {
		written += log_limit_pass(&limit, 5000 + i, &left_out);
	}
	tap_int(written, LOG_LIMIT_LINES, "of a thousand lines a few are written");
	tap_int((long long)left_out, 0, "before the first nothing was left out");
	tap_ok(!log_limit_pass(&limit, 5000 + LOG_LIMIT_MS - 1, &left_out), "until the time is over");
	tap_ok(log_limit_pass(&limit, 5000 + LOG_LIMIT_MS, &left_out), "then the next one is written");
	tap_int((long long)left_out, 1000 - LOG_LIMIT_LINES + 1, "with the number of the others");
	tap_ok(log_limit_pass(&limit, 5000 + LOG_LIMIT_MS, &left_out) && left_out == 0, "which is told once");
}

static void test_values(void)
{
	static const struct {
		const char *value;
		const char *text;
		const char *json;
	} cases[] = {
		{ "plain", "plain", "\"plain\"" },
		{ "", "\"\"", "\"\"" },
		{ "two words", "\"two words\"", "\"two words\"" },
		{ "a=b", "\"a=b\"", "\"a=b\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"" },
		{ "a\nlevel=info", "\"a\\nlevel=info\"", "\"a\\u000alevel=info\"" },
		{ "a\r\tb", "\"a\\x0d\\x09b\"", "\"a\\u000d\\u0009b\"" },
		{ "\x1b[31mred", "\"\\x1b[31mred\"", "\"\\u001b[31mred\"" },
		{ "\x7f", "\"\\x7f\"", "\"\\u007f\"" },
		{ "caf\xc3\xa9", "\"caf\xc3\xa9\"", "\"caf\xc3\xa9\"" },
		{ "\xf0\x9f\x94\x94", "\"\xf0\x9f\x94\x94\"", "\"\xf0\x9f\x94\x94\"" },
		{ "\xff", "\"\\xff\"", "\"\\ufffd\"" },
		{ "\xc3", "\"\\xc3\"", "\"\\ufffd\"" },
		{ "\xc0\x80", "\"\\xc0\\x80\"", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xc2\x9b" "31m", "\"\\xc2\\x9b31m\"", "\"\\ufffd\\ufffd31m\"" },
		{ "\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 1000);
		log_add_text(&out, cases[i].value);
		tap_str(out.data, cases[i].text, "value %zu as text", i);
		buf_reset(&out);
		log_add_json(&out, cases[i].value);
		tap_str(out.data, cases[i].json, "value %zu as JSON", i);
		json_t *tree = json_loads(out.data, JSON_DECODE_ANY, NULL);
		tap_ok(tree != NULL, "which is JSON");
		json_decref(tree);
		buf_release(&out);
	}
}

static void test_lines(void)
{
	char *long_value = xmalloc(2 * LOG_LINE_MAX);

	memset(long_value, 'x', 2 * LOG_LINE_MAX);
	long_value[2 * LOG_LINE_MAX - 1] = '\0';
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	begin();
	log_info("push accepted", "repository", "a b", "refs", LOG_INT(-2), "none", NULL, "last", "x", NULL);
	const char *line = end();
	tap_ok(strncmp(line, "time=20", 7) == 0, "a line begins with its time");
	tap_ok(strstr(line, " level=info msg=\"push accepted\" repository=\"a b\" refs=-2 last=x\n") != NULL,
	       "then level, message and fields: %s", line);
	begin();
	log_debug("quiet", NULL);
	tap_str(end(), "", "what is below the level is not written");
	begin();
	log_warn("long", "a", long_value, "b", "c", NULL);
	line = end();
	tap_ok(strstr(line, "msg=long") != NULL && strlen(line) <= LOG_LINE_MAX && line[strlen(line) - 1] == '\n',
	       "a line too long is cut at a field");
	log_setup(LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
	begin();
	log_error("broken", "why", "a\nb", "count", LOG_INT(-7), "name", "7", NULL);
	json_t *tree = json_loads(end(), 0, NULL);
	tap_str(json_string_value(json_object_get(tree, "level")), "error", "JSON has the level");
	tap_str(json_string_value(json_object_get(tree, "msg")), "broken", "JSON has the message");
	tap_str(json_string_value(json_object_get(tree, "why")), "a\nb", "JSON has the fields");
	tap_ok(json_object_get(tree, "time") != NULL, "JSON has the time");
	tap_ok(json_integer_value(json_object_get(tree, "count")) == -7 &&
	       json_is_string(json_object_get(tree, "name")), "a number is one, digits in a text are none");
	json_decref(tree);
	begin();
	log_debug("long", "a", long_value, NULL);
	tree = json_loads(end(), 0, NULL);
	tap_ok(tree != NULL, "a JSON line too long is cut to JSON");
	json_decref(tree);
	free(long_value);
}

static void test_journal(void)
{
	char stream[64];
	struct stat st;

	begin();
	(void)fstat(STDERR_FILENO, &st);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	(void)setenv("JOURNAL_STREAM", stream, 1);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_warn("full", "n", LOG_INT(1), NULL);
	tap_str(end(), "<4>level=warn msg=full n=1\n", "the journal gets a priority and no time");
	begin();
	(void)setenv("JOURNAL_STREAM", "1:1", 1);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_warn("full", NULL);
	tap_ok(strncmp(end(), "time=", 5) == 0, "another stream gets the time");
	(void)unsetenv("JOURNAL_STREAM");
}

/* Each line that is written is counted at its level, and none that is held back. */
static void test_counts(void)
{
	uint64_t before[LOG_LEVELS];

	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		before[i] = log_lines((enum log_level)i);
	}
	begin();
	log_debug("held back", NULL);
	log_info("one", NULL);
	log_error("two", NULL);
	log_error("three", NULL);
	(void)end();
	tap_int((long)(log_lines(LOG_LEVEL_DEBUG) - before[LOG_LEVEL_DEBUG]), 0,
		"a line that is held back is not counted");
	tap_int((long)(log_lines(LOG_LEVEL_INFO) - before[LOG_LEVEL_INFO]), 1,
		"a line that is written is counted");
	tap_int((long)(log_lines(LOG_LEVEL_ERROR) - before[LOG_LEVEL_ERROR]), 2,
		"each at its level");
}

int main(void)
{
	test_limit();
	path = xasprintf("%s/log", tap_dir());
	saved_stderr = dup(STDERR_FILENO);
	test_values();
	test_lines();
	test_journal();
	test_counts();
	free(path);
	return tap_done();
}
