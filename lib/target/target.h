/*
 * Targets: how an application is rung, and what the answer means.
 *
 * A target is pure: it turns a trigger into a call (an HTTP request or a
 * command) and judges what came back.  The receiver makes the call.  One
 * target a file (exec.c, argocd.c), each a const struct behind target_impl.h
 * and a row in the table of target.c.  Each file says why ringing twice is
 * safe there.
 */
#ifndef LIB_TARGET_TARGET_H
#define LIB_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "call/call.h"
#include "record/outcome.h"
#include "record/trigger.h"

struct target_kind; // one kind of target

/*
 * What an argocd target asks for.  An application that syncs by itself
 * (trigger->automated) is only ever refreshed: once refreshed, the controller
 * syncs it, within its own windows and retries.  A hard trigger is refreshed
 * hard in any case, and with TARGET_SYNC it is then synced, if that is needed.
 */
enum target_action {
	TARGET_REFRESH,      // compare with the newest revision (Argo CD: normal refresh)
	TARGET_HARD_REFRESH, // and without cached manifests
	TARGET_SYNC          // and apply, unless the application does so by itself
};

/* What the operator configured for one target, of either kind. */
struct target_options {
	const char *name;
	/* exec */
	const struct strvec *command;     // argv
	const struct strvec *environment; // "KEY=value"
	const char *directory;            // where it runs, NULL: "/"
	/* argocd */
	const char *url;                  // "https://argocd.example.org[/root]"
	const char *token_file;           // bearer token, read for each call
	const char *ca_file;              // NULL: the system's
	bool insecure;                    // do not verify the certificate
	enum target_action action;
	bool prune;                       // with sync
	/* both */
	int64_t time_limit_ms;
};

/* The kind of that name ("exec", "argocd"), or NULL. */
const struct target_kind *target_kind_by_name(const char *name);

/* Check options; 0, or -1 with err naming the setting and the cure. */
int target_check(const struct target_kind *kind, const struct target_options *options,
		 struct error *err);

/*
 * Make the call for a trigger. 0 with *ret_call filled (call_release()),
 * or -1 with err and *ret_call zeroed (then the trigger is refused): no name,
 * a name no Kubernetes object has, or one that does not fit.  The call borrows
 * from options: it must not outlive them.
 */
int target_prepare(const struct target_kind *kind, const struct target_options *options,
		   const struct trigger *trigger, struct call *ret_call, struct error *err);

/*
 * Judge the answer of the trigger's try number trigger->attempts (from 1).
 * *ret_outcome is filled in every case (outcome_release()); its reason and
 * output hold no control characters but newline and tab in the output.
 */
void target_judge(const struct target_kind *kind, const struct target_options *options,
		  const struct trigger *trigger, const struct call_result *answer,
		  struct outcome *ret_outcome);

#endif
