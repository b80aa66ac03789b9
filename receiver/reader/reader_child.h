/*
 * A reader process, from inside: the hidden verb "reader".
 */
#ifndef RECEIVER_READER_READER_CHILD_H
#define RECEIVER_READER_READER_CHILD_H

/*
 * Be a reader: put up the sandbox that the arguments ask for, then answer
 * requests on READER_CHANNEL until its end.  argv is that of main(), argv[1]
 * the verb; then pairs of --memory BYTES, --seconds N (of processor time for
 * one request), --read DIR, --read-alternates DIR (and what it borrows from),
 * --write DIR.  Does not return.
 */
_Noreturn void reader_child_main(int argc, char **argv);

#endif
