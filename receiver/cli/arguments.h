/*
 * What all verbs ask of their arguments before and after getopt_long().
 */
#ifndef RECEIVER_CLI_ARGUMENTS_H
#define RECEIVER_CLI_ARGUMENTS_H

#include <stdbool.h>

/*
 * Do the arguments ask for "--format json"? To be asked before they are
 * parsed, so that what is wrong with those in front is told as JSON, too.
 */
bool arguments_want_json(int argc, char **argv);

/*
 * What is wrong, after getopt_long() has returned '?' (or a verb did not like
 * the value): names the option in argv before optind. A new string.
 */
char *arguments_problem(char **argv);

#endif
