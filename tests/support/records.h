/*
 * Sample records for tests of the journal and what stands on it.
 */
#ifndef TESTS_SUPPORT_RECORDS_H
#define TESTS_SUPPORT_RECORDS_H

#include "base/oid.h"
#include "record/record.h"
#include "record/trigger.h"

/* A SHA-1 id whose bytes are all n. */
struct oid sample_oid(unsigned n);

/*
 * A new delivery "sender-<n>" of source "forge" with one push to
 * refs/heads/main of https://git.example.org/infra from sample_oid(n) to
 * sample_oid(n + 1), received at 1000 + n, and a body of body_len bytes.
 * Free it with sample_delivery_free().
 */
struct record_delivery *sample_delivery(unsigned n, size_t body_len);

/* Free it; NULL is fine. */
void sample_delivery_free(struct record_delivery *d);

/* A new pending trigger of push for an application at target "argocd". */
struct trigger *sample_trigger(int64_t push, const char *application);

#endif
