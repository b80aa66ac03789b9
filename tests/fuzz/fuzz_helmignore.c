/*
 * .helmignore from committers: the rules, NUL, a path.  What was parsed parses
 * again to the same, and both say the same of the path.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inputs/helm/helm_ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RULES_MAX 16384

static void require(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void check(const char *rules, const char *again, const char *path)
{
	bool file = helm_ignore_match(rules, path, false);
	bool directory = helm_ignore_match(rules, path, true);

	require(helm_ignore_match(again, path, false) == file);
	require(helm_ignore_match(again, path, true) == directory);
	if (file && directory) {
		require(helm_ignore_path(rules, path) || strlen(path) >= 4096);
	}
	if (strchr(path, '/') == NULL) {
		require(helm_ignore_path(rules, path) == (file && directory));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t len = end != NULL ? (size_t)(end - data) : size;
	struct buf rules;
	struct buf again;
	char *path = NULL;

	if (size > 20000) {
		return 0;
	}
	path = calloc(1, size - len + 1);
	if (path == NULL) {
		return 0;
	}
	if (end != NULL) {
		memcpy(path, end + 1, size - len - 1);
	}
	buf_init(&rules, RULES_MAX);
	buf_init(&again, 2 * RULES_MAX);
	if (helm_ignore_parse((const char *)data, len, &rules) && path[0] != '\0') {
		require(helm_ignore_parse(rules.data, rules.len, &again));
		check(rules.data, again.data, path);
	} else {
		require(rules.len == 0 || path[0] == '\0');
	}
	buf_release(&rules);
	buf_release(&again);
	free(path);
	return 0;
}
