/*
 * Forwarded addresses.
 *
 * The list is read once from its beginning, as quotes can only be told apart
 * that way, and what is known so far is replaced: by each address that is not
 * trusted, and by nothing after each entry that is no address.  What is left
 * at the end is what reading from the end would have found.
 *
 * RFC 7239 4: "for" may hold an address, in brackets and quotes if it is
 * IPv6, with a port or without; "unknown"; or a name that begins with '_'.
 * Proxies write X-Forwarded-For in all these ways too, without quotes.
 */
#include "http/forwarded.h"

#include <string.h>

#include "http/chars.h"

/* What is known of the sender so far. */
struct known {
	const struct http_trust *trust;
	bool has_address;
	struct netaddr address;
};

static struct http_span trim(struct http_span s)
{
	while (s.len > 0 && http_is_blank(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && http_is_blank(s.at[s.len - 1])) {
		s.len--;
	}
	return s;
}

/*
 * Cut the next part of *rest, up to separator or the end.  A separator in
 * quotes does not count if quoted; a quote that is not closed takes all.
 */
static struct http_span cut(struct http_span *rest, char separator, bool quoted)
{
	bool inside = false;
	size_t i = 0;

	for (; i < rest->len && (inside || rest->at[i] != separator); i++) {
		if (quoted && rest->at[i] == '"') {
			inside = !inside;
		} else if (inside && rest->at[i] == '\\' && i + 1 < rest->len) {
			i++;
		}
	}
	struct http_span part = { .at = rest->at, .len = i };
	size_t used = i < rest->len ? i + 1 : i;
	rest->at += used;
	rest->len -= used;
	return trim(part);
}

static bool is_port(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!http_is_digit(at[i])) {
			return false;
		}
	}
	return len > 0 && len <= 5;
}

/* An address, with a port or without: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80. */
static bool read_node(struct http_span s, struct netaddr *ret_address)
{
	if (s.len > 0 && s.at[0] == '[') {
		const char *close = memchr(s.at, ']', s.len);
		size_t inner = close != NULL ? (size_t)(close - s.at) - 1 : 0;
		size_t behind = close != NULL ? s.len - inner - 2 : 0;

		return close != NULL && memchr(s.at, ':', inner + 1) != NULL &&
		       (behind == 0 || (close[1] == ':' && is_port(close + 2, behind - 1))) &&
		       netaddr_parse(s.at + 1, inner, ret_address) == 0;
	}
	const char *colon = s.len > 0 ? memchr(s.at, ':', s.len) : NULL;
	size_t before = colon != NULL ? (size_t)(colon - s.at) : 0;
	if (colon != NULL && memchr(s.at, '.', before) != NULL) {
		return is_port(colon + 1, s.len - before - 1) &&
		       netaddr_parse(s.at, before, ret_address) == 0;
	}
	return netaddr_parse(s.at, s.len, ret_address) == 0;
}

static bool is_token(struct http_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!http_is_token(s.at[i])) {
			return false;
		}
	}
	return s.len > 0;
}

/* A quote, text, and the one quote that ends it (RFC 9110 5.6.4). */
static bool is_quoted(struct http_span s)
{
	size_t i = 1;

	if (s.len < 2 || s.at[0] != '"') {
		return false;
	}
	for (; i < s.len && s.at[i] != '"'; i++) {
		i += s.at[i] == '\\';
	}
	return i + 1 == s.len;
}

/*
 * The value of "for" in one element of Forwarded, without its quotes.  at is
 * NULL if there is none, or anything in the element is not as it must be: a
 * stranger's open quote would make its own of what the proxy appends.
 */
static struct http_span for_of(struct http_span element)
{
	static const struct http_span none = { .at = NULL };
	struct http_span found = none;

	while (element.len > 0) {
		struct http_span value = cut(&element, ';', true);
		struct http_span name = cut(&value, '=', false);
		bool quoted = is_quoted(value);

		if (!is_token(name) || (!quoted && !is_token(value))) {
			return none;
		}
		if (http_span_is_nocase(name, "for")) {
			if (found.at != NULL) {
				return none;
			}
			found = quoted ? (struct http_span){ value.at + 1, value.len - 2 } : value;
		}
	}
	return found;
}

/* One entry more, behind all others so far. */
static void learn(struct known *known, struct http_span node)
{
	struct netaddr address;

	if (node.at == NULL || !read_node(node, &address)) {
		known->has_address = false;
		return;
	}
	if (!known->has_address || !known->trust->is_trusted(known->trust->ctx, &address)) {
		known->address = address;
		known->has_address = true;
	}
}

bool http_forwarded_for(const struct http_head *head, enum http_forwarded kind,
			const struct http_trust *trust, struct netaddr *ret_address)
{
	const char *name = kind == HTTP_FORWARDED ? "forwarded" : "x-forwarded-for";
	bool quoted = kind == HTTP_FORWARDED;
	struct known known = { .trust = trust };

	for (size_t i = 0; kind != HTTP_PROXY_PROTOCOL && i < head->field_count; i++) {
		struct http_span rest = head->fields[i].value;

		if (!http_span_is_nocase(head->fields[i].name, name)) {
			continue;
		}
		while (rest.len > 0) {
			struct http_span element = cut(&rest, ',', quoted);

			if (element.len > 0) {
				learn(&known, quoted ? for_of(element) : element);
			}
		}
	}
	if (known.has_address) {
		*ret_address = known.address;
	}
	return known.has_address;
}
