/*
 * Lets a script put requests to the providers: one JSON request a line on
 * standard input, one JSON answer a line on standard output.
 *
 *   {"provider", "secret", "signing_token", "now_ms", "headers": {NAME: VALUE},
 *    "body": BASE64}
 *   {"detected", "headers", "verified", "parsed": PROVIDER_... as a number,
 *    "error", "id", "content": as push_json.h}
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "provider/provider.h"
#include "push/push_json.h"

#define HEADERS_MAX 32

static size_t read_headers(json_t *from, struct provider_header headers[HEADERS_MAX])
{
	size_t count = 0;
	const char *name;
	json_t *value;

	json_object_foreach(from, name, value) {
		if (count == HEADERS_MAX || !json_is_string(value)) {
			fprintf(stderr, "bad headers\n");
			exit(2);
		}
		headers[count++] = (struct provider_header){ name, json_string_value(value) };
	}
	return count;
}

static json_t *judge(const struct provider *p, const struct provider_request *request,
		     const struct provider_secrets *secrets)
{
	const struct provider *detected = provider_detect(request->headers, request->header_count);
	json_t *answer = json_object();
	struct error err = ERROR_INIT;
	struct delivery_content content;

	(void)json_object_set_new(answer, "detected",
				  detected != NULL ? json_string(provider_get_name(detected))
						   : json_null());
	int early = (int)provider_check_headers(p, request, secrets);
	(void)json_object_set_new(answer, "headers", json_integer(early));
	int verified = (int)provider_verify(p, request, secrets, &err);
	(void)json_object_set_new(answer, "verified", json_integer(verified));
	if (verified == PROVIDER_OK) {
		int parsed = (int)provider_parse(p, request, &content, &err);

		(void)json_object_set_new(answer, "parsed", json_integer(parsed));
		if (parsed == PROVIDER_OK) {
			(void)json_object_set_new(answer, "content", push_json_write(&content));
			delivery_content_release(&content);
		}
	}
	(void)json_object_set_new(answer, "error", json_string(err.text));
	const char *id = provider_delivery_id(p, request);
	(void)json_object_set_new(answer, "id", id != NULL ? json_string(id) : json_null());
	return answer;
}

static json_t *answer_one(json_t *json)
{
	const char *name = json_string_value(json_object_get(json, "provider"));
	const char *secret = json_string_value(json_object_get(json, "secret"));
	const char *token = json_string_value(json_object_get(json, "signing_token"));
	const json_t *body64 = json_object_get(json, "body");
	struct provider_secrets secrets = { .tolerance_ms = 0 };
	struct provider_header headers[HEADERS_MAX];
	size_t max = json_string_length(body64) / 4 * 3 + 3;
	uint8_t *body = xmalloc(max);
	json_t *answer = NULL;

	const struct provider *p = name != NULL ? provider_by_name(name) : NULL;
	int len = base64_decode(json_string_value(body64), json_string_length(body64), body, max);
	if (p == NULL || len < 0) {
		fprintf(stderr, "bad request\n");
		exit(2);
	}
	if (secret != NULL) {
		strvec_push(&secrets.secrets, secret);
	}
	if (token != NULL) {
		strvec_push(&secrets.signing_tokens, token);
	}
	const struct provider_request request = {
		.headers = headers,
		.header_count = read_headers(json_object_get(json, "headers"), headers),
		.body = (const char *)body,
		.body_len = (size_t)len,
		.now_ms = json_integer_value(json_object_get(json, "now_ms")),
	};
	answer = judge(p, &request, &secrets);
	provider_secrets_release(&secrets);
	free(body);
	return answer;
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		json_t *json = json_loads(line, 0, NULL);
		json_t *answer = answer_one(json);
		char *text = json_dumps(answer, JSON_COMPACT);

		printf("%s\n", text);
		fflush(stdout);
		free(text);
		json_decref(answer);
		json_decref(json);
	}
	free(line);
	return 0;
}
