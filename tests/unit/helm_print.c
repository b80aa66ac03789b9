/*
 * Changes of charts that are rendered to the same do not touch an application,
 * and those that look alike and are not do: rule by rule.
 */
#include "inputs/helm/helm_print.h"

#include <string.h>

#include "tests/support/layouts.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define C "app/Chart.yaml"
#define T "app/templates/a.yaml"
#define N "app/templates/NOTES.txt"
#define HEAD "apiVersion: v2\nname: app\n"
#define CHART { C, HEAD "version: 1.0.0" }
#define CHART_WITH(more) { C, HEAD "version: 1.0.0\n" more }
#define VALUES(files) "source: {HERE, path: app, helm: {valueFiles: [" files "]}}"
#define NAMING(field) { T, "a: {{ .Chart." field " }}" }

/* A field of Chart.yaml, one value for another. */
#define FIELD(field, from, to) { CHART_WITH(field ": " from) }, { CHART_WITH(field ": " to) }
#define FIELD_NAMED(field, from, to, named) \
	{ CHART_WITH(field ": " from), NAMING(named) }, { CHART_WITH(field ": " to) }

static const struct layout metadata[] = {
	{ "a description", FIELD("description", "one", "two"), false, NULL, NULL },
	{ "a description that a template names",
	  FIELD_NAMED("description", "one", "two", "Description"), true, NULL, NULL },
	{ "a description where a template names another field",
	  FIELD_NAMED("description", "one", "two", "Home"), false, NULL, NULL },
	{ "a description where a subchart's template names it",
	  { CHART_WITH("description: one"), { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.0" },
	    { "app/charts/s/templates/a", "{{ .Chart.Description }}" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where a value that is a template names it",
	  { CHART_WITH("description: one"), { T, "{{ tpl .Values.a . }}" },
	    { "app/values.yaml", "a: '{{ .Chart.Description }}'" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where a value file's value does",
	  { CHART_WITH("description: one"), { T, "{{ tpl .Values.a . }}" },
	    { "v.yaml", "a: '{{ .Chart.Description }}'" } },
	  { CHART_WITH("description: two") }, true, VALUES("/v.yaml"), NULL },
	{ "a description where the application's value does",
	  { CHART_WITH("description: one"), { T, "{{ tpl .Values.a . }}" } },
	  { CHART_WITH("description: two") }, true,
	  "source: {HERE, path: app, helm: {values: \"a: '{{ .Chart.Description }}'\"}}", NULL },
	{ "a description where such a value is no template",
	  { CHART_WITH("description: one"), { T, "{{ .Values.a }}" },
	    { "app/values.yaml", "a: '{{ .Chart.Description }}'" } },
	  { CHART_WITH("description: two") }, false, NULL, NULL },
	{ "a description where Chart is written out",
	  { CHART_WITH("description: one"), { T, "{{ toYaml .Chart }}" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where all is written out",
	  { CHART_WITH("description: one"), { T, "{{ toYaml . }}" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where all is printed",
	  { CHART_WITH("description: one"), { T, "{{ printf \"%v\" . }}" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where a template prints what it is given",
	  { CHART_WITH("description: one"),
	    { T, "{{ define \"x\" }}{{ .r | quote }}{{ end }}{{ include \"x\" (dict \"r\" $) }}" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where it prints another thing",
	  { CHART_WITH("description: one"),
	    { T, "{{ define \"x\" }}{{ .n | quote }}{{ end }}{{ include \"x\" (dict \"r\" $ \"n\" 1) }}" } },
	  { CHART_WITH("description: two") }, false, NULL, NULL },
	{ "a description where a value prints all",
	  { CHART_WITH("description: one"), { T, "{{ tpl .Values.a . }}" },
	    { "app/values.yaml", "a: '{{ . }}'" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where a template is called that is not here",
	  { CHART_WITH("description: one"), { T, "{{ include \"x\" . }}" } },
	  { CHART_WITH("description: two") }, true, NULL, NULL },
	{ "a description where files are read",
	  { CHART_WITH("description: one"), { T, "{{ .Files.Get \"a\" }}" } },
	  { CHART_WITH("description: two") }, false, NULL, NULL },
	{ "a description that becomes a list", FIELD("description", "one", "[two]"), true, NULL,
	  NULL },
	{ "a description that becomes a number", FIELD("description", "one", "2"), false, NULL, NULL },
	{ "a description with a tag", FIELD("description", "one", "!!int one"), true, NULL, NULL },
	{ "a description that goes", { CHART_WITH("description: one") }, { CHART }, false, NULL,
	  NULL },
	{ "a description in another case that appears", { CHART_WITH("description: one") },
	  { CHART_WITH("description: one\nDescription: [two]") }, true, NULL, NULL },
	{ "a description of a chart that Flux packs", { CHART_WITH("description: one") },
	  { CHART_WITH("description: two") }, true,
	  "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
	  "metadata: {name: SELF, namespace: n}\n"
	  "spec: {url: 'https://git.example.com/team/infra', ref: {branch: SELF}}\n---\n"
	  "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
	  "metadata: {name: SELF, namespace: n}\n"
	  "spec: {chart: {spec: {sourceRef: {kind: GitRepository, name: SELF}, chart: app, "
	  "reconcileStrategy: Revision}}}\n", NULL },
	{ "a home", FIELD("home", "one", "two"), false, NULL, NULL },
	{ "an icon", FIELD("icon", "one", "two"), false, NULL, NULL },
	{ "keywords", FIELD("keywords", "[one]", "[two, three]"), false, NULL, NULL },
	{ "keywords that are no list", FIELD("keywords", "[one]", "two"), true, NULL, NULL },
	{ "keywords of the wrong kind", FIELD("keywords", "[one]", "[1]"), true, NULL, NULL },
	{ "sources", FIELD("sources", "[one]", "[two]"), false, NULL, NULL },
	{ "maintainers", FIELD("maintainers", "[{name: one}]", "[{name: two, email: x}]"), false, NULL,
	  NULL },
	{ "a maintainer that is nobody", FIELD("maintainers", "[{name: one}]", "[null]"), true, NULL,
	  NULL },
	{ "maintainers that a template names",
	  FIELD_NAMED("maintainers", "[{name: one}]", "[{name: two}]", "Maintainers"), true, NULL,
	  NULL },
	{ "annotations", FIELD("annotations", "{a: one}", "{a: two, b: three}"), false, NULL, NULL },
	{ "an annotation that is a list", FIELD("annotations", "{a: one}", "{a: [two]}"), true, NULL,
	  NULL },
	{ "an annotation that a template names",
	  FIELD_NAMED("annotations", "{a: one}", "{a: two}", "Annotations.a"), true, NULL, NULL },
	{ "deprecated", FIELD("deprecated", "false", "true"), false, NULL, NULL },
	{ "deprecated as a text", FIELD("deprecated", "false", "\"true\""), true, NULL, NULL },
	{ "an appVersion", FIELD("appVersion", "\"1.0\"", "2.0"), false, NULL, NULL },
	{ "an appVersion that is not quite a number", FIELD("appVersion", "1.0.1", "1.0.2-alpine"),
	  false, NULL, NULL },
	{ "an appVersion that a template names",
	  FIELD_NAMED("appVersion", "\"1.0\"", "\"2.0\"", "AppVersion | quote"), true, NULL, NULL },
	{ "a version", { CHART }, { { C, HEAD "version: 1.0.1" } }, false, NULL, NULL },
	{ "a version with a name", { CHART }, { { C, HEAD "version: \"1.1.0-rc1\"" } }, false, NULL,
	  NULL },
	{ "a version that a template names", { CHART, NAMING("Version") },
	  { { C, HEAD "version: 1.0.1" } }, true, NULL, NULL },
	{ "a version that is none", { CHART }, { { C, HEAD "version: one" } }, true, NULL, NULL },
	{ "no version", { CHART }, { { C, HEAD } }, true, NULL, NULL },
	{ "a subchart's version",
	  { CHART, { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.0" } },
	  { { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.1" } }, true, NULL, NULL },
	{ "a subchart's description",
	  { CHART, { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.0\ndescription: one" } },
	  { { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.0\ndescription: two" } }, false, NULL,
	  NULL },
	{ "a subchart's description that its parent names",
	  { CHART, { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.0\ndescription: one" },
	    { T, "{{ .Subcharts.s.Chart.Description }}" } },
	  { { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.0\ndescription: two" } }, true, NULL,
	  NULL },
	{ "a type that is the default", { CHART }, { CHART_WITH("type: application") }, false, NULL,
	  NULL },
	{ "a type that is not", { CHART }, { CHART_WITH("type: library") }, true, NULL, NULL },
	{ "the apiVersion", { CHART }, { { C, "apiVersion: v1\nname: app\nversion: 1.0.0" } }, false,
	  NULL, NULL },
	{ "the apiVersion where there is a requirements.yaml",
	  { CHART, { "app/requirements.yaml", "dependencies: []" } },
	  { { C, "apiVersion: v1\nname: app\nversion: 1.0.0" } }, true, NULL, NULL },
	{ "an apiVersion that is none", { CHART },
	  { { C, "apiVersion: v9\nname: app\nversion: 1.0.0" } }, true, NULL, NULL },
	{ "a kubeVersion", { CHART }, { CHART_WITH("kubeVersion: \">=1.0.0\"") }, true, NULL, NULL },
	{ "the name", { CHART }, { { C, "apiVersion: v2\nname: web\nversion: 1.0.0" } }, true, NULL,
	  NULL },
	{ "the order of fields", { CHART }, { { C, "version: '1.0.0'\nname: app\napiVersion: v2" } },
	  false, NULL, NULL },
	{ "another Chart.yaml that is none", { { C, "a: [" } }, { { C, "a: {" } }, true, NULL, NULL },
};

#define LOCK "app/Chart.lock"
#define DEPENDING(repository) CHART_WITH("dependencies: [{name: s, version: 1.0.0, repository: '" \
					 repository "'}]")
#define HERE_ALREADY { "app/charts/s/Chart.yaml", "name: s\nversion: 1.0.0" }
#define LOCKED(digest, time) { LOCK, "dependencies: []\ndigest: " digest "\ngenerated: " time "\n" }

static const struct layout dependencies[] = {
	{ "a lock of what is here", { DEPENDING("https://x"), HERE_ALREADY, LOCKED("a", "\"2024-01-02T00:00:00Z\"") },
	  { LOCKED("b", "\"2025-10-12T10:30:59.123+02:00\"") }, false, NULL, NULL },
	{ "a lock of what is here that appears", { DEPENDING("https://x"), HERE_ALREADY },
	  { LOCKED("b", "\"2025-10-12T10:30:59.123+02:00\"") }, false, NULL, NULL },
	{ "a lock that cannot be decoded", { DEPENDING("https://x"), HERE_ALREADY, LOCKED("a", "\"2024-01-02T00:00:00Z\"") },
	  { LOCKED("b", "\"2024-13-02T00:00:00Z\"") }, true, NULL, NULL },
	{ "a lock with more in it", { DEPENDING("https://x"), HERE_ALREADY, LOCKED("a", "\"2024-01-02T00:00:00Z\"") },
	  { { LOCK, "digest: {a: b}" } }, true, NULL, NULL },
	{ "a lock of what is fetched", { DEPENDING("https://x"), LOCKED("a", "\"2024-01-02T00:00:00Z\"") },
	  { LOCKED("b", "\"2024-01-02T00:00:00Z\"") }, true, NULL, NULL },
	{ "where a dependency that is here comes from", { DEPENDING("https://x"), HERE_ALREADY },
	  { DEPENDING("https://y") }, false, NULL, NULL },
	{ "where a dependency that is fetched comes from", { DEPENDING("https://x") },
	  { DEPENDING("https://y") }, true, NULL, NULL },
	{ "a template that is fetched may name the chart's fields",
	  { CHART_WITH("description: one\ndependencies: [{name: s, version: 1.0.0, repository: x}]"),
	    { T, "{{ include \"s.a\" . }}" } },
	  { CHART_WITH("description: two\ndependencies: [{name: s, version: 1.0.0, repository: x}]") },
	  true, NULL, NULL },
	{ "but not if the chart has one of that name",
	  { CHART_WITH("description: one\ndependencies: [{name: s, version: 1.0.0, repository: x}]"),
	    { T, "{{ include \"s.a\" . }}{{ define \"s.a\" }}{{ end }}" } },
	  { CHART_WITH("description: two\ndependencies: [{name: s, version: 1.0.0, repository: x}]") },
	  false, NULL, NULL },
	{ "unless that lies so deep that the other is parsed last",
	  { CHART_WITH("description: one\ndependencies: [{name: s, version: 1.0.0, repository: x}]"),
	    { "app/templates/b/c/d.tpl", "{{ include \"s.a\" . }}{{ define \"s.a\" }}{{ end }}" } },
	  { CHART_WITH("description: two\ndependencies: [{name: s, version: 1.0.0, repository: x}]") },
	  true, NULL, NULL },
	{ "a comment in a chart that is packed here",
	  { DEPENDING("file://../s"), { "s/Chart.yaml", "name: s\nversion: 1.0.0" },
	    { "s/templates/a", "{{/* one */}}a" } },
	  { { "s/templates/a", "{{/* two */}}a" } }, false, NULL, NULL },
	{ "the description of a chart that is packed here",
	  { DEPENDING("file://../s"), { "s/Chart.yaml", "name: s\nversion: 1.0.0\ndescription: a" } },
	  { { "s/Chart.yaml", "name: s\nversion: 1.0.0\ndescription: b" } }, true, NULL, NULL },
	{ "the values of a chart that is packed here",
	  { DEPENDING("file://../s"), { "s/Chart.yaml", "name: s\nversion: 1.0.0" },
	    { "s/values.yaml", "a: 1" } },
	  { { "s/values.yaml", "a: 2" } }, true, NULL, NULL },
	{ "a chart in a chart in a chart that has but a README",
	  { CHART, HERE_ALREADY }, { { "app/charts/s/charts/t/README.md", "a" } }, true, NULL, NULL },
};

#define V "app/values.yaml"
#define OVER "v.yaml"

static const struct layout values[] = {
	{ "a value that another replaces", { CHART, { V, "a: 1" }, { OVER, "a: 2" } },
	  { { V, "a: [3]" } }, false, VALUES("/v.yaml"), NULL },
	{ "a value beside it", { CHART, { V, "a: 1\nb: 1" }, { OVER, "a: 2" } },
	  { { V, "a: 1\nb: 2" } }, true, VALUES("/v.yaml"), NULL },
	{ "a value in a table that another replaces",
	  { CHART, { V, "t: {a: 1, b: 1}" }, { OVER, "t: {a: 2}" } }, { { V, "t: {a: x, b: 1}" } },
	  false, VALUES("/v.yaml"), NULL },
	{ "a value that becomes a table", { CHART, { V, "a: 1" }, { OVER, "a: 2" } },
	  { { V, "a: {b: 1}" } }, true, VALUES("/v.yaml"), NULL },
	{ "a value that becomes null", { CHART, { V, "a: 1" }, { OVER, "a: 2" } },
	  { { V, "a:" } }, true, VALUES("/v.yaml"), NULL },
	{ "a value that appears under another", { CHART, { V, "b: 1" }, { OVER, "a: 2" } },
	  { { V, "b: 1\na: 1" } }, true, VALUES("/v.yaml"), NULL },
	{ "a value that null takes away", { CHART, { V, "a: 1" }, { OVER, "a:" } },
	  { { V, "a: 2" } }, true, VALUES("/v.yaml"), NULL },
	{ "a value under a table", { CHART, { V, "a: 1" }, { OVER, "a: {b: 1}" } },
	  { { V, "a: 2" } }, true, VALUES("/v.yaml"), NULL },
	{ "a value that is imported by a dependency's rule",
	  { CHART_WITH("dependencies: [{name: s, version: 1.0.0, import-values: [a]}]"), { V, "a: 1" },
	    { OVER, "a: 2" }, HERE_ALREADY },
	  { { V, "a: 3" } }, true, VALUES("/v.yaml"), NULL },
	{ "a value of a file that a later file replaces",
	  { CHART, { "v.yaml", "a: 1" }, { "w.yaml", "a: 2" } }, { { "v.yaml", "a: {b: 3}" } }, false,
	  VALUES("/v.yaml, /w.yaml"), NULL },
	{ "a value of a file that replaces an earlier one",
	  { CHART, { "v.yaml", "a: 1" }, { "w.yaml", "a: 2" } }, { { "w.yaml", "a: 3" } }, true,
	  VALUES("/v.yaml, /w.yaml"), NULL },
	{ "a table of a file that a later file adds to",
	  { CHART, { "v.yaml", "a: {b: 1}" }, { "w.yaml", "a: {c: 2}" } }, { { "v.yaml", "a: {b: 2}" } },
	  true, VALUES("/v.yaml, /w.yaml"), NULL },
	{ "a value that moves into another file",
	  { CHART, { "v.yaml", "a: 1\nb: 2" }, { "w.yaml", "c: 2" } },
	  { { "v.yaml", "a: 1" }, { "w.yaml", "c: 2\nb: 2" } }, false, VALUES("/v.yaml, /w.yaml"),
	  NULL },
	{ "no number, where others hide it", { CHART, { V, "a: 1" }, { "v.yaml", "a: 2" } },
	  { { V, "a: .nan" } }, true, VALUES("/v.yaml"), NULL },
	{ "no number in a list that others hide", { CHART, { V, "a: 1" }, { "v.yaml", "a: 2" } },
	  { { V, "a: [-.Inf]" } }, true, VALUES("/v.yaml"), NULL },
	{ "a text beside a document's beginning", { CHART, { V, "a: 1" } }, { { V, "--- {a: 1}" } },
	  true, NULL, NULL },
	{ "a version of YAML that is not understood", { CHART, { V, "a: 1" } },
	  { { V, "%YAML 1.2\n---\na: 1" } }, true, NULL, NULL },
	{ "a text that looks as if it were marked", { CHART, { V, "a: 1" } },
	  { { V, "a: \"\\x011\"" } }, true, NULL, NULL },
	{ "the order of keys, and quotes", { CHART, { V, "a: x\nb: z" } }, { { V, "b: 'z'\na: \"x\"" } },
	  false, NULL, NULL },
	{ "quotes around a number", { CHART, { V, "a: 1" } }, { { V, "a: '1'" } }, true, NULL, NULL },
	{ "a tag", { CHART, { V, "a: 1" } }, { { V, "a: !!str 1" } }, true, NULL, NULL },
	{ "keys before a merge", { CHART, { V, "a: {<<: {b: 1}, b: 2}" } },
	  { { V, "a: {b: 2, <<: {b: 1}}" } }, true, NULL, NULL },
	{ "a key that is a number", { CHART, { V, "1: a" } }, { { V, "'1': a" } }, true, NULL, NULL },
	{ "a second document", { CHART, { V, "a: 1" } }, { { V, "a: 1\n---\na: 2" } }, true, NULL,
	  NULL },
	{ "a value file that a pattern finds under another name", { CHART, { "env/a.yaml", "a: 1" } },
	  { { "env/a.yaml", NULL }, { "env/b.yaml", "a: 1" } }, true, VALUES("'/env/*.yaml'"), NULL },
	{ "a comment in a value file of another source", { CHART, { "env/v.yaml", "a: 1" } },
	  { { "env/v.yaml", "# b\na: 1" } }, false,
	  "sources: [{HERE, path: app, helm: {valueFiles: [$v/env/v.yaml]}}, {HERE, ref: v}]", NULL },
	{ "the order of keys in a value file of another source",
	  { CHART, { "env/v.yaml", "a: x\nb: y" } }, { { "env/v.yaml", "b: y\na: x" } }, false,
	  "sources: [{HERE, path: app, helm: {valueFiles: [$v/env/v.yaml]}}, {HERE, ref: v}]", NULL },
	{ "a value file of another source", { CHART, { "env/v.yaml", "a: x\nb: y" } },
	  { { "env/v.yaml", "b: y\na: z" } }, true,
	  "sources: [{HERE, path: app, helm: {valueFiles: [$v/env/v.yaml]}}, {HERE, ref: v}]", NULL },
};

static const struct layout templates[] = {
	{ "the text of a comment", { CHART, { T, "a: {{/* one */}}1" } },
	  { { T, "a: {{/* two }} */}}1" } }, false, NULL, NULL },
	{ "a comment that appears", { CHART, { T, "a: 1" } }, { { T, "{{/* two */}}a: 1" } }, false,
	  NULL, NULL },
	{ "a comment that trims what is not there", { CHART, { T, "a: 1" } },
	  { { T, "{{- /* two */ -}}a: 1" } }, false, NULL, NULL },
	{ "a comment that trims", { CHART, { T, "x: |\n  a\n\n  b" } },
	  { { T, "x: |\n  a{{- /* two */}}\n\n  b" } }, false, NULL, NULL },
	{ "a comment that trims what counts", { CHART, { T, "x: |\n  a\n\n  b" } },
	  { { T, "x: |\n  a\n{{- /* two */}}\n  b" } }, true, NULL, NULL },
	{ "space that an action trims", { CHART, { T, "a: {{- .Values.a -}} b" } },
	  { { T, "a:\n\n{{- .Values.a -}}\nb" } }, false, NULL, NULL },
	{ "space that no action trims", { CHART, { T, "a: {{ .Values.a -}} b" } },
	  { { T, "a:  {{ .Values.a -}} b" } }, true, NULL, NULL },
	{ "a comment with a blank before it", { CHART, { T, "a: {{/* one */}}1" } },
	  { { T, "a: {{ /* one */}}1" } }, true, NULL, NULL },
	{ "a comment with a blank behind it", { CHART, { T, "a: {{/* one */}}1" } },
	  { { T, "a: {{/* one */ }}1" } }, true, NULL, NULL },
	{ "a comment without end", { CHART, { T, "a: {{/* one */}}1" } },
	  { { T, "a: {{/* one 1" } }, true, NULL, NULL },
	{ "what looks like a comment in quotes", { CHART, { T, "a: {{ \"{{/* one */}}\" }}1" } },
	  { { T, "a: {{ \"{{/* two */}}\" }}1" } }, true, NULL, NULL },
	{ "an end in quotes", { CHART, { T, "a: {{ `}}` }}{{/* one */}}" } },
	  { { T, "a: {{ `}}` }}{{/* two */}}" } }, false, NULL, NULL },
	{ "a comment of YAML", { CHART, { T, "a: 1" } }, { { T, "# b\na: 1" } }, true, NULL, NULL },
	{ "a template under another name", { CHART, { T, "a: 1" } },
	  { { T, NULL }, { "app/templates/b.yaml", "a: 1" } }, true, NULL, NULL },
	{ "a template that becomes a link to the same", { CHART, { T, "a: 1" } },
	  { { T, "->../../t" }, { "t", "a: 1" } }, false, NULL, NULL },
	{ "a chart that becomes a link to the same", { CHART, { T, "a: 1" } },
	  { { "app", "->real" }, { C, NULL }, { T, NULL }, { "real/Chart.yaml", HEAD "version: 1.0.0" },
	    { "real/templates/a.yaml", "a: 1" } }, false, NULL, NULL },
	{ "a comment in a resource definition", { CHART, { "app/crds/a.yaml", "a: 1" } },
	  { { "app/crds/a.yaml", "# b\na: 1" } }, false, NULL, NULL },
	{ "the same if files are read",
	  { CHART, { "app/crds/a.yaml", "a: 1" }, { T, "{{ .Files.Get \"crds/a.yaml\" }}" } },
	  { { "app/crds/a.yaml", "# b\na: 1" } }, true, NULL, NULL },
	{ "the text of a comment where files are read",
	  { CHART, { T, "{{ .Files.Get \"a\" }}{{/* one */}}" } },
	  { { T, "{{ .Files.Get \"a\" }}{{/* two */}}" } }, false, NULL, NULL },
	{ "the text of notes", { CHART, { N, "Hi {{ .Release.Name }}" } },
	  { { N, "Hello {{ .Release.Name }}!" } }, false, NULL, NULL },
	{ "an action of notes", { CHART, { N, "Hi {{ .Release.Name }}" } },
	  { { N, "Hi {{ fail .Release.Name }}" } }, true, NULL, NULL },
	{ "notes that appear without an action", { CHART }, { { N, "Hi" } }, true, NULL, NULL },
	{ "notes that a template takes in",
	  { CHART, { N, "Hi" }, { T, "{{ include (print .Template.BasePath \"/NOTES.txt\") . }}" } },
	  { { N, "Hello" } }, true, NULL, NULL },
	{ "notes that a template with a computed name may take in",
	  { CHART, { N, "Hi" }, { T, "{{ include (print .Template.BasePath .Values.x) . }}" } },
	  { { N, "Hello" } }, true, NULL, NULL },
	{ "notes that define a template",
	  { CHART, { N, "{{ define \"a\" }}Hi{{ end }}" }, { T, "{{ include \"a\" . }}" } },
	  { { N, "{{ define \"a\" }}Hello{{ end }}" } }, true, NULL, NULL },
	{ "notes beside a chart that cannot be read",
	  { CHART, { N, "Hi" }, { "app/charts/s-1.0.0.tgz", "1" } }, { { N, "Hello" } }, true, NULL,
	  NULL },
	{ "a link that leads nowhere", { CHART }, { { "app/templates/l", "->none" } }, true, NULL,
	  NULL },
};

/* What is left of templates: text as x, actions as a, with their lengths. */
static void test_actions(void)
{
	static const struct {
		const char *text;
		const char *said; // NULL: not understood
	} cases[] = {
		{ "", "" },
		{ "ab", "x2:ab" },
		{ "a{{ .b }}c", "x1:aa4: .b x1:c" },
		{ "a {{- .b -}} c", "x1:aa2:.bx1:c" },
		{ "a {{-3}} c", "x2:a a2:-3x2: c" },
		{ "a{{/* x */}}b", "x2:ab" },
		{ "a {{- /* x */ -}} b", "x2:ab" },
		{ "a {{/* x */}} b", "x4:a  b" },
		{ "a {{-/* x */}} b", "x2:a a8:-/* x */x2: b" },
		{ "{{ \"}}\" }}", "a6: \"}}\" " },
		{ "{{ \"\\\"}}\" }}", "a8: \"\\\"}}\" " },
		{ "{{ '}' }}", "a5: '}' " },
		{ "{{ \"\n\" }}", NULL },
		{ "{{ `\n` }}", "a5: `\n` " },
		{ "{{ \"", NULL },
		{ "{{ \"\\", NULL },
		{ "{{ .a", NULL },
		{ "{{", NULL },
		{ "{{-", NULL },
		{ "{{- ", NULL },
		{ "{{/*", NULL },
		{ "{{/* */", NULL },
		{ "{{/* */ }}", NULL },
		{ "a }} b", "x6:a }} b" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		bool ok = helm_print_actions(cases[i].text, strlen(cases[i].text), true, &out);
		tap_str(ok ? out.data : NULL, cases[i].said, "what is left of %s", cases[i].text);
		buf_release(&out);
	}
}

int main(void)
{
	static const struct {
		const struct layout *layouts;
		size_t count;
	} tables[] = {
		{ metadata, COUNT(metadata) },
		{ dependencies, COUNT(dependencies) },
		{ values, COUNT(values) },
		{ templates, COUNT(templates) },
	};

	test_actions();
	for (size_t i = 0; i < COUNT(tables); i++) {
		tap_sh("rm -rf '%s/infra.git'", tap_dir());
		layouts_run(tables[i].layouts, tables[i].count, "source: {HERE, path: app}");
	}
	return tap_done();
}
