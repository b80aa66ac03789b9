/*
 * Flux: variables in texts.
 */
#include <string.h>

#include "manifest/flux_variables.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* With a = one, b = Two-3, e = nothing. */
static const struct {
	const char *text;
	const char *closed; // with all values known
	const char *open;   // with more in the cluster; NULL: the same
} rows[] = {
	{ "plain", "plain", NULL },
	{ "${a}", "one", NULL },
	{ "./x/${a}/${b}.yaml", "./x/one/Two-3.yaml", NULL },
	{ "${unknown}/${a}", "${unknown}/one", NULL },
	{ "${unknown:-d}", "d", "${unknown:-d}" },
	{ "${unknown:=d}/x", "d/x", "${unknown:=d}/x" },
	{ "${unknown-d}${unknown=e}", "de", "${unknown-d}${unknown=e}" },
	{ "${a:-d}${a:=d}", "oneone", NULL },
	{ "${unknown:=}", "", "${unknown:=}" },
	{ "${unknown:=x/${a}}", "x/one", "${unknown:=x/${a}}" },
	{ "${unknown:=${other}}", "${unknown:=${other}}", NULL },
	{ "${e}", "", NULL },
	{ "${e:=d}", "${e:=d}", NULL }, // said to be nothing: that it means the text is not sure
	{ "${b^^}|${b,,}|${a^}|${b,}", "TWO-3|two-3|One|two-3", NULL },
	{ "${b:1}|${b:0:3}|${b:9}|${b:4:9}", "wo-3|Two||3", NULL },
	{ "${b:x}", "${b:x}", NULL },
	{ "${b:1:2:3}", "${b:1:2:3}", NULL },
	{ "${b#Two}", "${b#Two}", NULL },
	{ "${b/T/t}", "${b/T/t}", NULL },
	{ "${#a}", "${#a}", NULL },
	{ "$${a}", "$${a}", NULL },
	{ "$a ${ ${a", "$a ${ ${a", NULL },
	{ "${}", "${}", NULL },
	{ "${1a}", "${1a}", NULL },
	{ "}${a}}", "}one}", NULL },
};

static void test_row(size_t i)
{
	for (int open = 0; open < 2; open++) {
		json_t *build = json_pack("{s:{s:s, s:s, s:s}, s:b}", "substitute", "a", "one",
					  "b", "Two-3", "e", "", "substituteFrom", open);
		json_t *tree = json_pack("{s:[s]}", "x", rows[i].text);
		json_t *filled = flux_fill(tree, build);
		const char *text = json_string_value(
			json_array_get(json_object_get(filled, "x"), 0));

		tap_str(text, open && rows[i].open != NULL ? rows[i].open : rows[i].closed,
			"%s, %s", rows[i].text, open ? "with others" : "alone");
		json_decref(build);
		json_decref(tree);
		json_decref(filled);
	}
}

/* A text is not made larger than an application may be. */
static void test_size(void)
{
	char value[4001];
	json_t *texts = json_array();

	memset(value, 'x', 4000);
	value[4000] = '\0';
	for (size_t i = 0; i < 1000; i++) {
		(void)json_array_append_new(texts, json_string("${v}"));
	}
	json_t *build = json_pack("{s:{s:s}}", "substitute", "v", value);
	json_t *filled = flux_fill(texts, build);
	size_t size = json_dumpb(filled, NULL, 0, 0);

	tap_ok(size > 500000 && size < 2000000, "it grows to %zu bytes at most", size);
	json_decref(build);
	json_decref(texts);
	json_decref(filled);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		test_row(i);
	}
	test_size();
	return tap_done();
}
