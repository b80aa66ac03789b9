/*
 * Repository addresses: when do two spellings name the same repository?
 *
 * Both sides (the payload's and the application's) are normalised to
 * "host/path" and compared as strings.  Dropped: scheme, user, password,
 * port, "ssh." and "altssh." in front of the host, trailing "/" and ".git".
 * Host in lower case; percent escapes decoded; path case kept, except on the
 * hosts whose paths are known to be case-insensitive (github.com, gitlab.com,
 * bitbucket.org, dev.azure.com) and by option.  All five Azure DevOps forms
 * become "dev.azure.com/org/project/repo".  Local paths and file:// become
 * "file:///absolute/path".
 */
#ifndef LIB_BASE_GITURL_H
#define LIB_BASE_GITURL_H

#include <stdbool.h>

#include "base/error.h"

#define GITURL_MAX 2048

/*
 * Normalise url. Returns a new string (free it), or NULL with err: empty,
 * longer than GITURL_MAX, control characters, no host, no path, ".." in it.
 */
char *giturl_normalise(const char *url, struct error *err);

/* True if both can be normalised and name the same repository. */
bool giturl_same(const char *a, const char *b);

#endif
