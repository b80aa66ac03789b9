/*
 * What the hook reads from others: git's lines (first byte even) and the
 * receiver's answer (odd).  No update is taken that git would not have, and
 * nothing is printed that could steer a terminal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "hooks/refs.h"
#include "hooks/report.h"
#include "push/push_native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lines(const char *text, size_t size)
{
	struct delivery_content c;
	struct hook_refs refs;

	delivery_content_init(&c);
	hook_refs_parse(text, size, &c, &refs);
	for (size_t i = 0; i < c.count; i++) {
		if (!push_ref_is_valid(c.pushes[i].ref)) {
			abort();
		}
	}
	char *body = push_native_body(&c, NULL);
	if (body == NULL) {
		abort();
	}
	free(body);
	delivery_content_release(&c);
}

static void answer(const char *text, size_t size)
{
	struct buf out;

	buf_init(&out, 1U << 20);
	hook_report(text, size, true, &out);
	for (const unsigned char *c = (const unsigned char *)out.data; *c != '\0'; c++) {
		if ((*c < 0x20 && *c != '\n') || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) {
			abort();
		}
	}
	if (out.len > 0 && out.data[out.len - 1] != '\n') {
		abort();
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	/* An exact allocation, so that a read past the end is seen. */
	char *text = xmemdup(data + 1, size - 1);
	if (data[0] % 2 == 0) {
		lines(text, size - 1);
	} else {
		answer(text, size - 1);
	}
	free(text);
	return 0;
}
