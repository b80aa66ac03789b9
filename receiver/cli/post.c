/*
 * One request with libcurl.
 *
 * What the environment could add is switched off: proxies, .netrc, redirects
 * (a signed push goes where it was sent and nowhere else).
 */
#include "receiver/cli/post.h"

#include <curl/curl.h>

#define CONNECT_MS 5000L

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	(void)buf_add(arg, data, size * count);
	return size * count;
}

static enum cli_post_result judge(CURLcode code, const char *text, struct error *err)
{
	const char *why = text[0] != '\0' ? text : curl_easy_strerror(code);

	if (code == CURLE_OPERATION_TIMEDOUT) {
		return (enum cli_post_result)error_set(err, CLI_POST_TIMEOUT, "%s", why);
	}
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
	    code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION) {
		return (enum cli_post_result)error_set(err, CLI_POST_UNREACHABLE, "%s", why);
	}
	return (enum cli_post_result)error_set(err, CLI_POST_FAILED, "%s", why);
}

static void set_options(CURL *curl, const struct cli_post *post, struct curl_slist *headers,
			char *text, struct buf *answer)
{
	long connect_ms = post->timeout_ms < CONNECT_MS ? (long)post->timeout_ms : CONNECT_MS;

	curl_easy_setopt(curl, CURLOPT_URL, post->url);
	if (post->socket != NULL) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, post->socket);
	}
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "doorbell/" DOORBELL_VERSION);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->len);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}

enum cli_post_result cli_post(const struct cli_post *post, int *ret_status, struct buf *answer,
			      struct error *err)
{
	char text[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	long status = 0;

	/* No "Expect: 100-continue": it costs a second where it is not known. */
	headers = curl_slist_append(headers, "Expect:");
	for (size_t i = 0; i < post->headers->count; i++) {
		headers = curl_slist_append(headers, post->headers->items[i]);
	}
	CURL *curl = curl_easy_init();
	if (curl == NULL || headers == NULL) {
		curl_slist_free_all(headers);
		return (enum cli_post_result)error_set(err, CLI_POST_FAILED, "no libcurl");
	}
	set_options(curl, post, headers, text, answer);
	CURLcode code = curl_easy_perform(curl);
	if (code == CURLE_OK) {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (code != CURLE_OK) {
		return judge(code, text, err);
	}
	*ret_status = (int)status;
	return CLI_POST_ANSWERED;
}
