/*
 * Pages of the status listener, written from plain data; they work without
 * JavaScript.
 */
#ifndef RECEIVER_UI_PAGE_H
#define RECEIVER_UI_PAGE_H

#include <stdbool.h>

#include "base/buf.h"

#define PAGE_CONTENT_TYPE "text/html; charset=utf-8"

/* What a page may load: nothing but our own style sheet (Content Security Policy 3). */
#define PAGE_SECURITY_POLICY \
	"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"

/* What the first page says. Texts are borrowed and may hold anything: they are escaped. */
struct page_status {
	const char *version;
	bool healthy;
	const char *health;    // the lines of /healthz
	bool ready;
	const char *readiness; // the lines of /readyz
};

/* Append the whole first page to out, which must have room for it (16 KB are plenty). */
void page_status_write(struct buf *out, const struct page_status *status);

#endif
