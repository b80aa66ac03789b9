/*
 * Whom proxies forward for: whatever the fields of a head are, nothing beyond
 * them is read, and what a stranger writes in front of what a proxy appends
 * does not change the answer, unless it leaves a quote open: then there is none.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "http/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_trusted(const void *ctx, const struct netaddr *address)
{
	(void)ctx;
	return address->bytes[NETADDR_BYTES - 1] % 2 == 0;
}

static const struct http_trust trust = { .is_trusted = is_trusted };

/* What proxies append to the field that came. */
static const struct {
	enum http_forwarded kind;
	const char *behind;
	const char *address;
} proxies[] = {
	{ HTTP_X_FORWARDED_FOR, ", 192.0.2.1", "192.0.2.1" },
	{ HTTP_FORWARDED, ", for=192.0.2.1", "192.0.2.1" },
	{ HTTP_FORWARDED, ", for=\"[2001:db8::1]:80\";proto=https", "2001:db8::1" },
};

static bool is(const struct netaddr *address, const char *text)
{
	struct netaddr want;

	return netaddr_parse(text, strlen(text), &want) == 0 &&
	       memcmp(&want, address, sizeof(want)) == 0;
}

/* The input as one value, with what a proxy appends. */
static void check(const uint8_t *data, size_t size, size_t proxy)
{
	enum http_forwarded kind = proxies[proxy].kind;
	const char *behind = proxies[proxy].behind;
	struct http_head head = { .field_count = 1 };
	struct netaddr address;
	size_t len = size + strlen(behind);
	char *value = xcalloc(1, len + 1);

	memcpy(value, data, size);
	memcpy(value + size, behind, strlen(behind));
	char *exact = xmemdup(value, len);
	head.fields[0].name = (struct http_span){ "forwarded", 9 };
	if (kind == HTTP_X_FORWARDED_FOR) {
		head.fields[0].name = (struct http_span){ "x-forwarded-for", 15 };
	}
	head.fields[0].value = (struct http_span){ exact, len };
	bool known = http_forwarded_for(&head, kind, &trust, &address);
	bool open = kind == HTTP_FORWARDED && memchr(data, '"', size) != NULL;
	if (known ? !is(&address, proxies[proxy].address) : !open) {
		abort();
	}
	free(exact);
	/* And alone. */
	exact = xmemdup(data, size);
	head.fields[0].value = (struct http_span){ exact, size };
	(void)http_forwarded_for(&head, kind, &trust, &address);
	free(exact);
	free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
		check(data, size, i);
	}
	return 0;
}
