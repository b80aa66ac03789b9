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

/*
 * What a kind adds whose targets are observed: one state for each target that
 * is watched, fed with the pieces of a streamed answer.  The functions with a
 * state are called by one thread; none keeps a pointer to what it is given.
 */
struct target_observer {
	/* See target_observe_ms(). */
	int64_t (*time_ms)(const void *options);

	/* A state for a stream that is about to begin; never NULL. */
	void *(*open)(const void *options);

	/* See target_watch_begin(); *ret_call is zeroed, and is released if -1 is returned. */
	int (*begin)(const void *options, void *state, struct call *ret_call, struct error *err);

	/* See target_watch_feed(); told(ctx, ...) for each piece of news in it. */
	int (*feed)(void *state, const char *data, size_t len, target_watch_told *told,
		    void *ctx, struct error *err);

	/* See target_watch_judge(); *ret_outcome is zeroed. */
	bool (*judge)(const void *options, const struct trigger *trigger, const void *news,
		      struct outcome *ret_outcome);

	/* Free a state. */
	void (*close)(void *state);
};

/* A kind of target. None of prepare and judge keeps a pointer or a state. */
struct target_kind {
	/* Its name, its settings, the struct that they are read into, and their check. */
	struct config_kind config;

	/* It rings Applications, and no other kind of manifest. */
	bool applications_only;

	/* See target_prepare(); *ret_call is zeroed, and is released if -1 is returned. */
	int (*prepare)(const void *options, const struct trigger *trigger, struct call *ret_call,
		       struct error *err);

	/* See target_judge(); *ret_outcome is zeroed but for the code. */
	void (*judge)(const void *options, const struct trigger *trigger,
		      const struct call_result *result, struct outcome *ret_outcome);

	/* NULL: what it took is the end. */
	const struct target_observer *observer;
};

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
 * Keep the result's output in the outcome: the first LIMIT_OUTPUT_KEPT bytes,
 * valid UTF-8, control characters but newline and tab replaced.
 */
void target_keep_output(struct outcome *outcome, const struct call_result *result);

/*
 * The trigger as JSON for programs: kind, application, namespace, project,
 * repository, ref, before, after, push, attempt, automated, hard, reasons.
 * json_decref() it.
 */
json_t *target_describe(const struct trigger *trigger, const struct target_application *app);

#endif
