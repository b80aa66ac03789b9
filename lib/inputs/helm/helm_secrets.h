/*
 * Addresses of helm-secrets, and references of vals: pure text.
 */
#ifndef LIB_INPUTS_HELM_HELM_SECRETS_H
#define LIB_INPUTS_HELM_HELM_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of text, not ended by NUL, that may be a path or an address. */
typedef void (*helm_secret_found)(void *arg, const char *text, size_t len);

/* True if an address is one of helm-secrets. */
bool helm_secret_is_address(const char *address);

/* True if an address has no file at all behind it: its text is the secret, or says where it is. */
bool helm_secret_is_literal(const char *address);

/*
 * The parts of such an address, in order; found is called for each that may
 * be the file, or its key.  Which of them is one is the backend's affair.
 */
void helm_secret_parts(const char *address, helm_secret_found found, void *arg);

/* The paths of files in references of vals ("ref+sops://PATH#/KEY"), wherever in a text. */
void helm_secret_references(const char *text, size_t len, helm_secret_found found, void *arg);

#endif
