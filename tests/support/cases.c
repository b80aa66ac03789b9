/*
 * Files of cases: split at tabs, resolve escapes, repeat.
 */
#include "tests/support/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define COLUMN_MAX (16U * 1024 * 1024)

static const char *add_escape(struct buf *out, const char *p)
{
	char digits[3] = { p[1], p[1] != '\0' ? p[2] : '\0', '\0' };

	switch (*p) {
	case 'r':
		(void)buf_addch(out, '\r');
		return p + 1;
	case 'n':
		(void)buf_addch(out, '\n');
		return p + 1;
	case 't':
		(void)buf_addch(out, '\t');
		return p + 1;
	case 'x':
		(void)buf_addch(out, (char)strtol(digits, NULL, 16));
		return p + 3;
	default:
		(void)buf_addch(out, *p);
		return p + 1;
	}
}

static void add_plain(struct buf *out, const char *p, const char *end)
{
	while (p < end) {
		if (*p == '\\') {
			p = add_escape(out, p + 1);
		} else {
			(void)buf_addch(out, *p++);
		}
	}
}

/* p is behind '{'. Returns what follows '}'. */
static const char *add_repeat(struct buf *out, const char *p, const char *end)
{
	const char *close = memchr(p, '}', (size_t)(end - p));
	const char *star = close != NULL ? memrchr(p, '*', (size_t)(close - p)) : NULL;

	if (star == NULL) {
		printf("Bail out! a repeat without count: %s\n", p);
		exit(2);
	}
	for (long n = strtol(star + 1, NULL, 10); n > 0; n--) {
		add_plain(out, p, star);
	}
	return close + 1;
}

static struct case_column resolve(const char *p, const char *end)
{
	struct buf out;

	buf_init(&out, COLUMN_MAX);
	while (p < end) {
		const char *brace = memchr(p, '{', (size_t)(end - p));

		add_plain(&out, p, brace != NULL ? brace : end);
		p = brace != NULL ? add_repeat(&out, brace + 1, end) : end;
	}
	size_t len = out.len;
	return (struct case_column){ .bytes = buf_detach(&out), .len = len };
}

static void read_row(struct case_row *row, const char *line)
{
	const char *p = line;

	for (size_t i = 0; i < CASE_COLUMNS; i++) {
		const char *end = p + strcspn(p, "\t\n");

		row->columns[i] = resolve(p, end);
		p = *end == '\t' ? end + 1 : end;
	}
}

size_t cases_read(const char *path, struct case_row **ret_rows)
{
	FILE *file = fopen(path, "r");
	struct case_row *rows = NULL;
	char *line = NULL;
	size_t line_size = 0;
	size_t capacity = 0;
	size_t count = 0;

	if (file == NULL) {
		printf("Bail out! cannot read %s\n", path);
		exit(2);
	}
	while (getline(&line, &line_size, file) > 0) {
		if (line[0] == '#') {
			continue;
		}
		rows = xgrow(rows, count, &capacity, sizeof(*rows));
		read_row(&rows[count++], line);
	}
	free(line);
	(void)fclose(file);
	*ret_rows = rows;
	return count;
}

void cases_free(struct case_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < CASE_COLUMNS; j++) {
			free(rows[i].columns[j].bytes);
		}
	}
	free(rows);
}
