/*
 * Tables that another program answered.
 */
#include "tests/support/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Decode %XX in place. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		unsigned byte = 0;

		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
}

static void read_row(char *line, struct table_row *row)
{
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		char *tab = strchr(line, '\t');
		size_t len = tab != NULL ? (size_t)(tab - line) : strlen(line);

		row->columns[i] = xstrndup(line, len);
		unescape(row->columns[i]);
		line += len + (tab != NULL);
	}
}

size_t table_read(const char *path, struct table_row **ret_rows)
{
	FILE *file = fopen(path, "r");
	struct table_row *rows = NULL;
	size_t capacity = 0;
	size_t count = 0;
	char *line = NULL;
	size_t size = 0;

	if (file == NULL) {
		(void)printf("Bail out! %s cannot be read\n", path);
		exit(1);
	}
	while (getline(&line, &size, file) > 0) {
		if (line[0] != '#') {
			rows = xgrow(rows, count, &capacity, sizeof(*rows));
			read_row(line, &rows[count++]);
		}
	}
	free(line);
	(void)fclose(file);
	*ret_rows = rows;
	return count;
}

void table_free(struct table_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < TABLE_COLUMNS; k++) {
			free(rows[i].columns[k]);
		}
	}
	free(rows);
}
