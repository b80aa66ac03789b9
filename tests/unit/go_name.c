/*
 * Names as Go's encoding/json compares them.
 */
#include "inputs/go_name.h"

#include "tests/support/tap.h"

int main(void)
{
	static const struct {
		const char *written;
		const char *name;
		bool same;
	} names[] = {
		{ "resources", "resources", true },
		{ "RESOURCES", "resources", true },
		{ "crds", "crd", false },
		{ "crd", "crds", false },
		{ "", "a", false },
		{ "", "", true },
		{ "re\xc5\xbfource\xc5\xbf", "resources", true },
		{ "\xe2\x84\xaa" "ind", "kind", true },
		{ "\xe2\x84", "k", false },
		{ "caf\xc3\xa9", "cafe", false },
	};
	json_t *object = json_pack("{s:i, s:i, s:i}", "Name", 1, "name", 2, "KIND", 3);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		tap_ok(go_name_is(names[i].written, names[i].name) == names[i].same, "\"%s\" is %s\"%s\"",
		       names[i].written, names[i].same ? "" : "not ", names[i].name);
	}
	tap_int(json_integer_value(go_name_get(object, "name")), 2, "the same name goes before another case");
	tap_int(json_integer_value(go_name_get(object, "kind")), 3, "another case is found");
	tap_ok(go_name_get(object, "x") == NULL && go_name_get(NULL, "x") == NULL, "what is not there is not");
	json_decref(object);
	return tap_done();
}
