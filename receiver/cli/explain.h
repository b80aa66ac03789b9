/*
 * The parts of "doorbell explain".
 */
#ifndef RECEIVER_CLI_EXPLAIN_H
#define RECEIVER_CLI_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "base/error.h"
#include "base/oid.h"
#include "base/strvec.h"
#include "manifest/app.h"
#include "receiver/reader/reader.h"

/*
 * Exit statuses: it ran, --lint found something, it could not, it was called
 * wrongly (sysexits.h).
 */
#define EXPLAIN_OK 0
#define EXPLAIN_FOUND 1
#define EXPLAIN_FAILED 2
#define EXPLAIN_USAGE 64

/* What went wrong, for people and programs. */
struct explain_failure {
	int status;        // EXPLAIN_FAILED or EXPLAIN_USAGE; EXPLAIN_OK: nothing
	const char *code;  // one word for programs
	struct error message;
	struct error hint; // what to do; may be empty
};

/* What was asked, after defaults were filled in. */
struct explain {
	const char *directory;    // --repo
	char *path;               // absolute: what the reader opens
	char *url;                // of the repository as the applications spell it
	char *repository;         // the same, normalised: free of secrets
	const char *mode;
	bool json;
	bool from_repository;
	struct strvec files;      // --apps
	char *inputs;             // --inputs: of this application, or NULL
	bool lint;                // --lint
	bool found;               // and it found something
	const char *range;        // BEFORE..AFTER or REVISION as given, or NULL
	char *before_text;
	char *after_text;
	char *ref;
	char *default_branch;     // or NULL
	bool ref_is_given;
	struct oid before;
	struct oid after;
	int64_t started_ns;
	struct explain_failure failure;
};

/* What is told at the end. */
struct explain_result {
	const struct app_list *apps;
	const struct affected *affected; // indices are those of apps
	size_t readers;          // applications with a source in the repository
};

/*
 * Note a failure; the first one stays. hint may be NULL. Returns -1.
 */
int explain_fail(struct explain *e, int status, const char *code, const char *hint,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* --- explain_options.c --- */

/*
 * Read the arguments of main() (argv[0] is the verb) into *e, which has its
 * defaults. 0; 1 if help was asked for and printed; -1 with e->failure.
 */
int explain_read_arguments(struct explain *e, int argc, char **argv);

/* The mode with this name. False if there is none. */
bool explain_mode(const char *name, enum affected_mode *ret_mode);

/* --- explain_repository.c --- */

/*
 * Find what was not given: the repository's path, its url (remote.origin.url,
 * else file://), the branch of HEAD. Asks git, which need not be there if all
 * was given. 0, or -1 with e->failure.
 */
int explain_find_repository(struct explain *e);

/* Was the repository, which was found, cloned without its older commits? */
bool explain_is_shallow(const struct explain *e);

/* --- explain_print.c --- */

/* Print the result to standard output, as text or JSON. */
void explain_print(const struct explain *e, const struct explain_result *result);

/* Print e->failure: to standard error, and as JSON to standard output if asked for. */
void explain_print_failure(const struct explain *e);

/* --- explain_inputs.c --- */

/*
 * The application that --inputs names: by its full name, or by its name if no
 * other has it. NULL with e->failure.
 */
const struct app *explain_find_app(struct explain *e, const struct app_list *apps);

/* Print the inputs of one application, or with --lint what annotations miss. */
void explain_print_inputs(const struct explain *e, const struct app_list *apps,
			  const struct affected_inputs *inputs);

/* --- explain_print.c --- */

/* Print a JSON tree, which is taken, as one line. */
void explain_put_json(json_t *tree);

/* Print "file <- reader <- root" of a path. */
void explain_put_chain(const char *path, const struct strvec *via);

/*
 * Say on standard error that no application reads from the repository, with
 * the addresses that look most like it.
 */
void explain_print_candidates(const struct explain *e, const struct app_list *apps);

#endif
