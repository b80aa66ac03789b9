/*
 * doorbell serve: the receiver in the foreground, for a supervisor to run.
 */
#include "receiver/cli/cli.h"

#include <stdio.h>
#include <sysexits.h>

#include "receiver/cli/settings_options.h"
#include "receiver/serve/daemon.h"

static void help(void)
{
	(void)printf("usage: doorbell serve [--config FILE] [--SETTING VALUE...]\n\n"
		     "Runs the receiver in the foreground; logs to standard error.\n"
		     "SIGHUP, or a change of the file, loads the configuration again; a bad one\n"
		     "keeps the old one running. SIGTERM ends what is under way, then the\n"
		     "process.\n\n");
	settings_options_help(stdout);
	(void)printf("\nExit status: 0 ended by a signal, 69 an address or directory cannot\n"
		     "be had, 70 the journal failed (start it again), 78 configuration.\n");
}

static int load(void *ctx, struct config **ret_config, struct strvec *problems,
		struct strvec *warnings)
{
	return settings_options_load(ctx, ret_config, problems, warnings);
}

int cli_serve(int argc, char **argv)
{
	struct settings_options options = { .path = NULL };
	struct daemon_input input = { .load = load, .ctx = &options };
	int status = EX_USAGE;

	switch (settings_options_parse(argc, argv, &options)) {
	case SETTINGS_OPTIONS_HELP:
		help();
		status = 0;
		break;
	case SETTINGS_OPTIONS_OK:
		status = daemon_run(&input);
		break;
	case SETTINGS_OPTIONS_USAGE:
		break;
	}
	settings_options_release(&options);
	return status;
}
