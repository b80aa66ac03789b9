/*
 * UTF-8, as far as we look into it: is this a character, and would a terminal
 * obey it?
 */
#ifndef LIB_BASE_UTF8_H
#define LIB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of the well-formed character that begins the len bytes at text (RFC
 * 3629, section 4), from 1 to 4; 0 if there is none.  NUL is a character.
 */
size_t utf8_length(const char *text, size_t len);

/*
 * The same for a string that ends with NUL; not called at its end.
 */
size_t utf8_length_of(const char *text);

/* True if the len bytes at text are well-formed characters, one after the other; len may be 0. */
bool utf8_is_valid(const char *text, size_t len);

/*
 * True if the character of n bytes at text is one that a terminal obeys instead of showing it: a
 * control character (C0, DEL, C1), a line or paragraph separator (U+2028, U+2029), or one that
 * changes the direction of what follows (Unicode's Bidi_Control: U+061C, U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069), by which a name can be made to look like another one.
 */
bool utf8_is_control(const char *text, size_t n);

#endif
