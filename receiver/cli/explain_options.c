/*
 * How "explain" is called.
 *
 * One of three questions, which share most options: what a step changes
 * (BEFORE..AFTER), what one application reads (--inputs) or which annotations
 * miss something (--lint), both at one revision; of a range they take its end,
 * so that a CI job can ask all three with the same words.  What is given is only
 * held against itself here; what it means in the repository is found later.
 */
#include "receiver/cli/explain.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "receiver/cli/arguments.h"

static const char usage[] =
	"usage: doorbell explain --repo DIR [--url URL] (--apps PATH... | --apps-from-repo)\n"
	"           [--ref REF] [--default-branch BRANCH] [--mode exact|union|argocd]\n"
	"           [--format text|json] BEFORE..AFTER\n"
	"       doorbell explain (--inputs APP | --lint) ... [REVISION]\n"
	"\n"
	"Print the applications that the step from one commit to another changes, and why.\n"
	"With --inputs print what one application reads; with --lint the inputs that\n"
	"manifest-generate-paths annotations miss.\n"
	"\n"
	"  --repo DIR               Git repository that holds both commits\n"
	"  --url URL                its address as the applications spell it\n"
	"                           (default: remote.origin.url, else file://DIR)\n"
	"  --apps PATH              Application manifests: a file or a directory; may be repeated\n"
	"  --apps-from-repo         read the Application manifests of the repository at AFTER\n"
	"  --ref REF                take the step as a push to REF (default: the default branch)\n"
	"  --default-branch BRANCH  what HEAD means (default: the branch of HEAD in DIR)\n"
	"  --mode MODE              exact (default), union or argocd\n"
	"  --inputs APP             list the inputs of this application at REVISION\n"
	"  --lint                   exit with 1 if an annotation misses an input at REVISION\n"
	"  --format FORMAT          text (default) or json\n"
	"\n"
	"REVISION is HEAD if not given; of BEFORE..AFTER it is AFTER.\n";

int explain_fail(struct explain *e, int status, const char *code, const char *hint,
		 const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	if (e->failure.status != EXPLAIN_OK) {
		return -1;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	e->failure.status = status;
	e->failure.code = code;
	(void)error_set(&e->failure.message, 0, "%s", text);
	(void)error_set(&e->failure.hint, 0, "%s", hint != NULL ? hint : "");
	return -1;
}

/* It was called wrongly; word is what is wrong, or "". */
static int misused(struct explain *e, const char *what, const char *word)
{
	return explain_fail(e, EXPLAIN_USAGE, "usage", "doorbell explain --help shows all options",
			    "%s%s", what, word);
}

static int read_range(struct explain *e, const char *range)
{
	const char *dots = strstr(range, "..");

	if (dots == NULL && (e->lint || e->inputs != NULL)) {
		e->after_text = xstrdup(range);
		return strlen(range) <= LIMIT_REF_BYTES ? 0
							: misused(e, "a revision is too long", "");
	}
	if (dots == NULL) {
		return misused(e, "expected BEFORE..AFTER, not ", range);
	}
	if (strncmp(dots, "...", 3) == 0) {
		return explain_fail(e, EXPLAIN_USAGE, "range",
				    "with two dots the two commits are compared as they are; for "
				    "the changes since a branch began, take $(git merge-base "
				    "BEFORE AFTER)..AFTER",
				    "%s: three dots are not supported", range);
	}
	e->before_text = xstrndup(range, (size_t)(dots - range));
	e->after_text = xstrdup(dots + 2);
	if (strstr(e->after_text, "..") != NULL) {
		return misused(e, "expected BEFORE..AFTER, not ", range);
	}
	if (strlen(range) > LIMIT_REF_BYTES) {
		return misused(e, "a revision is too long", "");
	}
	return 0;
}

static void replace_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static void set_ref(struct explain *e, const char *ref)
{
	free(e->ref);
	e->ref = xasprintf("%s%s", strncmp(ref, "refs/", 5) == 0 ? "" : "refs/heads/", ref);
	e->ref_is_given = true;
}

static int bad_option(struct explain *e, char **argv)
{
	char *text = arguments_problem(argv);
	int r = misused(e, text, "");

	free(text);
	return r;
}

/* 0, -1 with a failure, or 1: help was asked for. */
static int read_option(struct explain *e, int option)
{
	switch (option) {
	case 'r':
		e->directory = optarg;
		return 0;
	case 'u':
		replace_text(&e->url, optarg);
		return 0;
	case 'a':
		strvec_push(&e->files, optarg);
		return 0;
	case 'A':
		e->from_repository = true;
		return 0;
	case 'f':
		set_ref(e, optarg);
		return 0;
	case 'b':
		replace_text(&e->default_branch, optarg);
		return 0;
	case 'm':
		e->mode = optarg;
		return 0;
	case 'i':
		replace_text(&e->inputs, optarg);
		return 0;
	case 'l':
		e->lint = true;
		return 0;
	case 'o':
		e->json = strcmp(optarg, "json") == 0;
		return e->json || strcmp(optarg, "text") == 0
			       ? 0
			       : misused(e, "--format is text or json, not ", optarg);
	case 'h':
		(void)fputs(usage, stdout);
		return 1;
	default:
		return misused(e, "unknown option, or one without its value", "");
	}
}

bool explain_mode(const char *name, enum affected_mode *ret_mode)
{
	for (int m = AFFECTED_EXACT; m <= AFFECTED_ARGOCD; m++) {
		if (strcmp(name, affected_mode_name((enum affected_mode)m)) == 0) {
			*ret_mode = (enum affected_mode)m;
			return true;
		}
	}
	return false;
}

/* The word that is no option. */
static int take_word(struct explain *e, const char *word)
{
	if (e->range != NULL) {
		return misused(e, "one word too many: ", word);
	}
	e->range = word;
	return 0;
}

/* What --inputs and --lint do not go with. */
static int check_listing(struct explain *e)
{
	bool listing = e->lint || e->inputs != NULL;

	if (e->lint && e->inputs != NULL) {
		return misused(e, "--inputs and --lint exclude each other", "");
	}
	if (listing && strcmp(e->mode, "exact") != 0) {
		return misused(e, "--inputs and --lint know no --mode", "");
	}
	if (e->range == NULL && !listing) {
		return misused(e, "BEFORE..AFTER is missing", "");
	}
	return read_range(e, e->range != NULL ? e->range : "HEAD");
}

static int check_arguments(struct explain *e)
{
	enum affected_mode mode;

	if (e->directory == NULL) {
		return misused(e, "--repo DIR is missing", "");
	}
	if (check_listing(e) < 0) {
		return -1;
	}
	if (e->files.count == 0 && !e->from_repository) {
		return misused(e, "--apps PATH or --apps-from-repo is missing", "");
	}
	if (e->files.count > 0 && e->from_repository) {
		return misused(e, "--apps and --apps-from-repo exclude each other", "");
	}
	return explain_mode(e->mode, &mode) ? 0 : misused(e, "no such mode: ", e->mode);
}

int explain_read_arguments(struct explain *e, int argc, char **argv)
{
	static const struct option options[] = {
		{ "repo", required_argument, NULL, 'r' },
		{ "url", required_argument, NULL, 'u' },
		{ "apps", required_argument, NULL, 'a' },
		{ "apps-from-repo", no_argument, NULL, 'A' },
		{ "ref", required_argument, NULL, 'f' },
		{ "default-branch", required_argument, NULL, 'b' },
		{ "mode", required_argument, NULL, 'm' },
		{ "inputs", required_argument, NULL, 'i' },
		{ "lint", no_argument, NULL, 'l' },
		{ "format", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool after_apps = false;
	int option;

	e->json = arguments_want_json(argc, argv);
	opterr = 0;
	optind = 1;
	/* "-": other words come in their place, so that "--apps A B" takes both files. */
	while ((option = getopt_long(argc, argv, "-h", options, NULL)) != -1) {
		int r = 0;

		if (option == 1 && after_apps && access(optarg, F_OK) == 0) {
			strvec_push(&e->files, optarg);
			continue;
		}
		if (option == 1) {
			r = take_word(e, optarg);
		} else {
			r = option == '?' ? bad_option(e, argv) : read_option(e, option);
			after_apps = option == 'a';
		}
		if (r != 0) {
			return r;
		}
	}
	for (; optind < argc; optind++) {
		if (take_word(e, argv[optind]) < 0) {
			return -1;
		}
	}
	return check_arguments(e);
}
