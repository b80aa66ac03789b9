/*
 * What stands where a hook stands: ours, or somebody else's, and of which kind.
 */
#ifndef RECEIVER_CLI_HOOK_SCRIPT_H
#define RECEIVER_CLI_HOOK_SCRIPT_H

#include <stdbool.h>

enum hook_state {
	POST_RECEIVE_NONE,   // nothing
	POST_RECEIVE_OURS,   // ends as our program
	POST_RECEIVE_FOREIGN // somebody else's
};

/*
 * What is at path?  Ours is a script that hook_script_text() made, for
 * whichever version, and a link that leads to such a script or to our program
 * over any number of links: program is its path, an earlier version may have
 * stood elsewhere.  What cannot be read is somebody else's.
 */
enum hook_state hook_script_state(const char *path, const char *program);

/* The script that ends as the program at that absolute path. A new string (free it). */
char *hook_script_text(const char *program);

/* True if path is a regular file that holds exactly text: not a link to one. */
bool hook_script_is(const char *path, const char *text);

/*
 * True if the script at path says of itself that a program wrote it and will
 * write it again, as those of Gitea, Forgejo and soft-serve do.
 */
bool hook_script_is_generated(const char *path);

/*
 * True if the script at path speaks of a folder whose name ends in ".d", so
 * it may be taken to run what is in the folder beside it.
 */
bool hook_script_is_delegating(const char *path);

#endif
