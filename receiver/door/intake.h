/*
 * The room for who comes in and what they are told: senders (this header), the
 * hook that waits for a decision (waiters.h), people and probes on the control
 * and status listeners (admin.h).
 *
 * receiver/serve makes it and gives it to the listeners.  It never decides whom a
 * push affects, never waits, and never answers 202 before the store has said that
 * the delivery is durable.
 *
 * Intake is what happens to a request for a source, from its head to its answer.
 *
 * Routes: POST /hooks/<source>, and POST /api/webhook, where the sender is
 * told from the headers.  In order: the source is found, the presence of a
 * signature checked, the body read, the signature verified, the payload read,
 * the repository looked up, the delivery stored; then the answer.  Nothing of
 * a request that was not authenticated is kept.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_DOOR_INTAKE_H
#define RECEIVER_DOOR_INTAKE_H

#include "delivery/delivery.h"
#include "receiver/http/conn.h"

struct event_base;
struct intake;
struct metrics;
struct settings;
struct store;

struct intake_options {
	struct event_base *base;
	struct conn_pool *conns;
	struct store *store;
	struct metrics *metrics;  // or NULL
	/* A stored push that is to be decided; borrowed for the call. */
	void (*accepted)(void *ctx, const struct record_push *push);
	/* A genuine delivery names that repository by this address, too. */
	void (*learned)(void *ctx, const char *address, const char *repository);
	void *ctx;
};

/* An intake; what options names must outlive it. Never NULL. */
struct intake *intake_new(const struct intake_options *options);

/* Free it; the store was freed before, so that no answer comes. NULL is fine. */
void intake_free(struct intake *intake);

/* Use these sources and repositories from now on. */
void intake_set_settings(struct intake *intake, struct settings *settings);

/* The handler for listeners; lives as long as the intake. */
const struct conn_handler *intake_handler(const struct intake *intake);

/* A push was decided: tell whoever waits for it. */
void intake_decided(struct intake *intake, const struct delivery_decision *decision);

#endif
