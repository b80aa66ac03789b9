/*
 * Names of Kubernetes: DNS labels, one or several with dots between.
 *
 * IsDNS1123Subdomain() limits the whole name, not its labels: a label of a
 * hundred bytes is fine in an object's name.
 */
#include "base/kubernetes_name.h"

#include <string.h>

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_alphanumeric(text[i]) && text[i] != '-') {
			return false;
		}
	}
	return len > 0 && is_alphanumeric(text[0]) && is_alphanumeric(text[len - 1]);
}

bool kubernetes_name_is_object(const char *text, size_t len)
{
	const char *end = text + len;
	const char *dot = memchr(text, '.', len);

	if (len > KUBERNETES_NAME_MAX) {
		return false;
	}
	while (dot != NULL && is_label(text, (size_t)(dot - text))) {
		text = dot + 1;
		dot = memchr(text, '.', (size_t)(end - text));
	}
	return dot == NULL && is_label(text, (size_t)(end - text));
}

bool kubernetes_name_is_namespace(const char *text, size_t len)
{
	return len <= KUBERNETES_LABEL_MAX && is_label(text, len);
}

bool kubernetes_name_is_cluster(const char *text, size_t len)
{
	return len <= KUBERNETES_LABEL_MAX && kubernetes_name_is_object(text, len);
}
