/*
 * git asks for a password, we answer for one address only.
 *
 * gitcredentials(7): the helper is called with "get" and reads lines
 * "protocol=https", "host=example.com[:port]"; it prints "username=" and
 * "password=".  "If a helper outputs a quit attribute with a value of 1 or
 * true, no further helpers will be consulted, nor will the user be prompted."
 *
 * The token is read here, in a process that lives a few milliseconds, and
 * goes through a pipe: never an argument, never an environment variable.  It
 * is given only if scheme, host and port are exactly those configured, so
 * that a redirect, a submodule or an alternate cannot ask for it elsewhere.
 * "store" and "erase" do nothing: the file is the operator's.
 */
#include "receiver/git/credential.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

#define LINE_MAX_BYTES 4096
#define LINES_MAX 64

struct credential_question {
	char protocol[16];
	char host[512];
};

/* Copy the value of a line if it is for that key. */
static void take_value(const char *line, const char *key, char *out, size_t max)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) == 0 && strlen(line + len) < max) {
		(void)snprintf(out, max, "%s", line + len);
	}
}

static void read_question(struct credential_question *q)
{
	char line[LINE_MAX_BYTES];

	for (int i = 0; i < LINES_MAX && fgets(line, sizeof(line), stdin) != NULL; i++) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '\0') {
			return;
		}
		take_value(line, "protocol=", q->protocol, sizeof(q->protocol));
		take_value(line, "host=", q->host, sizeof(q->host));
	}
}

/* "host" and "host:443" are the same for https. */
static bool same_host(const char *protocol, const char *a, const char *b)
{
	const char *port = strcmp(protocol, "https") == 0 ? ":443" : ":80";
	size_t la = strlen(a);
	size_t lb = strlen(b);
	size_t lp = strlen(port);

	la -= la > lp && strcmp(a + la - lp, port) == 0 ? lp : 0;
	lb -= lb > lp && strcmp(b + lb - lp, port) == 0 ? lp : 0;
	return la == lb && strncasecmp(a, b, la) == 0;
}

static bool is_ours(const struct credential_question *q)
{
	const char *url = getenv(CREDENTIAL_URL);
	const char *end = url == NULL ? NULL : strstr(url, "://");

	if (end == NULL || strlen(q->protocol) != (size_t)(end - url)) {
		return false;
	}
	return strncmp(url, q->protocol, (size_t)(end - url)) == 0 &&
	       same_host(q->protocol, q->host, end + 3);
}

int credential_main(const char *operation)
{
	const char *path = getenv(CREDENTIAL_TOKEN_FILE);
	const char *username = getenv(CREDENTIAL_USERNAME);
	struct credential_question q = { .host = "" };
	struct error err = ERROR_INIT;

	if (operation == NULL || strcmp(operation, "get") != 0) {
		return 0;
	}
	read_question(&q);
	if (path == NULL || username == NULL || !is_ours(&q)) {
		(void)fprintf(stderr, "doorbell: no credential for %s://%s\n", q.protocol, q.host);
		(void)printf("quit=1\n");
		return 1;
	}
	char *token = file_read_token(path, &err);
	if (token == NULL) {
		(void)fprintf(stderr, "doorbell: token file %s: %s\n", path, err.text);
		(void)printf("quit=1\n");
		return 1;
	}
	(void)printf("username=%s\npassword=%s\n", username, token);
	file_token_free(token);
	return fflush(stdout) == 0 ? 0 : 1;
}
