/*
 * What verbs have in common: those that ask the journal (deliveries, show),
 * those that ask the running receiver (apps, replay), send and hook.
 *
 * Exit status: 0 done, 1 a question answered with yes, 2 failed, 64 wrong
 * arguments, 69 the receiver or its journal cannot be reached, 75 not now, 78
 * the configuration cannot be read.  With --format json standard output is
 * one document even then: {"error": {"code", "message", "hint"}}.
 */
#ifndef RECEIVER_CLI_VERB_H
#define RECEIVER_CLI_VERB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "journal/journal.h"
#include "record/record_json.h"

#define VERB_YES 1
#define VERB_ERROR 2

/* The options that all of them have. */
struct verb_options {
	const char *verb;
	const char *usage;           // text of --help
	const char *state_directory; // borrowed, or the next; NULL: not found yet
	char *found;                 // owned
	const char *config;          // --config, else DOORBELL_CONFIG, or NULL
	bool json;                   // --format json
	bool help;                   // --help
};

/* The rows of getopt_long() for them. */
#define VERB_OPTIONS \
	{ "state-directory", required_argument, NULL, 'd' }, \
	{ "config", required_argument, NULL, 'c' }, \
	{ "format", required_argument, NULL, 'o' }, \
	{ "help", no_argument, NULL, 'h' }

/*
 * Options as they are before the first of the arguments is read (argv[0] is the
 * verb): only whether JSON is wanted is known, so that wrong arguments can be
 * told in it.  usage, the text of --help, is borrowed.
 */
void verb_options_init(struct verb_options *options, int argc, char **argv,
			 const char *usage);

/* Free what they hold. */
void verb_options_release(struct verb_options *options);

/* Take one option of VERB_OPTIONS; value is borrowed. 0, or -1 if it is no such or wrong. */
int verb_set_option(struct verb_options *options, int option, const char *value);

/*
 * Settle the state directory: --state-directory, DOORBELL_STATE_DIRECTORY,
 * the configuration file, the default. 0, or the exit status after telling.
 */
int verb_locate(struct verb_options *options);

/*
 * Tell that the verb failed, on standard error or as JSON on standard output,
 * and return status. code is a word for machines; hint (may be NULL) says
 * what to do.
 */
int verb_fail(const struct verb_options *options, int status, const char *code,
		const char *message, const char *hint);

/* As verb_fail(), for wrong arguments. */
int verb_usage(const struct verb_options *options, const char *message);

/* As verb_usage(), for the option that getopt_long() has just come to. */
int verb_bad_option(const struct verb_options *options, char **argv);

/* Print the text of --help; returns 0. */
int verb_help(const struct verb_options *options);

/* Locate and open the journal for reading. 0, or the exit status after telling. */
int verb_open(struct verb_options *options, struct journal **ret_journal);

/* Read an id ("12", "delivery/12"), at least 1. 0 or -1. */
int verb_parse_id(const char *text, int64_t *ret_id);

/*
 * Read a point in time: "90s", "15m", "2h", "7d" before now (wall), or
 * "2026-11-22", "2026-11-22T10:00Z", "2026-11-22T10:00:05Z" in UTC. 0 or -1.
 */
int verb_parse_since(const char *text, int64_t now, int64_t *ret_ms);

/* A duration for people: "8 ms", "4.1 s", "3 min", "2.5 h", "4 d"; the string is a new one. */
char *verb_duration(int64_t ms);

/* Print one document to standard output, in ASCII, and drop the reference. */
void verb_print(json_t *document);

/*
 * Print text from outside to standard output, with what is not UTF-8 and what
 * a terminal would obey (utf8_is_control()) as '?', NULL as "".
 */
void verb_put(const char *text);

/* The same to out; text is not NULL. */
void verb_fput(FILE *out, const char *text);

/* The first 8 digits of an id in hexadecimal, "-" for none or zero. */
char *verb_short(const struct oid *id, char out[9]);

#endif
