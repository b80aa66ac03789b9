/*
 * For those who write a target: the struct behind a kind, and helpers.
 * Users include target.h.
 */
#ifndef LIB_TARGET_TARGET_IMPL_H
#define LIB_TARGET_TARGET_IMPL_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/kubernetes_name.h"
#include "manifest/app.h"
#include "target/target.h"

/* A kind of target. None of the functions keeps a pointer or a state. */
struct target_kind {
	const char *name; // as in the configuration

	/* See target_check(); options->name and the time limit are checked already. */
	int (*check)(const struct target_options *options, struct error *err);

	/* See target_prepare(); *ret_call is zeroed, and is released if -1 is returned. */
	int (*prepare)(const struct target_options *options, const struct trigger *trigger,
		       struct call *ret_call, struct error *err);

	/* See target_judge(); *ret_outcome is zeroed but for the code. */
	void (*judge)(const struct target_options *options, const struct trigger *trigger,
		      const struct call_result *answer, struct outcome *ret_outcome);
};

extern const struct target_kind target_argocd;
extern const struct target_kind target_exec;

/* An application's name in its parts. */
struct target_application {
	enum app_kind kind;
	char name[KUBERNETES_NAME_MAX + 1];
	char space[KUBERNETES_LABEL_MAX + 1]; // namespace, "": the control plane's
	char cluster[KUBERNETES_LABEL_MAX + 1]; // "": not said
};

/*
 * Split "namespace/name" or "name", with a kind in front and perhaps "@cluster"
 * behind (app_full_name()). 0,
 * or -1 with err: a part that is empty, too long, or no name of Kubernetes
 * (kubernetes_name.h). Manifests are read by the same rule, so such a part can
 * only be of a record of an older version, or of an attack.
 */
int target_split(const char *application, struct target_application *ret, struct error *err);

/* Append text with all but A-Z a-z 0-9 - . _ ~ percent-encoded (RFC 3986, 2.3). */
void target_encode(struct buf *b, const char *text);

/*
 * Copy at most max - 1 bytes of text for a person to read: control characters
 * and broken UTF-8 become '?', no character is cut in two, runs of white space
 * become one space, what is cut ends in "...". Always terminates out.
 */
void target_clean(const char *text, size_t len, char *out, size_t max);

/*
 * Parse a body that may be hostile: NULL unless it is one JSON object of at
 * most LIMIT_RESPONSE_BYTES with a modest number of parts.  json_decref() it.
 */
json_t *target_parse(const char *text, size_t len);

/*
 * Keep the answer's output in the outcome: the first LIMIT_OUTPUT_KEPT bytes,
 * valid UTF-8, control characters but newline and tab replaced.
 */
void target_keep_output(struct outcome *outcome, const struct call_result *answer);

/*
 * The trigger as JSON for programs: kind, application, namespace, project,
 * repository, ref, before, after, push, attempt, automated, hard, reasons.
 * json_decref() it.
 */
json_t *target_describe(const struct trigger *trigger, const struct target_application *app);

#endif
