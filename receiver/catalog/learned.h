/*
 * Addresses that authenticated senders say mean a configured repository: a forge
 * names each of its repositories by HTTPS and by SSH, and the configuration has
 * only one of the two.  An application at the other one is an application of
 * that repository, too.
 *
 * Nothing is ever fetched from a learned address, and one that is configured
 * keeps its meaning.  They are forgotten at the end: each delivery says them anew.
 */
#ifndef RECEIVER_CATALOG_LEARNED_H
#define RECEIVER_CATALOG_LEARNED_H

#include <stdbool.h>

/* So many are remembered; of more nothing is learned. */
#define LEARNED_MAX 4096

struct learned;

/* Nothing learned yet. Never NULL. */
struct learned *learned_new(void);

/* Free it. NULL is fine. */
void learned_free(struct learned *l);

/* That address (normalised) means the repository of that name. True if that is news. */
bool learned_add(struct learned *l, const char *address, const char *name);

/* The name of the repository that the address (normalised) means, or NULL. Borrowed. */
const char *learned_find(const struct learned *l, const char *address);

#endif
