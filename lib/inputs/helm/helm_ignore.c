/*
 * .helmignore, as Helm reads it (helm.sh/helm, internal or pkg/ignore).
 *
 * Lines are trimmed; empty ones and those that begin with "#" are skipped; a
 * "**" or a malformed pattern makes the chart fail.  Then, for each rule:
 *
 *   !rule   the meaning is turned around: what does NOT match is ignored
 *   rule/   directories only
 *   /rule   matches the whole path, as does a rule with a "/" inside
 *   rule    matches the last component
 *
 * The first rule that decides wins; patterns are those of Go's
 * filepath.Match().  At the end stands "templates/.?*", always.  A directory
 * that is ignored is not looked into.
 *
 * A rule that begins with "//" matches differently the second time it is used
 * (Helm takes one "/" off at each use), and what Unicode calls a blank at the
 * end of a line is trimmed, too: such files are not understood here.
 */
#include "inputs/helm/helm_ignore.h"

#include <string.h>

#include "base/glob.h"

/* Go's bufio.Scanner gives up on longer lines. */
#define LINE_MAX_BYTES 65535

static const char default_rule[] = "templates/.?*";

/* A line that was trimmed. False: not understood, or refused by Helm. */
static bool add_rule(struct buf *rules, const char *line, size_t len)
{
	char rule[GLOB_PATTERN_MAX + 1];

	if (len == 0 || line[0] == '#') {
		return true;
	}
	if (len > GLOB_PATTERN_MAX || (line[0] & 0x80) || (line[len - 1] & 0x80)) {
		return false;
	}
	memcpy(rule, line, len);
	rule[len] = '\0';
	if (strstr(rule, "**") != NULL || !glob_is_valid(GLOB_GO, rule) ||
	    strncmp(rule + (rule[0] == '!'), "//", 2) == 0) {
		return false;
	}
	(void)buf_add(rules, rule, len);
	(void)buf_addch(rules, '\n');
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool parse(const char *text, size_t len, struct buf *rules)
{
	size_t count = 0;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end != NULL ? (size_t)(end - text) : len;
		size_t from = 0;
		size_t to = line;

		while (from < to && is_blank(text[from])) {
			from++;
		}
		while (to > from && is_blank(text[to - 1])) {
			to--;
		}
		count++;
		if (line > LINE_MAX_BYTES || count > HELM_IGNORE_RULES_MAX ||
		    !add_rule(rules, text + from, to - from)) {
			return false;
		}
		len -= line + (end != NULL);
		text += line + (end != NULL);
	}
	return true;
}

bool helm_ignore_parse(const char *text, size_t len, struct buf *rules)
{
	struct buf made;

	buf_init(&made, rules->max);
	bool ok = memchr(text, '\0', len) == NULL && parse(text, len, &made) &&
		  buf_addstr(&made, default_rule) == 0 && !buf_is_full(&made) &&
		  buf_add(rules, made.data, made.len) == 0;

	buf_release(&made);
	return ok;
}

/* The pattern of one rule against a path; len bytes without the "!" and the last "/". */
static bool rule_matches(const char *rule, size_t len, const char *path)
{
	char pattern[GLOB_PATTERN_MAX + 1];
	const char *text = path;
	size_t skip = len > 0 && rule[0] == '/';

	if (len > GLOB_PATTERN_MAX) {
		return false;
	}
	memcpy(pattern, rule + skip, len - skip);
	pattern[len - skip] = '\0';
	if (memchr(rule, '/', len) == NULL) {
		const char *slash = strrchr(path, '/');

		text = slash != NULL ? slash + 1 : path;
	}
	return glob_match(GLOB_GO, pattern, text) == GLOB_MATCH;
}

bool helm_ignore_match(const char *rules, const char *path, bool is_directory)
{
	while (*rules != '\0') {
		size_t line = strcspn(rules, "\n");
		bool negate = rules[0] == '!';
		size_t len = line - negate;
		const char *rule = rules + negate;
		bool must_be_directory = len > 0 && rule[len - 1] == '/';

		rules += line + (rules[line] == '\n');
		if (must_be_directory && !is_directory) {
			if (negate) {
				return true;
			}
			continue;
		}
		if (rule_matches(rule, len - must_be_directory, path) != negate) {
			return true;
		}
	}
	return false;
}

/* Is a directory above path ignored? One that is too long to be asked is not. */
static bool is_below_ignored(const char *rules, const char *path)
{
	char above[4096];

	if (strlen(path) >= sizeof(above)) {
		return false;
	}
	memcpy(above, path, strlen(path) + 1);
	for (char *slash = strchr(above, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (helm_ignore_match(rules, above, true)) {
			return true;
		}
		*slash = '/';
	}
	return false;
}

bool helm_ignore_path(const char *rules, const char *path)
{
	return is_below_ignored(rules, path) ||
	       (helm_ignore_match(rules, path, false) && helm_ignore_match(rules, path, true));
}

bool helm_ignore_loads(const char *rules, const char *path)
{
	return !is_below_ignored(rules, path) && !helm_ignore_match(rules, path, false);
}
