/*
 * The fingerprint of a unit: what of it can reach the rendered output.
 *
 * Two walks of one kind of unit with equal fingerprints, whose children mean
 * the same, one by one, are rendered to the same.  So a fingerprint has, of a
 * file, what is in it and not where it lies, unless its name is in the output;
 * and of a child unit only that there is one.
 *
 * A fingerprint is taken only where someone asks for it
 * (inputs_take_prints()): otherwise the functions below do nothing.  Only a
 * walker that says so (inputs_walker.prints) has one, and only as long as
 * nobody calls inputs_print_unknown(); an opaque unit has none.  It is good
 * for comparing within this process and no longer.
 *
 * There are two of each unit.  The loose one leaves out what only shows where
 * somebody minds the order in which objects come, or how they get their names
 * (inputs_print_minds()).  What is said below goes into both.
 */
#ifndef LIB_INPUTS_PRINT_H
#define LIB_INPUTS_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "inputs/inputs_impl.h"

/* Bytes of one fingerprint's stream; what is longer has none. */
#define PRINT_BYTES_MAX ((size_t)16 * 1024 * 1024)

/*
 * A flag of inputs_yaml() alone: YAML_PLAIN marks what may be something else
 * than a string (yaml.h), so that the kinds of values are told apart.
 */
#define INPUTS_PLAIN 256U

/* Is a fingerprint of this unit wanted, and can there still be one? */
bool inputs_prints(const struct inputs_walk *w);

/* Add a text; kind (any printable character but '#') keeps different things apart. */
void inputs_print(struct inputs_walk *w, char kind, const char *text);

/*
 * Add the content of a file: its meaning if that is what counts and it is
 * YAML by its name, else its bytes.
 */
void inputs_print_file(struct inputs_walk *w, const struct inputs_entry *entry, bool meaning);

/*
 * What comes from now on (until on is false) is a list of things, children
 * too, of which the loose fingerprint has each in any order.
 */
void inputs_print_list(struct inputs_walk *w, bool on);

/*
 * Add the objects in a file (objects.h), one by one: where one file ends and
 * the next begins is not told.  In a list, empty documents are none.
 */
void inputs_print_objects(struct inputs_walk *w, const struct inputs_entry *entry);

/* Add a text that stands for the content of such a file, not in a list: equal to it. */
void inputs_print_text(struct inputs_walk *w, const char *text);

/* As inputs_print(), into one of the two only. */
void inputs_print_strictly(struct inputs_walk *w, char kind, const char *text);
void inputs_print_loosely(struct inputs_walk *w, char kind, const char *text);

/* This unit minds. */
void inputs_print_minds(struct inputs_walk *w);

/* What reaches the output is not known: no fingerprint. */
void inputs_print_unknown(struct inputs_walk *w);

#endif
