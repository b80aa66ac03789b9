/*
 * The room for what those who operate a receiver see: the log (this header),
 * metrics, the answers of /healthz and /readyz (status.h), and files that are
 * watched for changes (watch.h).
 *
 * Most rooms of receiver/ call it; lib/ never does.  It never includes another
 * room of receiver/, and never decides anything for whoever calls it.
 *
 * A log has one line an event on standard error, for people and machines.
 *
 * A line has a time, a level, a message and key=value fields, as Argo CD's
 * logs have.  The message is a constant; whatever varies goes into fields.
 * Values may hold anything: control characters, quotes and bytes that are not
 * UTF-8 are escaped.  Secrets never go in.  Any thread.
 */
#ifndef RECEIVER_OPS_LOG_H
#define RECEIVER_OPS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVELS };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Longest line; what does not fit is cut at a field. */
#define LOG_LINE_MAX 8192

/*
 * Set format and level; until then text and info.  When standard error is
 * the systemd journal (JOURNAL_STREAM says so), text lines have no time but
 * a "<N>" priority in front, see sd-daemon(3).  May be called again at any
 * time.
 */
void log_setup(enum log_format format, enum log_level level);

/*
 * Write one line: message, then pairs of key and value (const char *, a NULL
 * value leaves the pair out), then NULL for the end:
 *
 *     log_info("push accepted", "repository", name, "refs", LOG_INT(n), NULL);
 */
void log_write(enum log_level level, const char *message, ...) __attribute__((sentinel));

/* How many lines of that level were written. Any thread. */
uint64_t log_lines(enum log_level level);

/* The word for a level: "debug", "info", "warn", "error". A constant. */
const char *log_level_name(enum log_level level);

/* log_write() by level. */
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

/*
 * Lines that strangers can bring about, of one kind: so many are written in
 * so long, the others are only counted.  Zeroed at first.  One thread.
 */
#define LOG_LIMIT_LINES 5
#define LOG_LIMIT_MS 10000

struct log_limit {
	int64_t since_ms; // when the present time began
	unsigned lines;   // written in it
	uint64_t left_out;
};

/*
 * May one more line be written at now_ms (monotonic)?  True, and *ret_left_out
 * is how many were left out since the last one: to be told in the line, as
 * "not_logged".  False: it is counted as left out.
 */
bool log_limit_pass(struct log_limit *limit, int64_t now_ms, uint64_t *ret_left_out);

/* A number as a value of log_write(), good until the end of the block. */
#define LOG_INT(number) log_int_text((char[24]){ 0 }, (long long)(number))

/* The function behind LOG_INT: write number into out, as log_write() knows numbers; returns it. */
const char *log_int_text(char out[24], long long number);

#endif
