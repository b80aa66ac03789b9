/*
 * Repository addresses: when do two spellings name the same repository?
 *
 * Both sides (the payload's and the application's) are normalised to
 * "host/path" and compared as strings.  Dropped: scheme, user, password,
 * port, "ssh." and "altssh." in front of the host, a dot after it, "." and
 * empty components, trailing "/" and ".git".  Host in lower case; percent
 * escapes decoded (a "%" itself is written "%25"); path case kept, except on
 * the hosts whose paths are known to be case-insensitive (github.com,
 * gitlab.com, bitbucket.org, dev.azure.com; only ASCII letters change).  All
 * forms of Azure DevOps Services become "dev.azure.com/org/project/repo".
 * Local paths and file:// become "file:///absolute/path".
 *
 * The result normalises to itself.  It is for comparing, not for fetching.
 */
#ifndef LIB_BASE_GITURL_H
#define LIB_BASE_GITURL_H

#include <stdbool.h>

#include "base/error.h"

#define GITURL_MAX 2048

/*
 * Normalise url: scheme://host/path, git's user@host:path, /local/path, or
 * host/path without a scheme. Returns a new string (free it), or NULL with
 * err (may be NULL): empty, longer than GITURL_MAX, control characters
 * (escaped ones too), a scheme that git does not fetch by, no host or a
 * strange one, no path, ".." in it. err quotes nothing of url: it may hold a
 * password.
 */
char *giturl_normalise(const char *url, struct error *err);

/*
 * True if name, a normalised address or its host alone, is at one of the hosts
 * whose paths are known to be case-insensitive.
 */
bool giturl_ignores_case(const char *name);

#endif
