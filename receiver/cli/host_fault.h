/*
 * Does a host's name resolve?  For "doorbell check", which may wait for the answer.
 */
#ifndef RECEIVER_CLI_HOST_FAULT_H
#define RECEIVER_CLI_HOST_FAULT_H

/*
 * What is wrong with the name, a constant text, or NULL if it is an address or
 * resolves to one.  Names are asked for as long as all questions together took
 * less than ten seconds; after that NULL.
 */
const char *host_fault(const char *host);

#endif
