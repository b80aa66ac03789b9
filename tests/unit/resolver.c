/*
 * Asking the origin while it moves: real git, behind a script that does
 * something to the origin right after the first fetch of a ref.
 */
#include "receiver/git/resolver.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/config.h"
#include "receiver/git/fetch_git.h"
#include "receiver/process/spawn.h"
#include "receiver/settings/settings.h"
#include "tests/support/gitrepo.h"
#include "tests/support/tap.h"

#define URL "https://git.example.org/acme/gitops.git"
#define NAME "git.example.org/acme/gitops"
#define MAIN "refs/heads/main"

struct world {
	struct event_base *base;
	int idle; // events when nothing is done
	struct spawner *spawner;
	struct fetcher *fetcher;
	struct resolver *resolver;
	struct settings *settings;
	const char *dir;
	const char *origin;
	struct oid one, two, three; // a line of commits
};

struct answer {
	int count;
	enum delivery_resolve result;
	struct oid tip;
	struct oid after;
};

static void on_answer(void *arg, const struct delivery_resolved *resolved)
{
	struct answer *answer = arg;

	answer->count++;
	answer->result = resolved->result;
	answer->tip = resolved->tip;
	answer->after = resolved->after;
}

/* "git" is a script: after the first fetch of a ref it runs DIR/then, once. */
static void make_git(const struct world *w)
{
	tap_sh("mkdir %s/bin && cat >%s/bin/git <<'END'\n"
	       "#!/bin/sh\n"
	       "PATH=/usr/local/bin:/usr/bin:/bin git \"$@\"\n"
	       "status=$?\n"
	       "case \"$*\" in *:refs/doorbell/tip/*)\n"
	       "  if [ -f %s/then ]; then mv %s/then %s/done; sh %s/done; fi;;\n"
	       "esac\n"
	       "exit $status\n"
	       "END\n"
	       "chmod +x %s/bin/git", w->dir, w->dir, w->dir, w->dir, w->dir, w->dir, w->dir);
}

static void make_settings(struct world *w)
{
	char *path = xasprintf("%s/doorbell.json", w->dir);
	struct config_input input = { .path = path };
	struct strvec problems = STRVEC_INIT;
	struct config *config = NULL;
	struct error err = ERROR_INIT;
	FILE *f = fopen(path, "we");

	if (f == NULL) {
		exit(2);
	}
	(void)fprintf(f, "{\"stateDirectory\": \"%s/state\", \"repositories\": "
		      "[{\"url\": \"" URL "\", \"fetchUrl\": \"file://%s/.git\"}]}\n", w->dir,
		      w->origin);
	(void)fclose(f);
	if (config_load(&input, &config, &problems, NULL) != 0 ||
	    settings_new_take(config, &w->settings, &err) != 0) {
		printf("Bail out! %s %s\n", problems.count > 0 ? problems.items[0] : "", err.text);
		exit(2);
	}
	strvec_release(&problems);
	free(path);
}

static void make_world(struct world *w)
{
	char *path;

	w->dir = tap_dir();
	w->origin = gitrepo_new("origin");
	w->one = gitrepo_commit(w->origin);
	w->two = gitrepo_commit(w->origin);
	w->three = gitrepo_commit(w->origin);
	make_git(w);
	make_settings(w);
	path = xasprintf("%s/bin:/usr/local/bin:/usr/bin:/bin", w->dir);
	const struct fetch_options options = { .helper = "/bin/false", .home = w->dir,
					       .path = path };
	w->base = event_base_new();
	w->spawner = spawner_new(w->base);
	w->fetcher = fetch_new(w->base, w->spawner, &options);
	w->resolver = resolver_new(w->base, NULL, w->fetcher);
	resolver_set_settings(w->resolver, w->settings);
	w->idle = event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED);
	free(path);
}

static void free_world(struct world *w)
{
	fetch_free(w->fetcher);
	resolver_free(w->resolver);
	spawner_free(w->spawner);
	settings_unref(w->settings);
	event_base_free(w->base);
}

/* Ask with the origin's main at now; after the first fetch it is at then. */
static struct answer ask(struct world *w, const struct oid *now, const struct oid *then,
			 const struct resolver_question *question)
{
	struct answer answer = { .count = 0 };
	char a[OID_HEX_MAX + 1];
	char b[OID_HEX_MAX + 1];

	tap_sh("rm -rf %s/state %s/done && git -C %s update-ref " MAIN " %s && "
	       "echo git -C %s update-ref " MAIN " %s >%s/then", w->dir, w->dir, w->origin,
	       oid_to_hex(now, a), w->origin, oid_to_hex(then, b), w->dir);
	resolver_ask(w->resolver, question, on_answer, &answer);
	while (answer.count == 0 ||
	       event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED) > w->idle) {
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
	tap_sh("test -f %s/done", w->dir);
	return answer;
}

static void the_ref_moves_while_it_is_read(struct world *w)
{
	const struct {
		const char *what;
		const struct oid *now, *then, *after, *want;
	} rows[] = {
		{ "a ref that is where it was pushed to", &w->two, &w->two, &w->two, &w->two },
		{ "a ref that was read just before its commit came", &w->one, &w->two, &w->two,
		  &w->two },
		{ "one that went further in between", &w->one, &w->three, &w->two, &w->three },
		{ "one that had moved on before", &w->three, &w->three, &w->two, &w->three },
		{ "one that is set back in between", &w->three, &w->one, &w->two, &w->one },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct resolver_question question = {
			.repository = NAME, .ref = MAIN, .after = *rows[i].after,
		};
		struct answer answer = ask(w, rows[i].now, rows[i].then, &question);
		char got[OID_HEX_MAX + 1];
		char want[OID_HEX_MAX + 1];

		tap_int(answer.result, RESOLVE_TIP, "%s is found", rows[i].what);
		tap_str(oid_to_hex(&answer.tip, got), oid_to_hex(rows[i].want, want),
			"where it is in the end");
	}
}

static void a_repeat_does_not_look_where_the_ref_is(struct world *w)
{
	const struct resolver_question question = {
		.repository = NAME, .ref = MAIN, .after = w->one, .tip = w->one,
	};
	struct answer answer = ask(w, &w->two, &w->three, &question);

	tap_int(answer.result, RESOLVE_TIP, "a repeat is answered");
	tap_ok(oid_equal(&answer.tip, &w->one), "with its own commit");
	tap_int(answer.count, 1, "once");
}

static struct answer fetch(struct world *w, const struct oid *after, const struct oid *base)
{
	const struct resolver_question question = {
		.repository = NAME, .ref = MAIN, .after = *after, .base = *base,
	};
	struct answer answer = { .count = 0 };

	resolver_ask(w->resolver, &question, on_answer, &answer);
	while (answer.count == 0 ||
	       event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED) > w->idle) {
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
	return answer;
}

/* Has our clone this commit, and what is in it? */
static bool clone_has_tree(const struct repository *r, const struct oid *id)
{
	char hex[OID_HEX_MAX + 1];
	char *command = xasprintf("git --git-dir=%s ls-tree -r %s >/dev/null 2>&1", r->path,
				  oid_to_hex(id, hex));
	bool there = system(command) == 0;

	free(command);
	return there;
}

static void what_to_compare_with_is_fetched(struct world *w)
{
	const struct repository *r = repositories_find_name(w->settings->repositories, NAME);
	char hex[OID_HEX_MAX + 1];
	char key[FETCH_KEY_MAX];
	struct oid gone;

	tap_sh("rm -rf %s/state && git -C %s update-ref " MAIN " %s", w->dir, w->origin,
	       oid_to_hex(&w->three, hex));
	struct answer answer = fetch(w, &w->three, &w->one);
	fetch_git_key(MAIN, key);
	char *kept = xasprintf("refs/doorbell/base/%s", key);
	char *look = xasprintf("git --git-dir=%s rev-parse -q --verify %s >/dev/null", r->path,
			       kept);
	tap_int(answer.result, RESOLVE_TIP, "a push with a commit before it is found");
	tap_ok(clone_has_tree(r, &w->one) && system(look) == 0,
	       "the commit before is there, too, and kept");
	tap_sh("mv %s %s.away", w->origin, w->origin);
	answer = fetch(w, &w->three, &w->one);
	tap_int(answer.result, RESOLVE_TIP, "the origin is not asked for it again");
	tap_sh("mv %s.away %s", w->origin, w->origin);
	resolver_keep(w->resolver, NAME, MAIN, &w->three);
	answer = fetch(w, &w->three, &w->three);
	tap_ok(system(look) != 0, "it is kept until something was processed");
	(void)oid_from_hex("1234567890123456789012345678901234567890", 40, &gone);
	answer = fetch(w, &w->three, &gone);
	tap_int(answer.result, RESOLVE_TIP, "one that the origin does not have is done without");
	free(kept);
	free(look);
}

/* Some senders say a tag's own id, and some that of its commit: it has not moved on for either. */
static void a_tag_is_its_commit(struct world *w)
{
	char hex[OID_HEX_MAX + 1];

	tap_sh("git -C %s -c user.name=a -c user.email=a@example.org tag -a -m x stable %s && "
	       "git -C %s rev-parse refs/tags/stable >%s/tag", w->origin,
	       oid_to_hex(&w->two, hex), w->origin, w->dir);
	char *path = xasprintf("%s/tag", w->dir);
	FILE *f = fopen(path, "re");
	struct oid tag = { .len = 0 };
	if (f != NULL && fgets(hex, sizeof(hex), f) != NULL) {
		(void)oid_from_hex(hex, 40, &tag);
	}
	const struct oid *ids[] = { &w->two, &tag, &w->one };
	for (size_t i = 0; i < 3; i++) {
		const struct resolver_question question = {
			.repository = NAME, .ref = "refs/tags/stable", .after = *ids[i],
		};
		struct answer answer = { .count = 0 };

		resolver_ask(w->resolver, &question, on_answer, &answer);
		while (answer.count == 0 ||
		       event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED) > w->idle) {
			(void)event_base_loop(w->base, EVLOOP_ONCE);
		}
		tap_int(answer.result, RESOLVE_TIP, "a tag is found");
		tap_ok((i < 2) == oid_equal(&answer.tip, &answer.after), "%s",
		       i == 0 ? "at the commit that was said"
			      : i == 1 ? "at its own id" : "and has moved on from another one");
	}
	if (f != NULL) {
		(void)fclose(f);
	}
	free(path);
}

/* What cannot be asked is told from the loop, and to nobody once the resolver is gone. */
static void what_cannot_be_asked_is_told_later(const struct world *w)
{
	const struct resolver_question question = { .repository = "git.example.org/not/configured", .ref = MAIN };
	struct answer answers[2] = { { .count = 0 } };
	struct resolver *resolver = resolver_new(w->base, NULL, w->fetcher);

	resolver_set_settings(resolver, w->settings);
	resolver_ask(resolver, &question, on_answer, &answers[0]);
	tap_int(answers[0].count, 0, "a repository that is not configured: nothing is said inside the call");
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	tap_ok(answers[0].count == 1 && answers[0].result == RESOLVE_UNUSABLE, "the loop says it, once");
	resolver_ask(resolver, &question, on_answer, &answers[1]);
	resolver_free(resolver);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	tap_int(answers[1].count, 0, "of a resolver that is freed nobody hears");
}

int main(void)
{
	struct world w = { .base = NULL };

	make_world(&w);
	the_ref_moves_while_it_is_read(&w);
	a_repeat_does_not_look_where_the_ref_is(&w);
	what_to_compare_with_is_fetched(&w);
	a_tag_is_its_commit(&w);
	what_cannot_be_asked_is_told_later(&w);
	free_world(&w);
	return tap_done();
}
