/*
 * The credential helper that git calls: "doorbell credential get".
 */
#ifndef RECEIVER_GIT_CREDENTIAL_H
#define RECEIVER_GIT_CREDENTIAL_H

/* What fetch puts into git's environment for the helper. */
#define CREDENTIAL_URL "DOORBELL_CREDENTIAL_URL"           // "https://host[:port]"
#define CREDENTIAL_USERNAME "DOORBELL_CREDENTIAL_USERNAME"
#define CREDENTIAL_TOKEN_FILE "DOORBELL_CREDENTIAL_TOKEN_FILE"

/*
 * main() of the hidden verb: operation is "get", "store" or "erase", or NULL.
 * Reads the question on standard input, answers on standard output, complains
 * on standard error. Returns the exit status.
 */
int credential_main(const char *operation);

#endif
