/*
 * The character classes of RFC 9110 (5.5, 5.6.2), without locale.
 */
#ifndef LIB_HTTP_CHARS_H
#define LIB_HTTP_CHARS_H

#include <stdbool.h>
#include <string.h>

/* True for '0' to '9'. */
static inline bool http_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* True for ASCII letters. */
static inline bool http_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The lower case of an ASCII letter; anything else as it is. */
static inline char http_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* True for the characters of a token: field names, methods. */
static inline bool http_is_token(char c)
{
	return http_is_digit(c) || http_is_alpha(c) ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* True for printable ASCII without the space. */
static inline bool http_is_visible(char c)
{
	return c > 0x20 && c < 0x7f;
}

/* True for a space or a tab. */
static inline bool http_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* True for what a field value may hold: visible, blank, bytes from 0x80. */
static inline bool http_is_value(char c)
{
	return http_is_visible(c) || http_is_blank(c) || (unsigned char)c >= 0x80;
}

#endif
