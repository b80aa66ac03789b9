/*
 * A look at the operator's files, off the loop.
 *
 * A thread of its own walks directories, compares each file with what is
 * known of it, and reads those that may have changed, one file at a time.
 * What it finds comes to the loop in pieces of bounded size; the thread waits
 * until one is done with before it hands over another.  It parses nothing.
 * The catalog's files.c starts a look and decides what to do with what is
 * found.
 *
 * All functions are for the thread of the loop; callbacks come from the loop,
 * never from inside a call to this module.
 */
#ifndef RECEIVER_CATALOG_LOOK_H
#define RECEIVER_CATALOG_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strvec.h"
#include "inventory/stamp.h"

struct event_base;
struct look;

/* A piece has at most so many files, and about so many bytes of text beside the last one's. */
#define LOOK_PIECE_FILES 64
#define LOOK_PIECE_BYTES (1024U * 1024)

/* A file that is known. */
struct look_known {
	char *path;
	struct stamp stamp;
};

/* A file or directory to look at, with the files known of it in the order of the tree. */
struct look_root {
	char *path;
	bool is_directory;
	struct look_known *known;
	size_t known_count;
};

enum look_kind {
	LOOK_TEXT,       // new or changed: its text
	LOOK_TOUCHED,    // it was read, and is what it was: a newer stamp
	LOOK_GONE,       // it was known and is not there any more
	LOOK_UNREADABLE  // why it cannot be read
};

struct look_found {
	enum look_kind kind;
	size_t root;         // index of its root
	char *path;
	struct stamp stamp;  // of LOOK_TEXT and LOOK_TOUCHED
	char *text;          // of LOOK_TEXT, in base64: whoever takes it leaves NULL
	char *why;           // of LOOK_UNREADABLE: a line that begins with the path
};

/* What is found, in pieces; all of it belongs to the look but for texts that were taken. */
struct look_piece {
	struct look_found *found;
	size_t count;
	bool last;
	/* With the last one: */
	struct strvec *problems;   // for each root, directories that cannot be read
	struct strvec directories; // all that were looked into, or where a file stands
	char identity[SHA256_HEX_MAX + 1]; // of these directories: another one, another digest
};

/*
 * Start a look at count roots, which are taken with all in them.  piece(ctx,
 * p) is called for each piece; look_next() must follow each, or look_drop().
 * NULL if no thread can be had (the roots are freed); then try again later.
 */
struct look *look_new(struct event_base *base, struct look_root *roots, size_t count,
		      void (*piece)(void *ctx, struct look_piece *p), void *ctx);

/* The piece that was handed over is done with: go on. After the last one there is no more. */
void look_next(struct look *look);

/*
 * There is no callback any more, wherever the look stands.  Does not wait for
 * the disk: the thread ends when it next comes to see.  look_free() must
 * follow; NULL is fine.
 */
void look_drop(struct look *look);

/*
 * Free a look that was dropped once its thread has ended, which is waited for
 * wait_ms milliseconds at most.  False: it has not, and the look is there.
 */
bool look_free(struct look *look, int64_t wait_ms);

#endif
