/*
 * One line of .sourceignore against one path.
 *
 * What source-controller uses for spec.ignore and .sourceignore is
 * fluxcd/pkg/sourceignore with a copy of go-git's plumbing/format/gitignore
 * (pattern.go); tests/payloads/sourceignore has thousands of its answers:
 *
 *   - lines end as Go's bufio.ScanLines ends them; "#" in front is a comment
 *   - "!" in front includes again; blanks behind go unless the line ends in "\ "
 *   - "/" at the end: directories only, so a file must be below it
 *   - without another "/" the pattern is held against each component
 *   - else it is held against the path from its beginning, component by
 *     component; "**" is any number of components; it may end at a directory
 *     of the path, and with "**" at its end at a file, too
 *
 * Components are matched by Go's filepath.Match.  Unlike in Git a file below an
 * excluded directory can be included again.
 */
#include "inputs/flux/flux_ignore.h"

#include <stddef.h>
#include <string.h>

#include "base/glob.h"

#define PART_MAX GLOB_PATTERN_MAX

/* Copy the component at *at to part and step behind it and its slash. False if it is too long. */
static bool next_part(const char **at, char part[PART_MAX + 1])
{
	size_t len = strcspn(*at, "/");

	if (len > PART_MAX) {
		return false;
	}
	memcpy(part, *at, len);
	part[len] = '\0';
	*at += len + ((*at)[len] == '/');
	return true;
}

/* A pattern without a slash: any component of the path. */
static bool name_matches(const char *pattern, bool directory, const char *path)
{
	char part[PART_MAX + 1];

	while (*path != '\0') {
		if (!next_part(&path, part)) {
			return false;
		}
		if (glob_match(GLOB_GO, pattern, part) == GLOB_MATCH) {
			return *path != '\0' || !directory;
		}
	}
	return false;
}

/* Step over components of *path until one matches; false if none does. */
static bool find_part(const char *pattern, const char **path)
{
	char part[PART_MAX + 1];

	while (**path != '\0') {
		if (!next_part(path, part)) {
			return false;
		}
		if (glob_match(GLOB_GO, pattern, part) == GLOB_MATCH) {
			return true;
		}
	}
	return false;
}

/* A pattern with slashes, from the beginning of the path. */
static bool path_matches(const char *pattern, bool directory, const char *path)
{
	char part[PART_MAX + 1];
	char name[PART_MAX + 1];
	bool anywhere = false;
	bool matched = false;

	while (*pattern != '\0') {
		if (!next_part(&pattern, part)) {
			return false;
		}
		if (part[0] == '\0') {
			anywhere = false;
			continue;
		}
		if (strcmp(part, "**") == 0) {
			anywhere = true;
			continue;
		}
		if (strstr(part, "**") != NULL || *path == '\0') {
			return false;
		}
		if (anywhere) {
			matched = find_part(part, &path);
			anywhere = false;
			continue;
		}
		if (!next_part(&path, name) || glob_match(GLOB_GO, part, name) != GLOB_MATCH) {
			return false;
		}
		matched = true;
	}
	return matched && !(directory && *path == '\0');
}

/* The length of a line without its end. */
static size_t line_length(const char *line)
{
	size_t len = strcspn(line, "\n");

	return len > 0 && line[len - 1] == '\r' ? len - 1 : len;
}

bool flux_ignore_is_pattern(const char *line)
{
	size_t len = line_length(line);

	return line[0] != '#' && strspn(line, " \t\v\f\r") < len;
}

enum flux_ignore flux_ignore_line(const char *line, const char *path)
{
	char pattern[PART_MAX + 1];
	size_t len = line_length(line);
	bool include = line[0] == '!';

	if (!flux_ignore_is_pattern(line) || len > PART_MAX) {
		return FLUX_IGNORE_NONE;
	}
	memcpy(pattern, line + include, len - include);
	len -= include;
	bool quoted = len > 1 && pattern[len - 2] == '\\' && pattern[len - 1] == ' ';
	while (!quoted && len > 0 && pattern[len - 1] == ' ') {
		len--;
	}
	bool directory = len > 0 && pattern[len - 1] == '/';
	len -= directory;
	pattern[len] = '\0';
	bool matches = strchr(pattern, '/') != NULL ? path_matches(pattern, directory, path)
						    : name_matches(pattern, directory, path);
	if (!matches) {
		return FLUX_IGNORE_NONE;
	}
	return include ? FLUX_IGNORE_NO : FLUX_IGNORE_YES;
}
