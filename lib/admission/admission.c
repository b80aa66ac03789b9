/*
 * The verdict on a request, in the order in which it is reached: path,
 * presence of a signature, the signature itself, the payload, the repository.
 *
 * At /api/webhook one request may be verified against the secrets of several
 * sources, and each verification runs over the whole body.  Who knows no
 * secret could so buy much of the loop's time with a large body; so that path
 * takes bodies up to LIMIT_ANY_BODY_BYTES only.  A push webhook is some ten
 * kilobytes.  Larger ones are for /hooks/NAME, where one source is asked.
 */
#include "admission/admission.h"

#include <stdlib.h>
#include <string.h>

#include "base/giturl.h"
#include "base/glob.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* A walk over the sources that a request could be for. */
struct candidates {
	const struct admission_rules *rules;
	const char *name;               // of the only source, at /hooks/NAME
	const struct provider *sender;  // of all sources, at /api/webhook
	size_t at;
};

static struct candidates candidates_of(const struct admission_rules *rules, const char *path,
				       const struct provider_request *request)
{
	size_t len = strlen(ADMISSION_HOOKS_PATH);
	struct candidates c = { .rules = rules };

	if (strncmp(path, ADMISSION_HOOKS_PATH, len) == 0) {
		c.name = path + len;
	} else if (strcmp(path, ADMISSION_ANY_PATH) == 0) {
		c.sender = provider_detect(request->headers, request->header_count);
	}
	return c;
}

/* The next candidate, or NULL after the last. */
static const struct admission_source *next_of(struct candidates *c)
{
	while (c->at < c->rules->count) {
		const struct admission_source *source = &c->rules->sources[c->at++];

		if (c->name != NULL ? strcmp(source->name, c->name) == 0
				    : c->sender != NULL && source->provider == c->sender) {
			return source;
		}
	}
	return NULL;
}

static int status_of(enum provider_result result)
{
	static const int statuses[] = {
		[PROVIDER_OK] = 0,
		[PROVIDER_UNAUTHORIZED] = 401,
		[PROVIDER_MALFORMED] = 400,
		[PROVIDER_UNSUPPORTED] = 415,
	};

	return statuses[result];
}

void admission_judge_head(const struct admission_rules *rules, const char *path,
			  const struct provider_request *request,
			  struct admission_head *ret_head)
{
	struct candidates candidates = candidates_of(rules, path, request);
	bool any = strcmp(path, ADMISSION_ANY_PATH) == 0;
	bool small = any && rules->body_max > LIMIT_ANY_BODY_BYTES;
	const struct admission_source *source = next_of(&candidates);

	*ret_head = (struct admission_head){
		.status = any ? 401 : 404,
		.body_max = small ? LIMIT_ANY_BODY_BYTES : rules->body_max,
	};
	for (; source != NULL && ret_head->status != 0; source = next_of(&candidates)) {
		ret_head->source = source;
		ret_head->status = status_of(provider_check_headers(source->provider, request,
								    &source->secrets));
	}
}

/* Where the host of an address or of a pattern of addresses ends. */
static size_t host_len(const char *text)
{
	const char *scheme_end = strstr(text, "://");
	bool scheme = scheme_end != NULL && scheme_end == text + strcspn(text, ":/@");
	size_t start = scheme ? (size_t)(scheme_end + 3 - text) : 0;

	return start + strcspn(text + start, ":/");
}

/* A copy of text (free it) with its first len bytes in lower case; ASCII letters change alone. */
static char *lower(const char *text, size_t len)
{
	char *copy = xstrdup(text);

	for (size_t i = 0; i < len && copy[i] != '\0'; i++) {
		if (copy[i] >= 'A' && copy[i] <= 'Z') {
			copy[i] = (char)(copy[i] - 'A' + 'a');
		}
	}
	return copy;
}

/*
 * Does the pattern match text?  The case of a host never counts, and that of
 * a path counts where the host minds it.
 */
static bool matches(const char *pattern, const char *text, bool ignores_case)
{
	char *glob = lower(pattern, ignores_case ? strlen(pattern) : host_len(pattern));
	char *address = lower(text, ignores_case ? strlen(text) : host_len(text));
	bool matched = glob_match(GLOB_GOBWAS, glob, address) == GLOB_MATCH;

	free(address);
	free(glob);
	return matched;
}

bool admission_may_name(const struct admission_source *source, const char *url)
{
	char *name = giturl_normalise(url, NULL);
	bool allowed = source->repositories->count == 0 && name != NULL;

	bool ignores_case = name != NULL && (provider_ignores_case(source->provider) ||
					     giturl_ignores_case(name));

	for (size_t i = 0; name != NULL && !allowed && i < source->repositories->count; i++) {
		const char *pattern = source->repositories->items[i];

		allowed = matches(pattern, name, ignores_case) ||
			  matches(pattern, url, ignores_case);
	}
	free(name);
	return allowed;
}

/* End the verdict with a refusal. */
static void refuse(struct admission_verdict *verdict, int status, const char *label)
{
	verdict->status = status;
	verdict->label = label;
}

/* Find the source whose secret the request proves to know. */
static bool authenticate(const struct admission_rules *rules, const char *path,
			 const struct provider_request *request,
			 struct admission_verdict *verdict, struct error *err)
{
	struct candidates candidates = candidates_of(rules, path, request);
	const struct admission_source *source = next_of(&candidates);

	for (; source != NULL; source = next_of(&candidates)) {
		verdict->source = source;
		if (provider_verify(source->provider, request, &source->secrets, err) ==
		    PROVIDER_OK) {
			return true;
		}
	}
	refuse(verdict, 401, "signature");
	return false;
}

static void add_repository(struct admission_verdict *verdict, const void *repository)
{
	size_t i = 0;

	while (i < verdict->repository_count && verdict->repositories[i] != repository) {
		i++;
	}
	if (repository != NULL && i == verdict->repository_count &&
	    i < ADMISSION_REPOSITORIES_MAX) {
		verdict->repositories[verdict->repository_count++] = repository;
	}
}

/*
 * Look the repository up by each of its addresses, those alone that the
 * source may name.  There is no address if it may name none of them.
 */
static void look_up(const struct admission_rules *rules, struct admission_verdict *verdict)
{
	const struct strvec *urls = &verdict->content.urls;
	bool ignores_case = provider_ignores_case(verdict->source->provider);

	for (size_t i = 0; i < urls->count; i++) {
		const char *url = urls->items[i];

		if (!admission_may_name(verdict->source, url)) {
			continue;
		}
		if (verdict->address == NULL) {
			verdict->address = url;
		}
		add_repository(verdict, rules->find_repository(rules->ctx, url, ignores_case));
	}
	if (verdict->address != NULL && verdict->repository_count == 0) {
		verdict->nearest = rules->nearest_repository(rules->ctx, verdict->address);
	}
}

/* Why pushes to a repository that is not configured end here. */
static char *why_ignored(const char *nearest)
{
	return nearest != NULL
		       ? xasprintf("the repository is not configured; the nearest is %s", nearest)
		       : xstrdup("the repository is not configured");
}

void admission_judge(const struct admission_rules *rules, const char *path,
		     const struct provider_request *request,
		     struct admission_verdict *ret_verdict, struct error *err)
{
	*ret_verdict = (struct admission_verdict){ .status = 0 };
	if (!authenticate(rules, path, request, ret_verdict, err)) {
		return;
	}
	enum provider_result parsed = provider_parse(ret_verdict->source->provider, request,
						     &ret_verdict->content, err);
	if (parsed != PROVIDER_OK) {
		refuse(ret_verdict, status_of(parsed), "malformed");
		return;
	}
	ret_verdict->question = provider_is_question(ret_verdict->source->provider,
						     &ret_verdict->content);
	look_up(rules, ret_verdict);
	bool names_one = ret_verdict->content.count > 0 || ret_verdict->question;
	if (names_one && ret_verdict->address == NULL) {
		error_set(err, -1, "this source may not speak of that repository "
			  "(sources.repositories)");
		refuse(ret_verdict, 403, "unknown_repository");
		return;
	}
	if (ret_verdict->address != NULL && ret_verdict->repository_count == 0) {
		ret_verdict->ignored = why_ignored(ret_verdict->nearest);
	}
}

void admission_verdict_release(struct admission_verdict *verdict)
{
	delivery_content_release(&verdict->content);
	free(verdict->ignored);
	*verdict = (struct admission_verdict){ .status = 0 };
}
