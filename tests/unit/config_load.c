/*
 * The configuration: what wins over what, what good values mean, variables,
 * flags and credentials.
 */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "config/config_table.h"
#include "target/target.h"
#include "tests/support/tap.h"

static const char *provider_name_at(size_t i)
{
	static const char *const names[] = { "github", "gitlab", "native", NULL };

	return names[i];
}

static void join(const struct strvec *lines, struct buf *out)
{
	for (size_t i = 0; i < lines->count; i++) {
		(void)buf_addf(out, "%s%s", i > 0 ? "\n" : "", lines->items[i]);
	}
}

/* Write text to the file c.yaml where we are. */
static void write_file(const char *text)
{
	FILE *file = fopen("c.yaml", "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
		tap_ok(false, "c.yaml can be written");
	}
}

/* Load c.yaml with an environment and flags; problems and warnings as text. */
static struct config *load(char *const *environment, const struct config_override *overrides,
			   size_t count, struct buf *problems, struct buf *warnings)
{
	struct config_input input = {
		.path = "c.yaml",
		.environment = environment,
		.overrides = overrides,
		.override_count = count,
		.provider_name_at = provider_name_at,
		.target_kind = target_config_kind,
	};
	struct strvec wrong = STRVEC_INIT;
	struct strvec odd = STRVEC_INIT;
	struct config *config = NULL;

	int r = config_load(&input, &config, &wrong, &odd);
	tap_ok((r == 0) == (config != NULL) && (r == 0) == (wrong.count == 0),
	       "there is a configuration, or problems");
	buf_reset(problems);
	join(&wrong, problems);
	if (warnings != NULL) {
		buf_reset(warnings);
		join(&odd, warnings);
	}
	strvec_release(&wrong);
	strvec_release(&odd);
	return config;
}

static void test_defaults(void)
{
	struct config_input input = { .path = NULL };
	struct strvec problems = STRVEC_INIT;
	struct config *c = NULL;
	const char *where = NULL;
	const char *value = NULL;

	tap_int(config_load(&input, &c, &problems, NULL), 0, "nothing at all is a configuration");
	tap_str(c->listen.items[0], "127.0.0.1:9780", "listen has its default");
	tap_int(c->quiet_window, 200, "200ms are 200");
	tap_int(c->retention, 30LL * 24 * 3600 * 1000, "30d are 30 days");
	tap_int(c->max_body_bytes, 25 << 20, "25MiB are 25 MiB");
	tap_int(c->socket_mode, 0660, "0660 is octal");
	tap_int(c->log_level, CONFIG_LOG_INFO, "info is the third level");
	tap_ok(c->tls_cert_file == NULL && c->file == NULL, "what has no default is not there");
	tap_ok(config_origin(c, "quietWindow", &where, &value), "a setting has an origin");
	tap_str(where, "default", "which is its default");
	tap_str(value, "200ms", "as text");
	tap_ok(!config_origin(c, "nothing", &where, &value), "what is no setting has none");
	config_free(c);
	config_free(NULL);
}

static void test_precedence(void)
{
	static const struct config_override flags[] = { { "quiet-window", "400ms" },
							{ "readers", "7" } };
	static char quiet[] = "DOORBELL_QUIET_WINDOW=300ms";
	static char level[] = "DOORBELL_LOG_LEVEL=debug";
	static char port[] = "DOORBELL_PORT_80_TCP=tcp://10.0.0.1:80";
	static char service[] = "DOORBELL_SERVICE_HOST=10.0.0.1";
	static char own[] = "DOORBELL_CONFIG=/x";
	static char other[] = "PATH=/bin";
	static char *const environment[] = { quiet, level, port, service, own, other, NULL };
	struct buf problems;
	const char *where = NULL;
	const char *value = NULL;

	buf_init(&problems, 65536);
	write_file("quietWindow: 250ms\nlogLevel: error\n\nretryFirst: 3s\n");
	struct config *c = load(environment, flags, 2, &problems, NULL);
	tap_str(problems.data, "", "variables of Kubernetes and others are let be");
	if (c == NULL) {
		buf_release(&problems);
		return;
	}
	tap_int(c->quiet_window, 400, "a flag wins over a variable and the file");
	tap_int(c->log_level, CONFIG_LOG_DEBUG, "a variable wins over the file");
	tap_int(c->retry_first, 3000, "the file wins over the default");
	tap_int(c->readers, 7, "a flag wins over the default");
	(void)config_origin(c, "quietWindow", &where, &value);
	tap_str(where, "--quiet-window", "the flag is named");
	(void)config_origin(c, "logLevel", &where, &value);
	tap_str(where, "DOORBELL_LOG_LEVEL", "the variable is named");
	(void)config_origin(c, "retryFirst", &where, &value);
	tap_str(where, "c.yaml:4:1", "the line is named");
	tap_str(value, "3s", "and what it says");
	config_free(c);
	buf_release(&problems);
}

static void test_environment(void)
{
	static char listen[] = "DOORBELL_LISTEN=[::1]:80";
	static char certificate[] = "DOORBELL_TLS_CERT_FILE=secret";
	static char key[] = "DOORBELL_TLS_KEY_FILE=secret";
	static char targets[] = "DOORBELL_TARGETS=[{name: t, exec: {command: [/bin/echo, a b]}}]";
	static char *const good[] = { listen, certificate, key, targets, NULL };
	static char wrong[] = "DOORBELL_QUITE_WINDOW=1s";
	static char stray[] = "DOORBELL_XYZZY=1";
	static char bad[] = "DOORBELL_TARGETS=[{name: t, exec: {command: /bin/true}, exc: {}}]";
	static char broken[] = "DOORBELL_SOURCES=[{";
	static char duration[] = "DOORBELL_QUIET_WINDOW=soon";
	static char *const worse[] = { wrong, stray, bad, broken, duration, NULL };
	static const struct config_override flags[] = { { "quiet-windw", "1s" },
							{ "log-level", "debgu" } };
	static const struct config_override list[] = { { "listen", "[a:1, b:2]" } };
	struct buf problems;

	buf_init(&problems, 65536);
	write_file("");
	struct config *c = load(good, NULL, 0, &problems, NULL);
	tap_str(problems.data, "c.yaml: is empty: write the configuration to it",
		"a file that was cut short takes nothing away");
	write_file("# nothing\n");
	c = load(good, NULL, 0, &problems, NULL);
	tap_str(problems.data, "", "lists are YAML in a variable");
	if (c != NULL) {
		tap_str(c->listen.items[0], "[::1]:80", "an IPv6 address is no list");
		tap_str(c->targets[0].kind.kind->name, "exec", "objects are read");
		tap_str(c->tls_cert_file, "secret", "a path in a variable stays as it is");
	}
	config_free(c);
	c = load(NULL, list, 1, &problems, NULL);
	tap_int(c != NULL ? (long long)c->listen.count : 0, 2, "a flag may hold a list");
	config_free(c);
	c = load(worse, flags, 2, &problems, NULL);
	tap_str(problems.data,
		"DOORBELL_QUITE_WINDOW: unknown setting: did you mean DOORBELL_QUIET_WINDOW?\n"
		"DOORBELL_XYZZY: unknown setting: remove it\n"
		"DOORBELL_TARGETS: unknown key 'exc': did you mean 'exec'?\n"
		"DOORBELL_SOURCES: 2:1: did not find expected node content\n"
		"DOORBELL_QUIET_WINDOW: 'quietWindow' is 'soon': give a number and ms, s, m, h or d, "
		"such as 200ms\n"
		"--quiet-windw: unknown setting: did you mean --quiet-window?\n"
		"--log-level: 'logLevel' is 'debgu': did you mean 'debug'?",
		"all that is wrong with variables and flags is said");
	config_free(c);
	buf_release(&problems);
}

/* What the kinds of targets have read, seen by the calls that they make. */
static void check_targets(const struct config *c)
{
	static char application[] = "argocd/web";
	const struct trigger trigger = { .application = application, .attempts = 1 };
	struct error err = ERROR_INIT;
	struct call calls[2];

	for (size_t i = 0; i < 2; i++) {
		const struct config_choice *choice = &c->targets[i].kind;
		const struct target target = { target_kind_by_name(choice->kind->name),
					       choice->options };

		tap_int(target_prepare(&target, &trigger, &calls[i], &err), 0, "%s makes a call",
			choice->kind->name);
	}
	tap_ok(strstr(calls[0].body, "\"prune\":true") != NULL, "Argo CD is set");
	tap_int(calls[0].time_limit_ms, 60000, "a target has a time limit");
	tap_int(calls[1].time_limit_ms, 5000, "of its own");
	tap_str(calls[1].argv.items[1], "x", "a command has its arguments");
	bool empty = false;
	for (size_t i = 0; i < calls[1].environment.count; i++) {
		empty |= strcmp(calls[1].environment.items[i], "C=") == 0;
	}
	tap_ok(empty, "an empty variable is one");
	call_release(&calls[0]);
	call_release(&calls[1]);
}

static void test_objects(void)
{
	static const char text[] =
		"mode: union\n"
		"sources:\n"
		"- name: hub\n"
		"  provider: github\n"
		"  secrets: [inline]\n"
		"  secretFiles: [secret, spaced]\n"
		"  repositories: ['github.com/org/*']\n"
		"repositories:\n"
		"- {url: 'https://github.com/org/a', aliases: [git@ssh.github.com:org/a], mode: argocd}\n"
		"- {url: /srv/git/b.git, path: b.git}\n"
		"applications:\n"
		"- {file: apps.yaml}\n"
		"- {repository: 'https://github.com/org/a', ref: main, path: apps}\n"
		"targets:\n"
		"- name: cd\n"
		"  argocd: {url: 'https://cd.example', tokenFile: secret, action: sync, prune: true}\n"
		"  ratePerSecond: 2.5\n"
		"- {name: run, exec: {command: [/bin/echo, x], environment: {A: b, C: }, timeLimit: 5s}}\n";
	struct buf problems;
	struct buf warnings;

	buf_init(&problems, 65536);
	buf_init(&warnings, 65536);
	write_file(text);
	struct config *c = load(NULL, NULL, 0, &problems, &warnings);
	tap_str(problems.data, "", "a whole configuration is taken");
	tap_ok(strstr(warnings.data, "c.yaml:6:25: 'secretFiles': '") != NULL &&
	       strstr(warnings.data, "spaced' ends in white space: is it part of the secret?") != NULL,
	       "white space behind a secret is a warning: %s", warnings.data);
	tap_ok(strncmp(warnings.data, "c.yaml:5:13: 'secrets': a secret that has less than 16 ", 55) == 0,
	       "so is a short one: %s", warnings.data);
	if (c == NULL) {
		goto out;
	}
	tap_int((long long)c->sources[0].secrets.count, 3, "inline and filed secrets together");
	tap_str(c->sources[0].secrets.items[1], "s3cret", "one line end is no part of a secret");
	tap_str(c->sources[0].secrets.items[2], "s3cret ", "a blank is");
	tap_int(c->sources[0].timestamp_tolerance, 300000, "an object has defaults");
	tap_int(c->repositories[0].mode, CONFIG_MODE_ARGOCD, "a repository may have a mode");
	tap_int(c->repositories[1].mode, CONFIG_MODE_UNION, "or that of all");
	tap_ok(c->repositories[1].path[0] == '/', "a path starts from the file's directory");
	tap_str(c->applications[1].ref, "main", "applications in a repository have a ref");
	tap_ok(c->targets[0].rate_per_second > 2.4 && c->targets[0].rate_per_second < 2.6,
	       "a rate may have a fraction");
	tap_int(c->targets[1].concurrency, 4, "and a concurrency");
	check_targets(c);
out:
	config_free(c);
	buf_release(&warnings);
	buf_release(&problems);
}

static void test_credentials(void)
{
	char *directory = NULL;
	struct buf problems;

	buf_init(&problems, 65536);
	tap_sh("mkdir -p cred && printf systemd > cred/secret && chmod 600 cred/secret");
	char *here = realpath("cred", NULL);
	if (here == NULL || asprintf(&directory, "CREDENTIALS_DIRECTORY=%s", here) < 0) {
		tap_ok(false, "there is a directory of credentials");
		free(here);
		return;
	}
	char *const environment[] = { directory, NULL };
	write_file("sources: [{name: a, provider: github, secretFiles: [secret, ./secret]}]\n");
	struct config *c = load(environment, NULL, 0, &problems, NULL);
	tap_str(c != NULL ? c->sources[0].secrets.items[0] : problems.data, "systemd",
		"a bare name is first looked up among the credentials");
	tap_str(c != NULL ? c->sources[0].secrets.items[1] : "", "s3cret", "another path is not");
	config_free(c);
	free(directory);
	free(here);
	buf_release(&problems);
}

/* Every row of the table has a name in all three places, and words. */
static void test_table(void)
{
	size_t count = 0;
	const struct config_setting *s = config_settings(&count);
	struct strvec names = STRVEC_INIT;

	for (size_t i = 0; i < count; i++) {
		char *flag = config_flag_name(s[i].key);
		char *variable = config_environment_name(s[i].key);

		tap_ok(strvec_push_unique(&names, flag) && strvec_push_unique(&names, variable),
		       "%s is --%s and %s", s[i].key, flag, variable);
		tap_ok(strncmp(variable, "DOORBELL_PORT", 13) != 0 &&
		       strncmp(variable, "DOORBELL_SERVICE_", 17) != 0, "which Kubernetes never sets");
		tap_ok(strlen(s[i].help) > 10, "%s", s[i].help);
		free(variable);
		free(flag);
	}
	char *name = config_environment_name("tls.certFile");
	tap_str(name, "DOORBELL_TLS_CERT_FILE", "a nested key has a variable");
	free(name);
	strvec_release(&names);
	tap_ok(config_object_settings("listen", &count) == NULL, "listen has no objects");
}

static void test_files(void)
{
	struct config_input input = { .path = "not-there.yaml" };
	struct strvec problems = STRVEC_INIT;
	struct config *c = NULL;

	tap_int(config_load(&input, &c, &problems, NULL), -1, "a missing file is a problem");
	tap_str(problems.items[0], "not-there.yaml: cannot be read: No such file or directory: "
		"give the path of the configuration", "which says so");
	strvec_release(&problems);
	input.path = "fifo";
	tap_int(config_load(&input, &c, &problems, NULL), -1, "a FIFO does not hold us up");
	tap_str(problems.items[0], "fifo: not a file: give the path of the configuration",
		"and says so");
	strvec_release(&problems);
}

int main(void)
{
	if (chdir(tap_dir()) != 0) {
		return 1;
	}
	tap_sh("printf 's3cret\\n' > secret; printf 's3cret \\n' > spaced; "
	       "chmod 600 secret spaced; mkfifo -m 600 fifo");
	test_defaults();
	test_precedence();
	test_environment();
	test_objects();
	test_credentials();
	test_table();
	test_files();
	return tap_done();
}
