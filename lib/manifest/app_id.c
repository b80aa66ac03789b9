/*
 * One text for the four parts of an application's name.
 */
#include "manifest/app_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/xalloc.h"

static const struct {
	const char *name;
	const char *prefix;
} kinds[] = {
	[APP_APPLICATION] = { "Application", "" },
	[APP_APPLICATION_SET] = { "ApplicationSet", "applicationset:" },
	[APP_KUSTOMIZATION] = { "Kustomization", "kustomization:" },
	[APP_HELM_RELEASE] = { "HelmRelease", "helmrelease:" },
	[APP_GIT_REPOSITORY] = { "GitRepository", "gitrepository:" },
	[APP_HELM_CHART] = { "HelmChart", "helmchart:" },
	[APP_ARTIFACT_GENERATOR] = { "ArtifactGenerator", "artifactgenerator:" },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What a part may be. */
struct part_rule {
	const char *what;
	size_t max;
	bool (*is_good)(const char *text, size_t len);
};

static const struct part_rule name_rule = {
	"name", KUBERNETES_NAME_MAX, kubernetes_name_is_object,
};
static const struct part_rule namespace_rule = {
	"namespace", KUBERNETES_LABEL_MAX, kubernetes_name_is_namespace,
};
static const struct part_rule cluster_rule = {
	"cluster", KUBERNETES_LABEL_MAX, kubernetes_name_is_cluster,
};

const char *app_kind_name(enum app_kind kind)
{
	return kinds[kind].name;
}

char *app_id_format(const struct app_id *id)
{
	return xasprintf("%s%s%s%s%s%s", kinds[id->kind].prefix, id->namespace,
			 id->namespace[0] != '\0' ? "/" : "", id->name,
			 id->cluster != NULL ? "@" : "", id->cluster != NULL ? id->cluster : "");
}

/* The kind that a text says, and where the rest of it begins. */
static enum app_kind kind_of(const char *text, const char **ret_rest)
{
	for (size_t k = APP_APPLICATION + 1; k < KINDS; k++) {
		size_t len = strlen(kinds[k].prefix);

		if (strncmp(text, kinds[k].prefix, len) == 0) {
			*ret_rest = text + len;
			return (enum app_kind)k;
		}
	}
	*ret_rest = text;
	return APP_APPLICATION;
}

static int check_part(const char *part, size_t len, const struct part_rule *rule,
		      struct error *err)
{
	if (len == 0 || len > rule->max) {
		return error_set(err, -1, "the %s of the application is empty or over %zu bytes",
				 rule->what, rule->max);
	}
	if (!rule->is_good(part, len)) {
		return error_set(err, -1, "no Kubernetes object has a %s like \"%.*s\"",
				 rule->what, (int)len, part);
	}
	return 0;
}

/* Put len bytes at *place, which moves behind them and a NUL; where they stand. */
static char *put(char **place, const char *part, size_t len)
{
	char *at = *place;

	memcpy(at, part, len);
	at[len] = '\0';
	*place = at + len + 1;
	return at;
}

int app_id_parse(const char *text, char room[APP_ID_ROOM], struct app_id *ret_id,
		 struct error *err)
{
	const char *rest;
	enum app_kind kind = kind_of(text, &rest);
	const char *slash = strchr(rest, '/');
	const char *name = slash == NULL ? rest : slash + 1;
	const char *at = strchr(name, '@');
	size_t name_len = at != NULL ? (size_t)(at - name) : strlen(name);
	size_t space_len = slash != NULL ? (size_t)(slash - rest) : 0;
	char *place = room;

	if ((at != NULL && check_part(at + 1, strlen(at + 1), &cluster_rule, err) < 0) ||
	    (slash != NULL && check_part(rest, space_len, &namespace_rule, err) < 0) ||
	    check_part(name, name_len, &name_rule, err) < 0) {
		return -1;
	}
	ret_id->kind = kind;
	ret_id->namespace = put(&place, rest, space_len);
	ret_id->name = put(&place, name, name_len);
	ret_id->cluster = at != NULL ? put(&place, at + 1, strlen(at + 1)) : NULL;
	return 0;
}
