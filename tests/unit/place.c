/*
 * Applications out of a repository: how many, and what is taken of them.
 */
#include "affected/affected.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "tests/support/engine.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

/* libpcre2, brought in by libgit2's configuration reader, keeps its own caches. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

static const char *repo;
static struct affected_state *state;

static struct manifests read_at(struct oid commit, const char *directory)
{
	struct manifests m = { .problems = STRVEC_INIT };
	struct error err = ERROR_INIT;

	tap_int(affected_read_apps(state, &commit, directory, &m, &err), 0, "%s is read (%s)",
		directory, err.text);
	return m;
}

static void a_place_has_a_ceiling(void)
{
	static const char script[] =
		"mkdir -p many && cd many && for f in $(seq 1 %d); do for i in $(seq 1 %d); do echo "
		"\"{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a$f-$i}, "
		"spec: {source: {repoURL: 'https://h/r', path: p}}}\"; echo ---; done >f$f.yaml; done";

	gitrepo_sh(repo, script, LIMIT_PLACE_APPLICATIONS / 5000, 5000);
	struct manifests m = read_at(gitrepo_commit(repo), "many");
	tap_ok(!m.full && m.list.count == LIMIT_PLACE_APPLICATIONS && m.problems.count == 0,
	       "so many are taken: %zu", m.list.count);
	manifests_release(&m);
	gitrepo_sh(repo, "cp many/f1.yaml many/one-more.yaml");
	m = read_at(gitrepo_commit(repo), "many");
	tap_ok(m.full && m.list.count == 0, "of more than that none is");
	tap_str(m.problems.count == 1 ? m.problems.items[0] : NULL,
		"many of git.example/org/repo: more than 50000 applications: none of them is taken, and "
		"what was read there before counts; name a directory that holds fewer", "and one line says so");
	manifests_release(&m);
}

/* A file beside others that cannot be read, or not all of it. */
static void broken_files_are_named(void)
{
	gitrepo_sh(repo, "mkdir -p some && cd some && cp ../many/f1.yaml good.yaml && "
		   "echo 'a: [' >no.yaml && echo '{{ if x }}' >other.yaml && "
		   "echo 'x: {{ y }}' >values.yaml && "
		   "printf 'apiVersion: argoproj.io/v1alpha1\nkind: Application\n' >bad.yaml && "
		   "printf 'kind: Application\nspec: {source: {repoURL: x}}\n' >group.yaml && "
		   "printf 'apiVersion: argoproj.io/v1alpha1\nkind: Application\n{{ x }}\n' >t.yaml");
	struct manifests m = read_at(gitrepo_commit(repo), "some");
	struct buf names;

	buf_init(&names, 1000);
	for (size_t i = 0; i < m.broken.count; i++) {
		(void)buf_addf(&names, "%s ", m.broken.items[i]);
	}
	tap_str(names.data, "some/bad.yaml some/group.yaml some/no.yaml some/t.yaml ",
		"what may hold an application and cannot be read is named");
	tap_ok(m.list.count == 5000 && m.problems.count == 4, "the others are read");
	buf_release(&names);
	manifests_release(&m);
}

int main(void)
{
	const struct app_list none = { .items = NULL };

	repo = gitrepo_new("r");
	(void)gitrepo_commit(repo);
	const struct affected_options options = {
		.repository_url = "https://git.example/org/repo", .path = repo,
	};
	state = engine_open(&options, &none);
	a_place_has_a_ceiling();
	broken_files_are_named();
	affected_state_free(state);
	return tap_done();
}
