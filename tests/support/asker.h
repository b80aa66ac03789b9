/*
 * Asking a pool of readers from a test, and waiting for the answer.
 */
#ifndef TESTS_SUPPORT_ASKER_H
#define TESTS_SUPPORT_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receiver/reader/reader.h"

#define ASKER_URL "https://git.example/org/repo.git"
#define ASKER_OTHER "https://git.example/org/other.git"

/* What came back. */
struct asked {
	unsigned answers;        // callbacks so far
	enum reader_result result;
	size_t count;            // of applications, up to 8
	size_t apps[8];
	uint64_t generation;
	char names[8][64];
	char path[64];           // of the last reason, and the first of its chain
	char via[64];
	char fallback[256];
	char why[512];
	bool found;              // a revision
	bool present;            // a commit
	char commit[OID_HEX_MAX + 1];
	char asked_commit[OID_HEX_MAX + 1]; // what the second one leads to
	struct app_list list;    // applications read, the caller's
	size_t problems;
	size_t broken;
};

/* The loop, the pool, this program, and the warnings it logged: one of each a test program. */
struct asker {
	struct event_base *base;
	struct reader_pool *pool;
	char self[4096];
	unsigned warnings;
};

/* Make the loop and find this program's path. */
void asker_init(struct asker *a);

/* Free the loop. */
void asker_release(struct asker *a);

/* The process of the reader, as the one child of this thread; 0: there is none. */
pid_t asker_reader_pid(void);

/* A pool of one reader: this very program with verb as its first argument. */
void asker_open(struct asker *a, const char *verb, int64_t time_limit_ms);

/* Free the pool. */
void asker_close(struct asker *a);

/* Add a repository, or end the test. */
void asker_set_repository(struct asker *a, const char *url, const char *path);

/* Append an application argocd/NAME with one source. */
void asker_add_app(struct app_list *list, const char *name, const char *url, const char *path);

/* Ask for the step between two ids, or between two made-up ones. *asked is emptied. */
void asker_ask_step(struct asker *a, struct asked *asked, const char *ref, const char *before,
		    const char *after);
void asker_ask(struct asker *a, struct asked *asked, const char *ref);

/* Callbacks of the other questions; arg is a struct asked. */
void asker_on_affected(void *arg, enum reader_result result, const struct reader_affected *answer,
		       const char *why);
void asker_on_resolve(void *arg, enum reader_result result, const struct reader_tip *tip,
		      const char *why);
void asker_on_apps(void *arg, enum reader_result result, struct manifests *found,
		   const char *why);

/* Turn the loop until *asked is answered, at most 20 s. */
void asker_wait(struct asker *a, const struct asked *asked);

/* Turn the loop for a while. */
void asker_turn(struct asker *a, int64_t ms);

#endif
