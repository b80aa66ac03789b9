/*
 * Admission: which source a request is for, and the verdict on it.
 *
 * The room for what is decided before a delivery is stored.  The receiver's
 * door calls it twice for each request: once at the end of the head, before a
 * byte of the body is kept, and once when the body is there.  It never reads
 * a socket, never answers, never logs and keeps nothing; all it needs is
 * handed in, so tests can put any request in front of any sources.
 *
 * Two paths lead here.  /hooks/NAME is for the source of that name alone.
 * /api/webhook, the path that Argo CD uses, is for all sources of the sender
 * that the headers tell; there any secret of theirs may fit.  What scheme a
 * request is verified with always follows from the source, never from the
 * request.
 */
#ifndef LIB_ADMISSION_ADMISSION_H
#define LIB_ADMISSION_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "provider/provider.h"
#include "push/push.h"

#define ADMISSION_HOOKS_PATH "/hooks/"
#define ADMISSION_ANY_PATH "/api/webhook"

/* So many configured repositories one payload can name; nobody has more addresses of one. */
#define ADMISSION_REPOSITORIES_MAX 8

/* A sender in the configuration. Everything is borrowed. */
struct admission_source {
	const char *name;
	const struct provider *provider;   // how it proves who it is; never NULL
	struct provider_secrets secrets;
	const struct strvec *repositories; // patterns (GLOB_GOBWAS) of what it may name; empty: all
	double rate_per_second;            // how many deliveries the door takes, 0: any number
};

/* What requests are judged by. Everything is borrowed. */
struct admission_rules {
	const struct admission_source *sources;
	size_t count;
	uint64_t body_max; // largest body in bytes at /hooks/NAME
	/*
	 * The configured repository that an address means, also one that differs
	 * in the case of its path if that does not count, or NULL; and the
	 * configured address that looks most like it, or NULL.
	 */
	const void *(*find_repository)(const void *ctx, const char *url, bool ignores_case);
	const char *(*nearest_repository)(const void *ctx, const char *url);
	const void *ctx;
};

/* The verdict at the end of the head. */
struct admission_head {
	int status;         // 0: read the body; otherwise answer this: 401, 404 or 415
	uint64_t body_max;  // largest body in bytes that this path takes
	const struct admission_source *source; // the one refused last, or NULL: none was asked
};

/* The verdict on a whole request. */
struct admission_verdict {
	int status;         // 0: store the delivery; otherwise answer this: 400, 401, 403 or 415
	const char *label;  // of the metric, a constant; NULL if status is 0
	/* Who sent it; with 401 the source that was tried last, NULL if there was none. */
	const struct admission_source *source;
	/* What it says; owned, and empty unless the status is 0 or 403. */
	struct delivery_content content;
	/*
	 * What find_repository() gave, each once: one repository may be configured
	 * by several of its addresses, as each has applications.
	 */
	const void *repositories[ADMISSION_REPOSITORIES_MAX];
	size_t repository_count;
	const char *address;    // the first address it may name, within content, or NULL
	/* If there is none: the configured address that looks most like it, or NULL. Borrowed. */
	const char *nearest;
	/* Why its pushes end here (the repository is not configured), or NULL; owned. */
	char *ignored;
	/* It only asks whether the repository is known: answer that and store nothing. */
	bool question;
};

/*
 * Judge the head of a request for path.  404: no source has this path.  401:
 * no source of this sender is configured, or the signature or token that
 * every source of the path wants is missing or no such thing.  415: a content
 * type that the sender never uses.  A path that only an authenticated sender
 * may know of and one that does not exist differ in nothing but the status.
 */
void admission_judge_head(const struct admission_rules *rules, const char *path,
			  const struct provider_request *request,
			  struct admission_head *ret_head);

/*
 * Judge a whole request: authenticate it, read it, look its repository up.
 * *ret_verdict is filled in every case (admission_verdict_release()); with a
 * status err says why, for our own log and never for the sender.  A source
 * whose secret does not fit counts only if no other one's does.
 */
void admission_judge(const struct admission_rules *rules, const char *path,
		     const struct provider_request *request,
		     struct admission_verdict *ret_verdict, struct error *err);

/* Free what a verdict holds; it may be zeroed. */
void admission_verdict_release(struct admission_verdict *verdict);

/*
 * True if the source may speak of the repository at url: it is bound to none,
 * or one of its patterns matches the address as it is spelt or normalised.
 * The case of letters counts only in a path, and there only where neither the
 * sender nor the host ignores it (provider_ignores_case(), giturl_ignores_case());
 * that of patterns alike.
 */
bool admission_may_name(const struct admission_source *source, const char *url);

#endif
