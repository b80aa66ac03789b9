/*
 * Arguments: is JSON wanted, and which option was it?
 */
#include "receiver/cli/arguments.h"

#include <getopt.h>
#include <string.h>

#include "base/xalloc.h"

bool arguments_want_json(int argc, char **argv)
{
	bool json = false;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--format=", 9) == 0) {
			json = strcmp(argv[i] + 9, "json") == 0;
		} else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc) {
			json = strcmp(argv[i + 1], "json") == 0;
		}
	}
	return json;
}

char *arguments_problem(char **argv)
{
	const char *last = optind > 1 ? argv[optind - 1] : "";
	const char *option = optind > 2 && last[0] != '-' ? argv[optind - 2] : last;
	const char *next = optind > 0 ? argv[optind] : NULL;

	/* Of letters behind one "-" getopt_long() passes the word only with the last. */
	if (next != NULL && next[0] == '-' && next[1] != '-' && optopt != 0 &&
	    strchr(next, optopt) != NULL) {
		option = next;
	}

	return xasprintf("unknown option, or one without its value: %.200s", option);
}
