/*
 * What walkers see, and what is logged of it.
 */
#include "inputs/inputs_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affected/affected.h"
#include "base/xalloc.h"
#include "inputs/renderers.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

static const char script[] =
	"mkdir -p dir/sub deep/er apps/k apps/h apps/d apps/both apps/merged vendor/sub glob/a glob/b\n"
	"echo file >file; echo x >exec; chmod +x exec; echo in >dir/in.yaml; echo s >dir/sub/s.yaml\n"
	"ln -s file link; ln -s link twice; ln -s dir dirlink; ln -s ../file dir/up\n"
	"ln -s loop loop; ln -s b a; ln -s a b; ln -s /etc/passwd absolute; ln -s ../../out escape\n"
	"ln -s nowhere dangling; ln -s dir/../file dotted\n"
	"printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:0\\nsize 1\\n' >lfs.yaml\n"
	"head -c 5000000 /dev/zero | tr '\\0' x >large.yaml\n"
	"printf 'a: 1\\n---\\nb: 2\\n' >two.yaml; printf 'a: [' >bad.yaml; : >empty.yaml\n"
	"echo 'resources: []' >apps/k/kustomization.yaml; echo 'name: x' >apps/h/Chart.yaml\n"
	"echo 'kind: X' >apps/d/x.yaml; echo 'name: y' >apps/both/aChart.yaml\n"
	"echo 'resources: []' >apps/both/kustomization.yml\n"
	"mkdir apps/late; cp apps/k/* apps/late; echo 'name: z' >apps/late/zChart.yaml\n"
	"printf 'plugin: {name: p}\\npath: elsewhere\\n' >apps/merged/.argocd-source-web.yaml\n"
	"for d in a b; do echo x >glob/$d/v.yaml; echo x >glob/$d/v.txt; done; ln -s ../dir glob/ln\n"
	"git update-index --add --cacheinfo "
	"160000,1111111111111111111111111111111111111111,vendor/sub\n";

static struct repo *repo;
static struct inputs *inputs;
static struct treereader reader;

/* What the walker under test is to do, and what it saw. */
static struct {
	void (*act)(struct inputs_walk *w, const char *path);
	const char *path;
	enum inputs_found found;
	char real[256];
	struct buf text;
} test;

static void walk(struct inputs_walk *w, const char *dir, const json_t *options)
{
	(void)dir;
	(void)options;
	test.act(w, test.path);
}

static const struct inputs_walker walker = { .name = "test", .walk = walk };

/* "file link/0 absent x/0 ...": the probes in the order they were logged. */
static char *probes_text(const struct inputs_trace *trace)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < trace->probe_count; i++) {
		const struct inputs_probe *p = &trace->probes[i];

		(void)buf_addf(&b, "%s%s %s/%d", i > 0 ? " " : "", probe_kind_name(p->kind), p->path,
			       p->flags);
	}
	char *text = buf_detach(&b);
	buf_release(&b);
	return text;
}

static const struct inputs_trace *run(void (*act)(struct inputs_walk *w, const char *path),
				      const char *path)
{
	const struct inputs_trace *trace = NULL;
	struct error err = ERROR_INIT;

	test.act = act;
	test.path = path;
	if (inputs_walk_unit(inputs, &reader, &walker, "", "", &trace, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
	return trace;
}

static void act_file(struct inputs_walk *w, const char *path)
{
	struct inputs_entry entry;

	test.found = inputs_file(w, path, 0, &entry);
	(void)snprintf(test.real, sizeof(test.real), "%s", entry.real);
}

#define F INPUTS_FILE
#define D INPUTS_DIRECTORY
#define N INPUTS_NOTHING
#define M INPUTS_SUBMODULE

static const struct {
	const char *path;
	enum inputs_found found;
	const char *real;
	const char *probes;
} lookups[] = {
	{ "file", F, "file", "file file/0" },
	{ "exec", F, "exec", "file exec/0" },
	{ "", D, "", "" },
	{ "dir", D, "dir", "file dir/7" },
	{ "dir/sub/s.yaml", F, "dir/sub/s.yaml", "file dir/sub/s.yaml/0" },
	{ "none", N, "none", "absent none/0" },
	{ "dir/none/deeper", N, "dir/none/deeper", "absent dir/none/deeper/0" },
	{ "file/below", N, "file/below", "file file/3 absent file/below/0" },
	{ "link", F, "file", "file link/0 file file/0" },
	{ "twice", F, "file", "file twice/0 file link/0 file file/0" },
	{ "dirlink", D, "dir", "file dirlink/0 file dir/7" },
	{ "dirlink/in.yaml", F, "dir/in.yaml", "file dirlink/0 file dir/in.yaml/0" },
	{ "dirlink/none", N, "dir/none", "file dirlink/0 absent dir/none/0" },
	{ "dirlink/up", F, "file", "file dirlink/0 file dir/up/0 file file/0" },
	{ "dotted", F, "file", "file dotted/0 file file/0" },
	{ "dangling", N, "nowhere", "file dangling/0 absent nowhere/0" },
	{ "loop", N, "loop", "file loop/0" },
	{ "absolute", N, "absolute", "file absolute/0" },
	{ "escape", N, "escape", "file escape/0" },
	{ "vendor/sub", M, "vendor/sub", "file vendor/sub/0 file .gitmodules/0" },
	{ "vendor/sub/x/y", M, "vendor/sub/x/y", "file vendor/sub/0 file .gitmodules/0" },
};

static void test_lookups(void)
{
	for (size_t i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++) {
		const struct inputs_trace *trace = run(act_file, lookups[i].path);
		char *text = probes_text(trace);

		tap_int(test.found, lookups[i].found, "'%s' is found as what it is", lookups[i].path);
		tap_str(test.real, lookups[i].real, "'%s' leads there", lookups[i].path);
		tap_str(text, lookups[i].probes, "'%s' is logged", lookups[i].path);
		tap_str(trace->opaque, NULL, "'%s' can be known", lookups[i].path);
		free(text);
	}
	const struct inputs_trace *trace = run(act_file, "a");
	tap_int(test.found, INPUTS_NOTHING, "two links in a ring end");
	tap_int(trace->probe_count, 2, "and are logged once each");
}

static void act_read(struct inputs_walk *w, const char *path)
{
	buf_init(&test.text, 1 << 26);
	test.found = inputs_read(w, path, PROBE_MEANING, &test.text, NULL);
	buf_release(&test.text);
}

static void act_yaml(struct inputs_walk *w, const char *path)
{
	const json_t *value;
	bool bad;

	test.found = inputs_yaml(w, path, PROBE_MEANING, false, &value, &bad, NULL);
	(void)snprintf(test.real, sizeof(test.real), "%s %zu", bad ? "bad" : "good",
		       json_array_size(value));
}

static void test_reading(void)
{
	const struct inputs_trace *trace = run(act_read, "file");

	tap_int(test.found, INPUTS_FILE, "a file is read");
	tap_int(trace->probes[0].flags, PROBE_MEANING, "with its flag");
	trace = run(act_read, "lfs.yaml");
	tap_int(test.found, INPUTS_UNREADABLE, "an LFS pointer cannot be read");
	tap_str(trace->opaque, "lfs.yaml is an LFS pointer", "and makes the unit opaque");
	tap_int(trace->probes[1].kind, PROBE_SUBTREE, "so the whole repository counts");
	trace = run(act_read, "large.yaml");
	tap_int(test.found, INPUTS_UNREADABLE, "five megabytes cannot be read");
	tap_ok(trace->opaque != NULL, "and make the unit opaque: %s", trace->opaque);
	trace = run(act_read, "none");
	tap_int(test.found, INPUTS_NOTHING, "what is absent is absent");
	tap_str(trace->opaque, NULL, "which is known");
	trace = run(act_yaml, "two.yaml");
	tap_str(test.real, "good 2", "two documents are two");
	trace = run(act_yaml, "two.yaml");
	tap_str(test.real, "good 2", "from the cache as well");
	trace = run(act_yaml, "bad.yaml");
	tap_str(test.real, "bad 0", "what is not YAML is bad");
	tap_str(trace->opaque, "bad.yaml cannot be parsed: 2:1: did not find expected node content",
		"and makes the unit opaque, for the renderer may know more of YAML");
	trace = run(act_yaml, "bad.yaml");
	tap_ok(trace->opaque != NULL, "from the cache as well");
	trace = run(act_yaml, "empty.yaml");
	tap_str(test.real, "good 0", "an empty file has no documents");
	tap_int(test.found, INPUTS_FILE, "and is a file");
}

static void note_path(struct inputs_walk *w, void *arg, const char *path,
		      const struct tree_entry *entry)
{
	(void)w;
	const char *mark = entry->kind == TREE_DIR ? "/" : entry->kind == TREE_LINK ? "@" : "";

	(void)buf_addf(arg, "%s%s ", path, mark);
}

static void act_list(struct inputs_walk *w, const char *path)
{
	inputs_list(w, path, NULL, NULL, PROBE_NAMES, note_path, &test.text);
}

static void act_subtree(struct inputs_walk *w, const char *path)
{
	inputs_subtree(w, path, NULL, NULL, 0, note_path, &test.text);
}

static void act_glob(struct inputs_walk *w, const char *path)
{
	inputs_glob(w, GLOB_DOUBLESTAR, path, 0, note_path, &test.text);
}

static const struct {
	const char *name;
	void (*act)(struct inputs_walk *w, const char *path);
	const char *path;
	const char *want;
	const char *probes;
} lists[] = {
	{ "a directory", act_list, "dir", "dir/in.yaml dir/sub/ dir/up@ ", "file dir/7 list dir/3" },
	{ "a linked directory", act_list, "dirlink", "dir/in.yaml dir/sub/ dir/up@ ",
	  "file dirlink/0 file dir/7 list dir/3" },
	{ "what is absent", act_list, "none", "", "absent none/0 list none/3" },
	{ "a subtree", act_subtree, "dir", "dir/in.yaml dir/sub/ dir/sub/s.yaml dir/up@ ",
	  "file dir/7 subtree dir/0" },
	{ "a glob", act_glob, "glob/*/v.yaml", "glob/a/v.yaml glob/b/v.yaml ",
	  "file glob/7 glob glob/*/v.yaml/0 file glob/ln/0 file dir/7 subtree dir/0" },
	{ "a glob through a link", act_glob, "glob/**/in.yaml", "glob/ln/in.yaml ", NULL },
	{ "a glob of nothing", act_glob, "none/*", "", "absent none/0 glob none/*/0" },
	{ "a bad glob", act_glob, "glob/[", "", "" },
};

static void test_lists(void)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		buf_init(&test.text, 1 << 20);
		const struct inputs_trace *trace = run(lists[i].act, lists[i].path);
		char *text = probes_text(trace);

		tap_str(test.text.data, lists[i].want, "%s: is visited", lists[i].name);
		if (lists[i].probes != NULL) {
			tap_str(text, lists[i].probes, "%s: is logged", lists[i].name);
		}
		buf_release(&test.text);
		free(text);
	}
}

static void act_many(struct inputs_walk *w, const char *path)
{
	for (int i = 0; i < 100010; i++) {
		(void)inputs_file(w, inputs_format(w, "%s/%d", path, i), 0, NULL);
	}
}

static void act_children(struct inputs_walk *w, const char *path)
{
	for (int i = 0; i < 10010; i++) {
		inputs_child(w, &walker, path, NULL, NULL);
	}
}

static void act_twice(struct inputs_walk *w, const char *path)
{
	(void)inputs_lookup(w, path, NULL);
	(void)inputs_file(w, path, PROBE_MEANING, NULL);
	(void)inputs_file(w, path, 0, NULL);
	(void)inputs_file(w, path, PROBE_MEANING, NULL);
}

static unsigned pair[2];

static void act_pair(struct inputs_walk *w, const char *path)
{
	for (size_t i = 0; i < 2; i++) {
		inputs_probe_add(w, &(struct inputs_probe){
			.kind = PROBE_SUBTREE, .flags = (uint8_t)pair[i], .path = path,
			.argument = "",
		});
	}
}

/* Two readers of one path: what touches either of them touches both. */
static void test_merged_flags(void)
{
	static const struct {
		unsigned flag;
		const char *name;
		bool excuses;
	} flags[] = {
		{ PROBE_MEANING, "the meaning of YAML", true },
		{ PROBE_NAMES, "names", true },
		{ PROBE_DIRS, "directories", false },
		{ PROBE_EXEC, "the executable bit", false },
		{ PROBE_BELOW, "what is below", true },
		{ PROBE_NO_FILES, "no files", true },
		{ PROBE_OBJECTS, "files with objects", true },
		{ PROBE_LINKS, "links", false },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		unsigned alone = flags[i].flag | (flags[i].flag == PROBE_NAMES ? PROBE_MEANING : 0);

		for (unsigned turn = 0; turn < 2; turn++) {
			pair[turn] = flags[i].flag;
			pair[1 - turn] = 0;
			tap_int(run(act_pair, "dir")->probes[0].flags, flags[i].excuses ? 0 : alone,
				"one cares for %s, the other for all", flags[i].name);
		}
		pair[0] = pair[1] = flags[i].flag;
		tap_int(run(act_pair, "dir")->probes[0].flags, alone, "both care for %s",
			flags[i].name);
	}
}

static void test_limits(void)
{
	const struct inputs_trace *trace = run(act_many, "x");
	bool whole = false;

	for (size_t i = 0; i < trace->probe_count; i++) {
		whole |= trace->probes[i].kind == PROBE_SUBTREE && trace->probes[i].path[0] == '\0';
	}
	tap_ok(whole && trace->opaque != NULL, "too many probes become the whole repository");
	trace = run(act_children, "x");
	tap_ok(trace->opaque != NULL && trace->child_count == 10000, "too many children as well");
	trace = run(act_twice, "file");
	tap_int(trace->probe_count, 1, "one path is logged once");
	tap_int(trace->probes[0].flags & PROBE_MEANING, 0, "and the stricter reader wins");
	run(act_file, "file");
	tap_int(test.found, INPUTS_FILE, "the machine goes on after that");
}

static const struct {
	const char *name;
	const char *path;
	const char *spec;
	const char *children; // of the source, by walker's name
} sources[] = {
	{ "kustomize by name", "apps/k", "{}", "kustomize " },
	{ "Helm by name", "apps/h", "{}", NULL },
	{ "a directory", "apps/d", "{}", NULL },
	{ "kustomize wins over Chart.yaml", "apps/both", "{}", "kustomize " },
	{ "the later name wins", "apps/late", "{}", "helm " },
	{ "explicit kustomize", "apps/d", "{\"kustomize\":{\"namePrefix\":\"x\"}}", "kustomize " },
	{ "a plugin", "apps/d", "{\"plugin\":{\"name\":\"x\"}}", "plugin " },
	{ "the override file decides", "apps/merged", "{}", "plugin " },
	{ "a path that is not there", "apps/none", "{}", "" },
};

static void test_sources(void)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct inputs_trace *trace = NULL;
		json_t *spec = json_loads(sources[i].spec, 0, NULL);
		const struct inputs_source source = {
			.app_name = "web", .app_namespace = "argocd", .app_project = "default",
			.path = sources[i].path, .spec = spec, .annotation_applies = true,
		};
		struct buf b;

		buf_init(&b, 1 << 16);
		(void)inputs_walk_source(inputs, &reader, &source, &trace, NULL);
		for (size_t k = 0; k < trace->child_count; k++) {
			(void)buf_addf(&b, "%s ", inputs_walker_name(trace->children[k].walker));
		}
		if (sources[i].children != NULL) {
			tap_str(b.data, sources[i].children, "%s", sources[i].name);
		} else {
			tap_int(trace->child_count, 1, "%s: %s", sources[i].name, b.data);
		}
		buf_release(&b);
		json_decref(spec);
	}
}

int main(void)
{
	const char *path = gitrepo_new("inputs");
	struct error err = ERROR_INIT;

	gitrepo_sh(path, "%s", script);
	gitrepo_commit(path);
	if (repo_open(path, false, &repo, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		return 2;
	}
	inputs = inputs_new("git.example.com/x", "refs/heads/main");
	reader = (struct treereader){ .repo = repo, .tree = gitrepo_rev(path, "HEAD^{tree}") };
	test_lookups();
	test_reading();
	test_lists();
	test_limits();
	test_merged_flags();
	test_sources();
	inputs_free(inputs);
	repo_free(repo);
	return tap_done();
}
