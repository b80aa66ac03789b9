/*
 * What Kubernetes takes for a name (apimachinery, pkg/util/validation).
 *
 * The one rule for all who read names, whether from a manifest, from the
 * configuration or from a full name: what passes here when an application is
 * read can also be rung.
 */
#ifndef LIB_BASE_KUBERNETES_NAME_H
#define LIB_BASE_KUBERNETES_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Longest name of an object (a DNS subdomain) and of a namespace (a DNS label), in bytes. */
#define KUBERNETES_NAME_MAX 253
#define KUBERNETES_LABEL_MAX 63

/*
 * True if an object can have the len bytes at text as its name: labels of a-z,
 * 0-9 and '-' that begin and end with a letter or digit, with a '.' between
 * two, KUBERNETES_NAME_MAX bytes at most (IsDNS1123Subdomain).
 */
bool kubernetes_name_is_object(const char *text, size_t len);

/* True if a namespace can be called so: one label of at most KUBERNETES_LABEL_MAX bytes. */
bool kubernetes_name_is_namespace(const char *text, size_t len);

/*
 * True if a cluster can be called so. Kubernetes has no such name; we take what
 * could be an object's, if it is no longer than KUBERNETES_LABEL_MAX bytes.
 */
bool kubernetes_name_is_cluster(const char *text, size_t len);

#endif
