/*
 * Jsonnet: what a text imports, and small repositories, one push each, and
 * whether it touches the application.
 */
#include "inputs/directory/jsonnet.h"

#include <string.h>

#include "base/xalloc.h"
#include "inputs/directory/jsonnet_imports.h"
#include "tests/support/layouts.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define J "app/a.jsonnet"
#define JSONNET(options) "source: {HERE, path: app, directory: {jsonnet: {" options "}}}"

/* What a text imports: "=" before Jsonnet, ":" before the rest, blanks between. */
static const struct {
	const char *text;
	const char *imports;
} texts[] = {
	{ "", "" },
	{ "import 'a'", "=a" },
	{ "import \"a\"", "=a" },
	{ "importstr 'a'", ":a" },
	{ "importbin 'a'", ":a" },
	{ "(import 'a') + importstr 'b'", "=a :b" },
	{ "import'a'", "=a" },
	{ "import\n\t'a'", "=a" },
	{ "import /* x */ 'a'", "=a" },
	{ "import // x\n'a'", "=a" },
	{ "import # x\n'a'", "=a" },
	{ "import @'a''b'", "=a'b" },
	{ "import @\"a\\b\"", "=a\\b" },
	{ "import 'a\\'b'", "=a'b" },
	{ "import 'a\\\\b'", "=a\\b" },
	{ "import 'a\\/b'", "=a/b" },
	{ "import '\\u0061'", "=a" },
	{ "import '\\u00e9\\u20ac'", "=\xc3\xa9\xe2\x82\xac" },
	{ "import '\\ud83d\\ude00'", "=\xf0\x9f\x98\x80" },
	{ "import '\\ud83d'", "=\xed\xa0\xbd" },
	{ "import '\\q'", "" },
	{ "import '\\u12'", "" },
	{ "import ''", "" },
	{ "import x", "" },
	{ "import ('a')", "" },
	{ "import 'a", "" },
	{ "import", "" },
	{ "imported 'a'", "" },
	{ "ximport 'a'", "" },
	{ "_import 'a'", "" },
	{ "import2 'a'", "" },
	{ "'import \"a\"'", "" },
	{ "\"import 'a'\"", "" },
	{ "@'import \"a\"'", "" },
	{ "'\\'' + import 'a'", "=a" },
	{ "@'\\' + import 'a'", "=a" },
	{ "# import 'a'\nimport 'b'", "=b" },
	{ "// import 'a'\nimport 'b'", "=b" },
	{ "/* import 'a' */ import 'b'", "=b" },
	{ "/* import 'a'", "" },
	{ "/*/ import 'a' */ import 'b'", "=b" },
	{ "|||\n  import 'a'\n||| + import 'b'", "=b" },
	{ "|||\n\timport 'a'\n\n\timport 'c'\n  ||| + import 'b'", "=b" },
	{ "|||-\n  import 'a'\n||| + import 'b'", "=b" },
	{ "|||  \n\n\n  a\n  ||| import 'c'\n||| + import 'b'", "=b" },
	{ "|||\n  a\n import 'b'", "=b" },
	{ "import |||\n  a\n|||", "" },
	{ "{ a: import 'x', 'b': importstr 'y' }", "=x :y" },
	{ "local a = import 'x'; local b = import 'y'; a + b", "=x =y" },
	{ "1 + 2 * (import 'x').y[3]", "=x" },
	{ "assert a == b : 'import'; import 'x'", "=x" },
	{ "a || b | import 'x'", "=x" },
};

static void note(void *arg, const char *path, bool code)
{
	struct buf *out = arg;

	(void)buf_addf(out, "%s%c%s", out->len > 0 ? " " : "", code ? '=' : ':', path);
}

static void test_texts(void)
{
	struct buf out;

	buf_init(&out, 65536);
	for (size_t i = 0; i < COUNT(texts); i++) {
		/* Exactly as long as the text, for the sanitizers. */
		char *copy = xmalloc(strlen(texts[i].text) + 1);

		memcpy(copy, texts[i].text, strlen(texts[i].text));
		buf_reset(&out);
		jsonnet_imports(copy, strlen(texts[i].text), note, &out);
		tap_str(out.data, texts[i].imports, "text %zu imports \"%s\"", i,
			texts[i].imports);
		free(copy);
	}
	buf_release(&out);
}

static const struct layout layouts[] = {
	{ "a Jsonnet file counts", { { J, "{}" } }, { { J, "{a: 1}" } }, true, NULL, NULL },
	{ "what it imports counts", { { J, "import 'b.libsonnet'" }, { "app/b.libsonnet", "{}" } },
	  { { "app/b.libsonnet", "{a: 1}" } }, true, NULL,
	  "app/b.libsonnet (file) < b.libsonnet < " J },
	{ "what it does not import does not", { { J, "{}" }, { "app/b.libsonnet", "{}" } },
	  { { "app/b.libsonnet", "{a: 1}" } }, false, NULL, NULL },
	{ "an import elsewhere counts", { { J, "import '../lib/b.libsonnet'" },
	    { "lib/b.libsonnet", "{}" } },
	  { { "lib/b.libsonnet", "{a: 1}" } }, true, NULL, NULL },
	{ "an import of an import counts",
	  { { J, "import '../x/b'" }, { "x/b", "import 'y/c'" }, { "x/y/c", "{}" } },
	  { { "x/y/c", "{a: 1}" } }, true, NULL, "x/y/c (file) < y/c < ../x/b < " J },
	{ "text counts", { { J, "importstr 't'" }, { "app/t", "1" } }, { { "app/t", "2" } }, true,
	  NULL, NULL },
	{ "imports in text do not", { { J, "importstr 't'" }, { "app/t", "import 'u'" } },
	  { { "app/u", "2" } }, false, NULL, NULL },
	{ "bytes count", { { J, "importbin 't'" }, { "app/t", "1" } }, { { "app/t", "2" } }, true,
	  NULL, NULL },
	{ "an import that appears counts", { { J, "import 'b'" } }, { { "app/b", "{}" } }, true, NULL,
	  NULL },
	{ "a library's file counts", { { J, "import 'k/k.l'" }, { "vendor/k/k.l", "{}" } },
	  { { "vendor/k/k.l", "{a: 1}" } }, true, JSONNET("libs: [vendor]"), NULL },
	{ "a library's other files do not", { { J, "import 'k/k.l'" }, { "vendor/k/k.l", "{}" } },
	  { { "vendor/k/j.l", "{a: 1}" } }, false, JSONNET("libs: [vendor]"), NULL },
	{ "a library from the root", { { J, "import 'k'" }, { "vendor/k", "{}" } },
	  { { "vendor/k", "{a: 1}" } }, true, JSONNET("libs: [/vendor]"), NULL },
	{ "the last library comes first",
	  { { J, "import 'k'" }, { "v1/k", "{}" }, { "v2/k", "{}" } },
	  { { "v1/k", "{a: 1}" } }, false, JSONNET("libs: [v1, v2]"), NULL },
	{ "the last library counts",
	  { { J, "import 'k'" }, { "v1/k", "{}" }, { "v2/k", "{}" } },
	  { { "v2/k", "{a: 1}" } }, true, JSONNET("libs: [v1, v2]"), NULL },
	{ "a file that appears in a library that comes first counts",
	  { { J, "import 'k'" }, { "v1/k", "{}" } }, { { "v2/k", "{a: 1}" } }, true,
	  JSONNET("libs: [v1, v2]"), NULL },
	{ "a file that appears in one that comes later does not",
	  { { J, "import 'k'" }, { "v2/k", "{}" }, { "v1/x", "1" } }, { { "v1/k", "{a: 1}" } }, false,
	  JSONNET("libs: [v1, v2]"), NULL },
	{ "beside comes before the libraries",
	  { { J, "import 'k'" }, { "v1/k", "{}" } }, { { "app/k", "{a: 1}" } }, true,
	  JSONNET("libs: [v1]"), NULL },
	{ "the source's path is a library",
	  { { J, "import 'x/b'" }, { "app/x/b", "import 'c'" }, { "app/c", "{}" } },
	  { { "app/c", "{a: 1}" } }, true, NULL, NULL },
	{ "a library's file imports beside itself",
	  { { J, "import 'k/a'" }, { "v/k/a", "import 'b'" }, { "v/k/b", "{}" } },
	  { { "v/k/b", "{a: 1}" } }, true, JSONNET("libs: [v]"), NULL },
	{ "code in a variable imports", { { J, "{}" }, { "v/k", "{}" } }, { { "v/k", "{a: 1}" } },
	  true, JSONNET("libs: [v], extVars: [{name: a, value: \"import 'k'\", code: true}]"), NULL },
	{ "so does code in an argument", { { J, "{}" }, { "app/k", "{}" } },
	  { { "app/k", "{a: 1}" } }, true,
	  JSONNET("tlas: [{name: a, value: \"import 'k'\", code: true}]"), NULL },
	{ "text in a variable does not", { { J, "{}" }, { "app/k", "{}" } },
	  { { "app/k", "{a: 1}" } }, false,
	  JSONNET("tlas: [{name: a, value: \"import 'k'\"}]"), NULL },
	{ "without a Jsonnet file nobody evaluates it", { { "app/a.yaml", "1" }, { "app/k", "{}" } },
	  { { "app/k", "{a: 1}" } }, false,
	  JSONNET("tlas: [{name: a, value: \"import 'k'\", code: true}]"), NULL },
	{ "code that names Argo CD's variables may import anything", { { J, "{}" } },
	  { { "elsewhere", "1" } }, true,
	  JSONNET("tlas: [{name: a, value: \"import '$ARGOCD_APP_NAME'\", code: true}]"), NULL },
	{ "so may code with any variable", { { J, "{}" } }, { { "elsewhere", "1" } }, true,
	  JSONNET("tlas: [{name: a, value: \"import 'a${x}'\", code: true}]"), NULL },
	{ "but the object at the root is none", { { J, "{}" }, { "app/k", "{}" } },
	  { { "elsewhere", "1" } }, false,
	  JSONNET("tlas: [{name: a, value: \"(import 'k') + {b: $.c}\", code: true}]"), NULL },
	{ "a link with Jsonnet's name is Jsonnet, whatever it leads to",
	  { { J, "->../x/a.libsonnet" }, { "x/a.libsonnet", "import 'b'" }, { "app/b", "{}" } },
	  { { "app/b", "{a: 1}" } }, true, NULL, NULL },
	{ "imports are joined to the path as it is written",
	  { { "x/l", "->../deep/er" }, { "deep/er/app/a.jsonnet", "import '../../b'" },
	    { "x/b", "{}" } },
	  { { "x/b", "{a: 1}" } }, true, "source: {HERE, path: x/l/app}", NULL },
	{ "and not to where its links lead",
	  { { "x/l", "->../deep/er" }, { "deep/er/app/a.jsonnet", "import '../../b'" },
	    { "deep/b", "{}" } },
	  { { "deep/b", "{a: 1}" } }, false, "source: {HERE, path: x/l/app}", NULL },
	{ "a file in the place of a directory is an error, not absent",
	  { { J, "import 'd/k'" }, { "app/d", "1" }, { "v/d/k", "{}" } }, { { "app/d", NULL } },
	  true, JSONNET("libs: [v]"), NULL },
	{ "a cycle ends", { { J, "import 'b'" }, { "app/b", "import 'a.jsonnet'" } },
	  { { "elsewhere", "1" } }, false, NULL, NULL },
	{ "an absolute import is not in the repository", { { J, "import '/b'" }, { "b", "{}" } },
	  { { "b", "{a: 1}" } }, false, NULL, NULL },
	{ "nor is one above it", { { J, "import '../../b'" }, { "b", "{}" } },
	  { { "b", "{a: 1}" } }, false, NULL, NULL },
	{ "a link to Jsonnet is Jsonnet, beside itself",
	  { { "app/a.yaml", "->../x/a.jsonnet" }, { "x/a.jsonnet", "import 'b'" },
	    { "app/b", "{}" } },
	  { { "app/b", "{a: 1}" } }, true, NULL, NULL },
	{ "an import behind a link counts",
	  { { J, "import 'b'" }, { "app/b", "->../x/b" }, { "x/b", "import 'c'" }, { "app/c", "{}" } },
	  { { "app/c", "{a: 1}" } }, true, NULL, NULL },
	{ "an excluded Jsonnet file is not read", { { J, "import 'b'" }, { "app/b", "{}" } },
	  { { "app/b", "{a: 1}" } }, false,
	  "source: {HERE, path: app, directory: {exclude: '*.jsonnet'}}", NULL },
	{ "Jsonnet further down is read", { { "app/x/a.jsonnet", "import 'b'" }, { "app/x/b", "{}" } },
	  { { "app/x/b", "{a: 1}" } }, true,
	  "source: {HERE, path: app, directory: {recurse: true}}", NULL },
	{ "Jsonnet that is an LFS pointer counts with everything",
	  { { J, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n" } },
	  { { "elsewhere", "1" } }, true, NULL, NULL },
};

int main(void)
{
	test_texts();
	layouts_run(layouts, COUNT(layouts), "source: {HERE, path: app}");
	return tap_done();
}
