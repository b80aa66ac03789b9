/*
 * Plays scenarios against the deciding core.
 *
 * The world is scripted: nothing outside happens, and the clock is moved by
 * hand.  A scenario is a file of lines, run in order:
 *
 *   # text                    a comment
 *   = sentence                names the test case that begins here, with a new core
 *   > input                   something happens to the core
 *   < output                  the core must then have asked or said exactly this
 *
 * Inputs:
 *   option quiet=MS quiet_max=MS resolve_first=MS resolve_max=MS give_up=MS
 *          first=MS max=MS attempts=N ring_give_up=MS
 *   target NAME [rate=R burst=N concurrency=N apps=GLOB observe=MS]
 *   observe NAME MS               a reload: that target observes for so long now
 *   no-targets                    a reload takes all targets away
 *   app NAME [path=P rev=R repo=HOST/PATH project=P skip=yes linked=REV]
 *   unknown                       the applications are not known yet
 *   known                         now they are
 *   holds REF                     applications are kept at this ref
 *   ref REF COMMIT                resumed: processed last
 *   seen REF COMMIT               resumed: there it was when it was first looked at
 *   look [created] REF=ID[/COMMIT]...  where all refs are now; with "created" those
 *                                 that are not known were created meanwhile
 *   push ID REF BEFORE AFTER      stored push (default branch "main")
 *   replay ID REF BASE TIP OF     a repeat of push OF
 *   trigger ID APP TARGET REF STATE [hard] [next=MS]   resumed trigger, not to be tried before
 *   resolved REF tip COMMIT [AFTER]|gone|not-yet WHY|failed WHY|unusable WHY
 *   matched REF [N] APP[~2][!]... N changed paths (default 1), these are affected (!: hard;
 *                                 ~2: the second of that name)
 *   refers REF TEXT [N] APP[!]... as matched, and they refer to TEXT elsewhere
 *   matched-all REF FALLBACK      the engine fell back
 *   died REF WHY                  no answer from the engine
 *   planned REF ok|failed|not-found|invalid
 *   sent APP@TARGET sent|converged|step|retry|refused|down|silent [retry_after=MS]
 *                                 (down: "retry", and all of the target is down;
 *                                 silent: "retry", and it did not answer)
 *   observed APP@TARGET sent|converged|refused [WORD]   what is seen of it, and why
 *   advance MS                    the clock moves, waking the core when it asked for it
 *   drain
 *   tell-kept                     from now on say what the ref moves to, and refers to, too
 *   stats PUSHES TRIGGERS SENDING [OBSERVED]   a check: must be so
 *   queue STAGE COUNT AGE         a check: so many stand there, the oldest for so long (MS)
 *   pushed MS                     a check: what is sent last answers a push of so long ago
 *
 * A commit is one letter; 0 is the zero id, - is none.  Outputs are printed by
 * tests/support/scripted.c.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/ref_list.h"
#include "base/xalloc.h"
#include "delivery/missed.h"
#include "tests/support/scripted.h"
#include "tests/support/scripted_setup.h"
#include "tests/support/tap.h"

static void do_unknown(struct world *w, char **words)
{
	(void)words;
	w->unknown = true;
}

static void do_known(struct world *w, char **words)
{
	(void)words;
	w->unknown = false;
	delivery_go_on(w->core);
}

static void do_ref(struct world *w, char **words)
{
	char *ref = full_ref(words[0]);
	struct oid commit = oid_of(words[1]);

	world_begin(w);
	delivery_resume_ref(w->core, REPOSITORY, ref, &commit);
	free(ref);
}

static void accept(struct world *w, const char *id, const char *ref_name,
		   const struct record_push *rest)
{
	char repository[] = REPOSITORY;
	char branch[] = "main";
	char *ref = full_ref(ref_name);
	struct record_push push = *rest;

	push.id = strtoll(id, NULL, 10);
	push.repository = repository;
	push.ref = ref;
	push.default_branch = branch;
	push.accepted_ms = scripted_wall(w);
	world_begin(w);
	delivery_accept(w->core, &push);
	free(ref);
}

static void do_seen(struct world *w, char **words)
{
	char *ref = full_ref(words[0]);
	struct oid commit = oid_of(words[1]);

	world_begin(w);
	delivery_resume_seen(w->core, REPOSITORY, ref, &commit);
	free(ref);
}

/* "main=A", or "refs/tags/v1=T/A" for a tag object. */
static void list(struct ref_list *listing, const char *word)
{
	char *name = xstrndup(word, strcspn(word, "="));
	char *ref = full_ref(name);
	const char *id = word + strlen(name) + 1;
	const char *commit = strchr(id, '/');
	const struct oid ids[] = { oid_of((const char[]){ *id, '\0' }),
				   oid_of(commit != NULL ? commit + 1 : id) };

	(void)ref_list_add(listing, ref, &ids[0], &ids[1], NULL);
	free(ref);
	free(name);
}

static void do_look(struct world *w, char **words)
{
	struct ref_list listing = { .items = NULL };
	bool created = words[0] != NULL && strcmp(words[0], "created") == 0;

	world_begin(w);
	for (words += created; *words != NULL; words++) {
		list(&listing, *words);
	}
	scripted_look(w, &listing, created);
	ref_list_release(&listing);
}

static void do_push(struct world *w, char **words)
{
	accept(w, words[0], words[1],
	       &(struct record_push){ .before = oid_of(words[2]), .after = oid_of(words[3]) });
}

static void do_replay(struct world *w, char **words)
{
	accept(w, words[0], words[1],
	       &(struct record_push){ .before = oid_of(words[2]),
				       .after = oid_of(words[3]),
				       .base = oid_of(words[2]),
				       .tip = oid_of(words[3]),
				       .replay_of = strtoll(words[4], NULL, 10) });
}

static int64_t new_trigger_id(struct world *w, const char *app, const char *target)
{
	strvec_pushf(&w->ids, "%s@%s", app, target);
	return (int64_t)w->ids.count;
}

static void do_trigger(struct world *w, char **words)
{
	char project[] = "default";
	char repository[] = REPOSITORY;
	char *ref = full_ref(words[3]);
	struct trigger t = {
		.push = strtoll(words[0], NULL, 10),
		.application = words[1],
		.target = words[2],
		.project = project,
		.repository = repository,
		.ref = ref,
		.state = trigger_state_by_name(words[4]),
		.hard = words[5] != NULL && strcmp(words[5], "hard") == 0,
		.next_ms = scripted_number(words, "next", 0),
	};

	t.next_ms += t.next_ms != 0 ? scripted_wall(w) : 0;
	t.id = new_trigger_id(w, words[1], words[2]);
	t.sequence = t.id;
	world_begin(w);
	delivery_resume_trigger(w->core, &t);
	free(ref);
}

/* The oldest question about that ref, removed; NULL plan unless a plan was asked. */
static struct asked take_asked(struct world *w, const char *name)
{
	char *ref = full_ref(name);
	struct asked found = { 0 };

	for (size_t i = 0; i < w->asked_count; i++) {
		if (strcmp(w->asked[i].ref, ref) == 0) {
			found = w->asked[i];
			w->asked_count--;
			memmove(&w->asked[i], &w->asked[i + 1],
				(w->asked_count - i) * sizeof(*w->asked));
			break;
		}
	}
	tap_ok(found.ref != NULL, "a question about %s is open", name);
	free(found.ref);
	found.ref = NULL;
	free(ref);
	return found;
}

static void do_resolved(struct world *w, char **words)
{
	static const struct {
		const char *word;
		enum delivery_resolve result;
	} results[] = {
		{ "tip", RESOLVE_TIP },       { "gone", RESOLVE_GONE },
		{ "not-yet", RESOLVE_NOT_YET }, { "failed", RESOLVE_FAILED },
		{ "unusable", RESOLVE_UNUSABLE },
	};
	struct delivery_resolved answer = { .why = words[2], .result = RESOLVE_UNUSABLE };

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		if (strcmp(results[i].word, words[1]) == 0) {
			answer.result = results[i].result;
		}
	}
	if (answer.result == RESOLVE_TIP) {
		answer.tip = oid_of(words[2]);
		if (words[3] != NULL) {
			answer.after = oid_of(words[3]);
		}
	}
	delivery_resolved(w->core, take_asked(w, words[0]).ticket, &answer);
}

/* "NAME", or "NAME~2" for the second of that name. */
static size_t app_index(struct world *w, const char *name)
{
	size_t len = strcspn(name, "~");
	size_t before = name[len] == '~' ? strtoul(name + len + 1, NULL, 10) - 1 : 0;

	for (size_t i = 0; i < w->apps.count; i++) {
		const char *known = w->apps.items[i]->id.name;

		if (strlen(known) == len && strncmp(known, name, len) == 0 && before-- == 0) {
			return i;
		}
	}
	tap_ok(false, "application %s is known", name);
	return 0;
}

static void answer_match(struct world *w, const char *ref, struct affected *affected,
			 const char *why)
{
	struct delivery_matched answer = {
		.affected = affected,
		.apps = affected != NULL ? &w->apps : NULL,
		.why = why,
	};

	delivery_matched(w->core, take_asked(w, ref).ticket, &answer);
}

/* "NAME", or "NAME!" for one that is to be rung hard; the mark is taken off. */
static struct affected_application item_of(struct world *w, char *name)
{
	char *mark = strchr(name, '!');
	bool hard = mark != NULL;

	if (hard) {
		*mark = '\0';
	}
	return (struct affected_application){ .app = app_index(w, name), .hard = hard };
}

static void matched(struct world *w, const char *ref, char **names, json_t *remote)
{
	struct affected_application items[32] = { { 0 } };
	struct affected affected = {
		.changed_paths = 1,
		.changed_paths_exact = true,
		.tracked = w->apps.count,
		.items = items,
		.remote_references = remote,
	};
	char **name = names;

	if (*name != NULL && **name >= '0' && **name <= '9') {
		affected.changed_paths = (size_t)strtoul(*name++, NULL, 10);
	}
	for (; *name != NULL; name++) {
		items[affected.count++] = item_of(w, *name);
	}
	answer_match(w, ref, &affected, NULL);
}

static void do_matched(struct world *w, char **words)
{
	matched(w, words[0], words + 1, NULL);
}

static void do_remote(struct world *w, char **words)
{
	json_t *remote = json_pack("[s]", words[1]);

	matched(w, words[0], words + 2, remote);
	json_decref(remote);
}

static void do_matched_all(struct world *w, char **words)
{
	struct affected_application items[32] = { { 0 } };
	struct affected affected = {
		.items = items, .fallback = fallback_by_name(words[1]),
		.tracked = w->apps.count
	};

	for (size_t i = 0; i < w->apps.count; i++) {
		items[affected.count++] = (struct affected_application){ .app = i };
	}
	answer_match(w, words[0], &affected, NULL);
}

static void do_died(struct world *w, char **words)
{
	answer_match(w, words[0], NULL, words[1]);
}

static void do_planned(struct world *w, char **words)
{
	static const struct {
		const char *word;
		enum record_result result;
	} results[] = {
		{ "ok", RECORD_OK },
		{ "failed", RECORD_FAILED },
		{ "not-found", RECORD_NOT_FOUND },
		{ "invalid", RECORD_INVALID },
	};
	struct asked asked = take_asked(w, words[0]);
	enum record_result result = RECORD_FAILED;

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		if (strcmp(results[i].word, words[1]) == 0) {
			result = results[i].result;
		}
	}
	bool ok = result == RECORD_OK;

	for (size_t i = 0; ok && asked.plan != NULL && i < asked.plan->trigger_count; i++) {
		struct trigger *t = asked.plan->triggers[i];

		t->id = new_trigger_id(w, t->application, t->target);
		t->sequence = t->id;
	}
	delivery_planned(w->core, asked.ticket, result);
}

/* The id of the trigger that is being sent, removed from those. */
static int64_t take_sending(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->sending_count; i++) {
		int64_t id = w->sending[i];

		if (strcmp(w->ids.items[(size_t)id - 1], name) == 0) {
			w->sending[i] = w->sending[--w->sending_count];
			return id;
		}
	}
	tap_ok(false, "%s is being sent", name);
	return 0;
}

static enum outcome_kind kind_of(const char *word)
{
	static const char *const kinds[] = {
		[OUTCOME_SENT] = "sent",
		[OUTCOME_CONVERGED] = "converged",
		[OUTCOME_STEP] = "step",
		[OUTCOME_RETRY] = "retry",
		[OUTCOME_REFUSED] = "refused",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i], word) == 0) {
			return (enum outcome_kind)i;
		}
	}
	tap_ok(false, "%s is an outcome", word);
	return OUTCOME_SENT;
}

/* The newest trigger of that name; it may be over. */
static void do_observed(struct world *w, char **words)
{
	struct outcome outcome = { .code = 0 };
	size_t id = w->ids.count;

	outcome_set(&outcome, kind_of(words[1]), "%s", words[2] != NULL ? words[2] : "");
	while (id > 0 && strcmp(w->ids.items[id - 1], words[0]) != 0) {
		id--;
	}
	delivery_observed(w->core, (int64_t)id, &outcome);
}

static void do_sent(struct world *w, char **words)
{
	bool down = strcmp(words[1], "down") == 0;
	bool silent = strcmp(words[1], "silent") == 0;
	struct outcome outcome = {
		.retry_after_ms = scripted_number(words, "retry_after", 0),
		.kind = kind_of(down || silent ? "retry" : words[1]), .whole = down,
		.silent = silent,
	};
	int64_t id = take_sending(w, words[0]);
	delivery_sent(w->core, id, &outcome);
}

static void wake(struct world *w)
{
	while (w->core != NULL && w->wake <= w->now) {
		w->wake = INT64_MAX;
		delivery_tick(w->core);
	}
}

static void do_advance(struct world *w, char **words)
{
	int64_t end = w->now + strtoll(words[0], NULL, 10);

	while (w->wake <= end) {
		w->now = w->wake > w->now ? w->wake : w->now;
		wake(w);
	}
	w->now = end;
}

static void do_drain(struct world *w, char **words)
{
	(void)words;
	delivery_drain(w->core);
}

static void do_tell_kept(struct world *w, char **words)
{
	(void)words;
	w->tell_kept = true;
}

static void do_stats(struct world *w, char **words)
{
	struct delivery_stats stats;

	delivery_get_stats(w->core, &stats);
	tap_int(stats.pushes, strtoll(words[0], NULL, 10), "pushes not decided");
	tap_int(stats.triggers, strtoll(words[1], NULL, 10), "triggers not finished");
	tap_int(stats.sending, strtoll(words[2], NULL, 10), "triggers being sent");
	tap_int(stats.observed, words[3] != NULL ? strtoll(words[3], NULL, 10) : 0,
		"triggers observed");
}

static void do_pushed(struct world *w, char **words)
{
	tap_int(scripted_wall(w) - w->sent_pushed_ms, strtoll(words[0], NULL, 10),
		"ms since its push came");
}

static void do_queue(struct world *w, char **words)
{
	static const char first[] = "rmpt"; /* resolve, match, plan, trigger */
	struct delivery_stats stats;

	delivery_get_stats(w->core, &stats);
	const struct delivery_queue *queue = &stats.stages[strchr(first, words[0][0]) - first];

	tap_int(queue->count, strtoll(words[1], NULL, 10), "so many stand in %s", words[0]);
	tap_int(queue->count > 0 ? scripted_wall(w) - queue->oldest_ms : queue->oldest_ms,
		strtoll(words[2], NULL, 10), "and the oldest for so long");
}

static const struct {
	const char *name;
	size_t words; // at least that many after the name
	void (*run)(struct world *w, char **words);
} inputs[] = {
	{ "option", 1, scripted_option },       { "target", 1, scripted_target },
	{ "no-targets", 0, scripted_no_targets }, { "app", 1, scripted_app },
	{ "holds", 1, scripted_holds },         { "ref", 2, do_ref },
	{ "seen", 2, do_seen },           { "look", 0, do_look },
	{ "push", 4, do_push },           { "replay", 5, do_replay },
	{ "trigger", 5, do_trigger },     { "resolved", 2, do_resolved },
	{ "matched", 1, do_matched },     { "matched-all", 2, do_matched_all },
	{ "refers", 2, do_remote },
	{ "died", 2, do_died },           { "planned", 2, do_planned },
	{ "sent", 2, do_sent },           { "advance", 1, do_advance },
	{ "unknown", 0, do_unknown },     { "known", 0, do_known },
	{ "drain", 0, do_drain },         { "tell-kept", 0, do_tell_kept },
	{ "queue", 3, do_queue },         { "stats", 3, do_stats },
	{ "observe", 2, scripted_observe }, { "observed", 2, do_observed },
	{ "pushed", 1, do_pushed },
};

static void run_input(struct world *w, const char *text, const char *where)
{
	struct strvec words = STRVEC_INIT;
	char *copy = xstrdup(text);
	char *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		strvec_push(&words, word);
	}
	buf_reset(&w->log);
	bool known = false;
	for (size_t i = 0; words.count > 0 && i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		if (strcmp(inputs[i].name, words.items[0]) == 0 &&
		    words.count > inputs[i].words) {
			known = true;
			inputs[i].run(w, words.items + 1);
			wake(w);
		}
	}
	if (!known) {
		tap_ok(false, "%s: an input that is understood: %s", where, text);
	}
	strvec_release(&words);
	free(copy);
}

/* Compare what the core said since the last input with what was expected. */
static void check(struct world *w, struct buf *expected, const char *input, const char *where)
{
	if (input[0] != '\0' && (w->log.len > 0 || expected->len > 0)) {
		tap_str(w->log.data, expected->data, "%s: > %s", where, input);
	}
	buf_reset(expected);
}

static void play(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	char input[1024] = "";
	char where[1200];
	int number = 0;
	struct world w;
	struct buf expected;

	if (file == NULL) {
		tap_ok(false, "can read %s", path);
		return;
	}
	buf_init(&expected, 1U << 20);
	world_open(&w);
	while (fgets(line, sizeof(line), file) != NULL) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '<') {
			buf_addf(&expected, "%s\n", line + 2);
			continue;
		}
		if (line[0] != '>' && line[0] != '=') {
			continue;
		}
		check(&w, &expected, input, where);
		(void)snprintf(where, sizeof(where), "%s:%d", strrchr(path, '/') + 1, number);
		(void)snprintf(input, sizeof(input), "%s", line[0] == '>' ? line + 2 : "");
		if (line[0] == '=') {
			tap_note("%s", line + 2);
			world_close(&w);
			world_open(&w);
		} else {
			run_input(&w, input, where);
		}
	}
	check(&w, &expected, input, where);
	world_close(&w);
	buf_release(&expected);
	fclose(file);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "tests/replay/scenarios";
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			char *path = xasprintf("%s/%s", folder, entries[i]->d_name);

			play(path);
			free(path);
		}
		free(entries[i]);
	}
	free(entries);
	tap_ok(count > 2, "there are scenarios");
	return tap_done();
}
