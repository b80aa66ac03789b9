/*
 * The log.
 *
 * Each line is made in a buffer of its own and written with one write(2), so
 * lines of several threads do not mix and nothing is held back when the
 * process dies.  A log that cannot be written is not an error of ours.
 *
 * Text as logrus writes it (and so Argo CD), JSON with the same keys:
 *
 *     time=2026-11-22T16:00:00.123Z level=info msg="push accepted" refs=2
 *     {"time":"2026-11-22T16:00:00.123Z","level":"info","msg":...}
 *
 * sd-daemon(3): a "<N>" before a line tells the journal its priority;
 * systemd.exec(5): JOURNAL_STREAM holds device and inode of the journal's
 * end; "services may check whether their standard output or error is
 * connected to the journal" by comparing.
 */
#include "receiver/ops/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/utf8.h"
#include "receiver/ops/log_impl.h"

/* In front of the digits of a number, which is written without quotes in JSON. */
#define NUMBER '\1'

static const struct {
	const char *name;
	const char *journal; // priority: debug 7, info 6, warning 4, error 3
} levels[] = {
	[LOG_LEVEL_DEBUG] = { "debug", "<7>" },
	[LOG_LEVEL_INFO] = { "info", "<6>" },
	[LOG_LEVEL_WARN] = { "warn", "<4>" },
	[LOG_LEVEL_ERROR] = { "error", "<3>" },
};

static atomic_int current_format = LOG_FORMAT_TEXT;
static atomic_int current_level = LOG_LEVEL_INFO;
static atomic_bool to_journal;
static _Atomic uint64_t lines_written[LOG_LEVELS];

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0) {
		return false;
	}
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, own) == 0;
}

void log_setup(enum log_format format, enum log_level level)
{
	atomic_store(&current_format, (int)format);
	atomic_store(&current_level, (int)level);
	atomic_store(&to_journal, stderr_is_journal());
}

static bool log_enabled(enum log_level level)
{
	return (int)level >= atomic_load(&current_level);
}

bool log_limit_pass(struct log_limit *limit, int64_t now_ms, uint64_t *ret_left_out)
{
	if (limit->lines == 0 || now_ms - limit->since_ms >= LOG_LIMIT_MS) {
		limit->since_ms = now_ms;
		limit->lines = 0;
	}
	if (limit->lines == LOG_LIMIT_LINES) {
		limit->left_out++;
		return false;
	}
	limit->lines++;
	*ret_left_out = limit->left_out;
	limit->left_out = 0;
	return true;
}

const char *log_int_text(char out[24], long long number)
{
	(void)snprintf(out, 24, "%c%lld", NUMBER, number);
	return out;
}

/* The digits of a value that log_int_text() made, or NULL. A stranger's is a number, too, then. */
static const char *digits_of(const char *value)
{
	const char *digits = value[0] == NUMBER ? value + 1 : NULL;
	size_t sign = digits != NULL && digits[0] == '-';

	return digits != NULL && digits[sign] != '\0' && strlen(digits) < 24 &&
			       strspn(digits + sign, "0123456789") == strlen(digits + sign)
		       ? digits
		       : NULL;
}

/* Length of the character at p, 0 if it is not UTF-8 or is a C1 control character. */
static size_t shown_length(const unsigned char *p)
{
	const char *text = (const char *)p;
	size_t len = utf8_length_of(text);

	return len > 1 && utf8_is_control(text, len) ? 0 : len;
}

void log_add_json(struct buf *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	(void)buf_addch(out, '"');
	while (*p != '\0') {
		size_t len = shown_length(p);

		if (len == 0) {
			(void)buf_addstr(out, "\\ufffd");
		} else if (*p == '"' || *p == '\\') {
			(void)buf_addf(out, "\\%c", *p);
		} else if (*p < 0x20 || *p == 0x7f) {
			(void)buf_addf(out, "\\u%04x", *p);
		} else {
			(void)buf_add(out, p, len);
		}
		p += len > 0 ? len : 1;
	}
	(void)buf_addch(out, '"');
}

static bool is_plain(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '=' || *p == '\\') {
			return false;
		}
	}
	return *text != '\0';
}

void log_add_text(struct buf *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (is_plain(text)) {
		(void)buf_addstr(out, text);
		return;
	}
	(void)buf_addch(out, '"');
	while (*p != '\0') {
		size_t len = shown_length(p);

		if (*p == '\n') {
			(void)buf_addstr(out, "\\n");
		} else if (*p == '"' || *p == '\\') {
			(void)buf_addf(out, "\\%c", *p);
		} else if (len == 0 || *p < 0x20 || *p == 0x7f) {
			(void)buf_addf(out, "\\x%02x", *p);
		} else {
			(void)buf_add(out, p, len);
		}
		p += len > 0 ? len : 1;
	}
	(void)buf_addch(out, '"');
}

/* Append one pair; take it back if the line would pass its ceiling. */
static void add_pair(struct buf *line, bool json, const char *key, const char *value)
{
	const char *digits = value != NULL ? digits_of(value) : NULL;
	size_t before = line->len;

	if (line->full || value == NULL) {
		return;
	}
	if (json) {
		(void)buf_addch(line, line->len > 1 ? ',' : '{');
		log_add_json(line, key);
		(void)buf_addch(line, ':');
	} else {
		(void)buf_addf(line, "%s%s=", line->len > 3 ? " " : "", key);
	}
	if (digits != NULL) {
		(void)buf_addstr(line, digits);
	} else if (json) {
		log_add_json(line, value);
	} else {
		log_add_text(line, value);
	}
	if (buf_is_full(line)) {
		line->len = before;
	}
}

static void write_all(const char *data, size_t len)
{
	ssize_t n = write(STDERR_FILENO, data, len);

	(void)n;
}

uint64_t log_lines(enum log_level level)
{
	return atomic_load(&lines_written[level]);
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

void log_write(enum log_level level, const char *message, ...)
{
	bool json = atomic_load(&current_format) == LOG_FORMAT_JSON;
	bool journal = atomic_load(&to_journal) && !json;
	char time[32];
	struct buf line;
	va_list args;

	if (!log_enabled(level)) {
		return;
	}
	buf_init(&line, LOG_LINE_MAX - 2);
	if (journal) {
		(void)buf_addstr(&line, levels[level].journal);
	} else {
		add_pair(&line, json, "time", mstime_format(mstime_wall(), time));
	}
	add_pair(&line, json, "level", levels[level].name);
	add_pair(&line, json, "msg", message);
	va_start(args, message);
	for (const char *key = va_arg(args, const char *); key != NULL;
	     key = va_arg(args, const char *)) {
		add_pair(&line, json, key, va_arg(args, const char *));
	}
	va_end(args);
	line.full = false;
	line.max = LOG_LINE_MAX;
	(void)buf_addstr(&line, json ? "}\n" : "\n");
	write_all(line.data, line.len);
	(void)atomic_fetch_add(&lines_written[level], 1);
	buf_release(&line);
}
