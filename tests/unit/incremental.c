/*
 * Hundreds of random pushes: the index that moves along with them says the
 * same as one that is built anew for each, and holds the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "affected/affected_impl.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "index/index_store.h"
#include "tests/support/app_text.h"
#include "tests/support/engine.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define PUSHES 300

static const char url[] = "https://git.example.com/infra.git";

static const char *const dirs[] = { "a", "a/base", "a/prod", "b", "b/prod", "c", "c/d/e", "lib" };
static const char *const files[] = { "kustomization.yaml", "kustomization.yml", "one.yaml",
				     "two.yaml", "values.yaml", "Chart.yaml", "note.txt",
				     ".gitattributes", ".argocd-source.yaml", "link" };

static const char *any(const char *const *list, size_t count)
{
	return list[(size_t)rand() % count];
}

/* Shell that writes something plausible to a file. */
static void add_edit(struct buf *b)
{
	const char *dir = any(dirs, 8);
	const char *file = any(files, 10);

	(void)buf_addf(b, "mkdir -p %s\n", dir);
	switch (rand() % 8) {
	case 0:
		(void)buf_addf(b, "rm -rf %s/%s\n", dir, file);
		break;
	case 1:
		(void)buf_addf(b, "rm -rf %s\n", dir);
		break;
	case 2:
		(void)buf_addf(b, "rm -rf %s/%s; ln -s ../%s %s/%s\n", dir, file, any(dirs, 8), dir,
			       file);
		break;
	case 3:
		(void)buf_addf(b, "[ -f %s/%s ] && echo '# a comment' >>%s/%s\n", dir, file, dir, file);
		break;
	case 4:
		(void)buf_addf(b, "[ -d %s/%s ] || chmod +x %s/%s\n", dir, file, dir, file);
		break;
	default:
		(void)buf_addf(b, "[ -h %s/%s ] && rm %s/%s; echo 'resources: [../%s, %s, one.yaml]' "
				  ">%s/%s\n", dir, file, dir, file, any(dirs, 8), any(files, 10), dir,
			       file);
		break;
	}
}

/* All commits in one go; their ids in order. */
static struct oid *make_pushes(const char *repo)
{
	struct oid *ids = xcalloc(PUSHES, sizeof(*ids));
	char *path = xasprintf("%s/edits.sh", tap_dir());
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < PUSHES; i++) {
		for (int k = 1 + rand() % 4; k > 0; k--) {
			add_edit(&b);
		}
		(void)buf_addf(&b, "git add -A; git commit -q --allow-empty -m %d\n", i);
		/* Now and then from an earlier commit: a force push. */
		if (rand() % 20 == 0) {
			(void)buf_addf(&b, "git rev-parse HEAD >>../ids; git reset -q --hard HEAD~\n");
		} else {
			(void)buf_addf(&b, "git rev-parse HEAD >>../ids\n");
		}
		(void)buf_addf(&b, "git tag t%d HEAD@{%d}\n", i, 0);
	}
	FILE *f = fopen(path, "we");
	(void)fputs(b.data, f);
	(void)fclose(f);
	buf_release(&b);
	gitrepo_sh(repo, "git commit -q --allow-empty -m first; set +e; . %s; true", path);
	char *text = gitrepo_output(repo, "cat ../ids");
	char *p = text;
	for (int i = 0; i < PUSHES; i++) {
		if (oid_from_hex(p, 40, &ids[i]) != 0) {
			printf("Bail out! no id\n");
			exit(2);
		}
		p += 41;
	}
	free(text);
	free(path);
	return ids;
}

static void add_apps(struct app_list *list)
{
	static const char *const extras[] = {
		"", "    kustomize: {}\n", "    directory: {recurse: true}\n",
		"    directory: {include: '*.yaml'}\n",
		"    helm: {valueFiles: ['../lib/values.yaml', 'two.yaml']}\n",
	};

	for (size_t i = 0; i < 8 * 5; i++) {
		struct strvec problems = STRVEC_INIT;
		struct error err = ERROR_INIT;
		char *text = xasprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
				       "metadata:\n  name: app%zu\n"
				       "  annotations: {argocd.argoproj.io/manifest-generate-paths: '%s'}\n"
				       "spec:\n  source:\n"
				       "    repoURL: %s\n    path: %s\n    targetRevision: main\n%s",
				       i, i % 3 ? ".;/lib/*.yaml" : "../base", url, dirs[i % 8],
				       extras[i / 8]);

		if (app_read_yaml(text, strlen(text), "x", list, &problems, &err) != 0 ||
		    problems.count > 0) {
			printf("Bail out! %s\n", err.text);
			exit(2);
		}
		free(text);
	}
}

static struct affected_state *open_state(const char *repo, enum affected_mode mode,
					 const struct app_list *list)
{
	const struct affected_options options = {
		.repository_url = url, .path = repo, .mode = mode,
	};

	return engine_open(&options, list);
}

/* Names, counts and first reasons as text. */
static char *answer(struct affected_state *state, const struct oid *before, const struct oid *after)
{
	const struct affected_request request = {
		.ref = "refs/heads/main", .default_branch = "main",
		.before = before != NULL ? *before : (struct oid){ 0 }, .after = *after,
	};
	struct affected a = { 0 };
	struct error err = ERROR_INIT;
	struct buf b;

	if (affected_compute(state, &request, &a, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
	buf_init(&b, 1 << 20);
	(void)buf_addf(&b, "%s changed %zu\n", fallback_text(a.fallback), a.changed_paths);
	for (size_t i = 0; i < a.count; i++) {
		(void)buf_addf(&b, "%zu touched by %zu\n", a.items[i].app, a.items[i].touched);
	}
	affected_release(&a);
	char *text = buf_detach(&b);
	buf_release(&b);
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void node_path(const struct trie *trie, uint32_t node, struct buf *b)
{
	if (node != TRIE_ROOT) {
		node_path(trie, trie_at(trie, node)->parent, b);
		(void)buf_addf(b, "/%s", names_text(&trie->names, trie_at(trie, node)->name));
	}
}

static void sort_into(struct strvec *lines, struct buf *b)
{
	if (lines->count > 0) {
		qsort(lines->items, lines->count, sizeof(*lines->items), by_text);
	}
	for (size_t i = 0; i < lines->count; i++) {
		(void)buf_addf(b, "%s\n", lines->items[i]);
	}
	strvec_release(lines);
}

static char *unit_text(const struct index_table *t, const struct unit *u)
{
	struct strvec lines = STRVEC_INIT;
	struct buf b;

	buf_init(&b, 1 << 22);
	(void)buf_addf(&b, "unit %s dir %s options %s origin %s opaque %s\n",
		       u->walker != NULL ? inputs_walker_name(u->walker) : "source",
		       index_string(t, u->dir), index_string(t, u->options),
		       index_string(t, u->origin), index_string(t, u->opaque));
	for (uint32_t n = u->postings; n != 0; n = t->postings[n].next_of_unit) {
		const struct posting *p = &t->postings[n];
		struct buf line;

		buf_init(&line, 1 << 16);
		(void)buf_addf(&line, "  %s %d %s(%s) ", probe_kind_name((enum probe_kind)p->kind),
			       p->flags, p->filter ? filters_name(&t->filters, p->filter) : "",
			       p->filter ? filters_argument(&t->filters, p->filter) : "");
		node_path(&t->trie, p->node, &line);
		strvec_push_take(&lines, buf_detach(&line));
		buf_release(&line);
	}
	for (uint32_t n = u->children; n != 0; n = t->edges[n].next_from) {
		const struct unit *c = index_at(t, t->edges[n].to);

		strvec_pushf(&lines, "  -> %s %s %s via %s", inputs_walker_name(c->walker),
			     index_string(t, c->dir), index_string(t, c->options),
			     index_string(t, t->edges[n].via));
	}
	sort_into(&lines, &b);
	char *text = buf_detach(&b);
	buf_release(&b);
	return text;
}

static char *dump(const struct index_table *t)
{
	struct strvec lines = STRVEC_INIT;
	struct buf b;

	buf_init(&b, 1 << 24);
	for (size_t n = 1; n < t->unit_count; n++) {
		if (t->units[n].used) {
			strvec_push_take(&lines, unit_text(t, &t->units[n]));
		}
	}
	sort_into(&lines, &b);
	char *text = buf_detach(&b);
	buf_release(&b);
	return text;
}

static const struct ref_state *main_of(const struct affected_state *state)
{
	return state->refs;
}

/* An index that went to disk and back. */
static bool survives(const struct ref_state *ref)
{
	char *path = xasprintf("%s/stored", tap_dir());
	struct oid commit = { 0 };
	struct oid tree = { 0 };
	bool same = false;

	if (index_store_write(path, ref->table, &ref->commit, &ref->tree, NULL) == 0) {
		struct index_table *back = index_store_read(path, &commit, &tree);

		if (back != NULL) {
			char *a = dump(ref->table);
			char *b = dump(back);

			same = strcmp(a, b) == 0 && oid_equal(&commit, &ref->commit) &&
			       oid_equal(&tree, &ref->tree);
			free(a);
			free(b);
		}
		index_free(back);
	}
	(void)unlink(path);
	free(path);
	return same;
}

static void test_mode(const char *repo, const struct oid *ids, const struct app_list *list,
		      enum affected_mode mode)
{
	struct affected_state *moving = open_state(repo, mode, list);
	size_t answers = 0;
	size_t indexes = 0;
	size_t stored = 0;
	size_t affected = 0;

	free(answer(moving, NULL, &ids[0]));
	for (int i = 1; i < PUSHES; i++) {
		struct affected_state *fresh = open_state(repo, mode, list);
		char *a = answer(moving, NULL, &ids[i]);
		char *b = answer(fresh, &ids[i - 1], &ids[i]);

		answers += strcmp(a, b) == 0;
		affected += strstr(a, "touched") != NULL;
		if (strcmp(a, b) != 0) {
			tap_note("push %d: moving says %sanew says %s", i, a, b);
		}
		free(a);
		free(b);
		affected_state_free(fresh);
		if (i % 10 != 0) {
			continue;
		}
		fresh = open_state(repo, mode, list);
		free(answer(fresh, NULL, &ids[i]));
		a = dump(main_of(moving)->table);
		b = dump(main_of(fresh)->table);
		indexes += strcmp(a, b) == 0;
		stored += survives(main_of(moving));
		free(a);
		free(b);
		affected_state_free(fresh);
	}
	tap_int(answers, PUSHES - 1, "%s: %d pushes are answered as from a cold start",
		affected_mode_name(mode), PUSHES - 1);
	tap_int(indexes, (PUSHES - 1) / 10, "%s: the moved index is the index built anew",
		affected_mode_name(mode));
	tap_int(stored, (PUSHES - 1) / 10, "%s: it survives the way to disk and back",
		affected_mode_name(mode));
	tap_note("%zu pushes touched something", affected);
	affected_state_free(moving);
}

int main(void)
{
	const char *repo = gitrepo_new("pushes");
	struct app_list list = { 0 };

	srand(99);
	struct oid *ids = make_pushes(repo);
	add_apps(&list);
	test_mode(repo, ids, &list, AFFECTED_EXACT);
	test_mode(repo, ids, &list, AFFECTED_UNION);
	test_mode(repo, ids, &list, AFFECTED_ARGOCD);
	app_list_release(&list);
	free(ids);
	return tap_done();
}
