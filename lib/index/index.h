/*
 * The room for who reads a path: the units of one ref at one tree, and their
 * probes.  lib/affected alone calls it.  It never walks: it keeps what was found.
 *
 * Four kinds of small records, each in one array and called by number, 0
 * being none: units; postings (a probe of a unit at a node of the trie);
 * edges (a unit is made from another one); and the trie's nodes.  Lists
 * through them are doubly linked where one record must leave a long list.
 * Freed units, postings and edges are used again; nodes and strings go when
 * index_compact() builds both anew.  All holders of an index see the same one.
 *
 * A unit without a walker is a source of an application: it is bound to the
 * caller's number of that source.  A unit that nobody refers to and that is
 * not bound goes away with index_collect().
 */
#ifndef LIB_INDEX_INDEX_H
#define LIB_INDEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/filters.h"
#include "index/names.h"
#include "index/trie.h"
#include "inputs/inputs.h"

/*
 * trie_node.kinds: 1 << enum probe_kind for each kind that is there, and for
 * SUBTREE and GLOB whether there are plain ones, which any change of a file
 * touches, and others, which have to be looked at one by one.
 */
#define INDEX_PLAIN (1U << 8)
#define INDEX_OTHER (1U << 9)

struct posting {
	uint32_t node;
	uint32_t unit;    // 0: free
	uint32_t next;    // of the node
	uint32_t prev;
	uint32_t next_of_unit;
	uint16_t filter;  // in filters; 0: takes all
	uint8_t kind;     // enum probe_kind
	uint8_t flags;    // INPUTS_*
};

struct edge {
	uint32_t from;    // refers to
	uint32_t to;
	uint32_t next_from; // the next edge of the same from
	uint32_t next_to;   // the next edge of the same to
	uint32_t prev_to;
	uint32_t via;     // how from writes it, in strings; 0: not said
};

struct unit {
	const struct inputs_walker *walker; // NULL: a source
	uint32_t dir;      // in strings
	uint32_t options;  // in strings; a source: what it is, as a digest
	uint32_t origin;   // in strings
	uint32_t opaque;   // in strings: why it is, or why any push counts; 0: neither
	uint32_t postings;
	uint32_t children; // edges from it
	uint32_t referrers; // edges to it
	uint32_t bound;    // a source: the caller's number plus 1; 0: unbound
	uint32_t hit;      // the matcher's: its number of the hit plus 1
	uint32_t mark;     // epochs of the propagation
	uint32_t seen;
	uint32_t pred;     // edge by which it was reached
	bool used;
	bool fresh;        // not walked yet
	bool queued;       // in the list of those to collect
};

struct numbers {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

/* How much there was of what is only taken out by index_compact(). */
struct index_size {
	size_t nodes;    // of the trie
	size_t text;     // bytes of strings
	size_t postings;
	size_t units;
};

struct index_table {
	struct trie trie;
	struct names strings;
	struct unit *units;
	size_t unit_count;       // used and free, number 0 included
	size_t unit_capacity;
	size_t units_used;
	struct posting *postings;
	size_t posting_count;
	size_t posting_capacity;
	size_t postings_used;
	uint32_t free_posting;
	struct edge *edges;
	size_t edge_count;
	size_t edge_capacity;
	size_t edges_used;
	uint32_t free_edge;
	struct filters filters;
	struct numbers always;   // units with PROBE_ALWAYS; may hold some twice or no longer
	struct numbers remote;    // units with PROBE_REMOTE, likewise
	struct numbers fresh;    // units to be walked
	struct numbers loose;    // units that may have to go
	struct numbers free_units;
	uint32_t *slots;         // units by key; open addressing
	uint32_t slot_count;
	uint32_t slots_used;     // tombstones included
	uint32_t epoch;
	struct index_size compact; // when it was built, or compacted last
	unsigned holders;        // index_free() frees it with the last one
	bool asks_ref;           // some unit depends on which ref it was walked for
};

/* Is a probe of this kind at no node of the trie? */
static inline bool index_is_placeless(unsigned kind)
{
	return kind == PROBE_ALWAYS || kind == PROBE_REMOTE;
}

/* A new empty index with one holder; free it with index_free(). */
struct index_table *index_new(void);

/* One holder more, who will call index_free() too. Returns table. */
struct index_table *index_hold(struct index_table *table);

/* One holder less; the last one frees it. NULL is fine. */
void index_free(struct index_table *table);

/* About how many bytes of memory it takes. */
size_t index_bytes(const struct index_table *table);

/* The unit with this key, made (and queued in fresh) if it is not there. */
uint32_t index_unit(struct index_table *table, const struct inputs_walker *walker,
		    const char *dir, const char *options);

/* The unit with this key, or 0. */
uint32_t index_find(struct index_table *table, const struct inputs_walker *walker,
		    const char *dir, const char *options);

/* Append a number to a list. */
void numbers_push(struct numbers *list, uint32_t number);

/*
 * Replace what a unit reads and refers to by a trace. Children that are new
 * are queued in fresh; those no longer referred to are queued to be collected.
 */
void index_set_trace(struct index_table *table, uint32_t unit, const struct inputs_trace *trace);

/*
 * Bind a source unit to a number, or unbind it (-1).  One that is then neither
 * bound nor referred to is queued for index_collect().
 */
void index_bind(struct index_table *table, uint32_t unit, long number);

/* Remove the queued units that still are neither, and what only these referred to. */
void index_collect(struct index_table *table);

/*
 * Build the trie and the strings anew if about half of either is no longer
 * used.  To be called when the index is complete, after units were walked:
 * numbers of nodes and of strings that were asked for before mean nothing
 * afterwards, those of units, postings, edges and filters stay.
 */
void index_compact(struct index_table *table);

/* True for a SUBTREE or GLOB posting that any change of a file touches. */
static inline bool index_is_plain(const struct posting *posting)
{
	const unsigned conditions = PROBE_EXCUSES | PROBE_DIRS;

	return (posting->kind == PROBE_SUBTREE || posting->kind == PROBE_GLOB) &&
	       posting->filter == 0 && (posting->flags & conditions) == 0;
}

/*
 * For who reads an index from disk (index/index_store.c): add an edge from one
 * unit to another (via as in struct inputs_child; returns its number), or a
 * probe to a unit.  All others use index_set_trace().
 */
uint32_t index_add_edge(struct index_table *table, uint32_t from, uint32_t to, const char *via);
void index_add_probe(struct index_table *table, uint32_t unit, const struct inputs_probe *probe);

static inline struct unit *index_at(const struct index_table *table, uint32_t unit)
{
	return &table->units[unit];
}

static inline const char *index_string(const struct index_table *table, uint32_t number)
{
	return names_text(&table->strings, number);
}

#endif
