/*
 * What Kubernetes takes for a name, and that reading and ringing agree on it.
 */
#include "base/kubernetes_name.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "manifest/app.h"
#include "target/target_impl.h"
#include "tests/support/tap.h"

#define LABEL63 "a23456789012345678901234567890123456789012345678901234567890123"
#define LABEL64 LABEL63 "4"
#define NAME253 LABEL63 "." LABEL63 "." LABEL63 "." \
	"a2345678901234567890123456789012345678901234567890123456789.1"

static const struct {
	const char *text;
	bool object, namespace, cluster;
} cases[] = {
	{ "shop", true, true, true },
	{ "shop-1", true, true, true },
	{ "0", true, true, true },
	{ "shop.example", true, false, true },
	{ "", false, false, false },
	{ "Shop", false, false, false },
	{ "my_shop", false, false, false },
	{ "-shop", false, false, false },
	{ "shop-", false, false, false },
	{ ".shop", false, false, false },
	{ "shop.", false, false, false },
	{ "a..b", false, false, false },
	{ "a.-b", false, false, false },
	{ "a-.b", false, false, false },
	{ "a b", false, false, false },
	{ "a/b", false, false, false },
	{ "a@b", false, false, false },
	{ "sh\xc3\xb6p", false, false, false },
	{ LABEL63, true, true, true },
	{ LABEL64, true, false, false },
	{ NAME253, true, false, false },
	{ NAME253 "1", false, false, false },
};

/* Is a manifest with these names read? */
static bool is_read(const char *name, const char *namespace)
{
	json_t *object = json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:s, s:s}}}", "apiVersion",
				   "argoproj.io/v1alpha1", "kind", "Application", "metadata",
				   "name", name, "namespace", namespace, "spec", "source",
				   "repoURL", "https://git.example.org/a", "path", "a");
	struct app *app = NULL;
	struct error err = ERROR_INIT;
	bool read = app_from_json(object, "test", &app, &err) == APP_OK;

	json_decref(object);
	app_free(app);
	return read;
}

/* Can a full name with these parts be rung? */
static bool is_rung(const char *name, const char *namespace)
{
	char full[1024];
	struct target_application parts;
	struct error err = ERROR_INIT;

	(void)snprintf(full, sizeof(full), "%s/%s", namespace, name);
	return target_split(full, &parts, &err) == 0;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;
		size_t len = strlen(text);

		tap_ok(kubernetes_name_is_object(text, len) == cases[i].object,
		       "\"%.70s\" is%s an object's name", text, cases[i].object ? "" : " not");
		tap_ok(kubernetes_name_is_namespace(text, len) == cases[i].namespace,
		       "and%s a namespace's", cases[i].namespace ? "" : " not");
		tap_ok(kubernetes_name_is_cluster(text, len) == cases[i].cluster,
		       "and%s a cluster's", cases[i].cluster ? "" : " not");
		if (len == 0 || strchr(text, '@') != NULL) {
			continue; /* no name, or one and a cluster */
		}
		tap_ok(is_read(text, "argocd") == cases[i].object, "a manifest is read by that rule");
		tap_ok(is_rung(text, "argocd") == cases[i].object, "so is what is rung");
		tap_ok(is_read("shop", text) == cases[i].namespace, "likewise in that namespace");
		tap_ok(is_rung("shop", text) == cases[i].namespace, "and rung there");
	}
	return tap_done();
}
