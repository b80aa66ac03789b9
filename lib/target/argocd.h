/*
 * Inside the kind argocd only: argocd_call.c asks, argocd_judge.c reads the
 * answer, argocd_watch.c looks at what becomes of it; argocd.c has the settings,
 * and is the row that the others stand behind.
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

/* Bytes of an address that is called, the NUL among them. */
#define ARGOCD_URL_MAX 4096

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
	int64_t converge_ms;    // from a try to Synced, 0: not looked at
};

/* Is the call of this trigger's step a sync? */
bool argocd_is_sync(const struct argocd_options *options, const struct trigger *trigger);

/* May a sync follow the call of this trigger's step? */
bool argocd_sync_follows(const struct argocd_options *options, const struct trigger *trigger);

/* Does the trigger say of which project its application is? */
bool argocd_has_project(const struct trigger *trigger);

/*
 * Is there nothing left to sync, so that a trigger whose commit the application
 * reports has converged? sync is its status ("Synced"). True always if nobody
 * looks on, or nobody would sync it because of this trigger.
 */
bool argocd_is_settled(const struct argocd_options *options, const struct trigger *trigger,
		       const char *sync);

/* Start an address in url (buf_release() it): Argo CD's own, then path. */
void argocd_begin_url(struct buf *url, const struct argocd_options *options, const char *path);

/* Fill what all calls have: whom, by which token, how long. */
void argocd_begin_call(const struct argocd_options *options, struct call *call);

/* The text at a name in an object (which may be NULL), or "". Borrowed. */
const char *argocd_text(const json_t *object, const char *name);

/* Does one whose status has this "sync" compare with the commit, in one of its sources? */
bool argocd_reports(const json_t *sync, const struct oid *id);

/* Did the last comparison in an application's status begin when the try had, to the second? */
bool argocd_compared_since(const json_t *status, int64_t sent_ms);

/* The first thing that an application's status complains about, cleaned, or "". */
void argocd_complaint(const json_t *status, char *out, size_t max);

/* How an Argo CD is watched. */
extern const struct target_observer argocd_observer;

/* See target_prepare(); data is a struct argocd_options. */
int argocd_prepare(const void *data, const struct trigger *trigger, struct call *ret_call,
		   struct error *err);

/* See target_judge(); options is a struct argocd_options. */
void argocd_judge(const void *options, const struct trigger *trigger,
		  const struct call_result *answer, struct outcome *ret_outcome);

#endif
