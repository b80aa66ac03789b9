/*
 * What the verbs that ask the journal have in common: deliveries, show,
 * replay.
 *
 * Exit status: 0 done, 1 a question answered with yes, 2 failed, 64 wrong
 * arguments, 69 the receiver or its journal cannot be reached, 75 not now, 78
 * the configuration cannot be read.  With --format json standard output is
 * one document even then: {"error": {"code", "message", "hint"}}.
 */
#ifndef RECEIVER_CLI_RECORD_H
#define RECEIVER_CLI_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "journal/journal.h"

#define RECORD_YES 1
#define RECORD_ERROR 2

/* The options that all of them have. */
struct record_options {
	const char *verb;
	const char *usage;           // text of --help
	const char *state_directory; // borrowed, or the next; NULL: not found yet
	char *found;                 // owned
	const char *config;          // --config, else DOORBELL_CONFIG, or NULL
	bool json;                   // --format json
	bool help;                   // --help
};

/* The rows of getopt_long() for them. */
#define RECORD_OPTIONS \
	{ "state-directory", required_argument, NULL, 'd' }, \
	{ "config", required_argument, NULL, 'c' }, \
	{ "format", required_argument, NULL, 'o' }, \
	{ "help", no_argument, NULL, 'h' }

/* Options before the arguments (argv[0] is the verb) are parsed. usage is a constant. */
void record_options_init(struct record_options *options, int argc, char **argv,
			 const char *usage);

/* Free what they hold. */
void record_options_release(struct record_options *options);

/* Take one option of RECORD_OPTIONS; value is borrowed. 0, or -1 if it is no such or wrong. */
int record_set_option(struct record_options *options, int option, const char *value);

/*
 * Settle the state directory: --state-directory, DOORBELL_STATE_DIRECTORY,
 * the configuration file, the default. 0, or the exit status after telling.
 */
int record_locate(struct record_options *options);

/*
 * Tell that the verb failed, on standard error or as JSON on standard output,
 * and return status. code is a word for machines; hint (may be NULL) says
 * what to do.
 */
int record_fail(const struct record_options *options, int status, const char *code,
		const char *message, const char *hint);

/* As record_fail(), for wrong arguments. */
int record_usage(const struct record_options *options, const char *message);

/* As record_usage(), for the option that getopt_long() has just come to. */
int record_bad_option(const struct record_options *options, char **argv);

/* Print the text of --help; returns 0. */
int record_help(const struct record_options *options);

/* Locate and open the journal for reading. 0, or the exit status after telling. */
int record_open(struct record_options *options, struct journal **ret_journal);

/* Read an id ("12", "delivery/12"), at least 1. 0 or -1. */
int record_parse_id(const char *text, int64_t *ret_id);

/*
 * Read a point in time: "90s", "15m", "2h", "7d" before now (wall), or
 * "2026-11-22", "2026-11-22T10:00Z", "2026-11-22T10:00:05Z" in UTC. 0 or -1.
 */
int record_parse_since(const char *text, int64_t now, int64_t *ret_ms);

/* A duration for people: "8 ms", "4.1 s", "3 min", "2.5 h", "4 d"; the string is a new one. */
char *record_duration(int64_t ms);

/* text as a JSON string, bytes that are not UTF-8 as '?'; NULL as null. A new reference. */
json_t *record_string(const char *text);

/* A time as RFC 3339 in UTC; 0 as null. A new reference. */
json_t *record_time(int64_t wall);

/* Print one document to standard output and drop the reference. */
void record_print(json_t *document);

/* Print text with control characters as '?', NULL as "". */
void record_put(const char *text);

/* The first 8 digits of an id in hexadecimal, "-" for none or zero. */
char *record_short(const struct oid *id, char out[9]);

#endif
