/*
 * The first page: what somebody sees who opens the status listener in a
 * browser.
 */
#include "receiver/ui/page.h"

#include "receiver/ui/assets.h"

/* Append text with the five characters that HTML gives a meaning to written as references. */
static void escape(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			(void)buf_addstr(out, "&amp;");
			break;
		case '<':
			(void)buf_addstr(out, "&lt;");
			break;
		case '>':
			(void)buf_addstr(out, "&gt;");
			break;
		case '"':
			(void)buf_addstr(out, "&quot;");
			break;
		case '\'':
			(void)buf_addstr(out, "&#39;");
			break;
		default:
			(void)buf_addch(out, *text);
		}
	}
}

static void add_part(struct buf *out, const char *path, const char *title, const char *answer,
		     const char *lines)
{
	(void)buf_addf(out, "<dt><a href=\"%s\">%s</a>: %s</dt>\n<dd><pre>", path, title, answer);
	escape(out, lines);
	(void)buf_addstr(out, "</pre></dd>\n");
}

void page_status_write(struct buf *out, const struct page_status *status)
{
	const struct asset *style = asset_by_name("doorbell.css");

	(void)buf_addstr(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			      "<meta charset=\"utf-8\">\n"
			      "<meta name=\"viewport\" content=\"width=device-width\">\n"
			      "<title>doorbell</title>\n");
	(void)buf_addf(out, "<link rel=\"stylesheet\" href=\"%s\">\n</head>\n<body>\n<h1>doorbell ",
		       style->path);
	escape(out, status->version);
	(void)buf_addstr(out, "</h1>\n<dl>\n");
	add_part(out, "/healthz", "Health", status->healthy ? "ok" : "failed", status->health);
	add_part(out, "/readyz", "Readiness", status->ready ? "ready" : "not ready",
		 status->readiness);
	(void)buf_addstr(out, "<dt><a href=\"/metrics\">Metrics</a></dt>\n"
			      "<dd>for Prometheus</dd>\n</dl>\n</body>\n</html>\n");
}
