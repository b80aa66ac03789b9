/*
 * Inside the kind argocd only: argocd.c asks, argocd_judge.c reads the answer.
 */
#ifndef LIB_TARGET_ARGOCD_H
#define LIB_TARGET_ARGOCD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/target_impl.h"

/* Bytes of what Argo CD says that stand in a reason, the NUL among them. */
#define ARGOCD_MESSAGE_MAX 160

/*
 * What is asked for.  An application that syncs by itself
 * (trigger->automated) is only ever refreshed: once refreshed, the controller
 * syncs it, within its own windows and retries.  A hard trigger is refreshed
 * hard in any case, and with ARGOCD_SYNC it is then synced, if that is needed.
 */
enum argocd_action {
	ARGOCD_REFRESH,      // compare with the newest revision (Argo CD: normal refresh)
	ARGOCD_HARD_REFRESH, // and without cached manifests
	ARGOCD_SYNC          // and apply, unless the application does so by itself
};

struct argocd_options {
	char *url;              // "https://argocd.example.org[/root]"
	char *token_file;       // bearer token, read for each call
	char *ca_file;          // NULL: the system's
	bool insecure;          // do not verify the certificate
	enum argocd_action action;
	bool prune;             // with sync
	int64_t time_limit_ms;
};

/* Is the call of this trigger's step a sync? */
bool argocd_is_sync(const struct argocd_options *options, const struct trigger *trigger);

/* May a sync follow the call of this trigger's step? */
bool argocd_sync_follows(const struct argocd_options *options, const struct trigger *trigger);

/* Does the trigger say of which project its application is? */
bool argocd_has_project(const struct trigger *trigger);

/* See target_judge(); options is a struct argocd_options. */
void argocd_judge(const void *options, const struct trigger *trigger,
		  const struct call_result *answer, struct outcome *ret_outcome);

#endif
