/*
 * Layouts: written by git fast-import, answered by lib/affected/affected.h.
 */
#include "tests/support/layouts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affected/affected.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "tests/support/app_text.h"
#include "tests/support/tap.h"

#define URL "https://git.example.com/team/infra"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX (64U * 1024 * 1024)

/* Replace every word of a text that stands for something, as a new string. */
static char *put_in(const char *text, size_t i)
{
	struct buf out;

	buf_init(&out, TEXT_MAX);
	while (*text != '\0') {
		if (strncmp(text, "HERE", 4) == 0) {
			(void)buf_addf(&out, "repoURL: %s, targetRevision: case-%zu", URL, i);
			text += 4;
		} else if (strncmp(text, "SELF", 4) == 0) {
			(void)buf_addf(&out, "case-%zu", i);
			text += 4;
		} else {
			(void)buf_addch(&out, *text++);
		}
	}
	return buf_detach(&out);
}

static void write_file(FILE *out, const char *path, const char *text)
{
	const char *mode = "100644";

	if (strcmp(text, "@") == 0) {
		fprintf(out, "M 160000 %040d %s\n", 1, path);
		return;
	}
	if (strncmp(text, "->", 2) == 0) {
		mode = "120000";
		text += 2;
	} else if (strncmp(text, "+x", 2) == 0) {
		mode = "100755";
		text += 2;
	}
	fprintf(out, "M %s inline %s\ndata %zu\n%s\n", mode, path, strlen(text), text);
}

static void write_files(FILE *out, const struct layout_file *files, size_t count, size_t i)
{
	for (size_t f = 0; f < count && files[f].path != NULL; f++) {
		char *path = put_in(files[f].path, i);
		char *text = files[f].text != NULL ? put_in(files[f].text, i) : NULL;

		if (text != NULL) {
			write_file(out, path, text);
		} else {
			fprintf(out, "D %s\n", path);
		}
		free(text);
		free(path);
	}
}

static void make_repository(const struct layout *layouts, size_t count, const char *path)
{
	char *stream = xasprintf("%s/stream", tap_dir());
	FILE *out = fopen(stream, "w");

	for (size_t i = 0; out != NULL && i < count; i++) {
		fprintf(out, "commit refs/heads/case-%zu\nmark :%zu\n"
			     "committer t <t@example.com> 0 +0000\ndata 0\n", i, 2 * i + 1);
		fprintf(out, "M 100644 inline README\ndata 0\n\n");
		write_files(out, layouts[i].before, COUNT(layouts[i].before), i);
		fprintf(out, "commit refs/heads/case-%zu\n"
			     "committer t <t@example.com> 0 +0000\ndata 0\nfrom :%zu\n", i,
			2 * i + 1);
		write_files(out, layouts[i].change, COUNT(layouts[i].change), i);
	}
	fclose(out);
	tap_sh("git init -q --bare '%s' && git -C '%s' fast-import --quiet < '%s'", path, path,
	       stream);
	free(stream);
}

/* The manifests of a case, as a new string. */
static char *make_manifests(const char *spec, size_t i)
{
	char *own = put_in(spec, i);
	char *text = strncmp(own, "apiVersion:", 11) == 0
			     ? xstrdup(own)
			     : xasprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
					 "metadata: {name: case-%zu, namespace: argocd}\n"
					 "spec: {%s}\n", i, own);

	free(own);
	return text;
}

static void make_applications(const struct layout *layouts, size_t count, const char *spec,
			      struct app_list *list)
{
	struct strvec problems = STRVEC_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < count; i++) {
		char *text = make_manifests(layouts[i].spec != NULL ? layouts[i].spec : spec, i);
		size_t had = list->count;

		if (app_read_yaml(text, strlen(text), "test", list, &problems, &err) != 0 ||
		    problems.count > 0 || list->count == had) {
			tap_ok(false, "the application of \"%s\" is read: %s %s", layouts[i].name,
			       err.text, problems.count > 0 ? problems.items[0] : "");
			exit(tap_done());
		}
		free(text);
	}
	app_link(list, &problems);
	strvec_release(&problems);
}

static struct oid commit_of(struct affected_state *state, size_t i, const char *suffix)
{
	char *revision = xasprintf("refs/heads/case-%zu%s", i, suffix);
	struct error err = ERROR_INIT;
	struct oid id = { .len = 0 };

	if (affected_resolve(state, revision, &id, &err) != 0) {
		tap_ok(false, "%s is there: %s", revision, err.text);
	}
	free(revision);
	return id;
}

static char *tell(const struct affected *result)
{
	struct buf out;

	buf_init(&out, TEXT_MAX);
	if (result->count > 0 && result->items[0].reason_count > 0) {
		const struct affected_reason *reason = &result->items[0].reasons[0];

		(void)buf_addf(&out, "%s (%s)", reason->path, probe_kind_name(reason->probe));
		for (size_t i = 0; i < reason->via.count; i++) {
			(void)buf_addf(&out, " < %s", reason->via.items[i]);
		}
	}
	return buf_detach(&out);
}

/* Push one; the caller frees the result. */
static void push(struct affected_state *state, const struct layout *layout, size_t i,
		 struct affected *result)
{
	char *ref = xasprintf("refs/heads/case-%zu", i);
	struct error err = ERROR_INIT;
	struct affected_request request = {
		.ref = ref,
		.default_branch = "main",
		.before = commit_of(state, i, "~1"),
		.after = commit_of(state, i, ""),
	};
	int r = affected_compute(state, &request, result, &err);

	if (r != 0 || result->fallback != FALLBACK_NONE) {
		tap_ok(false, "\"%s\" is decided: %s", layout->name,
		       r != 0 ? err.text : fallback_text(result->fallback));
	}
	free(ref);
}

static void check(struct affected_state *state, const struct layout *layout, size_t i)
{
	struct affected result = { .count = 0 };

	push(state, layout, i, &result);
	char *reason = tell(&result);
	char *want = layout->reason != NULL ? put_in(layout->reason, i) : NULL;
	tap_int(result.count, layout->affected, "%s%s%s", layout->name,
		reason[0] != '\0' ? ": " : "", reason);
	if (want != NULL) {
		tap_str(reason, want, "%s: and the reason is told", layout->name);
	}
	free(want);
	free(reason);
	affected_release(&result);
}

/* Make them all and push each; check it, or only tell whether it touched. */
static void run(const struct layout *layouts, size_t count, const char *spec, bool *ret_touched)
{
	struct app_list list = { .items = NULL };
	struct affected_state *state = NULL;
	struct error err = ERROR_INIT;
	char *path = xasprintf("%s/infra.git", tap_dir());
	const struct affected_options options = { .repository_url = URL, .path = path };

	make_repository(layouts, count, path);
	make_applications(layouts, count, spec, &list);
	if (affected_state_new(&options, &state, &err) != 0) {
		tap_ok(false, "the repository is opened: %s", err.text);
		exit(tap_done());
	}
	affected_set_apps(state, &list);
	for (size_t i = 0; i < count; i++) {
		struct affected result = { .count = 0 };

		if (ret_touched == NULL) {
			check(state, &layouts[i], i);
			continue;
		}
		push(state, &layouts[i], i, &result);
		ret_touched[i] = result.count > 0;
		affected_release(&result);
	}
	affected_state_free(state);
	app_list_release(&list);
	free(path);
}

void layouts_run(const struct layout *layouts, size_t count, const char *spec)
{
	run(layouts, count, spec, NULL);
}

bool *layouts_touch(const struct layout *layouts, size_t count)
{
	bool *touched = xcalloc(count + 1, sizeof(*touched));

	run(layouts, count, NULL, touched);
	return touched;
}
