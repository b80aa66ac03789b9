/*
 * doorbell send: ring as any of the senders would.
 *
 *   doorbell send --as github --to URL --repository URL --ref main
 *                 --before ID --after ID --secret-file F
 *
 * For trying a configuration, and for senders of one's own.  The secret is
 * read from a file, because a command line is for all to see; for the same
 * reason a printed request or curl command never holds one.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mstime.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/config_table.h"
#include "hooks/conf.h"
#include "hooks/report.h"
#include "provider/provider.h"
#include "push/push_json.h"
#include "receiver/cli/cli.h"
#include "receiver/cli/post.h"
#include "receiver/cli/verb.h"

#define TIMEOUT_MS 30000
#define ANSWER_BYTES (64U * 1024)
#define SOCKET_URL "http://localhost/hooks/" HOOK_SOURCE

struct send {
	struct verb_options common; // the verb's name, --format
	const struct provider *provider;
	const char *to;
	const char *repository;
	const char *ref;
	const char *before;
	const char *after;
	const char *secret_file;
	const char *token_file;
	struct provider_compose_options options;
	bool dry_run;
	bool print_curl;
};

/* With the names of the providers in it. */
static const char usage_format[] =
	"usage: doorbell send --as NAME --to URL --repository URL --ref REF --after ID\n"
	"                     (--secret-file FILE | --signing-token-file FILE) [OPTION...]\n"
	"  --as NAME                  %s\n"
	"  --to URL                   http://, https:// or unix:SOCKET\n"
	"  --repository URL           as the applications spell it\n"
	"  --ref REF                  \"main\" or \"refs/tags/v1\"\n"
	"  --before ID, --after ID    commits; no --before: the ref was created\n"
	"  --secret-file FILE         what the receiver's source is configured with\n"
	"  --signing-token-file FILE  GitLab: a whsec_ token instead\n"
	"  --id ID                    delivery id; the same twice is a redelivery\n"
	"  --form                     as a form instead of JSON\n"
	"  --dry-run                  print the request, send nothing\n"
	"  --print-curl               print a curl command, send nothing\n"
	"  --format FORMAT            text (default) or json\n"
	"\n"
	"Exit status: 0 accepted, 64 wrong arguments, 69 no answer, 75 not now, 77 not\n"
	"authentic, 78 no good secret, 2 other answers.\n";

static char *make_usage(void)
{
	const char *names[CONFIG_NAMES_MAX + 1] = { NULL };

	for (size_t i = 0; i < CONFIG_NAMES_MAX && provider_name_at(i) != NULL; i++) {
		names[i] = provider_name_at(i);
	}
	char *joined = config_join_names(names);
	char *text = xasprintf(usage_format, joined);

	free(joined);
	return text;
}

enum option_code {
	OPT_AS = 256,
	OPT_TO,
	OPT_REPOSITORY,
	OPT_REF,
	OPT_BEFORE,
	OPT_AFTER,
	OPT_SECRET,
	OPT_TOKEN,
	OPT_ID,
	OPT_FORM,
	OPT_DRY_RUN,
	OPT_CURL,
	OPT_FORMAT
};

static const struct option options[] = {
	{ "as", required_argument, NULL, OPT_AS },
	{ "to", required_argument, NULL, OPT_TO },
	{ "repository", required_argument, NULL, OPT_REPOSITORY },
	{ "ref", required_argument, NULL, OPT_REF },
	{ "before", required_argument, NULL, OPT_BEFORE },
	{ "after", required_argument, NULL, OPT_AFTER },
	{ "secret-file", required_argument, NULL, OPT_SECRET },
	{ "signing-token-file", required_argument, NULL, OPT_TOKEN },
	{ "id", required_argument, NULL, OPT_ID },
	{ "form", no_argument, NULL, OPT_FORM },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "print-curl", no_argument, NULL, OPT_CURL },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int complain(const struct send *s, const char *text)
{
	return verb_usage(&s->common, text);
}

/* One option. 0, or the exit status plus one. */
static int take_option(struct send *s, int code, char **argv)
{
	const struct {
		int code;
		const char **to;
	} texts[] = {
		{ OPT_TO, &s->to },         { OPT_REPOSITORY, &s->repository },
		{ OPT_REF, &s->ref },       { OPT_BEFORE, &s->before },
		{ OPT_AFTER, &s->after },   { OPT_SECRET, &s->secret_file },
		{ OPT_TOKEN, &s->token_file }, { OPT_ID, &s->options.delivery_id },
	};
	const struct {
		int code;
		bool *to;
	} flags[] = {
		{ OPT_FORM, &s->options.form },
		{ OPT_DRY_RUN, &s->dry_run },
		{ OPT_CURL, &s->print_curl },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].code == code) {
			*texts[i].to = optarg;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (flags[i].code == code) {
			*flags[i].to = true;
			return 0;
		}
	}
	if (code == OPT_AS) {
		s->provider = provider_by_name(optarg);
		return s->provider != NULL ? 0 : complain(s, "--as: no such sender") + 1;
	}
	if (code == OPT_FORMAT && verb_set_option(&s->common, 'o', optarg) == 0) {
		return 0;
	}
	return (code == 'h' ? verb_help(&s->common) : verb_bad_option(&s->common, argv)) + 1;
}

static int read_arguments(struct send *s, int argc, char **argv)
{
	optind = 0;
	opterr = 0;
	for (int code; (code = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		int r = take_option(s, code, argv);

		if (r != 0) {
			return r;
		}
	}
	if (optind != argc) {
		return complain(s, "what is that argument for? See doorbell send --help") + 1;
	}
	bool sends = !s->dry_run && !s->print_curl;
	if (s->provider == NULL || s->repository == NULL || s->ref == NULL || s->after == NULL ||
	    (s->to == NULL && (sends || s->print_curl))) {
		return complain(s, "--as, --to, --repository, --ref and --after are needed") + 1;
	}
	if (s->print_curl && s->common.json) {
		return complain(s, "--print-curl is no JSON: see --dry-run") + 1;
	}
	if ((s->secret_file == NULL) == (s->token_file == NULL)) {
		return complain(s, "--secret-file or --signing-token-file is needed, not both") + 1;
	}
	return 0;
}

static int fill_content(const struct send *s, struct delivery_content *content)
{
	struct oid before = { .len = 0 };
	struct oid after = { .len = 0 };
	int r = EX_USAGE;

	char *ref = strncmp(s->ref, "refs/", 5) == 0 ? xstrdup(s->ref)
						     : xasprintf("refs/heads/%s", s->ref);
	if (oid_from_hex(s->after, strlen(s->after), &after) < 0) {
		complain(s, "--after is not 40 or 64 hexadecimal digits");
		goto out;
	}
	before.len = after.len;
	if (s->before != NULL && oid_from_hex(s->before, strlen(s->before), &before) < 0) {
		complain(s, "--before is not 40 or 64 hexadecimal digits");
		goto out;
	}
	if (!push_add_url(content, s->repository)) {
		complain(s, "--repository is not an address");
		goto out;
	}
	if (delivery_content_add(content, ref, &before, &after) < 0) {
		complain(s, "--ref is not a ref name, or nothing became nothing");
		goto out;
	}
	r = EX_OK;
out:
	free(ref);
	return r;
}

static int read_secrets(const struct send *s, struct provider_secrets *secrets)
{
	struct error err = ERROR_INIT;
	size_t len = 0;

	char *text = hook_secret_read(s->secret_file != NULL ? s->secret_file : s->token_file, &len,
				      &err);
	if (text == NULL) {
		return verb_fail(&s->common, EX_CONFIG, "secret", err.text, NULL);
	}
	strvec_push_take(s->secret_file != NULL ? &secrets->secrets : &secrets->signing_tokens,
			 text);
	if (provider_check_secrets(s->provider, secrets, &err) < 0) {
		return verb_fail(&s->common, EX_CONFIG, "secret", err.text, NULL);
	}
	return EX_OK;
}

/*
 * How many bytes of a header may be shown: all, unless it ends in the secret
 * itself.  Most senders only sign with it, but some (GitLab) send it, and a
 * header that happens to say the same word tells what the secret is, too.
 */
static int shown_length(const char *header, const struct provider_secrets *secrets)
{
	size_t len = strlen(header);

	for (size_t i = 0; i < secrets->secrets.count; i++) {
		const char *secret = secrets->secrets.items[i];
		size_t start = len - strlen(secret);

		if (strlen(secret) < len && header[start - 1] == ' ' &&
		    strcmp(header + start, secret) == 0) {
			return (int)start;
		}
	}
	return (int)len;
}

/* A header for people to see: what must not be seen is "***". A new string. */
static char *shown_header(const char *header, const struct provider_secrets *secrets)
{
	int len = shown_length(header, secrets);

	return xasprintf("%.*s%s", len, header, header[len] != '\0' ? "***" : "");
}

static void print_request_json(const struct send *s, const struct provider_secrets *secrets,
			       const struct strvec *headers, const char *body)
{
	json_t *list = json_array();

	for (size_t i = 0; i < headers->count; i++) {
		char *text = shown_header(headers->items[i], secrets);

		(void)json_array_append_new(list, text_to_json(text));
		free(text);
	}
	verb_print(json_pack("{s:s, s:o, s:o, s:o}", "schema", "send/v1",
			     "to", text_to_json(s->to), "headers", list,
			     "body", text_to_json(body)));
}

static void print_request(const struct provider_secrets *secrets, const struct strvec *headers,
			  const char *body)
{
	for (size_t i = 0; i < headers->count; i++) {
		char *text = shown_header(headers->items[i], secrets);

		puts(text);
		free(text);
	}
	printf("\n%s\n", body);
}

/* The first len bytes of text, in single quotes for a shell. */
static void print_quoted(const char *text, size_t len)
{
	putchar('\'');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'') {
			fputs("'\\''", stdout);
		} else {
			putchar(text[i]);
		}
	}
	putchar('\'');
}

/* The path of a "unix:" receiver, or NULL. */
static const char *socket_of(const struct send *s)
{
	return strncmp(s->to, "unix:", 5) == 0 ? s->to + 5 : NULL;
}

static void print_curl(const struct send *s, const struct provider_secrets *secrets,
		       const struct strvec *headers, const char *body)
{
	const char *socket = socket_of(s);

	fputs("curl -sS -i", stdout);
	for (size_t i = 0; i < headers->count; i++) {
		int len = shown_length(headers->items[i], secrets);

		fputs(" \\\n  -H ", stdout);
		print_quoted(headers->items[i], (size_t)len);
		if (headers->items[i][len] != '\0') {
			fputs("\"$(cat ", stdout);
			print_quoted(s->secret_file, strlen(s->secret_file));
			fputs(")\"", stdout);
		}
	}
	fputs(" \\\n  --data-binary ", stdout);
	print_quoted(body, strlen(body));
	if (socket != NULL) {
		fputs(" \\\n  --unix-socket ", stdout);
		print_quoted(socket, strlen(socket));
	}
	fputs(" \\\n  ", stdout);
	const char *url = socket != NULL ? SOCKET_URL : s->to;
	print_quoted(url, strlen(url));
	putchar('\n');
}

static int exit_status(int status)
{
	if (status >= 200 && status <= 299) {
		return EX_OK;
	}
	if (status == 401 || status == 403) {
		return EX_NOPERM;
	}
	return status == 429 || status == 503 ? EX_TEMPFAIL : 2;
}

/* What the receiver said, as data; a refusal has the form of every error. */
static int tell_json(int status, const char *text)
{
	int result = exit_status(status);
	json_t *answer = json_pack("{s:s, s:i, s:o}", "schema", "send/v1", "status", status,
				   "answer", text_to_json(text));

	if (result != EX_OK) {
		char *message = xasprintf("the receiver answered %d", status);

		(void)json_object_set_new(answer, "error",
					  json_pack("{s:s, s:s, s:n}", "code", "refused", "message",
						    message, "hint"));
		free(message);
	}
	verb_print(answer);
	return result;
}

static int put(const struct send *s, const struct strvec *headers, const char *body, size_t len)
{
	const char *socket = socket_of(s);
	const struct cli_post post = {
		.url = socket != NULL ? SOCKET_URL : s->to,
		.socket = socket,
		.headers = headers,
		.body = body,
		.len = len,
		.timeout_ms = TIMEOUT_MS,
	};
	struct error err = ERROR_INIT;
	struct buf answer;
	struct buf text;
	int status = 0;

	buf_init(&answer, ANSWER_BYTES);
	buf_init(&text, 4 * ANSWER_BYTES);
	enum cli_post_result r = cli_post(&post, &status, &answer, &err);
	int result = r == CLI_POST_TIMEOUT ? EX_TEMPFAIL : EX_UNAVAILABLE;
	if (r != CLI_POST_ANSWERED) {
		(void)verb_fail(&s->common, result, "unavailable", err.text, NULL);
		goto out;
	}
	answer.data[strcspn(answer.data, "\n")] = '\0';
	hook_report_text(answer.data, &text);
	result = exit_status(status);
	if (s->common.json) {
		result = tell_json(status, text.data);
	} else {
		printf("%d%s%s\n", status, text.len > 0 ? " " : "", text.data);
	}
out:
	buf_release(&text);
	buf_release(&answer);
	return result;
}

int cli_send(int argc, char **argv)
{
	struct send s = { .options = { .now_ms = mstime_wall() } };
	struct provider_secrets secrets = { .tolerance_ms = 0 };
	struct strvec headers = STRVEC_INIT;
	struct delivery_content content;
	struct error err = ERROR_INIT;
	char *usage = make_usage();
	char *body = NULL;
	size_t len = 0;

	delivery_content_init(&content);
	verb_options_init(&s.common, argc, argv, usage);
	int r = read_arguments(&s, argc, argv);
	if (r != 0) {
		r--;
		goto out;
	}
	r = fill_content(&s, &content);
	if (r != EX_OK) {
		goto out;
	}
	r = read_secrets(&s, &secrets);
	if (r != EX_OK) {
		goto out;
	}
	if (provider_compose(s.provider, &content, &secrets, &s.options, &headers, &body, &len,
			     &err) < 0) {
		r = complain(&s, err.text);
	} else if (s.print_curl) {
		print_curl(&s, &secrets, &headers, body);
	} else if (s.dry_run && s.common.json) {
		print_request_json(&s, &secrets, &headers, body);
	} else if (s.dry_run) {
		print_request(&secrets, &headers, body);
	} else {
		r = put(&s, &headers, body, len);
	}
out:
	free(usage);
	free(body);
	strvec_release(&headers);
	delivery_content_release(&content);
	provider_secrets_release(&secrets);
	return r;
}
