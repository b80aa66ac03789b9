/*
 * Applications: sources, fields, wrong types, round trip, lists in YAML.
 */
#include "manifest/app.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/tap.h"

#define HEAD "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
#define NAMED HEAD "metadata: {name: web, namespace: argocd}\n"
#define REPO "repoURL: 'https://git.example/org/repo.git'"

struct read {
	struct app_list list;
	struct strvec problems;
	struct error err;
	int r;
};

static struct read read_text(const char *text)
{
	struct read read = { .r = 0 };

	read.r = app_read_yaml(text, strlen(text), "apps.yaml", &read.list, &read.problems,
			       &read.err);
	return read;
}

static void release(struct read *read)
{
	app_list_release(&read->list);
	strvec_release(&read->problems);
}

/* One line for all that counts: "repository revision path ref annotation|..." */
static char *describe(const struct app *app)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < app->source_count; i++) {
		const struct app_source *s = &app->sources[i];
		char *more = xasprintf("%s%s%s@%s:%s%s%s%s", text, i > 0 ? " | " : "",
				       s->repository != NULL ? s->repository : "-",
				       s->target_revision, s->path, s->ref != NULL ? "$" : "",
				       s->ref != NULL ? s->ref : "",
				       s->annotation_applies ? "" : " (no annotation)");

		free(text);
		text = more;
	}
	return text;
}

static void sources_are_read_as_argo_cd_reads_them(void)
{
	static const struct {
		const char *what;
		const char *spec;
		const char *want;
	} rows[] = {
		{ "a single source", "source: {" REPO ", path: apps/web, targetRevision: main}",
		  "git.example/org/repo@main:apps/web" },
		{ "a source without revision and path", "source: {" REPO "}",
		  "git.example/org/repo@:" },
		{ "null fields as absent ones",
		  "source: {" REPO ", path: null, targetRevision: ~, ref: , chart: null}",
		  "git.example/org/repo@:" },
		{ "several sources",
		  "sources: [{" REPO ", path: a}, {" REPO ", ref: values}]",
		  "git.example/org/repo@:a | git.example/org/repo@:$values" },
		{ "sources rather than source",
		  "source: {" REPO ", path: old}\n  sources: [{" REPO ", path: new}]",
		  "git.example/org/repo@:new" },
		{ "source when sources is empty", "sources: []\n  source: {" REPO ", path: x}",
		  "git.example/org/repo@:x" },
		{ "source when sources is null", "sources: null\n  source: {" REPO ", path: x}",
		  "git.example/org/repo@:x" },
		{ "a chart as not of git",
		  "source: {repoURL: 'https://charts.example/x', chart: nginx, "
		  "targetRevision: 1.*}",
		  "-@1.*:" },
		{ "an empty chart as none", "source: {" REPO ", chart: ''}",
		  "git.example/org/repo@:" },
		{ "an oci address as not of git",
		  "source: {repoURL: 'oci://registry.example/x', targetRevision: v1}", "-@v1:" },
		{ "an OCI address in capitals as not of git",
		  "source: {repoURL: 'OCI://registry.example/x'}", "-@:" },
		{ "an address nobody can read as unreadable",
		  "source: {repoURL: 'https://', path: x}", "-@:x" },
		{ "a hydrator's dry and sync source, hiding the rest",
		  "sourceHydrator: {drySource: {" REPO ", targetRevision: main, path: dry}, "
		  "syncSource: {targetBranch: env/prod, path: wet}}\n"
		  "  source: {" REPO ", path: x}\n  sources: [{" REPO ", path: y}]",
		  "git.example/org/repo@main:dry | "
		  "git.example/org/repo@env/prod:wet (no annotation)" },
		{ "a sync source in its own repository",
		  "sourceHydrator: {drySource: {" REPO ", path: dry}, syncSource: {repoURL: "
		  "'git@git.example:org/wet', targetBranch: b, path: wet}}",
		  "git.example/org/repo@:dry | git.example/org/wet@b:wet (no annotation)" },
		{ "a null hydrator as none", "sourceHydrator: null\n  source: {" REPO "}",
		  "git.example/org/repo@:" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = xasprintf(NAMED "spec:\n  %s\n", rows[i].spec);
		struct read read = read_text(text);
		char *got = read.list.count == 1 ? describe(read.list.items[0]) : NULL;

		tap_str(got, rows[i].want, "reads %s", rows[i].what);
		if (read.problems.count > 0) {
			tap_note("%s", read.problems.items[0]);
		}
		free(got);
		free(text);
		release(&read);
	}
}

static void paths_are_cleaned_and_stay_inside(void)
{
	static const struct {
		const char *path;
		const char *want; // NULL: unreadable
	} rows[] = {
		{ "x", "x" },           { "./x/", "x" },       { "/x", "x" },
		{ ".", "" },            { "", "" },            { "/", "" },
		{ "a//b", "a/b" },      { "a/./b/", "a/b" },   { "a/../b", "b" },
		{ "a/b/..", "a" },      { "a/..", "" },        { "..", NULL },
		{ "../x", NULL },       { "a/../../x", NULL }, { "/..", NULL },
		{ "a/b/../../..", NULL }, { "..x/y", "..x/y" }, { "...", "..." },
		{ "a/b/../c/../d", "a/d" }, { ".hidden/x", ".hidden/x" }, { "a b/c", "a b/c" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = xasprintf(NAMED "spec: {source: {" REPO ", path: '%s'}}\n",
				       rows[i].path);
		struct read read = read_text(text);
		const struct app_source *s =
			read.list.count == 1 ? &read.list.items[0]->sources[0] : NULL;
		const char *got = s != NULL && s->repository != NULL ? s->path : NULL;

		tap_str(got, rows[i].want, "path \"%s\" %s", rows[i].path,
			rows[i].want != NULL ? "is cleaned" : "leaves the root: unreadable");
		free(text);
		release(&read);
	}
}

static void malformed_applications_are_named(void)
{
	static const struct {
		const char *rest;
		const char *want;
	} rows[] = {
		{ "spec: {source: {" REPO "}}\n", "metadata.name is missing" },
		{ "metadata: {name: ''}\nspec: {source: {" REPO "}}\n", "metadata.name is missing" },
		{ "metadata: [x]\nspec: {source: {" REPO "}}\n",
		  "the document.metadata is not a mapping" },
		{ "metadata: {name: [x]}\nspec: {source: {" REPO "}}\n",
		  "metadata.name is not a string" },
		{ "metadata: {name: a/b}\nspec: {source: {" REPO "}}\n",
		  "metadata.name or namespace is not a Kubernetes name: \"a/b\"" },
		{ "metadata: {name: Shop}\nspec: {source: {" REPO "}}\n",
		  "metadata.name or namespace is not a Kubernetes name: \"Shop\"" },
		{ "metadata: {name: my_shop}\nspec: {source: {" REPO "}}\n",
		  "metadata.name or namespace is not a Kubernetes name: \"my_shop\"" },
		{ "metadata: {name: a, namespace: 'x y'}\nspec: {source: {" REPO "}}\n",
		  "metadata.name or namespace is not a Kubernetes name: \"x y\"" },
		{ "metadata: {name: a}\n", "spec is missing" },
		{ "metadata: {name: a}\nspec: x\n", "the document.spec is not a mapping" },
		{ "metadata: {name: a}\nspec: {project: p}\n", "spec has no source" },
		{ "metadata: {name: a}\nspec: {source: x}\n", "spec.source is not a mapping" },
		{ "metadata: {name: a}\nspec: {source: {path: x}}\n",
		  "spec.source.repoURL is missing" },
		{ "metadata: {name: a}\nspec: {source: {" REPO ", path: [x]}}\n",
		  "spec.source.path is not a string" },
		{ "metadata: {name: a}\nspec: {source: {" REPO ", targetRevision: {}}}\n",
		  "spec.source.targetRevision is not a string" },
		{ "metadata: {name: a}\nspec: {sources: {}}\n", "spec.sources is not a list" },
		{ "metadata: {name: a}\nspec: {sources: [{" REPO "}, {ref: x}]}\n",
		  "spec.sources[1].repoURL is missing" },
		{ "metadata: {name: a}\nspec: {sources: [x]}\n",
		  "spec.sources[0] is not a mapping" },
		{ "metadata: {name: a}\nspec: {sourceHydrator: {drySource: {" REPO "}}}\n",
		  "spec.sourceHydrator needs a drySource and a syncSource" },
		{ "metadata: {name: a}\nspec: {sourceHydrator: []}\n",
		  "spec.sourceHydrator is not a mapping" },
		{ "metadata: {name: a}\nspec: {source: {" REPO "}, syncPolicy: {automated: x}}\n",
		  "spec.syncPolicy.automated is not a mapping" },
		{ "metadata: {name: a}\nspec: {source: {" REPO "}, syncPolicy: {automated: "
		  "{enabled: maybe}}}\n",
		  "spec.syncPolicy.automated.enabled is not a boolean" },
		{ "metadata: {name: a, annotations: [x]}\nspec: {source: {" REPO "}}\n",
		  "metadata.annotations is not a mapping" },
		{ "metadata: {name: a, annotations: {argocd.argoproj.io/manifest-generate-paths: "
		  "[x]}}\nspec: {source: {" REPO "}}\n",
		  "metadata.annotations.argocd.argoproj.io/manifest-generate-paths is not a string" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = xasprintf("---\n" HEAD "%s---\n" NAMED "spec: {source: {" REPO "}}\n",
				       rows[i].rest);
		struct read read = read_text(text);
		char *want = xasprintf("apps.yaml:2:1: %s", rows[i].want);

		tap_str(read.problems.count == 1 ? read.problems.items[0] : NULL, want,
			"says \"%s\"", rows[i].want);
		tap_int(read.list.count, 1, "and the next document is still read");
		free(want);
		free(text);
		release(&read);
	}
}

static void plain_fields_have_their_defaults(void)
{
	static const struct {
		const char *what;
		const char *text;
		bool automated;
		bool skip;
		const char *project;
		const char *paths;
	} rows[] = {
		{ "nothing given", "spec: {source: {" REPO "}}", false, false, "default", NULL },
		{ "a project", "spec: {project: p, source: {" REPO "}}", false, false, "p", NULL },
		{ "automated: {}", "spec: {source: {" REPO "}, syncPolicy: {automated: {}}}", true,
		  false, "default", NULL },
		{ "automated: null", "spec: {source: {" REPO "}, syncPolicy: {automated: null}}",
		  false, false, "default", NULL },
		{ "automated, enabled: false",
		  "spec: {source: {" REPO "}, syncPolicy: {automated: {enabled: false}}}", false,
		  false, "default", NULL },
		{ "automated, enabled: true",
		  "spec: {source: {" REPO "}, syncPolicy: {automated: {enabled: true}}}", true,
		  false, "default", NULL },
		{ "automated, enabled: null",
		  "spec: {source: {" REPO "}, syncPolicy: {automated: {enabled: null}}}", true,
		  false, "default", NULL },
		{ "the annotations",
		  "  annotations: {argocd.argoproj.io/manifest-generate-paths: '.;../base', "
		  "argocd.argoproj.io/skip-reconcile: 'true'}\nspec: {source: {" REPO "}}",
		  false, true, "default", ".;../base" },
		{ "an empty annotation as none",
		  "  annotations: {argocd.argoproj.io/manifest-generate-paths: '', "
		  "argocd.argoproj.io/skip-reconcile: 'no idea'}\nspec: {source: {" REPO "}}",
		  false, false, "default", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = xasprintf(HEAD "metadata:\n  name: web\n%s\n", rows[i].text);
		struct read read = read_text(text);

		if (tap_int(read.list.count, 1, "reads %s", rows[i].what)) {
			const struct app *app = read.list.items[0];

			tap_ok(app->automated == rows[i].automated &&
				       app->skip_reconcile == rows[i].skip,
			       "%s: automated %d, skip %d", rows[i].what, app->automated,
			       app->skip_reconcile);
			tap_str(app->project, rows[i].project, "%s: project", rows[i].what);
			tap_str(app->generate_paths, rows[i].paths, "%s: paths", rows[i].what);
		}
		free(text);
		release(&read);
	}
}

static void lists_and_streams(void)
{
	struct read read = read_text(
		"# nothing\n---\nkind: ConfigMap\napiVersion: v1\n---\n- 1\n---\nword\n---\n---\n"
		"apiVersion: v1\nkind: List\nitems:\n"
		"- {apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a}, "
		"spec: {source: {" REPO "}}}\n"
		"- {apiVersion: v1, kind: Secret}\n"
		"- {apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: b}}\n"
		"- {apiVersion: v1, kind: List, items: [{apiVersion: argoproj.io/v1alpha1, "
		"kind: Application, metadata: {name: deep}, spec: {source: {" REPO "}}}]}\n"
		"---\n" NAMED "spec: {source: {" REPO "}}\n---\n" NAMED
		"spec: {source: {" REPO ", path: second}}\n"
		"---\n{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\", "
		"\"metadata\": {\"name\": \"json\"}, \"spec\": {\"source\": "
		"{\"repoURL\": \"https://git.example/a/b\"}}}\n"
		"---\napiVersion: argoproj.io/v1alpha1\nkind: ApplicationList\nitems:\n"
		"- {apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: typed}, "
		"spec: {source: {" REPO "}}}\n"
		"---\napiVersion: other.io/v1\nkind: Application\nmetadata: {name: not-ours}\n");

	tap_int(read.r, 0, "a stream of many kinds is read");
	if (tap_int(read.list.count, 6, "with the Applications of it and of its lists")) {
		char *full = app_full_name(read.list.items[2]);

		tap_str(read.list.items[0]->id.name, "a", "a List is opened");
		tap_str(read.list.items[1]->id.name, "deep", "and a List in it");
		tap_str(read.list.items[5]->id.name, "typed", "and an ApplicationList");
		tap_str(read.list.items[0]->origin, "apps.yaml:14", "an item knows its line");
		tap_str(full, "argocd/web", "the full name has the namespace");
		tap_str(read.list.items[3]->sources[0].path, "second",
			"an application named twice is kept twice");
		tap_str(read.list.items[4]->id.name, "json", "JSON is YAML");
		free(full);
	}
	if (tap_int(read.problems.count, 1, "a problem is told")) {
		tap_str(read.problems.items[0], "apps.yaml:16:3: spec is missing",
			"the malformed item, with its place");
	}
	release(&read);

	read = read_text("a: [\n");
	tap_ok(read.r < 0 && strncmp(read.err.text, "apps.yaml:2:1: ", 15) == 0,
	       "what is not YAML is an error that names the text: %s", read.err.text);
	release(&read);
	read = read_text("");
	tap_ok(read.r == 0 && read.list.count == 0, "an empty text holds nothing");
	release(&read);
}

/* A short text whose anchors make the tree of one application huge. */
static void huge_applications_are_refused(void)
{
	char *big = xmalloc(300001);
	char *text;
	struct read read;

	memset(big, 'x', 300000);
	big[300000] = '\0';
	text = xasprintf(NAMED "spec: {source: {" REPO ", helm: {values: &v %s, a: *v, b: *v, "
			 "c: *v}}}\n---\n" NAMED "spec: {source: {" REPO "}}\n", big);
	read = read_text(text);
	tap_int(read.list.count, 1, "an application that its anchors blow up is refused");
	tap_ok(read.problems.count == 1 && strstr(read.problems.items[0], "larger") != NULL,
	       "and told");
	free(text);
	release(&read);

	text = xasprintf(NAMED "spec: {source: {" REPO ", targetRevision: %s}}\n", big);
	read = read_text(text);
	tap_ok(read.list.count == 0 && read.problems.count == 1, "a huge revision is refused");
	free(text);
	release(&read);
	free(big);

	struct buf sources;

	buf_init(&sources, 1 << 20);
	for (int i = 0; i <= LIMIT_SOURCES; i++) {
		(void)buf_addstr(&sources, "{" REPO "},");
	}
	text = xasprintf(NAMED "spec: {sources: [%s]}\n", sources.data);
	read = read_text(text);
	tap_ok(read.list.count == 0 && read.problems.count == 1, "too many sources are refused");
	free(text);
	buf_release(&sources);
	release(&read);
}

/* json_t made by hand, as the Kubernetes API gives it. */
static void json_types_are_checked_too(void)
{
	struct app *app = NULL;
	struct error err = ERROR_INIT;
	json_t *good = json_pack("{s:s, s:s, s:{s:s}, s:{s:{s:s}, s:{s:{s:b}}}}", "apiVersion",
				 "argoproj.io/v1alpha1", "kind", "Application", "metadata", "name",
				 "a", "spec", "source", "repoURL", "https://git.example/a/b",
				 "syncPolicy", "automated", "enabled", 0);
	json_t *number = json_deep_copy(good);
	json_t *cycle = json_deep_copy(good);
	json_t *source = json_object_get(json_object_get(cycle, "spec"), "source");

	tap_int(app_from_json(good, "api", &app, &err), APP_OK, "JSON with booleans is read");
	tap_ok(app != NULL && !app->automated, "enabled: false as a boolean counts");
	app_free(app);
	app = NULL;
	(void)json_object_set_new(json_object_get(json_object_get(number, "spec"), "source"),
				  "targetRevision", json_integer(1));
	tap_int(app_from_json(number, "api", &app, &err), APP_MALFORMED, "a number is no revision");
	(void)json_object_set_new(source, "x", json_object());
	(void)json_object_set(json_object_get(source, "x"), "y", json_object_get(cycle, "spec"));
	tap_int(app_from_json(cycle, "api", &app, &err), APP_MALFORMED,
		"a tree that contains itself is refused");
	(void)json_object_del(json_object_get(source, "x"), "y");
	tap_int(app_from_json(json_null(), "api", &app, &err), APP_OTHER_KIND,
		"null is another kind");
	tap_ok(app == NULL, "and no application comes out");
	json_decref(good);
	json_decref(number);
	json_decref(cycle);
}

static void frames_give_the_same_application(void)
{
	static const char *const specs[] = {
		"source: {" REPO ", path: ./x/, targetRevision: 1.*, tagPrefix: v, "
		"helm: {valueFiles: [a.yaml]}}",
		"sources: [{" REPO ", path: a}, {" REPO ", ref: values}, {repoURL: "
		"'https://c.example', chart: c}]",
		"sourceHydrator: {drySource: {" REPO ", path: dry, kustomize: {namePrefix: x}}, "
		"syncSource: {targetBranch: b, path: wet}}",
		"source: {" REPO ", path: ../out}",
		"project: p\n  syncPolicy: {automated: {}}\n  source: {" REPO "}",
	};

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		char *text = xasprintf(HEAD "metadata: {name: n, annotations: {"
				       "argocd.argoproj.io/manifest-generate-paths: a, "
				       "argocd.argoproj.io/skip-reconcile: 'true'}}\nspec:\n  %s\n",
				       specs[i]);
		struct read read = read_text(text);
		json_t *first = app_to_json(read.list.items[0]);
		struct app *again = NULL;
		struct error err = ERROR_INIT;
		enum app_result r = app_from_json(first, "frame", &again, &err);

		tap_int(r, APP_OK, "frame %zu is read back", i);
		if (again != NULL) {
			json_t *second = app_to_json(again);
			char *a = describe(read.list.items[0]);
			char *b = describe(again);

			tap_ok(json_equal(first, second), "frame %zu is the same again", i);
			tap_str(b, a, "and so are its sources");
			tap_ok(again->automated == read.list.items[0]->automated &&
				       again->skip_reconcile,
			       "and its switches");
			free(a);
			free(b);
			json_decref(second);
		}
		app_free(again);
		json_decref(first);
		free(text);
		release(&read);
	}
}

static void linked_sources_travel_behind_the_others(void)
{
	static const char *const specs[] = {
		"sources: [{" REPO ", path: a}, {" REPO ", path: b}]",
		"sourceHydrator: {drySource: {" REPO ", path: dry}, "
		"syncSource: {targetBranch: b, path: wet}}",
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		char *text = xasprintf(HEAD "metadata: {name: n}\nspec:\n  %s\n"
				       "linked: [{" REPO ", path: c, walker: kustomize}, {" REPO
				       ", path: d, targetRevision: v1}]\n", specs[i]);
		struct read read = read_text(text);
		json_t *first = app_to_json(read.list.items[0]);
		struct app *again = NULL;

		tap_int(app_from_json(first, "frame", &again, &err), APP_OK, "linked frame %zu", i);
		const struct app_source *s = again->sources;
		tap_ok(again->source_count == 4 && !s[0].remote && !s[1].remote && s[2].remote &&
			       s[3].remote, "two sources are its own, two are linked");
		tap_ok(s[0].annotation_applies && s[1].annotation_applies == (i == 0) &&
			       !s[2].annotation_applies && !s[3].annotation_applies,
		       "the annotation never applies to those linked");
		tap_str(s[2].walker, "kustomize", "a linked source has the walker it names");
		tap_ok(s[3].walker == NULL, "or none");
		again = app_pack_take(again);
		tap_ok(again->sources[3].remote, "packed, too");
		app_free(again);
		json_decref(first);
		free(text);
		release(&read);
	}
}

static void packed_is_the_same_in_one_block(void)
{
	struct read read = read_text(
		HEAD "metadata: {name: n, namespace: s, annotations: {"
		"argocd.argoproj.io/manifest-generate-paths: a;b}}\nspec:\n"
		"  sources: [{" REPO ", path: a, ref: r, tagPrefix: v, helm: {values: x}}, {" REPO
		", targetRevision: t}]\n");
	struct app *app = read.list.items[0];
	json_t *specs[] = { json_incref(app->sources[0].spec), json_incref(app->sources[1].spec) };
	char *sources = describe(app);
	char *name = app_full_name(app);
	struct app *packed = app_pack_take(app);
	char *same = describe(packed);
	char *same_name = app_full_name(packed);

	read.list.items[0] = packed;
	tap_str(same, sources, "a packed application has the same sources");
	tap_str(same_name, name, "and name");
	tap_str(packed->generate_paths, "a;b", "and annotation");
	tap_str(packed->project, "default", "and project");
	tap_str(packed->sources[0].tag_prefix, "v", "and tag prefix");
	tap_ok(packed->sources[1].tag_prefix == NULL, "or none");
	for (size_t i = 0; i < 2; i++) {
		json_t *spec = app_source_spec(&packed->sources[i]);

		tap_ok(json_equal(spec, specs[i]), "what source %zu says is still known", i);
		json_decref(spec);
		json_decref(specs[i]);
	}
	free(sources);
	free(name);
	free(same);
	free(same_name);
	release(&read);
}

/* What the cluster says that a plugin claimed is a plugin's, in a frame, too. */
static void a_plugin_is_known_by_the_status(void)
{
	static const struct {
		const char *what;
		const char *spec;
		const char *status;
		const char *plugins; // of each source: "p" or "-"
	} rows[] = {
		{ "one source", "source: {" REPO ", path: a}", "{sourceType: Plugin}", "p" },
		{ "another type", "source: {" REPO ", path: a}", "{sourceType: Directory}", "-" },
		{ "no status", "source: {" REPO ", path: a}", "{}", "-" },
		{ "a strange status", "source: {" REPO ", path: a}", "[Plugin]", "-" },
		{ "several sources", "sources: [{" REPO ", path: a}, {" REPO ", path: b}]",
		  "{sourceTypes: [Helm, Plugin, Plugin]}", "-p" },
		{ "an old type of one of several", "sources: [{" REPO "}, {" REPO ", path: b}]",
		  "{sourceType: Plugin}", "--" },
		{ "one in sources", "sources: [{" REPO ", path: b}]", "{sourceTypes: [Plugin]}",
		  "p" },
		{ "a plugin that has a name", "source: {" REPO ", path: a, plugin: {name: x}}",
		  "{sourceType: Plugin}", "p" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = xasprintf(NAMED "spec: {%s}\nstatus: %s\n", rows[i].spec,
				       rows[i].status);
		struct read read = read_text(text);
		struct error err = ERROR_INIT;
		struct app *again = NULL;
		char got[8] = "";

		if (read.list.count == 1) {
			json_t *frame = app_to_json(read.list.items[0]);

			(void)app_from_json(frame, "frame", &again, &err);
			json_decref(frame);
		}
		for (size_t k = 0; again != NULL && k < again->source_count && k < 7; k++) {
			const json_t *plugin = json_object_get(again->sources[k].spec, "plugin");

			got[k] = json_object_size(plugin) > 0 ? 'p' : '-';
			got[k + 1] = '\0';
		}
		tap_str(got, rows[i].plugins, "a plugin's: %s", rows[i].what);
		app_free(again);
		release(&read);
		free(text);
	}
}

int main(void)
{
	a_plugin_is_known_by_the_status();
	sources_are_read_as_argo_cd_reads_them();
	paths_are_cleaned_and_stay_inside();
	malformed_applications_are_named();
	plain_fields_have_their_defaults();
	lists_and_streams();
	huge_applications_are_refused();
	json_types_are_checked_too();
	frames_give_the_same_application();
	linked_sources_travel_behind_the_others();
	packed_is_the_same_in_one_block();
	return tap_done();
}
