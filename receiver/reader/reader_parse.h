/*
 * The operator's own texts, parsed where committers' are: behind walls.
 *
 * libyaml is known to hang and to overrun, and a manifest that the operator
 * keeps in a directory often comes from elsewhere.  So it is parsed in a child
 * process like all others, but in one that nothing else lives in.
 */
#ifndef RECEIVER_READER_READER_PARSE_H
#define RECEIVER_READER_READER_PARSE_H

#include "receiver/reader/reader.h"

/*
 * Ask for the applications written in a text of the operator's: YAML or JSON
 * in base64, which is taken.  done is called once, as for reader_read_apps();
 * origins, problems and the why of READER_REFUSED begin with ":LINE", since
 * the text has no name.  A reader of their own parses these texts: what
 * committers write never reaches it, and it may open no file.
 */
void reader_parse_take(struct reader_pool *pool, char *text, reader_apps_fn done, void *arg);

/*
 * No text will come for a while: the reader that parses them ends when it has
 * answered all that it has.  The next text starts another one.
 */
void reader_parse_rest(struct reader_pool *pool);

#endif
