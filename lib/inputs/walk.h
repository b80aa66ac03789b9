/*
 * The walking machine's insides, for the files of its frame only: walkers use
 * inputs_impl.h.
 */
#ifndef LIB_INPUTS_WALK_H
#define LIB_INPUTS_WALK_H

#include "base/arena.h"
#include "inputs/inputs_impl.h"

/* Probes of one unit; more make it opaque. */
#define WALK_PROBES_MAX 100000
/* Children of one unit; more make it opaque. */
#define WALK_CHILDREN_MAX 10000
/* Entries that one walk may list; more make the unit opaque. */
#define WALK_ENTRIES_MAX 1000000
/* Bytes of the options of one unit. */
#define WALK_OPTIONS_BYTES_MAX 65536

struct walk_slot {
	uint32_t generation; // a slot of another walk is free
	uint32_t probe;
};

struct parsed; // parse.c: one parsed blob
struct said;   // print.c: what one file says

/* One walk. */
struct inputs_walk {
	struct inputs *machine;
	const struct treereader *reader;
	struct inputs_trace trace;
	size_t probe_capacity;
	size_t child_capacity;
	size_t entries;       // listed so far
	size_t joined;  // bytes of paths that were put together
	struct buf print;     // of the fingerprint, while one is taken
	struct buf loose;     // of the weaker one
	struct buf bag;       // what may be in any order, and loose has still to get
	bool listing;         // what comes may be in any order
	bool print_unknown;   // there is none
	int failed;           // -1: the repository cannot be used; err says why
	struct error err;
};

/* The machine; one walk at a time. */
struct inputs {
	struct inputs_walk walk;
	struct arena arena;
	struct walk_slot *slots; // finds a probe: open addressing, a power of two
	size_t slot_count;
	uint32_t generation;
	struct parsed *parsed;   // by blob id
	size_t parsed_bytes;
	bool printing;           // fingerprints are taken
	size_t print_bytes;      // that may still be read for them
	struct said *said;       // print.c: what files say, while prints are taken
	char *repository;
	char *ref;
	const struct inputs_walker *const *walkers; // all there are; ends with NULL
};

/*
 * Note the outcome of a function of lib/repo that was not REPO_OK: an opaque
 * unit, or the end of the walk.
 */
void walk_trouble(struct inputs_walk *w, int outcome, const struct error *err);

/* Begin and end the fingerprint of a walk (print.c); known: the walker gives one. */
void print_begin(struct inputs_walk *w);
void print_end(struct inputs_walk *w, bool known);

/* Forget what files say. */
void print_forget(struct inputs *inputs);

/* Forget parsed files if there are too many (max_bytes; 0: all). */
void parse_forget(struct inputs *inputs, size_t max_bytes);

/* Log an input that nobody but this frame decides on; argument may be NULL. */
void walk_probe(struct inputs_walk *w, enum probe_kind kind, const char *path, unsigned flags,
		const struct inputs_filter *filter, const char *argument);

#endif
