/*
 * YAML: what becomes of each construct, where it was, what is refused, and
 * that hostile input stays cheap.
 */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mstime.h"
#include "tests/support/tap.h"

struct row {
	const char *name;
	const char *yaml;
	const char *want; // documents as JSON, one a line, or "!" and the error
};

static const struct row rows[] = {
	{ "an empty file has no documents", "", "" },
	{ "a file of comments has no documents", "# nothing\n\n# here\n", "" },
	{ "an empty document is null", "---\n", "null" },
	{ "two empty documents are two nulls", "---\n---\n", "null\nnull" },
	{ "a scalar may be the document", "hello", "\"hello\"" },
	{ "a mapping becomes an object", "a: b\nc: d\n", "{\"a\":\"b\",\"c\":\"d\"}" },
	{ "a sequence becomes an array", "- a\n- b\n", "[\"a\",\"b\"]" },
	{ "flow style is the same", "{a: [b, c], d: {e: f}}",
	  "{\"a\":[\"b\",\"c\"],\"d\":{\"e\":\"f\"}}" },
	{ "JSON is YAML", "{\"a\": [1, true, null]}", "{\"a\":[\"1\",\"true\",null]}" },
	{ "numbers and booleans stay text", "[1, 0777, 1e3, yes, No, true, 2001-01-01]",
	  "[\"1\",\"0777\",\"1e3\",\"yes\",\"No\",\"true\",\"2001-01-01\"]" },
	{ "all spellings of null are null", "[~, null, Null, NULL, ]",
	  "[null,null,null,null]" },
	{ "a key without a value is null", "a:\nb: c\n", "{\"a\":null,\"b\":\"c\"}" },
	{ "quoted null is text", "['null', \"~\", '']", "[\"null\",\"~\",\"\"]" },
	{ "null with a string tag is text", "[!!str null, ! null]", "[\"null\",\"null\"]" },
	{ "a null tag makes null", "[!!null '']", "[null]" },
	{ "a key that reads null stays a key", "null: a\n~: b\n", "{\"null\":\"a\",\"~\":\"b\"}" },
	{ "numbers as keys are text", "80: http\n", "{\"80\":\"http\"}" },
	{ "a block scalar keeps its lines", "a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}" },
	{ "a folded scalar is one line", "a: >-\n  x\n  y\n", "{\"a\":\"x y\"}" },
	{ "escapes are decoded", "\"\\x41\\u00e9\\t\"", "\"A\xc3\xa9\\t\"" },
	{ "the last of two equal keys wins", "a: 1\nb: 2\na: 3\n", "{\"a\":\"3\",\"b\":\"2\"}" },
	{ "documents are apart", "a: 1\n---\nb: 2\n...\n---\n- c\n",
	  "{\"a\":\"1\"}\n{\"b\":\"2\"}\n[\"c\"]" },
	{ "a byte order mark is skipped", "\xef\xbb\xbf" "a: 1\nb: 2\n",
	  "{\"a\":\"1\",\"b\":\"2\"}" },
	{ "an alias is what its anchor names", "a: &x {k: v}\nb: *x\n",
	  "{\"a\":{\"k\":\"v\"},\"b\":{\"k\":\"v\"}}" },
	{ "an alias may stand for a scalar", "[&x one, *x, *x]", "[\"one\",\"one\",\"one\"]" },
	{ "an alias may stand for null", "[&x ~, *x]", "[null,null]" },
	{ "an alias may be a key", "a: &x k\n*x : v\n", "{\"a\":\"k\",\"k\":\"v\"}" },
	{ "an anchor may be on a key", "&x a: 1\nb: *x\n", "{\"a\":\"1\",\"b\":\"a\"}" },
	{ "an anchor may be given again", "[&x a, *x, &x b, *x]", "[\"a\",\"a\",\"b\",\"b\"]" },
	{ "an anchor given again inside itself is the inner one", "a: &x [&x i, *x]\nb: *x\n",
	  "{\"a\":[\"i\",\"i\"],\"b\":\"i\"}" },
	{ "an anchor ends with its document", "&x a\n---\n*x\n",
	  "!3:1: alias of an anchor that is not there" },
	{ "a merge adds keys", "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\n",
	  "{\"a\":{\"k\":\"1\",\"l\":\"2\"},\"b\":{\"k\":\"1\",\"l\":\"3\"}}" },
	{ "a merge after a key does not override it", "b:\n  l: 3\n  <<: {l: 1, m: 2}\n",
	  "{\"b\":{\"l\":\"3\",\"m\":\"2\"}}" },
	{ "of several merges the first wins", "<<: [{a: 1}, {a: 2, b: 3}]\n",
	  "{\"a\":\"1\",\"b\":\"3\"}" },
	{ "a merged mapping may itself have merged", "x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz: {<<: *y}\n",
	  "{\"x\":{\"a\":\"1\"},\"y\":{\"a\":\"1\",\"b\":\"2\"},\"z\":{\"a\":\"1\",\"b\":\"2\"}}" },
	{ "a quoted merge key is a key", "\"<<\": {a: 1}\n", "{\"<<\":{\"a\":\"1\"}}" },
	{ "tags of our own are ignored", "!Custom {a: !x b}\n", "{\"a\":\"b\"}" },
	{ "a version directive is read over", "%YAML 1.1\n---\na: 1\n", "{\"a\":\"1\"}" },
	{ "a percent sign may begin a line of text", "- \"x\n%a\n%b\n%c\n%d\n%e\n%f\"\n",
	  "[\"x %a %b %c %d %e %f\"]" },
	{ "a merge of a scalar is malformed", "<<: 1\n",
	  "!1:1: '<<' wants a mapping or a sequence of mappings" },
	{ "a merge of a sequence of scalars is malformed", "a:\n  <<: [1]\n",
	  "!2:3: '<<' wants a mapping or a sequence of mappings" },
	{ "a mapping as a key is malformed", "? {a: b}\n: c\n", "!1:3: a key that is not a scalar" },
	{ "a sequence as a key is malformed", "[a]: c\n", "!1:1: a key that is not a scalar" },
	{ "an alias of a mapping as a key is malformed", "a: &x {}\n*x : 1\n",
	  "!2:1: a key that is not a scalar" },
	{ "an alias inside its anchor is malformed", "a: &x\n  b: *x\n",
	  "!2:6: alias inside what its anchor names" },
	{ "an unknown alias is malformed", "a: *x\n", "!1:4: alias of an anchor that is not there" },
	{ "NUL in a value is malformed", "a: \"x\\0y\"\n", "!1:4: NUL in a value" },
	{ "NUL in a key is malformed", "\"x\\0y\": a\n", "!1:1: NUL in a value" },
	{ "bad indentation is malformed", "a: 1\n  b: 2\n", "!2:4: mapping values are not allowed in this context" },
	{ "a tab as indentation is malformed", "a:\n\tb: 1\n",
	  "!2:1: found character that cannot start any token" },
	{ "an open bracket is malformed", "a: [1, 2\n", "!2:1: did not find expected ',' or ']'" },
	{ "bad UTF-8 is malformed", "a: 1\nb: \xff\n", "!2:4: invalid leading UTF-8 octet" },
	{ "half a character of UTF-16 is malformed", "\xff\xfe" "a",
	  "!1:1: UTF-16 that is cut off or has half a pair" },
	{ "binary is the text that it holds", "!!binary YQ==: [!!binary Yi9j, !!binary \"Yi9\\njZA==\"]\n",
	  "{\"a\":[\"b/c\",\"b/cd\"]}" },
	{ "binary that is none is malformed", "a: !!binary x\n", "!1:4: '!!binary' that holds no text" },
	{ "so is what holds a NUL", "a: !!binary AAAA\n", "!1:4: '!!binary' that holds no text" },
	{ "so is what is not UTF-8", "a: !!binary /w==\n", "!1:4: not UTF-8" },
	{ "a merge with its tag is one", "a: &x {k: 1}\nb:\n  !!merge <<: *x\n",
	  "{\"a\":{\"k\":\"1\"},\"b\":{\"k\":\"1\"}}" },
	{ "a control character is malformed", "a: \x01\n", "!1:4: control characters are not allowed" },
	{ "a surrogate is malformed", "\"\\ud800\"", "!1:4: found invalid Unicode character escape code" },
};

static void dump(struct buf *out, const struct yaml_stream *stream)
{
	for (size_t i = 0; i < yaml_stream_count(stream); i++) {
		char *text = json_dumps(yaml_stream_document(stream, i),
					JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

		(void)buf_addf(out, "%s%s", i > 0 ? "\n" : "", text);
		free(text);
	}
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct yaml_stream *stream = NULL;
		struct error err = ERROR_INIT;
		struct buf got;

		buf_init(&got, 65536);
		if (yaml_parse(rows[i].yaml, strlen(rows[i].yaml), NULL, &stream, &err) == YAML_OK) {
			dump(&got, stream);
		} else {
			(void)buf_addf(&got, "!%s", err.text);
		}
		tap_str(got.data, rows[i].want, "%s", rows[i].name);
		yaml_stream_free(stream);
		buf_release(&got);
	}
}

#define COUNTED(text) text, sizeof(text) - 1

static void test_encodings(void)
{
	static const struct {
		const char *name;
		const char *data;
		size_t len;
		const char *want;
	} encoded[] = {
		{ "UTF-8 with a mark", COUNTED("\xef\xbb\xbf" "a: 1"), "{\"a\":\"1\"}" },
		{ "UTF-16, low byte first", COUNTED("\xff\xfe" "a\0:\0 \0\xe4\0"), "{\"a\":\"\xc3\xa4\"}" },
		{ "UTF-16, high byte first", COUNTED("\xfe\xff\0a\0:\0 \x20\xac"), "{\"a\":\"\xe2\x82\xac\"}" },
		{ "a pair", COUNTED("\xfe\xff\xd8\x3d\xde\x00"), "\"\xf0\x9f\x98\x80\"" },
		{ "a mark and nothing more", COUNTED("\xff\xfe"), "" },
		{ "the first half of a pair alone", COUNTED("\xfe\xff\0a\0\n\xd8\x3d\0a"),
		  "!2:1: UTF-16 that is cut off or has half a pair" },
		{ "the second half alone", COUNTED("\xfe\xff\xde\0"), "!1:1: UTF-16 that is cut off or has half a pair" },
		{ "a pair that is cut off", COUNTED("\xfe\xff\xd8\x3d"), "!1:1: UTF-16 that is cut off or has half a pair" },
		{ "UTF-16 without a mark", COUNTED("a\0:\0 \0b\0"), "!1:2: control characters are not allowed" },
		{ "UTF-32", COUNTED("\xff\xfe\0\0a\0\0\0"), "!1:1: control characters are not allowed" },
		{ "directives in UTF-16 are counted",
		  COUNTED("\xfe\xff\0%\0T\0A\0G\0\n\0%\0T\0A\0G\0\n\0%\0T\0A\0G\0\n\0%\0T\0A\0G\0\n\0%\0T\0A\0G"),
		  "!1:1: too many directives" },
	};

	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
		struct yaml_stream *stream = NULL;
		struct error err = ERROR_INIT;
		struct buf got;

		buf_init(&got, 65536);
		if (yaml_parse(encoded[i].data, encoded[i].len, NULL, &stream, &err) == YAML_OK) {
			dump(&got, stream);
		} else {
			(void)buf_addf(&got, "!%s", err.text);
		}
		tap_str(got.data, encoded[i].want, "%s", encoded[i].name);
		yaml_stream_free(stream);
		buf_release(&got);
	}
}

static void test_options(void)
{
	static const char twice[] = "a: 1\nb:\n  c: 1\n  c: 2\n";
	static const char broken_second[] = "a: 1\n---\n[\n";
	struct yaml_options reject = { .reject_duplicates = true };
	struct yaml_options first = { .first_document = true };
	struct yaml_stream *stream = NULL;
	struct error err = ERROR_INIT;

	tap_int(yaml_parse(twice, strlen(twice), &reject, &stream, &err), YAML_MALFORMED,
		"a key twice is malformed when asked");
	tap_str(err.text, "4:3: key 'c' is there twice", "the message names the second place");
	tap_ok(stream == NULL, "nothing is given back on failure");
	tap_int(yaml_parse(broken_second, strlen(broken_second), &first, &stream, &err), YAML_OK,
		"what follows the first document is not read when asked");
	tap_int((long long)yaml_stream_count(stream), 1, "there is one document");
	tap_ok(yaml_stream_document(stream, 1) == NULL, "there is no second document");
	yaml_stream_free(stream);
	stream = NULL;
	tap_int(yaml_parse("<<: {a: 1}\n<<: {b: 2}\n", 22, &reject, &stream, &err), YAML_OK,
		"several merge keys are not a duplicate");
	yaml_stream_free(stream);
	yaml_stream_free(NULL);
}

static void where(const struct yaml_stream *s, const json_t *node, const char *key, int line,
		  int column, const char *name)
{
	int got_line = 0;
	int got_column = 0;

	bool found = yaml_stream_where(s, node, key, &got_line, &got_column);
	tap_ok(found && got_line == line && got_column == column, "%s", name);
	if (!found || got_line != line || got_column != column) {
		tap_note("found %d, %d:%d, wanted %d:%d", found, got_line, got_column, line, column);
	}
}

static void test_where(void)
{
	static const char text[] = "a: x\nb:\n  - x\n  - {c: ~, d: &e y}\nf: *e\na: z\n";
	struct yaml_stream *s = NULL;
	struct error err = ERROR_INIT;
	int line = -1;
	int column = -1;

	tap_int(yaml_parse(text, strlen(text), NULL, &s, &err), YAML_OK, "the text is YAML");
	json_t *root = yaml_stream_document(s, 0);
	json_t *b = json_object_get(root, "b");
	json_t *map = json_array_get(b, 1);

	where(s, root, NULL, 1, 1, "the document has a place");
	where(s, root, "b", 2, 1, "a key has a place");
	where(s, b, NULL, 3, 3, "a sequence has a place");
	where(s, json_array_get(b, 0), NULL, 3, 5, "an item has a place");
	where(s, map, "d", 4, 12, "a key in flow style has a place");
	where(s, map, "c", 4, 6, "a key with a null value has a place");
	where(s, json_object_get(map, "d"), NULL, 4, 15, "an anchored scalar has a place");
	where(s, json_object_get(root, "f"), NULL, 4, 15, "an alias lies where its anchor is");
	where(s, root, "a", 6, 1, "of a repeated key the last counts");
	where(s, json_object_get(root, "a"), NULL, 6, 4, "of a repeated key the last value counts");
	tap_ok(!yaml_stream_where(s, map, "zz", &line, &column) && line == -1,
	       "an unknown key has no place");
	tap_ok(!yaml_stream_where(s, json_null(), NULL, &line, &column), "null has no place");
	yaml_stream_free(s);
}

/* Append text with each '@' in it replaced by number. */
static void add_numbered(struct buf *b, const char *text, size_t number)
{
	for (; *text != '\0'; text++) {
		if (*text == '@') {
			(void)buf_addf(b, "%zu", number);
		} else {
			(void)buf_addch(b, *text);
		}
	}
}

/* Parse count numbered copies of text between head and tail. */
static void hostile(const char *name, const char *head, const char *text, size_t count,
		    const char *tail, enum yaml_result want)
{
	struct yaml_stream *stream = NULL;
	struct error err = ERROR_INIT;
	unsigned long long id = 0;
	struct buf b;

	buf_init(&b, 64U * 1024 * 1024);
	(void)buf_addstr(&b, head);
	for (size_t i = 0; i < count; i++) {
		add_numbered(&b, text, i);
	}
	(void)buf_addstr(&b, tail);
	int64_t start = mstime_monotonic();
	tap_int(yaml_parse(b.data, b.len, NULL, &stream, &err), want, "%s", name);
	(void)yaml_meaning(b.data, b.len, &id, &err);
	tap_note("%zu bytes, %lld ms: %s", b.len, (long long)(mstime_monotonic() - start), err.text);
	yaml_stream_free(stream);
	buf_release(&b);
}

static void test_hostile(void)
{
	hostile("100 open brackets are too deep only by one more", "", "[", 101, "", YAML_LIMIT);
	hostile("a megabyte of open brackets is refused", "", "[", 1 << 20, "", YAML_LIMIT);
	hostile("a megabyte of open braces is refused", "", "{", 1 << 20, "", YAML_MALFORMED);
	hostile("nested sequences on one line are refused", "", "- ", 500000, "", YAML_LIMIT);
	hostile("nested keys on one line are refused", "", "? ", 500000, "", YAML_MALFORMED);
	hostile("[a, again and again is refused", "", "[a,", 300000, "", YAML_LIMIT);
	hostile("too many values are refused", "[", "a,", 200001, "]", YAML_LIMIT);
	hostile("200,000 values less one are read", "[", "a,", 199999, "]", YAML_OK);
	hostile("too many documents are refused", "", "---\n", 10001, "", YAML_LIMIT);
	hostile("too many anchors are refused", "", "- &a@ x\n", 1001, "", YAML_LIMIT);
	hostile("anchors are counted for each document", "", "---\n&a@ x\n", 5000, "", YAML_OK);
	hostile("a flood of tags is refused", "", "%TAG !a@! tag:a,2000:\n", 20000, "--- x\n",
		YAML_LIMIT);
	hostile("comments between do not hide a flood", "", "%TAG !a@! tag:a,2000:\n # c\n\n", 20000,
		"--- x\n", YAML_LIMIT);
	hostile("a flood after other line breaks is seen", "", "%TAG !a@! tag:a,2000:\xe2\x80\xa8",
		20000, "--- x\n", YAML_LIMIT);
	hostile("a flood in a later document is seen", "a\n...\n", "%TAG !a@! tag:a,2000:\r", 20000,
		"--- x\n", YAML_LIMIT);
	hostile("four directives are allowed", "", "%TAG !a@! tag:a,2000:\n", 4, "--- x\n", YAML_OK);
	hostile("more than four megabytes are refused", "", "#######\n", 600000, "", YAML_LIMIT);
	hostile("one long scalar is read", "a: ", "x", 3000000, "\n", YAML_OK);
	hostile("a flood of quotes is read", "a: '", "''", 1000000, "'\n", YAML_OK);
	hostile("many equal keys are read", "", "a: 1\n", 90000, "", YAML_OK);
	hostile("merging one mapping often is charged", "a: &a {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}\n",
		"k@: {<<: *a}\n", 30000, "", YAML_LIMIT);
}

static void test_aliases(void)
{
	struct buf laughs;
	struct buf tower;

	buf_init(&laughs, 65536);
	(void)buf_addstr(&laughs, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 20; i++) {
		(void)buf_addf(&laughs, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
			       i - 1, i - 1, i - 1, i - 1);
	}
	hostile("a billion laughs are refused", laughs.data, "#", 1, "\n", YAML_LIMIT);
	buf_release(&laughs);

	buf_init(&tower, 65536);
	(void)buf_addstr(&tower, "- &a0 [x]\n");
	for (int i = 1; i < 200; i++) {
		(void)buf_addf(&tower, "- &a%d [*a%d]\n", i, i - 1);
	}
	hostile("a tower of aliases is too deep", tower.data, "#", 1, "\n", YAML_LIMIT);
	buf_release(&tower);
}

struct pair {
	const char *name;
	const char *a;
	const char *b;
	bool same;
};

static const struct pair pairs[] = {
	{ "comments mean nothing", "a: 1 # one\n", "# head\na:   1\n", true },
	{ "layout means nothing", "a:\n  - b\n  - c\n", "a:\n- b\n- c\n\n", true },
	{ "flow style means the same", "a: {b: [c]}\n", "a:\n  b:\n  - c\n", true },
	{ "the kind of quotes means nothing", "a: 'x'\n", "a: \"x\"\n", true },
	{ "a quoted and a block scalar mean the same", "a: |\n  x\n", "a: \"x\\n\"\n", true },
	{ "document markers mean nothing", "---\na: 1\n...\n", "a: 1\n", true },
	{ "a short and a long tag mean the same", "!!str a", "!<tag:yaml.org,2002:str> a", true },
	{ "quotes mean something", "a: 1\n", "a: '1'\n", false },
	{ "a value means something", "a: 1\n", "a: 2\n", false },
	{ "a tag means something", "a: 1\n", "a: !!str 1\n", false },
	{ "order means something", "a: 1\nb: 2\n", "b: 2\na: 1\n", false },
	{ "nesting means something", "[[a], b]", "[[a, b]]", false },
	{ "an empty mapping is no empty sequence", "{}", "[]", false },
	{ "an alias is not its text", "[&a x, *a]", "[&a x, x]", false },
	{ "null and empty text differ", "a:\n", "a: ''\n", false },
	{ "where a text ends means something", "[ab, c]", "[a, bc]", false },
	{ "a second document means something", "a: 1\n", "a: 1\n---\n", false },
	{ "nothing is not an empty document", "", "---\n", false },
};

static void test_meaning(void)
{
	struct error err = ERROR_INIT;
	unsigned long long a = 0;
	unsigned long long b = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct pair *p = &pairs[i];
		bool ok = yaml_meaning(p->a, strlen(p->a), &a, &err) == YAML_OK &&
			  yaml_meaning(p->b, strlen(p->b), &b, &err) == YAML_OK;

		tap_ok(ok && (a == b) == p->same, "%s", p->name);
	}
	a = 7;
	tap_int(yaml_meaning("[", 1, &a, &err), YAML_MALFORMED, "no meaning in what is not YAML");
	tap_ok(a == 7, "the id is untouched then");
	tap_str(err.text, "2:1: did not find expected node content", "and the reason is given");
}

int main(void)
{
	test_rows();
	test_encodings();
	test_options();
	test_where();
	test_hostile();
	test_aliases();
	test_meaning();
	return tap_done();
}
