/*
 * For a process that opens only repositories it was told to.
 */
#ifndef LIB_REPO_ISOLATE_H
#define LIB_REPO_ISOLATE_H

/*
 * Once, before the first repository is opened and before other threads start:
 * no configuration of the user or the machine is read any more, and a
 * repository may belong to any user.  Only for a sandboxed process whose
 * repositories an operator named: that is what safe.directory asks for, and
 * nothing there can make such a process run a program.
 */
void repo_isolate(void);

/* The version of libgit2 that is in use, a constant: "1.5.1". Any process may ask. */
const char *repo_library_version(void);

#endif
