/*
 * .gitattributes: what changes the files that are checked out.
 */
#include "index/attributes_impl.h"

#include <string.h>

#include "tests/support/tap.h"

static const struct {
	const char *before;
	const char *after;
	bool equal;
} texts[] = {
	{ "", "", true },
	{ "* text=auto\n", "* text=auto\n", true },
	{ "* text=auto\n", "* text=auto", true },
	{ "* text=auto\n", "*   text=auto  \r\n", true },
	{ "* text=auto\n", "# a comment\n\n* text=auto\n", true },
	{ "* text=auto\n", "* text\n", false },
	{ "* text=auto\n", "", false },
	{ "", "*.sh eol=lf\n", false },
	{ "", "*.png binary\n", false },
	{ "", "*.png filter=lfs diff=lfs merge=lfs -text\n", false },
	{ "", "*.txt working-tree-encoding=UTF-16\n", false },
	{ "", "*.c ident\n", false },
	{ "", "*.c -crlf\n", false },
	{ "", "*.c !text\n", false },
	{ "", "*.cue linguist-generated\n", true },
	{ "", "*.cue linguist-vendored=true -diff\n", true },
	{ "", "*.cue -linguist-detectable\n", true },
	{ "", "docs export-ignore\n*.bin -diff merge=ours !whitespace\n", true },
	{ "*.a diff=x text\n", "*.a diff=y text merge\n", true },
	{ "*.a diff=x text\n", "*.a diff=x\n", false },
	{ "*.a text\n", "*.b text\n", false },
	{ "*.a text\n*.b -text\n", "*.b -text\n*.a text\n", false },
	{ "*.a text\n", "*.a text\n*.a text\n", false },
	{ "\"a b\" text\n", "\"a c\" text\n", false },
	{ "\"a text\" diff\n", "", true },
	{ "\"a \\\" text\" diff\n", "", true },
	{ "", "[attr]mine diff\n", true },
	{ "", "[attr]mine -text\n", false },
	{ "", "*.x mine\n", false },
	{ "", "*.x linguist\n", false },
	{ "", "*.x differ\n", false },
	{ "*.x", "", true },
	{ "*.x #text", "", false },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *a = texts[i].before;
		const char *b = texts[i].after;

		tap_int(attributes_equal(a, strlen(a), b, strlen(b)), texts[i].equal,
			"text %zu: %s", i, texts[i].equal ? "equal" : "different");
		tap_int(attributes_equal(b, strlen(b), a, strlen(a)), texts[i].equal,
			"text %zu, the other way", i);
	}
	return tap_done();
}
