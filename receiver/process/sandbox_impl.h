/*
 * The parts of the sandbox that have a file of their own.
 */
#ifndef RECEIVER_PROCESS_SANDBOX_IMPL_H
#define RECEIVER_PROCESS_SANDBOX_IMPL_H

#include <stdbool.h>

#include "base/error.h"
#include "receiver/process/sandbox.h"

/*
 * Confine this process to the directories of options.  Needs no_new_privs.
 * Returns 0 with the ABI in *ret_abi (0 if the kernel has no Landlock or it is
 * switched off), or -1 with err.
 */
int sandbox_landlock(const struct sandbox_options *options, int *ret_abi, struct error *err);

/*
 * Put the system call filter up.  Needs no_new_privs.  Returns 0 with *ret_on
 * (false: this processor or kernel has none), or -1 with err.
 */
int sandbox_seccomp(bool *ret_on, struct error *err);

#endif
