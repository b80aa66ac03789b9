/*
 * The name of an application: four parts and one text, there and back.
 */
#include "manifest/app_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tests/support/tap.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *text;
	enum app_kind kind;
	const char *namespace;
	const char *name;
	const char *cluster;
} good[] = {
	{ "web", APP_APPLICATION, "", "web", NULL },
	{ "argocd/web", APP_APPLICATION, "argocd", "web", NULL },
	{ "argocd/web@east", APP_APPLICATION, "argocd", "web", "east" },
	{ "web@east.example", APP_APPLICATION, "", "web", "east.example" },
	{ "applicationset:argocd/web", APP_APPLICATION_SET, "argocd", "web", NULL },
	{ "kustomization:flux-system/apps@e-1", APP_KUSTOMIZATION, "flux-system", "apps", "e-1" },
	{ "helmrelease:a/b.c", APP_HELM_RELEASE, "a", "b.c", NULL },
	{ "gitrepository:a/b", APP_GIT_REPOSITORY, "a", "b", NULL },
	{ "helmchart:a/b", APP_HELM_CHART, "a", "b", NULL },
	{ "artifactgenerator:a/b", APP_ARTIFACT_GENERATOR, "a", "b", NULL },
	{ "kustomization", APP_APPLICATION, "", "kustomization", NULL },
	{ LABEL_63 "/" LABEL_63 "." LABEL_63 "@" LABEL_63, APP_APPLICATION, LABEL_63, LABEL_63 "." LABEL_63,
	  LABEL_63 },
};

static const char *const bad[] = {
	"", "/", "@", "a/", "/a", "a@", "@b", "a/b/c", "a@b@c", "a@b/c", "a/@b", "A", "a/B", "a_b", "a b", "a:b",
	"Kustomization:a/b", "kustomization:", "kustomization:kustomization:a", "application:a/b", "-a", "a-", "a.",
	"a..b", "a.b/c", "a/b@C", "\xc3\xa9", "a\nb", LABEL_63 "4/a", "a@" LABEL_63 "4",
	LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63,
};

static bool same(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char room[APP_ID_ROOM];
		struct app_id id;
		struct error err = ERROR_INIT;
		int r = app_id_parse(good[i].text, room, &id, &err);

		if (!tap_ok(r == 0 && id.kind == good[i].kind && same(id.namespace, good[i].namespace) &&
			    same(id.name, good[i].name) && same(id.cluster, good[i].cluster),
			    "\"%s\" has its four parts", good[i].text)) {
			continue;
		}
		char *text = app_id_format(&id);
		tap_str(text, good[i].text, "which make the same text");
		free(text);
	}
}

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char room[APP_ID_ROOM];
		struct app_id id = { .name = NULL };
		struct error err = ERROR_INIT;

		tap_ok(app_id_parse(bad[i], room, &id, &err) == -1 && err.text[0] != '\0' && id.name == NULL,
		       "name %zu is refused, with a reason", i);
	}
}

int main(void)
{
	test_good();
	test_bad();
	return tap_done();
}
