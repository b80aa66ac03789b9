/*
 * One file a process, appended to.
 */
#include "tests/support/metrics_keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"

void metrics_keep(struct metrics *m)
{
	const char *build = getenv("BUILD");
	char *folder = xasprintf("%s/metrics-seen", build != NULL ? build : "build");
	char *path = xasprintf("%s/%d", folder, (int)getpid());
	struct buf text;

	buf_init(&text, LIMIT_RESPONSE_BYTES);
	metrics_render(m, &text);
	(void)mkdir(folder, 0755);
	FILE *file = fopen(path, "ae");
	if (file == NULL || fputs(text.data, file) < 0 || fclose(file) != 0) {
		perror(path);
		exit(2);
	}
	buf_release(&text);
	free(path);
	free(folder);
}
