/*
 * doorbell: one binary, one verb a file (receiver/cli).
 *
 * "reader" and "credential" are verbs too, but nobody's: the receiver starts
 * itself with them (reader_child.h, credential.h), and they are in no help.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/secrecy.h"
#include "config/config_table.h"
#include "receiver/cli/cli.h"
#include "receiver/git/credential.h"
#include "receiver/reader/reader_child.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct verb verbs[] = {
	{ "serve", cli_serve, "the receiver: take deliveries, decide, trigger" },
	{ "check", cli_check, "is the configuration right?" },
	{ "explain", cli_explain, "the applications that two commits differ in, and why" },
	{ "deliveries", cli_deliveries, "what came in, and what became of it" },
	{ "show", cli_show, "the decision record of one delivery" },
	{ "apps", cli_apps, "the applications that the running receiver knows" },
	{ "replay", cli_replay, "have the running receiver carry one delivery out again" },
	{ "send", cli_send, "make and send a push as one of the senders would" },
	{ "hook", cli_hook, "the hook of a repository: install, uninstall, status, deliver" },
};

static void print_help(FILE *out)
{
	(void)fprintf(out, "usage: doorbell VERB [OPTION...]\n\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		(void)fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
	}
	(void)fprintf(out, "\ndoorbell VERB --help says more.\n");
}

/* Say which verb was meant, if one is near. */
static void suggest(const char *name)
{
	const char *names[sizeof(verbs) / sizeof(*verbs) + 1] = { NULL };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		names[i] = verbs[i].name;
	}
	const char *near = config_suggest(name, names);
	if (near != NULL) {
		(void)fprintf(stderr, "doorbell: no verb '%s': did you mean '%s'?\n\n", name, near);
	}
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	secrecy_begin();
	(void)setlocale(LC_CTYPE, "");
	if (strcmp(name, "reader") == 0) {
		reader_child_main(argc, argv);
	}
	if (strcmp(name, "credential") == 0) {
		return credential_main(argc > 2 ? argv[2] : NULL);
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(name, verbs[i].name) == 0) {
			return verbs[i].run(argc - 1, argv + 1);
		}
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
		(void)printf("doorbell %s\n", DOORBELL_VERSION);
		return 0;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		print_help(stdout);
		return 0;
	}
	suggest(name);
	print_help(stderr);
	return EX_USAGE;
}
