/*
 * What git is told, and what it means with its answers.
 */
#include "receiver/git/fetch_git.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"

static bool contains(const struct strvec *v, const char *text)
{
	for (size_t i = 0; i < v->count; i++) {
		if (strstr(v->items[i], text) != NULL) {
			return true;
		}
	}
	return false;
}

static void test_commands(void)
{
	const struct fetch_repository ssh = {
		.directory = "/clone.git",
		.url = "git@git.example.org:r.git",
		.ssh_key_file = "/my key's",
		.known_hosts_file = "/hosts",
	};
	const struct fetch_repository https = {
		.directory = "/clone.git",
		.url = "https://git.example.org:8443/a/r.git",
		.token_file = "/token",
		.ca_file = "/ca.pem",
	};
	const struct fetch_options options = { .helper = "/opt/a b/door'bell", .home = "/home" };
	struct strvec env = STRVEC_INIT;
	struct strvec argv = STRVEC_INIT;

	fetch_git_environment(&ssh, &options, &env);
	tap_ok(strvec_contains(&env, "GIT_ALLOW_PROTOCOL=ssh"), "only the address's protocol is allowed");
	tap_ok(contains(&env, " -i '/my key'\\''s'"), "paths are quoted for the shell behind ssh");
	tap_ok(contains(&env, "-oUserKnownHostsFile='/hosts'") &&
	       contains(&env, "-oStrictHostKeyChecking=yes"), "the host's key is pinned");
	tap_ok(!contains(&env, "DOORBELL_"), "the helper is not for ssh");
	strvec_release(&env);

	fetch_git_environment(&https, &options, &env);
	fetch_git_fetch(&https, &options, "refs/heads/main", 1, "tip", "KEY", &argv);
	tap_ok(strvec_contains(&env, "DOORBELL_CREDENTIAL_URL=https://git.example.org:8443") &&
	       strvec_contains(&env, "DOORBELL_CREDENTIAL_TOKEN_FILE=/token"),
	       "the helper is told for which host, and where the token is");
	tap_ok(contains(&argv, "credential.helper=!'/opt/a b/door'\\''bell' credential"),
	       "the helper is this program, its path quoted for the shell");
	tap_ok(strvec_contains(&argv, "http.followRedirects=false") &&
	       strvec_contains(&argv, "http.sslCAInfo=/ca.pem") &&
	       strvec_contains(&argv, "--depth=1"), "git is told not to wander");
	tap_str(argv.items[argv.count - 3], "--end-of-options", "an address cannot become an option");
	tap_str(argv.items[argv.count - 1], "+refs/heads/main:refs/doorbell/tip/KEY",
		"the ref comes under a name of ours");
	strvec_release(&env);
	strvec_release(&argv);
}

static void test_read(void)
{
#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"
	static const char said[] = "warning: refs/doorbell/tip/K is odd\n"
				   "refs/doorbell/processed/K " A " \n"
				   "refs/doorbell/tip/OTHER " A " \n"
				   "refs/heads/K " A " \n"
				   "refs/doorbell/tip/K " B " " A "\n"
				   "refs/doorbell/tip/K nonsense\n\n   \n";
	struct fetch_known known;
	struct oid a;
	struct oid b;
	struct oid c;

	(void)oid_from_hex(A, 40, &a);
	(void)oid_from_hex(B, 40, &b);
	(void)oid_from_hex("3333333333333333333333333333333333333333", 40, &c);
	fetch_git_read(said, sizeof(said) - 1, "K", &(struct fetch_want){ .after = a }, &known);
	tap_ok(known.has_wanted && known.tip_is_wanted && oid_equal(&known.tip, &b),
	       "the commit behind a tag counts as the tip");
	fetch_git_read(said, sizeof(said) - 1, "K", &(struct fetch_want){ .after = b }, &known);
	tap_ok(known.has_wanted && known.tip_is_wanted, "the tip is known");
	fetch_git_read(said, sizeof(said) - 1, "K", &(struct fetch_want){ .after = c }, &known);
	tap_ok(!known.has_wanted, "another is not");
	fetch_git_read(said, sizeof(said) - 1, "OTHER", &(struct fetch_want){ .after = b }, &known);
	tap_ok(!known.has_wanted && oid_equal(&known.tip, &a), "refs of other keys do not count");
	static const char kept[] = "refs/doorbell/processed/K " A " \nrefs/doorbell/tip/K " B " \n";
	fetch_git_read(kept, sizeof(kept) - 1, "K", &(struct fetch_want){ .after = a }, &known);
	tap_ok(known.has_wanted && !known.tip_is_wanted, "a kept commit is known, but is not the tip");
	fetch_git_read("", 0, "K", &(struct fetch_want){ .after = a }, &known);
	tap_ok(!known.has_wanted && known.tip.len == 0, "of nothing nothing is known");
}

static void test_checks(void)
{
	static const struct {
		const char *url, *token, *key, *hosts;
		bool ok;
	} cases[] = {
		{ "https://git.example.org/r", "/t", NULL, NULL, true },
		{ "https://git.example.org:8443/r.git", NULL, NULL, NULL, true },
		{ "https://user@git.example.org/r", "/t", NULL, NULL, false },
		{ "https://user:pw@git.example.org/r", NULL, NULL, NULL, false },
		{ "http://git.example.org/r", NULL, NULL, NULL, true },
		{ "http://git.example.org/r", "/t", NULL, NULL, false },
		{ "http://127.0.0.1:8080/r", "/t", NULL, NULL, true },
		{ "http://localhost.example.org/r", "/t", NULL, NULL, false },
		{ "ssh://git@git.example.org/r", NULL, "/k", "/h", true },
		{ "ssh://git:pw@git.example.org/r", NULL, "/k", "/h", false },
		{ "git@git.example.org:r.git", NULL, "/k", "/h", true },
		{ "git@git.example.org:r.git", NULL, NULL, "/h", false },
		{ "git@git.example.org:r.git", NULL, "/k", NULL, false },
		{ "git@-oProxyCommand=x:r.git", NULL, "/k", "/h", false },
		{ "ssh://-oProxyCommand=x/r", NULL, "/k", "/h", false },
		{ "file:///srv/r.git", NULL, NULL, NULL, true },
		{ "file://host/r.git", NULL, NULL, NULL, false },
		{ "/srv/r.git", NULL, NULL, NULL, false },
		{ "ext::sh -c reboot", NULL, NULL, NULL, false },
		{ "git://git.example.org/r", NULL, NULL, NULL, false },
		{ "--upload-pack=x", NULL, NULL, NULL, false },
		{ "https://git.example.org/a b", NULL, NULL, NULL, false },
		{ "", NULL, NULL, NULL, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		struct fetch_repository r = { .directory = "/clone.git", .url = cases[i].url };
		r.token_file = cases[i].token;
		r.ssh_key_file = cases[i].key;
		r.known_hosts_file = cases[i].hosts;
		bool ok = cases[i].ok;
		tap_ok((fetch_check(&r, &err) == 0) == ok, "\"%s\" is %s (%s)", cases[i].url,
		       ok ? "fine" : "refused", err.text);
	}
}

static void test_words(void)
{
	static const struct {
		const char *said, *why;
	} cases[] = {
		{ "fatal: unable to access 'https://ann:pw@h/r/': no\n",
		  "fatal: unable to access 'https://h/r/': no" },
		{ "Host key verification failed.\r\nfatal: Could not read from remote repository.\n\n"
		  "Please make sure you have the correct access rights\nand the repository exists.\n",
		  "Host key verification failed.; fatal: Could not read from remote repository." },
		{ "remote: \x1b[31mred\n", "remote: ?[31mred" },
		{ "", "git failed without a word" },
		{ "x //a@b@c/d@e y", "x //c/d@e y" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[FETCH_WHY_MAX];
		struct call_result answer = { .completed = true, .status = 128,
						.output = cases[i].said,
						.output_len = strlen(cases[i].said) };
		fetch_git_why(&answer, 1000, why);
		tap_str(why, cases[i].why, "what git says, number %zu, is fit to show", i);
	}
}

int main(void)
{
	test_checks();
	test_words();
	test_commands();
	test_read();
	return tap_done();
}
