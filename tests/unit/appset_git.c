/*
 * ApplicationSets' file patterns against "git ls-files" itself: what git
 * lists for the including patterns and not for the excluding ones must touch
 * the set.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strvec.h"
#include "base/xalloc.h"
#include "inputs/appset/appset.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define ROUNDS 150

static const char script[] =
	"mkdir -p envs/a/b envs/c 'envs/d e' apps/.h '[a]' envs/b.yaml\n"
	"for f in config.yaml envs/a/config.yaml envs/a/b/config.yaml envs/c/config.json envs/a.yaml"
	" 'envs/d e/x.yaml' apps/.h/config.yaml apps/envs '[a]/a.yaml' '*.yaml' 'a\\b.yaml' 'é.yaml'"
	" envs/b.yaml/z ENVS.yaml envsx.yaml; do echo 'a: 1' >\"$f\"; done\n"
	"ln -s ../envs apps/link; ln -s a/config.yaml envs/l.yaml\n";

static const char *const pieces[] = {
	"envs", "envs/", "apps", "a", "b", "/", "/", "*", "**", "**/", "?", "[ab]", "[!a]", "[^e]",
	"config", ".yaml", ".json", "\\*", "\\a", "./", "../", "//", ".", "é", "{a,c}", "[a]", "[",
	"d e", "[[:alpha:]]", "!", "^",
};

/* One to six pieces, as a new string. */
static char *random_pattern(void)
{
	struct buf text;

	buf_init(&text, 4096);
	for (int n = 1 + rand() % 6; n > 0; n--) {
		(void)buf_addstr(&text, pieces[(size_t)rand() % (sizeof(pieces) / sizeof(*pieces))]);
	}
	return buf_detach(&text);
}

/* What git lists, one a line; NULL if it refuses the pattern. */
static char *listed(const char *repo, const char *pattern)
{
	char *text = gitrepo_output(repo, "git ls-files --full-name -z -- '%s' >../listed "
				    "2>/dev/null && tr '\\0' '\\n' <../listed || echo '<refused>'",
				    pattern);

	if (strstr(text, "<refused>") == NULL) {
		return text;
	}
	free(text);
	return NULL;
}

static bool holds(const char *lines, const char *path)
{
	size_t len = strlen(path);

	for (const char *at = strstr(lines, path); at != NULL; at = strstr(at + 1, path)) {
		if ((at == lines || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0')) {
			return true;
		}
	}
	return false;
}

/* Does a probe of the walked set take a path? */
static bool takes(const struct inputs_trace *trace, const char *path)
{
	for (size_t i = 0; i < trace->probe_count; i++) {
		const struct inputs_probe *p = &trace->probes[i];
		size_t len = strlen(p->path);
		bool below = len == 0 || (strncmp(path, p->path, len) == 0 && path[len] == '/');
		const char *rest = path + len + (len > 0);

		if (p->kind != PROBE_SUBTREE || !below) {
			continue;
		}
		const char *slash = strrchr(rest, '/');
		if (p->filter == NULL ||
		    p->filter->match(p->argument, rest,
				     slash != NULL ? (size_t)(slash + 1 - rest) : 0)) {
			return true;
		}
	}
	return false;
}

struct tally {
	size_t asked;
	size_t listed;
	size_t missed;
	size_t more;
};

static void compare(const struct inputs_trace *trace, const struct strvec *files,
		    const char *included, const char *excluded, struct tally *tally)
{
	for (size_t i = 0; i < files->count; i++) {
		const char *path = files->items[i];
		bool want = holds(included, path) && !holds(excluded, path);
		bool got = takes(trace, path);

		tally->listed += want;
		tally->missed += want && !got;
		tally->more += got && !want;
		if (want && !got) {
			tap_note("%s", path);
		}
	}
	tally->asked++;
}

int main(void)
{
	const char *path = gitrepo_new("sets");
	struct inputs *inputs = inputs_new(NULL, NULL);
	struct strvec files = STRVEC_INIT;
	struct treereader reader = { 0 };
	struct tally tally = { 0 };
	struct error err = ERROR_INIT;
	char *save = NULL;

	srand(1);
	gitrepo_sh(path, "%s", script);
	(void)gitrepo_commit(path);
	reader.tree = gitrepo_rev(path, "HEAD^{tree}");
	if (repo_open(path, false, &reader.repo, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		return 2;
	}
	char *all = gitrepo_output(path, "git ls-files -z | tr '\\0' '\\n'");
	for (char *f = strtok_r(all, "\n", &save); f != NULL; f = strtok_r(NULL, "\n", &save)) {
		strvec_push(&files, f);
	}
	for (size_t i = 0; i < ROUNDS; i++) {
		char *include = random_pattern();
		char *exclude = i % 2 == 0 ? xstrdup("none") : random_pattern();
		char *included = listed(path, i % 4 == 3 ? "*" : include);
		char *excluded = listed(path, exclude);
		const struct inputs_trace *trace;
		json_t *object = json_pack("{s:[o,o]}", "files",
					   json_sprintf("+%s", i % 4 == 3 ? "*" : include),
					   json_sprintf("-%s", exclude));
		char *options = json_dumps(object, JSON_COMPACT);

		json_decref(object);
		if (included != NULL && excluded != NULL &&
		    inputs_walk_unit(inputs, &reader, &inputs_appset, "", options, &trace, &err) == 0) {
			size_t missed = tally.missed;

			compare(trace, &files, included, excluded, &tally);
			if (tally.missed > missed) {
				tap_note("missed with %s", options);
			}
		}
		free(options);
		free(included);
		free(excluded);
		free(include);
		free(exclude);
	}
	tap_int(tally.missed, 0, "%zu pairs of patterns: nothing that git lists is missed (%zu files)",
		tally.asked, tally.listed);
	tap_ok(tally.asked > ROUNDS / 2 && tally.listed > ROUNDS, "git had something to list");
	tap_ok(tally.more < tally.listed, "%zu more are taken, as doublestar may", tally.more);
	strvec_release(&files);
	free(all);
	repo_free(reader.repo);
	inputs_free(inputs);
	return tap_done();
}
