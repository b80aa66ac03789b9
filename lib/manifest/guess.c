/*
 * Guessing: a manifest whose author forgot a line, or slipped in it.
 *
 * The cluster would not take it as it stands; but a tool may put the line in,
 * or the file is an excerpt, and then an application that somebody thinks is
 * followed is not.  An object of another API group that has all it needs is
 * taken at its word, whatever its spec is like.
 */
#include "manifest/guess.h"

#include <stdbool.h>
#include <string.h>

#include "manifest/app_impl.h"

static bool has_url(const json_t *source)
{
	return json_object_get(source, "repoURL") != NULL;
}

static bool like_application(const json_t *spec)
{
	return has_url(json_object_get(spec, "source")) ||
	       has_url(json_array_get(json_object_get(spec, "sources"), 0)) ||
	       has_url(json_object_get(json_object_get(spec, "sourceHydrator"), "drySource"));
}

static bool like_application_set(const json_t *spec)
{
	return json_is_array(json_object_get(spec, "generators")) &&
	       json_is_object(json_object_get(spec, "template"));
}

static bool has_reference(const json_t *object)
{
	const json_t *reference = json_object_get(object, "sourceRef");

	return json_object_get(reference, "kind") != NULL &&
	       json_object_get(reference, "name") != NULL;
}

static bool like_kustomization(const json_t *spec)
{
	return has_reference(spec) && json_object_get(spec, "path") != NULL;
}

static bool like_helm_release(const json_t *spec)
{
	return has_reference(json_object_get(json_object_get(spec, "chart"), "spec"));
}

static const struct {
	enum app_kind kind;
	bool (*is_like)(const json_t *spec);
} likes[] = {
	{ APP_APPLICATION, like_application },
	{ APP_APPLICATION_SET, like_application_set },
	{ APP_KUSTOMIZATION, like_kustomization },
	{ APP_HELM_RELEASE, like_helm_release },
};

/* Is it not there, or a template, so that nobody knows what it is? */
static bool is_open(const char *text)
{
	return text == NULL || text[0] == '\0' || app_is_template(text);
}

const char *guess_missing(const json_t *object, enum app_kind *ret_kind)
{
	const char *version = json_string_value(json_object_get(object, "apiVersion"));
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const json_t *spec = json_object_get(object, "spec");
	size_t i = 0;

	while (i < sizeof(likes) / sizeof(likes[0]) && !likes[i].is_like(spec)) {
		i++;
	}
	if (i == sizeof(likes) / sizeof(likes[0])) {
		return NULL;
	}
	const char *group = app_kind_group(likes[i].kind);
	bool ours = !is_open(version) && strncmp(version, group, strlen(group)) == 0;
	bool named = !is_open(kind) && strcmp(kind, app_kind_name(likes[i].kind)) == 0;

	*ret_kind = likes[i].kind;
	if (!named && !is_open(kind) && !ours) {
		return NULL;
	}
	if (named) {
		return ours ? NULL : "apiVersion";
	}
	return ours ? "kind" : is_open(version) ? "apiVersion and kind" : NULL;
}
