/*
 * The fingerprint of a unit: what of it can reach the rendered output.
 *
 * Two walks of units of one kind are rendered to the same if their fingerprints
 * are equal and their children, taken one by one in order, mean the same.  So a
 * fingerprint holds the content of a file but not its place, unless the
 * renderer writes the file's name into the output; and of a child it holds only
 * that there is one at this point, not what the child says.
 *
 * A fingerprint is taken only where someone asks for it
 * (inputs_take_prints()): otherwise the functions below do nothing.  Only a
 * walker that says so (inputs_walker.prints) has one, and only as long as
 * nobody calls inputs_print_unknown(); an opaque unit has none.  It is good
 * for comparing within this process and no longer.
 *
 * Each unit has two fingerprints, a strict and a loose one.  Some differences
 * only reach the output if a unit around minds the order in which objects come,
 * or how they get their names: the loose one leaves these out.  A unit that
 * minds says so with inputs_print_minds().  Unless a function below says
 * otherwise, what it adds goes into both.
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
 * Add the content of a file.  With meaning, a file that is YAML by its name is
 * added as what it means, so that comments and spelling do not matter; any
 * other file, and without meaning every file, as its bytes.
 */
void inputs_print_file(struct inputs_walk *w, const struct inputs_entry *entry, bool meaning);

/*
 * Begin (on) or end (not on) a list.  The order of what is added within it,
 * children included, is left out of the loose fingerprint.
 */
void inputs_print_list(struct inputs_walk *w, bool on);

/*
 * Add the objects in a file (objects.h), one by one, so that objects moved from
 * one file of a list to the next change nothing.  Within a list, empty
 * documents are left out.
 */
void inputs_print_objects(struct inputs_walk *w, const struct inputs_entry *entry);

/*
 * Add a text that is written in place of such a file, outside of a list: the
 * fingerprint is that of a file with this content.
 */
void inputs_print_text(struct inputs_walk *w, const char *text);

/* As inputs_print(), but into the strict or the loose fingerprint only. */
void inputs_print_strictly(struct inputs_walk *w, char kind, const char *text);
void inputs_print_loosely(struct inputs_walk *w, char kind, const char *text);

/* This unit minds the order of objects, or how they get their names (see above). */
void inputs_print_minds(struct inputs_walk *w);

/* What reaches the output is not known: no fingerprint. */
void inputs_print_unknown(struct inputs_walk *w);

#endif
