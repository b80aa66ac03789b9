/*
 * What an application is called.
 *
 * Four parts say which object is meant: its kind, its namespace, its name, and
 * the cluster that it runs in.  Where they are stored, shown or sent they are
 * one text,
 *
 *     [KIND:][NAMESPACE/]NAME[@CLUSTER]
 *
 * with a KIND in small letters for all but Argo CD's Applications:
 * "argocd/web", "kustomization:flux-system/apps@east".  This module alone makes
 * that text and takes it apart.  Every part is a name of Kubernetes
 * (base/kubernetes_name.h), and none of these holds a ":", "/" or "@", so what
 * is made from four parts gives the same four parts, and the other way round.
 */
#ifndef LIB_MANIFEST_APP_ID_H
#define LIB_MANIFEST_APP_ID_H

#include "base/error.h"
#include "base/kubernetes_name.h"

/*
 * What is rung. All kinds are "applications" to the rest of doorbell: they
 * have sources, and stand in the same lists.
 */
enum app_kind {
	APP_APPLICATION,     // Argo CD
	APP_APPLICATION_SET, // Argo CD: its sources are its git generators
	APP_KUSTOMIZATION,   // Flux
	APP_HELM_RELEASE,    // Flux: with a chart from a GitRepository
	/* Flux: not rung, the others refer to them (app_link()). */
	APP_GIT_REPOSITORY,
	APP_HELM_CHART,
	APP_ARTIFACT_GENERATOR
};

/* Its parts; whoever holds it says who owns the strings. */
struct app_id {
	enum app_kind kind;
	char *namespace; // "" if not given
	char *name;
	char *cluster;   // NULL if not given
};

/* Room for the three strings of one id, each with its NUL. */
#define APP_ID_ROOM (KUBERNETES_NAME_MAX + 2 * KUBERNETES_LABEL_MAX + 3)

/* "Application", "ApplicationSet", "Kustomization" and so on: a constant. */
const char *app_kind_name(enum app_kind kind);

/* The text of an id, as above: a new string. */
char *app_id_format(const struct app_id *id);

/*
 * Take a text apart. 0 with *ret_id, whose strings stand in room; or -1 with
 * err and *ret_id untouched: a part is empty, too long or no name of
 * Kubernetes.  What app_id_format() makes of a read application is never
 * refused: such a text is of a record of an older version, or of an attack.
 */
int app_id_parse(const char *text, char room[APP_ID_ROOM], struct app_id *ret_id,
		 struct error *err);

#endif
