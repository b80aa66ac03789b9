/*
 * The room for the verbs of the command line: one file each, all of one form.
 *
 * main.c alone calls it.  "serve" hands over to receiver/serve and stays; each
 * other verb does one thing and ends.  Those never write to the journal: they
 * read it, or ask the receiver over its control socket.
 *
 * A verb gets its own arguments (argv[0] is its name), prints data to
 * standard output and sentences to standard error, and returns the exit
 * status of the program (sysexits(3), 1 for "no", 2 for other failures).
 */
#ifndef RECEIVER_CLI_CLI_H
#define RECEIVER_CLI_CLI_H

/* doorbell send: make and send a push as one of the senders would. */
int cli_send(int argc, char **argv);

/* doorbell hook install|uninstall|status|deliver: the hook of a repository. */
int cli_hook(int argc, char **argv);

/* doorbell explain: which applications a step between two commits changes, and why. */
int cli_explain(int argc, char **argv);

/* doorbell check: is the configuration right? */
int cli_check(int argc, char **argv);

/* doorbell deliveries: what came in, and what became of it. */
int cli_deliveries(int argc, char **argv);

/* doorbell show ID: the decision record of one delivery. */
int cli_show(int argc, char **argv);

/* doorbell replay ID: have the running receiver carry one out again. */
int cli_replay(int argc, char **argv);

/* doorbell serve: the receiver itself. */
int cli_serve(int argc, char **argv);

/* doorbell apps: the applications that the running receiver knows. */
int cli_apps(int argc, char **argv);

#endif
