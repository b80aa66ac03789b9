/*
 * Kustomize roots: small repositories, one push each, and whether it touches
 * the application "app".
 *
 * All cases become branches of one real repository (git fast-import); the
 * answer comes from the engine's front door.
 */
#include "inputs/kustomize/kustomize.h"

#include <stdlib.h>
#include <string.h>

#include "affected/affected.h"
#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/tap.h"

#define URL "https://git.example.com/team/infra"

/* A file; "->x" is a link to x; NULL in a change removes. */
struct file {
	const char *path;
	const char *text;
};

struct layout {
	const char *name;
	struct file before[8];
	struct file change[3];
	bool affected;
	const char *options; // of spec.source.kustomize, or NULL
};

#define K "app/kustomization.yaml"

static const struct layout layouts[] = {
	/* Files. */
	{ "a resource counts",
	  { { K, "resources: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "a: 2" } }, true, NULL },
	{ "a comment in a resource does not count",
	  { { K, "resources: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "# new\na: 1" } }, false, NULL },
	{ "a file that nobody refers to does not count",
	  { { K, "resources: [a.yaml]" }, { "app/a.yaml", "a: 1" }, { "app/b.yaml", "b: 1" } },
	  { { "app/b.yaml", "b: 2" } }, false, NULL },
	{ "a kustomization that cannot be parsed may be made from anything",
	  { { K, "resources: [a.yaml\n? {a: b}\n: c" } },
	  { { "elsewhere", "1" } }, true, NULL },
	{ "so may one with a name that is no name",
	  { { K, "? {a: b}\n: c\nresources: [a.yaml]" } },
	  { { "elsewhere", "1" } }, true, NULL },
	{ "so may a plugin in line that cannot be",
	  { { K, "generators:\n- |\n  kind: [\n  files: x" } },
	  { { "elsewhere", "1" } }, true, NULL },
	{ "a letter that Unicode folds to one of a field's name is that one",
	  { { K, "Re\xc5\xbfources: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "a: 2" } }, true, NULL },
	{ "a resource outside of the root counts",
	  { { K, "resources: [../x/a.yaml]" }, { "x/a.yaml", "a: 1" } },
	  { { "x/a.yaml", "a: 2" } }, true, NULL },
	{ "a resource that is removed counts",
	  { { K, "resources: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", NULL } }, true, NULL },
	{ "a resource that appears counts",
	  { { K, "resources: [a.yaml]" } },
	  { { "app/a.yaml", "a: 1" } }, true, NULL },
	{ "a resource that becomes a root counts",
	  { { K, "resources: [a]" }, { "app/a", "a: 1" } },
	  { { "app/a", NULL }, { "app/a/kustomization.yaml", "resources: []" } }, true, NULL },
	{ "a mode does not count",
	  { { K, "resources: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "+xa: 1" } }, false, NULL },
	{ "keys in any case are read",
	  { { K, "RESOURCES: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "a: 2" } }, true, NULL },
	{ "two spellings of one key are both read",
	  { { K, "resources: [a.yaml]\nResources: [b.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "a: 2" } }, true, NULL },
	{ "only the first document is read",
	  { { K, "resources: [a.yaml]\n---\nresources: [b.yaml]" }, { "app/b.yaml", "b: 1" } },
	  { { "app/b.yaml", "b: 2" } }, false, NULL },
	{ "anchors and merge keys are read",
	  { { K, "configMapGenerator:\n- &a\n  name: x\n  files: [f]\n- <<: *a\n  name: y" },
	    { "app/f", "1" } },
	  { { "app/f", "2" } }, true, NULL },
	{ "what a merge key puts over the keys before it is read",
	  { { K, "configMapGenerator:\n- {name: x, files: [f=a], <<: {files: [f=b]}}" },
	    { "app/a", "1" }, { "app/b", "1" } },
	  { { "app/b", "2" } }, true, NULL },
	{ "of several that are merged the first is read",
	  { { K, "configMapGenerator:\n- {name: x, <<: [{files: [f=a]}, {files: [f=b]}]}" },
	    { "app/a", "1" }, { "app/b", "1" } },
	  { { "app/a", "2" } }, true, NULL },
	{ "of two merge keys the last is read",
	  { { K, "configMapGenerator:\n- {name: x, <<: {files: [f=a]}, <<: {files: [f=b]}}" },
	    { "app/a", "1" }, { "app/b", "1" } },
	  { { "app/b", "2" } }, true, NULL },
	{ "a kustomization that is not YAML counts when it is mended",
	  { { K, "resources: [" } },
	  { { K, "resources: []" } }, true, NULL },
	{ "a comment in a kustomization does not count",
	  { { K, "resources: [a.yaml]" } },
	  { { K, "# new\nresources: [a.yaml]" } }, false, NULL },
	{ "an absolute resource is no input",
	  { { K, "resources: [/etc/a.yaml]" }, { "etc/a.yaml", "a: 1" } },
	  { { "etc/a.yaml", "a: 2" } }, false, NULL },
	{ "a resource above the repository is no input",
	  { { K, "resources: [../../a.yaml]" }, { "a.yaml", "a: 1" } },
	  { { "a.yaml", "a: 2" } }, false, NULL },
	/* Names of the kustomization file. */
	{ "kustomization.yml is read",
	  { { "app/kustomization.yml", "resources: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "a: 2" } }, true, NULL },
	{ "Kustomization is read",
	  { { "app/Kustomization", "resources: [a.yaml]" }, { "app/a.yaml", "a: 1" } },
	  { { "app/a.yaml", "a: 2" } }, true, NULL },
	{ "a second kustomization file counts",
	  { { K, "resources: []" } },
	  { { "app/Kustomization", "resources: []" } }, true, NULL },
	{ "a file with a name like it does not count",
	  { { K, "resources: []" } },
	  { { "app/kustomization", "resources: []" } }, false, NULL },
	/* Roots. */
	{ "a base's resource counts",
	  { { K, "resources: [../base]" }, { "base/kustomization.yaml", "resources: [a.yaml]" },
	    { "base/a.yaml", "a: 1" } },
	  { { "base/a.yaml", "a: 2" } }, true, NULL },
	{ "the older bases are read",
	  { { K, "bases: [../base/]" }, { "base/kustomization.yaml", "resources: [a.yaml]" },
	    { "base/a.yaml", "a: 1" } },
	  { { "base/a.yaml", "a: 2" } }, true, NULL },
	{ "a base of a base counts",
	  { { K, "resources: [../b]" }, { "b/kustomization.yaml", "resources: [../c]" },
	    { "c/Kustomization", "resources: [a.yaml]" }, { "c/a.yaml", "a: 1" } },
	  { { "c/a.yaml", "a: 2" } }, true, NULL },
	{ "another file in a base's directory does not count",
	  { { K, "resources: [../base]" }, { "base/kustomization.yaml", "resources: []" } },
	  { { "base/README.md", "x" } }, false, NULL },
	{ "a base that loses its kustomization counts",
	  { { K, "resources: [../base]" }, { "base/kustomization.yaml", "resources: []" },
	    { "base/x", "x" } },
	  { { "base/kustomization.yaml", NULL } }, true, NULL },
	{ "a base that appears counts",
	  { { K, "resources: [../base]" } },
	  { { "base/kustomization.yaml", "resources: []" } }, true, NULL },
	{ "a component counts",
	  { { K, "components: [../c]" },
	    { "c/kustomization.yaml", "kind: Component\npatches: [{path: p.yaml}]" },
	    { "c/p.yaml", "a: 1" } },
	  { { "c/p.yaml", "a: 2" } }, true, NULL },
	{ "a component is never a file",
	  { { K, "components: [c.yaml]" }, { "app/c.yaml", "a: 1" } },
	  { { "app/c.yaml", "a: 2" } }, false, NULL },
	{ "a cycle ends",
	  { { K, "resources: [../b]" }, { "b/kustomization.yaml", "resources: [../app, a.yaml]" },
	    { "b/a.yaml", "a: 1" } },
	  { { "b/a.yaml", "a: 2" } }, true, NULL },
	{ "a root that refers to its parent ends",
	  { { K, "resources: [.., .]" }, { "kustomization.yaml", "resources: [a.yaml]" },
	    { "a.yaml", "a: 1" } },
	  { { "a.yaml", "a: 2" } }, true, NULL },
	/* Links. */
	{ "a resource behind a link counts",
	  { { K, "resources: [a.yaml]" }, { "app/a.yaml", "->../x/b.yaml" }, { "x/b.yaml", "b: 1" } },
	  { { "x/b.yaml", "b: 2" } }, true, NULL },
	{ "a link that leads elsewhere counts",
	  { { K, "resources: [a.yaml]" }, { "app/a.yaml", "->../x/b.yaml" }, { "x/b.yaml", "b: 1" },
	    { "x/c.yaml", "c: 1" } },
	  { { "app/a.yaml", "->../x/c.yaml" } }, true, NULL },
	{ "a base behind a link is where the link leads",
	  { { K, "resources: [base]" }, { "app/base", "->../deep/base" },
	    { "deep/base/kustomization.yaml", "resources: [../a.yaml]" }, { "deep/a.yaml", "a: 1" } },
	  { { "deep/a.yaml", "a: 2" } }, true, NULL },
	{ "a path is joined before its links are followed",
	  { { K, "resources: [link/../a.yaml]" }, { "app/link", "->../deep/x" },
	    { "deep/a.yaml", "a: 1" }, { "deep/x/b", "" } },
	  { { "deep/a.yaml", "a: 2" } }, false, NULL },
	{ "links in a circle end",
	  { { K, "resources: [a]" }, { "app/a", "->b" }, { "app/b", "->a" },
	    { "app/c", "c: 1" } },
	  { { "app/b", "->c" } }, true, NULL },
	{ "a link in the place of a base's directory counts",
	  { { K, "resources: [../base/x]" }, { "base/x/kustomization.yaml", "resources: []" } },
	  { { "base/x/kustomization.yaml", NULL }, { "base", "->other" } }, true, NULL },
	/* Files by field. */
	{ "crds are read",
	  { { K, "crds: [c.json]" }, { "app/c.json", "{\"a\": 1}" } },
	  { { "app/c.json", "{\"a\": 2}" } }, true, NULL },
	{ "configurations are read",
	  { { K, "configurations: [c.yaml]" }, { "app/c.yaml", "a: 1" } },
	  { { "app/c.yaml", "a: 2" } }, true, NULL },
	{ "openapi.path is read",
	  { { K, "openapi: {path: s.json}" }, { "app/s.json", "{}" } },
	  { { "app/s.json", "{\"a\": 2}" } }, true, NULL },
	{ "openapi.path of a base is read",
	  { { K, "resources: [../b]" }, { "b/kustomization.yaml", "openapi: {path: s.json}" },
	    { "b/s.json", "{}" } },
	  { { "b/s.json", "{\"a\": 2}" } }, true, NULL },
	{ "patches[].path is read",
	  { { K, "patches: [{path: p.yaml, target: {kind: A}}]" }, { "app/p.yaml", "a: 1" } },
	  { { "app/p.yaml", "a: 2" } }, true, NULL },
	{ "patches as a plain list are read",
	  { { K, "patches: [p.yaml]" }, { "app/p.yaml", "a: 1" } },
	  { { "app/p.yaml", "a: 2" } }, true, NULL },
	{ "patchesJson6902[].path is read",
	  { { K, "patchesJson6902: [{path: p.json}]" }, { "app/p.json", "[]" } },
	  { { "app/p.json", "[{}]" } }, true, NULL },
	{ "a comment in a JSON patch counts, for JSON has none",
	  { { K, "patches: [{path: p.yaml}]" }, { "app/p.yaml", "[{\"op\": \"add\"}]" } },
	  { { "app/p.yaml", "[{\"op\": \"add\"}] # new" } }, true, NULL },
	{ "patchesStrategicMerge files are read",
	  { { K, "patchesStrategicMerge: [p.yaml]" }, { "app/p.yaml", "a: 1" } },
	  { { "app/p.yaml", "a: 2" } }, true, NULL },
	{ "patchesStrategicMerge in line is no file",
	  { { K, "patchesStrategicMerge:\n- |-\n  kind: A\n  b: p.yaml" }, { "app/p.yaml", "a: 1" } },
	  { { "app/p.yaml", "a: 2" } }, false, NULL },
	{ "replacements[].path is read",
	  { { K, "replacements: [{path: r.yaml}]" }, { "app/r.yaml", "[]" } },
	  { { "app/r.yaml", "[{}]" } }, true, NULL },
	/* Generators. */
	{ "a generator's file counts by its bytes",
	  { { K, "configMapGenerator: [{name: a, files: [f.yaml]}]" }, { "app/f.yaml", "a: 1" } },
	  { { "app/f.yaml", "a: 1 # new" } }, true, NULL },
	{ "a generator's file may have a key",
	  { { K, "secretGenerator: [{name: a, files: [\"k=f\"]}]" }, { "app/f", "1" } },
	  { { "app/f", "2" } }, true, NULL },
	{ "two equal signs are an error, not a file",
	  { { K, "secretGenerator: [{name: a, files: [\"k=l=f\"]}]" }, { "app/f", "1" } },
	  { { "app/f", "2" } }, false, NULL },
	{ "envs are read",
	  { { K, "configMapGenerator: [{name: a, envs: [x.env]}]" }, { "app/x.env", "A=1" } },
	  { { "app/x.env", "A=2" } }, true, NULL },
	{ "the older env is read",
	  { { K, "secretGenerator: [{name: a, env: x.env}]" }, { "app/x.env", "A=1" } },
	  { { "app/x.env", "# new\nA=1" } }, true, NULL },
	{ "literals are no files",
	  { { K, "configMapGenerator: [{name: a, literals: [f=f]}]" }, { "app/f", "1" } },
	  { { "app/f", "2" } }, false, NULL },
	/* Plugins. */
	{ "a transformer's configuration is read",
	  { { K, "transformers: [t.yaml]" },
	    { "app/t.yaml", "apiVersion: builtin\nkind: LabelTransformer\nlabels: {a: b}" } },
	  { { "app/t.yaml", "apiVersion: builtin\nkind: LabelTransformer\nlabels: {a: c}" } },
	  true, NULL },
	{ "a builtin's paths are relative to the root that lists it",
	  { { K, "transformers: [../t/t.yaml]" },
	    { "t/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\npath: p.yaml" },
	    { "app/p.yaml", "a: 1" } },
	  { { "app/p.yaml", "a: 2" } }, true, NULL },
	{ "a builtin's paths are not relative to its own file",
	  { { K, "transformers: [../t/t.yaml]" },
	    { "t/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\npath: p.yaml" },
	    { "t/p.yaml", "a: 1" } },
	  { { "t/p.yaml", "a: 2" } }, false, NULL },
	{ "a builtin in line is read",
	  { { K, "generators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
		 "  metadata: {name: a}\n  files: [f]" }, { "app/f", "1" } },
	  { { "app/f", "2" } }, true, NULL },
	{ "builtins in a directory are relative to the root that lists it",
	  { { K, "transformers: [../t]" }, { "t/kustomization.yaml", "resources: [t.yaml]" },
	    { "t/t.yaml", "apiVersion: builtin\nkind: PatchStrategicMergeTransformer\n"
			  "paths: [p.yaml]" }, { "app/p.yaml", "a: 1" } },
	  { { "app/p.yaml", "a: 2" } }, true, NULL },
	{ "a directory of configurations counts itself",
	  { { K, "transformers: [../t]" }, { "t/kustomization.yaml", "resources: [t.yaml]" },
	    { "t/t.yaml", "apiVersion: builtin\nkind: LabelTransformer" } },
	  { { "t/kustomization.yaml", "resources: []" } }, true, NULL },
	{ "a configuration that is made elsewhere makes the unit opaque",
	  { { K, "transformers: [../t]" },
	    { "t/kustomization.yaml", "resources: [t.yaml]\npatches: [{patch: x}]" },
	    { "t/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\npath: p.yaml" } },
	  { { "any", "a: 2" } }, true, NULL },
	{ "the files of a replacement transformer are read",
	  { { K, "transformers: [t.yaml]" },
	    { "app/t.yaml", "apiVersion: builtin\nkind: ReplacementTransformer\n"
			    "replacements: [{path: r.yaml}]" }, { "app/r.yaml", "[]" } },
	  { { "app/r.yaml", "[{}]" } }, true, NULL },
	{ "a plugin of its own may read all of the root",
	  { { K, "generators: [g.yaml]" }, { "app/g.yaml", "apiVersion: v1\nkind: Mine" } },
	  { { "app/deep/x", "1" } }, true, NULL },
	{ "a plugin of its own may read what its configuration names",
	  { { K, "generators: [g.yaml]" },
	    { "app/g.yaml", "apiVersion: viaduct.ai/v1\nkind: ksops\nfiles: [../secrets/s.yaml]" },
	    { "secrets/s.yaml", "a: 1" } },
	  { { "secrets/s.yaml", "a: 1 # new" } }, true, NULL },
	{ "a plugin of its own may read what stands behind a key",
	  { { K, "generators: [g.yaml]" },
	    { "app/g.yaml", "apiVersion: viaduct.ai/v1\nkind: ksops\n"
			    "files: [s.yaml=../secrets/s.yaml]" },
	    { "secrets/s.yaml", "a: 1" } },
	  { { "secrets/s.yaml", "a: 1 # new" } }, true, NULL },
	{ "a plugin of its own may read what stands behind an option and a key",
	  { { K, "generators: [g.yaml]" },
	    { "app/g.yaml", "kind: Mine\nargs: ['--set-file=a=../secrets/s.yaml']" },
	    { "secrets/s.yaml", "a: 1" } },
	  { { "secrets/s.yaml", "a: 1 # new" } }, true, NULL },
	{ "a plugin of its own may read the directory behind an option",
	  { { K, "generators: [g.yaml]" },
	    { "app/g.yaml", "kind: Mine\nargs: ['--dir=../secrets']" },
	    { "secrets/s.yaml", "a: 1" } },
	  { { "secrets/s.yaml", "a: 1 # new" } }, true, NULL },
	{ "a plugin of its own does not read the rest behind a key",
	  { { K, "generators: [g.yaml]" },
	    { "app/g.yaml", "kind: Mine\nfiles: [s.yaml=../secrets/s.yaml]" },
	    { "secrets/s.yaml", "a: 1" } },
	  { { "secrets/t.yaml", "a: 1" } }, false, NULL },
	{ "a plugin of its own does not read the rest",
	  { { K, "generators: [g.yaml]" },
	    { "app/g.yaml", "apiVersion: viaduct.ai/v1\nkind: ksops\nfiles: [../secrets/s.yaml]" },
	    { "secrets/s.yaml", "a: 1" } },
	  { { "secrets/t.yaml", "a: 1" } }, false, NULL },
	{ "the annotation of a function is read",
	  { { K, "transformers: [g.yaml]" },
	    { "app/g.yaml", "kind: Mine\nmetadata:\n  annotations:\n"
			    "    config.kubernetes.io/function: |\n      exec:\n"
			    "        path: ../tools/run.sh" }, { "tools/run.sh", "1" } },
	  { { "tools/run.sh", "2" } }, true, NULL },
	{ "validators are read",
	  { { K, "validators: [v.yaml]" }, { "app/v.yaml", "apiVersion: v1\nkind: Mine" } },
	  { { "app/v.yaml", "apiVersion: v1\nkind: Other" } }, true, NULL },
	/* Charts. */
	{ "a chart counts",
	  { { K, "helmCharts: [{name: web}]" }, { "app/charts/web/Chart.yaml", "name: web" },
	    { "app/charts/web/templates/a.yaml", "a: 1" } },
	  { { "app/charts/web/templates/a.yaml", "a: 2" } }, true, NULL },
	{ "another chart does not count",
	  { { K, "helmCharts: [{name: web}]" }, { "app/charts/web/Chart.yaml", "name: web" } },
	  { { "app/charts/db/Chart.yaml", "name: db" } }, false, NULL },
	{ "the chart home is read",
	  { { K, "helmGlobals: {chartHome: ../c}\nhelmCharts: [{name: web}]" },
	    { "c/web/Chart.yaml", "name: web" } },
	  { { "c/web/values.yaml", "a: 2" } }, true, NULL },
	{ "the newer chart directory is read",
	  { { K, "helmCharts: [{name: web, version: 1.2, repo: https://x.example.com}]" },
	    { "app/charts/web-1.2/web/Chart.yaml", "name: web" } },
	  { { "app/charts/web-1.2/web/values.yaml", "a: 2" } }, true, NULL },
	{ "a chart that appears counts",
	  { { K, "helmCharts: [{name: web, version: 1.2, repo: https://x.example.com}]" } },
	  { { "app/charts/web-1.2/web/Chart.yaml", "name: web" } }, true, NULL },
	{ "a chart that helm-git gets from here counts",
	  { { K, "helmCharts: [{name: web, repo: \"git+" URL "@lib?ref=BRANCH\"}]" },
	    { "lib/web/Chart.yaml", "name: web" } },
	  { { "lib/web/values.yaml", "a: 2" } }, true, NULL },
	{ "values files at an address are read",
	  { { K, "helmCharts: [{name: web, valuesFile: \"" URL "/raw/branch/BRANCH/x/v.yaml\"}]" },
	    { "x/v.yaml", "a: 1" } },
	  { { "x/v.yaml", "a: 2" } }, true, NULL },
	{ "more of them, too",
	  { { K, "helmCharts: [{name: web, additionalValuesFiles: [\"" URL "/-/raw/BRANCH/v.yaml\"]}]" },
	    { "v.yaml", "a: 1" } },
	  { { "v.yaml", "a: 2" } }, true, NULL },
	{ "a plugin's configuration at an address of here is read",
	  { { K, "transformers: [\"" URL "/raw/branch/BRANCH/t.yaml\"]" }, { "far/p.yaml", "a: 1" },
	    { "t.yaml", "apiVersion: builtin\nkind: PatchTransformer\npath: ../far/p.yaml" } },
	  { { "far/p.yaml", "a: 2" } }, true, NULL },
	{ "so is a root of some",
	  { { K, "transformers: [\"" URL "//t?ref=BRANCH\"]" }, { "far/p.yaml", "a: 1" },
	    { "t/kustomization.yaml", "resources: [t.yaml]" },
	    { "t/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\npath: ../far/p.yaml" } },
	  { { "far/p.yaml", "a: 2" } }, true, NULL },
	{ "what a generator gets by an address counts byte by byte",
	  { { K, "configMapGenerator: [{name: a, files: [\"k=" URL "/-/raw/BRANCH/v.yaml\"]}]" },
	    { "v.yaml", "a: 1" } },
	  { { "v.yaml", "# b\na: 1" } }, true, NULL },
	{ "a chart's values files are read",
	  { { K, "helmCharts: [{name: web, valuesFile: v.yaml, additionalValuesFiles: [w.yaml]}]" },
	    { "app/v.yaml", "a: 1" }, { "app/w.yaml", "a: 1" } },
	  { { "app/w.yaml", "a: 2" } }, true, NULL },
	{ "the older chart generator is read",
	  { { K, "helmChartInflationGenerator: [{chartName: web, chartHome: ../c, values: v.yaml}]" },
	    { "c/web/Chart.yaml", "name: web" }, { "app/v.yaml", "a: 1" } },
	  { { "c/web/values.yaml", "a: 2" } }, true, NULL },
	{ "a chart plugin is read",
	  { { K, "generators:\n- |-\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n"
		 "  metadata: {name: a}\n  chartHome: ../c\n  name: web\n  valuesFile: v.yaml" },
	    { "c/web/Chart.yaml", "name: web" }, { "app/v.yaml", "a: 1" } },
	  { { "app/v.yaml", "a: 2" } }, true, NULL },
	/* This repository by its address. */
	{ "a base in this repository by its address counts",
	  { { K, "resources: [\"" URL "//base?ref=BRANCH\"]" },
	    { "base/kustomization.yaml", "resources: [a.yaml]" }, { "base/a.yaml", "a: 1" } },
	  { { "base/a.yaml", "a: 2" } }, true, NULL },
	{ "a base at a tag of this repository does not count",
	  { { K, "resources: [\"" URL "//base?ref=v1\"]" },
	    { "base/kustomization.yaml", "resources: [a.yaml]" }, { "base/a.yaml", "a: 1" } },
	  { { "base/a.yaml", "a: 2" } }, false, NULL },
	{ "a base in another repository does not count",
	  { { K, "resources: [\"" URL "2//base\"]" },
	    { "base/kustomization.yaml", "resources: [a.yaml]" }, { "base/a.yaml", "a: 1" } },
	  { { "base/a.yaml", "a: 2" } }, false, NULL },
	{ "a file of this repository by its address counts",
	  { { K, "resources: [\"" URL "/raw/branch/BRANCH/x/a.yaml\"]" }, { "x/a.yaml", "a: 1" } },
	  { { "x/a.yaml", "a: 2" } }, true, NULL },
	{ "a local path with a name like an address counts",
	  { { K, "resources: [github.com/x/a.yaml]" }, { "app/github.com/x/a.yaml", "a: 1" } },
	  { { "app/github.com/x/a.yaml", "a: 2" } }, true, NULL },
	/* Argo CD's own options. */
	{ "a source's components are read",
	  { { K, "resources: []" }, { "c/kustomization.yaml", "kind: Component" } },
	  { { "c/kustomization.yaml", "kind: Component\nnamePrefix: a" } }, true,
	  "{components: [../c]}" },
	{ "a source's component that appears counts",
	  { { K, "resources: []" } },
	  { { "c/kustomization.yaml", "kind: Component" } }, true,
	  "{components: [../c], ignoreMissingComponents: true}" },
	{ "a source's patches may be files",
	  { { K, "resources: []" }, { "app/p.yaml", "a: 1" } },
	  { { "app/p.yaml", "a: 2" } }, true, "{patches: [{path: p.yaml}]}" },
	{ "a source that names the revision counts always",
	  { { K, "resources: []" } },
	  { { "elsewhere", "1" } }, true, "{commonLabels: {rev: $ARGOCD_APP_REVISION}}" },
	{ "annotations that name the revision count if they are substituted",
	  { { K, "resources: []" } },
	  { { "elsewhere", "1" } }, true,
	  "{commonAnnotationsEnvsubst: true, commonAnnotations: {a: $ARGOCD_APP_REVISION}}" },
	{ "a source's components may be a pattern",
	  { { K, "resources: []" }, { "c/x/kustomization.yaml", "kind: Component" } },
	  { { "c/x/kustomization.yaml", "kind: Component\nnamePrefix: a" } }, true,
	  "{components: [\"../c/*\"]}" },
	{ "a component that appears under a pattern counts",
	  { { K, "resources: []" }, { "c/x/kustomization.yaml", "kind: Component" } },
	  { { "c/y/Kustomization", "kind: Component" } }, true,
	  "{components: [\"../c/*\"]}" },
	{ "a component under another pattern does not count",
	  { { K, "resources: []" }, { "c/x/kustomization.yaml", "kind: Component" } },
	  { { "c/y/Kustomization", "kind: Component" } }, false,
	  "{components: [\"../c/x*\"]}" },
	{ "a source with other labels does not",
	  { { K, "resources: []" } },
	  { { "elsewhere", "1" } }, false, "{commonLabels: {rev: $ARGOCD_APP_NAME}}" },
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

/* Write text with BRANCH replaced by the case's branch. */
static char *on_branch(const char *text, size_t i)
{
	const char *at = strstr(text, "BRANCH");

	return at == NULL ? xstrdup(text) :
			    xasprintf("%.*scase-%zu%s", (int)(at - text), text, i, at + 6);
}

static void write_files(FILE *out, const struct file *files, size_t count, size_t i)
{
	for (size_t f = 0; f < count && files[f].path != NULL; f++) {
		const char *text = files[f].text;
		const char *mode = "100644";

		if (text == NULL) {
			fprintf(out, "D %s\n", files[f].path);
			continue;
		}
		if (strncmp(text, "->", 2) == 0) {
			mode = "120000";
			text += 2;
		} else if (strncmp(text, "+x", 2) == 0) {
			mode = "100755";
			text += 2;
		}
		char *data = on_branch(text, i);

		fprintf(out, "M %s inline %s\ndata %zu\n%s\n", mode, files[f].path, strlen(data),
			data);
		free(data);
	}
}

static void make_repository(const char *path)
{
	char *stream = xasprintf("%s/stream", tap_dir());
	FILE *out = fopen(stream, "w");

	for (size_t i = 0; out != NULL && i < LAYOUTS; i++) {
		fprintf(out, "commit refs/heads/case-%zu\nmark :%zu\n"
			     "committer t <t@example.com> 0 +0000\ndata 0\n", i, 2 * i + 1);
		fprintf(out, "M 100644 inline README\ndata 0\n\n");
		write_files(out, layouts[i].before, 8, i);
		fprintf(out, "commit refs/heads/case-%zu\n"
			     "committer t <t@example.com> 0 +0000\ndata 0\nfrom :%zu\n", i,
			2 * i + 1);
		write_files(out, layouts[i].change, 3, i);
	}
	fclose(out);
	tap_sh("git init -q --bare '%s' && git -C '%s' fast-import --quiet < '%s'", path, path,
	       stream);
	free(stream);
}

static void make_applications(struct app_list *list)
{
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < LAYOUTS; i++) {
		char *text = xasprintf(
			"apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
			"metadata: {name: case-%zu}\nspec:\n  source:\n    repoURL: " URL "\n"
			"    path: app\n    targetRevision: case-%zu\n    kustomize: %s\n",
			i, i, layouts[i].options != NULL ? layouts[i].options : "{}");

		tap_ok(app_read_yaml(text, strlen(text), "test", list, &problems, &err) == 0 &&
			       problems.count == 0 && list->count == i + 1,
		       "application %zu is read", i);
		free(text);
	}
	strvec_release(&problems);
}

static struct oid commit_of(struct affected_state *state, size_t i, const char *suffix)
{
	char *revision = xasprintf("refs/heads/case-%zu%s", i, suffix);
	struct error err = ERROR_INIT;
	struct oid id = { .len = 0 };

	tap_ok(affected_resolve(state, revision, &id, &err) == 0, "%s is there: %s", revision,
	       err.text);
	free(revision);
	return id;
}

static void test_layout(struct affected_state *state, size_t i)
{
	char *ref = xasprintf("refs/heads/case-%zu", i);
	struct error err = ERROR_INIT;
	struct affected result = { .count = 0 };
	struct affected_request request = {
		.ref = ref,
		.default_branch = "main",
		.before = commit_of(state, i, "~1"),
		.after = commit_of(state, i, ""),
	};

	int r = affected_compute(state, &request, &result, &err);

	tap_ok(r == 0 && result.fallback == FALLBACK_NONE, "case %zu is decided: %s", i,
	       r != 0 ? err.text : result.fallback != FALLBACK_NONE ? fallback_text(result.fallback) : "yes");
	tap_int(result.count, layouts[i].affected, "%s", layouts[i].name);
	affected_release(&result);
	free(ref);
}

int main(void)
{
	struct app_list list = { .items = NULL };
	struct affected_state *state = NULL;
	struct error err = ERROR_INIT;
	char *path = xasprintf("%s/infra.git", tap_dir());
	const struct affected_options options = { .repository_url = URL ".git", .path = path };

	make_repository(path);
	make_applications(&list);
	if (tap_ok(affected_state_new(&options, &state, &err) == 0, "the repository opens: %s",
		   err.text)) {
		affected_set_apps(state, &list);
		for (size_t i = 0; i < LAYOUTS; i++) {
			test_layout(state, i);
		}
	}
	affected_state_free(state);
	app_list_release(&list);
	free(path);
	return tap_done();
}
