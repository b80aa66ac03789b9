/*
 * Fetching with the real git: from a directory, over HTTP with git's own
 * backend, over ssh with a real sshd where there is one.
 *
 * This program is also the credential helper that git calls.
 */
#include "receiver/git/fetch.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "receiver/git/credential.h"
#include "receiver/git/fetch_git.h"
#include "receiver/process/spawn.h"
#include "tests/support/tap.h"

#define MAIN "refs/heads/main"

struct world {
	struct event_base *base;
	int idle; // events when nothing is done
	struct spawner *spawner;
	struct fetcher *fetcher;
	FILE *server;
	const char *dir;
	int tls, plain, silent;
	struct oid zero, one, two; // commits of main; no ref names zero
	struct oid tag;            // an annotated tag of two
	char clone[256];          // a fresh directory for each test
	int clones;
};

struct seen {
	int count;
	struct fetch_result result;
	char why[512];
};

static void on_result(void *arg, const struct fetch_result *result)
{
	struct seen *seen = arg;

	seen->count++;
	seen->result = *result;
	(void)snprintf(seen->why, sizeof(seen->why), "%s", result->why ? result->why : "");
}

/* Until nothing happens but what always does: no child runs, no timer waits. */
static void run_loop(const struct world *w)
{
	while (event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED) > w->idle) {
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
}

/* What a shell command prints first. */
static void ask(char *out, size_t max, const char *command)
{
	FILE *f = popen(command, "r");

	out[0] = '\0';
	if (f == NULL || fgets(out, (int)max, f) == NULL) {
		out[0] = '\0';
	}
	out[strcspn(out, "\n")] = '\0';
	if (f != NULL) {
		(void)pclose(f);
	}
}

static struct oid ask_oid(const struct world *w, const char *rev)
{
	struct oid id = { .len = 0 };
	char command[512];
	char hex[128];

	(void)snprintf(command, sizeof(command), "git -C %s/repositories/r.git rev-parse %s", w->dir,
		       rev);
	ask(hex, sizeof(hex), command);
	(void)oid_from_hex(hex, strlen(hex), &id);
	return id;
}

static void new_clone(struct world *w)
{
	(void)snprintf(w->clone, sizeof(w->clone), "%s/state/%d/clone.git", w->dir, ++w->clones);
}

/* True if the clone has the object, and all below it. */
static bool has(const struct world *w, const struct oid *id)
{
	char command[512];
	char hex[OID_HEX_MAX + 1];
	char out[64];

	(void)snprintf(command, sizeof(command),
		       "git --git-dir=%s ls-tree -r --name-only %s 2>/dev/null", w->clone,
		       oid_to_hex(id, hex));
	ask(out, sizeof(out), command);
	return *out != '\0';
}

/* How many parts of packs and objects the clone has, that no git will ever end. */
static int litter(const struct world *w)
{
	char command[512];
	char out[64];

	(void)snprintf(command, sizeof(command), "find %s -name 'tmp_*' | wc -l", w->clone);
	ask(out, sizeof(out), command);
	return (int)strtol(out, NULL, 10);
}

static struct fetch_repository repository(const struct world *w, const char *url)
{
	return (struct fetch_repository){ .directory = w->clone, .url = url,
					  .time_limit_ms = 20000 };
}

static struct seen fetch(const struct world *w, const struct fetch_repository *r, const char *ref,
			 const struct oid *after)
{
	struct seen seen = { .count = 0 };

	const struct fetch_want want = { .ref = ref, .after = *after };

	fetch_ref(w->fetcher, r, &want, on_result, &seen);
	run_loop(w);
	return seen;
}

static bool expect(const struct seen *seen, enum fetch_outcome outcome, const char *why,
		   const char *name)
{
	bool ok = seen->count == 1 && seen->result.outcome == outcome &&
		  strstr(seen->why, why) != NULL;

	tap_ok(ok, "%s%s%s", name, *seen->why ? ": " : "", seen->why);
	return ok;
}

/* ---- the world ---- */

static void make_origin(struct world *w)
{
	w->dir = tap_dir();
	tap_sh("mkdir %s/repositories %s/state && cd %s/repositories && "
	       "git init -q --bare -b main r.git && git -c init.defaultBranch=main init -q work && "
	       "cd work && git config user.name t && git config user.email t@example.org && "
	       "mkdir d && for i in 1 2 3; do echo $i > d/$i; done && git add . && "
	       "git commit -qm zero && echo one > d/1 && git commit -qam one && echo new > d/1 && git commit -qam two && "
	       "git tag -m tag v1 && git push -q ../r.git main v1 HEAD~:refs/heads/old", w->dir,
	       w->dir, w->dir);
	w->zero = ask_oid(w, "main~2");
	w->one = ask_oid(w, "main~");
	w->two = ask_oid(w, "main");
	w->tag = ask_oid(w, "v1");
}

static void start_server(struct world *w)
{
	char text[512];

	tap_sh("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	       "-days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout k.pem "
	       "-out ca.pem 2>/dev/null && cat ca.pem k.pem > server.pem && "
	       "echo ann:s3cr3t > login && printf 's3cr3t\\n' > token && echo wr0ng > wrong && "
	       ": > requests", w->dir);
	(void)snprintf(text, sizeof(text), "exec python3 tests/support/gitserver.py %s", w->dir);
	w->server = popen(text, "we");
	(void)snprintf(text, sizeof(text), "%s/ports", w->dir);
	for (int i = 0; i < 500 && access(text, F_OK) != 0; i++) {
		(void)usleep(20000);
	}
	FILE *f = fopen(text, "r");
	tap_ok(f != NULL && fscanf(f, "%d %d %d", &w->tls, &w->plain, &w->silent) == 3,
	       "a git server listens");
	if (f != NULL) {
		(void)fclose(f);
	}
}

/* ---- the tests ---- */

static void test_file(struct world *w)
{
	char *url = xasprintf("file://%s/repositories/r.git", w->dir);
	struct oid gone;
	const struct oid none = { .len = 0 };

	new_clone(w);
	const struct fetch_repository r = repository(w, url);
	struct seen seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_OK, "", "the tip of a branch is fetched into a new repository");
	tap_ok(has(w, &w->two), "and is there with all its files");
	tap_ok(oid_equal(&seen.result.tip, &w->two) && seen.result.asked, "its tip is told");

	seen = fetch(w, &r, MAIN, &w->two);
	tap_ok(seen.result.outcome == FETCH_OK && !seen.result.asked,
	       "what is here already is not asked for");
	seen = fetch(w, &r, MAIN, &w->zero);
	expect(&seen, FETCH_OK, "", "a commit that is not the tip any more is fetched by its id");
	tap_ok(has(w, &w->zero) && oid_equal(&seen.result.tip, &w->two), "and the tip is told, too");
	seen = fetch(w, &r, "refs/tags/v1", &w->tag);
	expect(&seen, FETCH_OK, "", "a tag object is fetched");
	seen = fetch(w, &r, "refs/tags/v1", &w->two);
	expect(&seen, FETCH_OK, "", "the commit of a tag is found behind it");
	seen = fetch(w, &r, "refs/heads/old", &none);
	tap_ok(seen.result.outcome == FETCH_OK && oid_equal(&seen.result.tip, &w->one),
	       "without a commit the tip is fetched, whatever it is");
	seen = fetch(w, &r, "refs/heads/missing", &w->two);
	expect(&seen, FETCH_REF_GONE, "refs/heads/missing", "a ref that is not there is told apart");
	(void)oid_from_hex("1234567890123456789012345678901234567890", 40, &gone);
	seen = fetch(w, &r, MAIN, &gone);
	expect(&seen, FETCH_NOT_THERE_YET, "another commit", "so is a commit that is not there");
	seen = fetch(w, &r, "refs/heads/../x", &w->two);
	expect(&seen, FETCH_FAILED, "name of a ref", "a bad ref is refused");
	free(url);

	url = xasprintf("file://%s/repositories/none.git", w->dir);
	const struct fetch_repository none_such = repository(w, url);
	seen = fetch(w, &none_such, "refs/heads/x", &w->two);
	expect(&seen, FETCH_FAILED, "does not", "an origin that is not there is told");
	tap_ok(has(w, &w->two), "without harm to what is here");
	free(url);
}

static bool clone_has_ref(const struct world *w, const char *role, const char *ref)
{
	char key[FETCH_KEY_MAX];
	char command[512];
	char out[128];

	fetch_git_key(ref, key);
	(void)snprintf(command, sizeof(command),
		       "git --git-dir=%s rev-parse -q --verify refs/doorbell/%s/%s", w->clone, role,
		       key);
	ask(out, sizeof(out), command);
	return *out != '\0';
}

static void test_keep(struct world *w)
{
	char *url = xasprintf("file://%s/repositories/r.git", w->dir);
	const struct oid none = { .len = 0 };

	new_clone(w);
	const struct fetch_repository r = repository(w, url);
	fetch_keep(w->fetcher, &r, MAIN, &w->one);
	run_loop(w);
	tap_ok(access(w->clone, F_OK) != 0, "nothing is kept where nothing is");
	(void)fetch(w, &r, "refs/heads/old", &w->one);
	fetch_keep(w->fetcher, &r, MAIN, &w->one);
	struct seen seen = fetch(w, &r, MAIN, &w->two);
	fetch_keep(w->fetcher, &r, "refs/heads/old", &none);
	run_loop(w);
	tap_ok(clone_has_ref(w, "processed", MAIN) && clone_has_ref(w, "tip", MAIN) &&
	       !clone_has_ref(w, "tip", "refs/heads/old"), "a ref forgotten leaves the others");
	tap_sh("git --git-dir=%s gc -q --prune=now", w->clone);
	tap_ok(has(w, &w->one) && has(w, &w->two),
	       "both ends of a comparison outlive a collection");
	tap_sh("git -C %s/repositories/r.git update-ref refs/heads/main main~1", w->dir);
	seen = fetch(w, &r, MAIN, &w->one);
	tap_ok(seen.result.outcome == FETCH_OK && seen.result.asked &&
	       oid_equal(&seen.result.tip, &w->one),
	       "a branch set back to a commit that is kept is asked for");
	tap_sh("git -C %s/repositories/r.git update-ref refs/heads/main v1^{commit}", w->dir);
	seen = fetch(w, &r, MAIN, &w->one);
	tap_ok(seen.result.outcome == FETCH_OK && !seen.result.asked, "the tip as known is not");
	seen = fetch(w, &r, MAIN, &w->two);
	tap_ok(seen.result.outcome == FETCH_OK && oid_equal(&seen.result.tip, &w->two),
	       "and forward again");
	seen = fetch(w, &r, MAIN, &w->one);
	tap_ok(seen.result.outcome == FETCH_OK && oid_equal(&seen.result.tip, &w->two),
	       "a late word of the older commit finds the newer tip");
	char packed[300];
	(void)snprintf(packed, sizeof(packed), "%s/info/refs", w->clone);
	(void)unlink(packed);
	for (int i = 0; i < 12; i++) {
		(void)fetch(w, &r, MAIN, &none);
	}
	tap_ok(access(packed, F_OK) == 0 && has(w, &w->one) && has(w, &w->two),
	       "after some fetches git collects, and what is kept stays");
	fetch_keep(w->fetcher, &r, "refs/heads/never", &none);
	fetch_keep(w->fetcher, &r, MAIN, &none);
	run_loop(w);
	tap_sh("git --git-dir=%s gc -q --prune=now", w->clone);
	tap_ok(!has(w, &w->one), "what nothing keeps is collected");
	free(url);
}

static long count_refs(const struct world *w, const char *pattern)
{
	char *command = xasprintf("git --git-dir=%s for-each-ref 'refs/doorbell/%s' | wc -l", w->clone, pattern);
	char out[64];

	ask(out, sizeof(out), command);
	free(command);
	return strtol(out, NULL, 10);
}

/* Tags without end: the clone does not keep all of them. */
static void test_many_refs(struct world *w)
{
	char *url = xasprintf("file://%s/repositories/r.git", w->dir);
	const struct oid none = { .len = 0 };
	const int many = FETCH_REFS_KEPT + 44;

	new_clone(w);
	const struct fetch_repository r = repository(w, url);
	(void)fetch(w, &r, MAIN, &none);
	tap_sh("cd %s && for i in $(seq %d); do c=$(GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t GIT_AUTHOR_NAME=t "
	       "GIT_AUTHOR_EMAIL=t GIT_COMMITTER_DATE=\"$((1000000000 + i)) +0000\" git commit-tree -m $i "
	       "$(git for-each-ref --format='%%(tree)')); "
	       "k=$(printf %%032x $i); printf 'create refs/doorbell/processed/%%s %%s\\ncreate refs/doorbell/tip/%%s "
	       "%%s\\n' $k $c $k $c; done | git update-ref --stdin", w->clone, many);
	tap_int(count_refs(w, "processed/*"), many, "%d tags were processed", many);
	for (int i = 0; i < 12; i++) {
		(void)fetch(w, &r, MAIN, &none);
	}
	tap_int(count_refs(w, "processed/*"), FETCH_REFS_KEPT, "after some fetches %d are left",
		FETCH_REFS_KEPT);
	tap_int(count_refs(w, "tip/*"), FETCH_REFS_KEPT + 1, "of the others the tips went as well");
	tap_int(count_refs(w, "processed/0000000000000000000000000000012c"), 1, "the newest is there");
	tap_int(count_refs(w, "processed/00000000000000000000000000000001"), 0, "the oldest is not");
	tap_ok(clone_has_ref(w, "tip", MAIN), "what was never processed is left alone");
	free(url);
}

static void test_healing(struct world *w)
{
	char *url = xasprintf("file://%s/repositories/r.git", w->dir);

	new_clone(w);
	const struct fetch_repository r = repository(w, url);
	(void)fetch(w, &r, MAIN, &w->two);
	tap_sh("touch %s/shallow.lock %s/packed-refs.lock", w->clone, w->clone);
	struct seen seen = fetch(w, &r, "refs/heads/old", &w->one);
	expect(&seen, FETCH_OK, "", "locks left by a killed git are removed");
	tap_sh("rm -r %s/objects %s/config", w->clone, w->clone);
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_OK, "", "a repository of ours without objects is made anew");
	tap_sh("for f in %s/objects/pack/*.pack; do chmod u+w $f; printf xxxxx | "
	       "dd of=$f bs=1 seek=20 conv=notrunc 2>/dev/null; done", w->clone);
	seen = fetch(w, &r, "refs/tags/v1", &w->tag);
	tap_ok(seen.count == 1, "a damaged pack does not hang us (%d: %s)",
	       (int)seen.result.outcome, seen.why);
	free(url);
}

static void test_queue(struct world *w)
{
	char *url = xasprintf("file://%s/repositories/r.git", w->dir);
	struct seen seen[10] = { { .count = 0 } };
	int good = 0;

	new_clone(w);
	const struct fetch_repository r = repository(w, url);
	for (int i = 0; i < 10; i++) {
		const struct fetch_want want = {
			.ref = i % 2 == 0 ? MAIN : "refs/heads/old",
			.after = i % 2 == 0 ? w->two : w->one,
		};

		fetch_ref(w->fetcher, &r, &want, on_result, &seen[i]);
	}
	run_loop(w);
	for (int i = 0; i < 10; i++) {
		good += seen[i].count == 1 && seen[i].result.outcome == FETCH_OK;
	}
	tap_int(good, 10, "all who asked are answered");
	free(url);
}

/* One who was answered asks again, while another of the same fetch is still to be answered. */
struct again {
	const struct world *w;
	const struct fetch_repository *repository;
	const struct fetch_want *want;
	struct seen first;
	struct seen second;
};

static void on_first_answer(void *arg, const struct fetch_result *result)
{
	struct again *again = arg;

	on_result(&again->first, result);
	tap_sh("cd %s/repositories && cp -r r.git late.git", again->w->dir);
	fetch_ref(again->w->fetcher, again->repository, again->want, on_result, &again->second);
}

static void test_again(struct world *w)
{
	char *url = xasprintf("file://%s/repositories/late.git", w->dir);
	const struct fetch_want want = { .ref = MAIN, .after = w->two };
	struct seen other = { .count = 0 };

	new_clone(w);
	const struct fetch_repository r = repository(w, url);
	struct again again = { .w = w, .repository = &r, .want = &want };

	fetch_ref(w->fetcher, &r, &want, on_first_answer, &again);
	fetch_ref(w->fetcher, &r, &want, on_result, &other);
	run_loop(w);
	(void)expect(&again.first, FETCH_FAILED, "", "an origin that is not there yet");
	(void)expect(&other, FETCH_FAILED, "", "is not there for the other one either");
	(void)expect(&again.second, FETCH_OK, "", "who asks again when answered gets a new answer");
	free(url);
}

static void test_http(struct world *w)
{
	char ca[300];
	char token[300];
	char wrong[300];
	char out[256];
	char command[512];

	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", w->dir);
	(void)snprintf(token, sizeof(token), "%s/token", w->dir);
	(void)snprintf(wrong, sizeof(wrong), "%s/wrong", w->dir);
	new_clone(w);
	char *url = xasprintf("https://127.0.0.1:%d/open/r.git", w->tls);
	struct fetch_repository r = repository(w, url);
	struct seen seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_FAILED, "certificate", "an unknown authority is refused");
	r.ca_file = ca;
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_OK, "", "a repository is fetched over https");
	free(url);

	new_clone(w);
	r.url = url = xasprintf("https://127.0.0.1:%d/auth/r.git", w->tls);
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_FAILED, "could not read Username", "without a token there is no way in");
	r.token_file = wrong;
	r.username = "ann";
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_FAILED, "Authentication failed", "nor with a wrong one");
	tap_ok(strstr(seen.why, "wr0ng") == NULL, "the reason does not show it");
	r.token_file = token;
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_OK, "", "the helper gives the token");
	tap_ok(has(w, &w->two), "and the commit is there");
	r.token_file = "/no/such/token";
	seen = fetch(w, &r, "refs/heads/old", &w->one);
	expect(&seen, FETCH_FAILED, "token file /no/such/token", "a missing token file is named");
	free(url);

	r.token_file = token;
	r.url = url = xasprintf("https://127.0.0.1:%d/moved/r.git", w->tls);
	tap_sh(": > %s/requests", w->dir);
	seen = fetch(w, &r, "refs/heads/old", &w->one);
	expect(&seen, FETCH_FAILED, "", "a redirect is refused");
	(void)snprintf(command, sizeof(command), "grep -c -e Basic -e ^plain %s/requests", w->dir);
	ask(out, sizeof(out), command);
	tap_str(out, "0", "and nobody was shown the token, or even asked");
	free(url);

	r.url = url = xasprintf("https://127.0.0.1:%d/broken/r.git", w->tls);
	seen = fetch(w, &r, "refs/heads/old", &w->one);
	expect(&seen, FETCH_FAILED, "500", "the server's error is passed on");
	free(url);
}

static void test_slow_and_old_servers(struct world *w)
{
	char ca[300];
	struct oid gone;

	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", w->dir);
	(void)oid_from_hex("1234567890123456789012345678901234567890", 40, &gone);
	new_clone(w);
	char *url = xasprintf("http://127.0.0.1:%d/v0/r.git", w->plain);
	struct fetch_repository r = repository(w, url);
	struct seen seen = fetch(w, &r, MAIN, &w->zero);
	expect(&seen, FETCH_NOT_THERE_YET, "", "a server that gives no commit by its id is told apart");
	tap_ok(oid_equal(&seen.result.tip, &w->two), "with the tip that is there");
	const struct fetch_want base = { .ref = MAIN, .after = w->two, .base = w->zero };
	fetch_ref(w->fetcher, &r, &base, on_result, &seen);
	run_loop(w);
	tap_ok(seen.result.outcome == FETCH_OK && seen.result.asked && has(w, &w->zero),
	       "one that is only worth having is found among what the ref was before");
	const struct fetch_want foreign = { .ref = MAIN, .after = w->two, .base = gone };
	fetch_ref(w->fetcher, &r, &foreign, on_result, &seen);
	run_loop(w);
	tap_ok(seen.result.outcome == FETCH_OK && seen.result.asked,
	       "one that nobody has is done without");
	free(url);
	r.url = url = xasprintf("http://127.0.0.1:%d/open/r.git", w->plain);
	seen = fetch(w, &r, MAIN, &gone);
	expect(&seen, FETCH_NOT_THERE_YET, "", "so is a commit that a replica does not have yet");
	free(url);

	r.time_limit_ms = 700;
	r.ca_file = ca;
	r.url = url = xasprintf("https://127.0.0.1:%d/open/r.git", w->silent);
	int64_t begin = mstime_monotonic();
	seen = fetch(w, &r, "refs/heads/old", &w->one);
	expect(&seen, FETCH_FAILED, "no end after", "a silent server costs the time limit");
	free(url);
	r.url = url = xasprintf("https://127.0.0.1:%d/stall/r.git", w->tls);
	seen = fetch(w, &r, "refs/heads/old", &w->one);
	expect(&seen, FETCH_FAILED, "no end after", "so does one that stalls after its header");
	tap_ok(mstime_monotonic() - begin < 6000, "and no more");
	free(url);
}

static void test_size_limit(struct world *w)
{
	char *url = xasprintf("file://%s/repositories/r.git", w->dir);
	char *helper = xasprintf("/proc/self/exe");
	const struct fetch_options options = { .helper = helper, .home = w->dir, .file_max = 65536 };
	struct fetcher *usual = w->fetcher;

	tap_sh("cd %s/repositories/work && head -c 300000 /dev/urandom > big && git add big && "
	       "git commit -qm big && git push -q ../r.git HEAD:refs/heads/big && "
	       "git reset -q --hard HEAD~", w->dir);
	new_clone(w);
	const struct fetch_repository r = repository(w, url);
	const struct oid none = { .len = 0 };
	w->fetcher = fetch_new(w->base, w->spawner, &options);
	struct seen seen = fetch(w, &r, "refs/heads/big", &none);
	expect(&seen, FETCH_FAILED, "", "a pack above the limit is not taken");
	tap_int(litter(w), 0, "and what there was of it is removed");
	tap_sh("echo part > %s/objects/pack/tmp_pack_abcdef", w->clone);
	tap_int(litter(w), 1, "a receiver that is killed leaves a part of a pack");
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_OK, "", "the next fetch goes on");
	tap_int(litter(w), 0, "and removes that, too");
	const struct fetch_want want = { .ref = "refs/heads/old", .after = w->one };
	fetch_ref(w->fetcher, &r, &want, on_result, &seen);
	(void)event_base_loop(w->base, EVLOOP_ONCE);
	seen.count = 0;
	fetch_free(w->fetcher);
	w->fetcher = usual;
	run_loop(w);
	tap_int(seen.count, 0, "freeing the fetcher ends what runs, without an answer");
	free(url);
	free(helper);
}

static void test_helper(const struct world *w)
{
	static const struct {
		const char *protocol, *host, *answer;
	} cases[] = {
		{ "https", "git.example.org:8443", "username=ann" },
		{ "https", "GIT.example.org:8443", "username=ann" },
		{ "https", "git.example.org", "quit=1" },
		{ "https", "git.example.org:443", "quit=1" },
		{ "https", "evil.example.org:8443", "quit=1" },
		{ "https", "git.example.org:8443.evil.org", "quit=1" },
		{ "http", "git.example.org:8443", "quit=1" },
		{ "", "", "quit=1" },
	};
	char command[1024];
	char out[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(command, sizeof(command),
			       "printf 'protocol=%s\\nhost=%s\\npath=x\\n\\n' | "
			       "DOORBELL_CREDENTIAL_URL=https://git.example.org:8443 "
			       "DOORBELL_CREDENTIAL_USERNAME=ann "
			       "DOORBELL_CREDENTIAL_TOKEN_FILE=%s/token "
			       "/proc/%d/exe credential get 2>/dev/null", cases[i].protocol, cases[i].host,
			       w->dir, (int)getpid());
		ask(out, sizeof(out), command);
		tap_str(out, cases[i].answer, "%s://%s asks the helper", cases[i].protocol,
			cases[i].host);
	}
	(void)snprintf(command, sizeof(command), "/proc/%d/exe credential store < /dev/null; echo $?",
		       (int)getpid());
	ask(out, sizeof(out), command);
	tap_str(out, "0", "\"store\" is taken and ignored");
}

static void test_ssh(struct world *w)
{
	char text[1024];
	char port[32];
	char key[300];
	char hosts[300];

	ask(text, sizeof(text), "PATH=$PATH:/usr/sbin command -v sshd");
	if (*text == '\0') {
		tap_ok(true, "# SKIP no sshd here (package openssh-server)");
		return;
	}
	ask(port, sizeof(port), "python3 -c 'import socket; s=socket.socket(); "
	    "s.bind((\"127.0.0.1\",0)); print(s.getsockname()[1])'");
	tap_sh("cd %s && for k in host other client; do ssh-keygen -q -t ed25519 -N '' -f ssh_$k; "
	       "done && for k in host other; do printf '[127.0.0.1]:%s ' > known_$k; "
	       "cut -d' ' -f1,2 ssh_$k.pub >> known_$k; done && (mkdir -p /run/sshd || :) && "
	       "printf 'HostKey %%s\\nAuthorizedKeysFile %%s\\nListenAddress 127.0.0.1:%s\\n"
	       "StrictModes no\\nUsePAM no\\nPidFile none\\nPermitRootLogin prohibit-password\\n' "
	       "$PWD/ssh_host $PWD/ssh_client.pub > sshd_config", w->dir, port, port);
	(void)snprintf(text, sizeof(text), "exec /usr/sbin/sshd -D -e -f %s/sshd_config 2>%s/sshd.log",
		       w->dir, w->dir);
	struct strvec argv = STRVEC_INIT;
	struct strvec env = STRVEC_INIT;
	strvec_push(&argv, "/bin/sh");
	strvec_push(&argv, "-c");
	strvec_push(&argv, text);
	strvec_push(&env, "PATH=/usr/sbin:/usr/bin:/bin");
	const struct spawn_options sshd = { .argv = &argv, .environment = &env };
	struct spawner *servers = spawner_new(w->base);
	int idle = w->idle;
	(void)spawn_start(servers, &sshd, NULL, NULL);
	w->idle = event_base_get_num_events(w->base, EVENT_BASE_COUNT_ADDED);
	(void)usleep(400000);

	(void)snprintf(key, sizeof(key), "%s/ssh_client", w->dir);
	(void)snprintf(hosts, sizeof(hosts), "%s/known_other", w->dir);
	char *user = getenv("USER");
	char *url = xasprintf("ssh://%s@127.0.0.1:%s%s/repositories/r.git", user ? user : "root", port,
			      w->dir);
	new_clone(w);
	struct fetch_repository r = repository(w, url);
	r.ssh_key_file = key;
	r.known_hosts_file = hosts;
	struct seen seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_FAILED, "Host key verification failed", "another host's key is refused");
	r.known_hosts_file = "/dev/null";
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_FAILED, "Host key verification failed", "so is an unknown host");
	(void)snprintf(hosts, sizeof(hosts), "%s/known_host", w->dir);
	r.known_hosts_file = hosts;
	seen = fetch(w, &r, MAIN, &w->two);
	expect(&seen, FETCH_OK, "", "a repository is fetched over ssh");
	tap_ok(has(w, &w->two), "and its commit is there");
	(void)snprintf(key, sizeof(key), "%s/ssh_other", w->dir);
	seen = fetch(w, &r, "refs/heads/old", &w->one);
	expect(&seen, FETCH_FAILED, "Permission denied", "a key that is not allowed is told");
	spawner_free(servers);
	w->idle = idle;
	strvec_release(&argv);
	strvec_release(&env);
	free(url);
}

int main(int argc, char **argv)
{
	struct world w = { .base = NULL };
	char self[512] = "";

	if (argc > 1 && strcmp(argv[1], "credential") == 0) {
		return credential_main(argc > 2 ? argv[2] : NULL);
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
		return 1;
	}
	w.base = event_base_new();
	make_origin(&w);
	start_server(&w);
	const struct fetch_options options = { .helper = self, .home = w.dir };
	w.spawner = spawner_new(w.base);
	w.fetcher = fetch_new(w.base, w.spawner, &options);
	w.idle = event_base_get_num_events(w.base, EVENT_BASE_COUNT_ADDED);
	test_helper(&w);
	test_file(&w);
	test_keep(&w);
	test_many_refs(&w);
	test_healing(&w);
	test_queue(&w);
	test_again(&w);
	test_http(&w);
	test_slow_and_old_servers(&w);
	test_size_limit(&w);
	test_ssh(&w);
	fetch_free(w.fetcher);
	spawner_free(w.spawner);
	event_base_free(w.base);
	(void)pclose(w.server);
	return tap_done();
}
