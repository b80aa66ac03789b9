/*
 * The configuration: what each mistake is called, and where.
 */
#include "config/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "config/config_table.h"
#include "target/target.h"
#include "tests/support/tap.h"

struct row {
	const char *yaml;
	const char *want; // problems, one a line, see expand(); "": none
};

static const struct row rows[] = {
	{ "quietwindow: 1s\n",
	  "c.yaml:1:1: unknown key 'quietwindow': did you mean 'quietWindow'?" },
	{ "quietWindows: 1s\n",
	  "c.yaml:1:1: unknown key 'quietWindows': did you mean 'quietWindow'?" },
	{ "zzz: 1\n",
	  "c.yaml:1:1: unknown key 'zzz': remove it" },
	{ "quietWindow: 5x\n",
	  "c.yaml:1:14: 'quietWindow' is '5x': give a number and ms, s, m, h or d, such as 200ms" },
	{ "quietWindow: [1s]\n",
	  "c.yaml:1:14: 'quietWindow' is a list: give a single value" },
	{ "quietWindow: {a: b}\n",
	  "c.yaml:1:14: 'quietWindow' is a mapping: give a single value" },
	{ "quietWindow:\n",
	  "c.yaml:1:1: 'quietWindow' is '': give a number and ms, s, m, h or d, such as 200ms" },
	{ "quietWindow: 2h\n",
	  "c.yaml:1:14: 'quietWindow' is '2h': give 0 to 1m" },
	{ "quietWindow: -1s\n",
	  "c.yaml:1:14: 'quietWindow' is '-1s': give a number and ms, s, m, h or d, such as 200ms" },
	{ "quietWindow: 1.5s\n",
	  "c.yaml:1:14: 'quietWindow' is '1.5s': give a number and ms, s, m, h or d, such as 200ms" },
	{ "quietWindow: 99999999999999999999s\n",
	  "c.yaml:1:14: 'quietWindow' is '99999999999999999999s': give a number and ms, s, m, h or d, such as 200ms" },
	{ "quietWindow: 3s\n",
	  "c.yaml:1:1: 'quietWindow' is more than 'quietWindowMax': lower it" },
	{ "maxBodyBytes: 25MB\n",
	  "c.yaml:1:15: 'maxBodyBytes' is '25MB': give a number and KiB, MiB or GiB, such as 25MiB" },
	{ "maxBodyBytes: 1GiB\n",
	  "c.yaml:1:15: 'maxBodyBytes' is '1GiB': give 1KiB to 25MiB" },
	{ "maxBodyBytes: 100\n",
	  "c.yaml:1:15: 'maxBodyBytes' is '100': give a number and KiB, MiB or GiB, such as 25MiB" },
	{ "maxConnections: many\n",
	  "c.yaml:1:17: 'maxConnections' is 'many': give a whole number" },
	{ "maxConnections: 0\n",
	  "c.yaml:1:17: 'maxConnections' is '0': give 1 to 65536" },
	{ "readers: 1000\n",
	  "c.yaml:1:10: 'readers' is '1000': give 1 to 64" },
	{ "logFormat: jsn\n",
	  "c.yaml:1:12: 'logFormat' is 'jsn': did you mean 'json'?" },
	{ "logFormat: pretty\n",
	  "c.yaml:1:12: 'logFormat' is 'pretty': give auto, text or json" },
	{ "logLevel: warning\n",
	  "c.yaml:1:11: 'logLevel' is 'warning': did you mean 'warn'?" },
	{ "mode: xyz\n",
	  "c.yaml:1:7: 'mode' is 'xyz': give exact, union or argocd" },
	{ "socketMode: 999\n",
	  "c.yaml:1:13: 'socketMode' is '999': give permissions in octal, such as 0660" },
	{ "socketMode: '01777'\n",
	  "c.yaml:1:13: 'socketMode' is '01777': give permissions in octal, such as 0660" },
	{ "socket: hook.sock\n",
	  "c.yaml:1:1: 'socket' is 'hook.sock': give an absolute path of less than 108 bytes" },
	{ "trustedProxies: [192.0.2.0/24, 192.0.2.1/24]\n",
	  "c.yaml:1:1: 'trustedProxies' has '192.0.2.1/24': give an address, or its first bits and /BITS" },
	{ "trustedProxies: proxy.example.org\n",
	  "c.yaml:1:1: 'trustedProxies' has 'proxy.example.org': give an address, or its first bits and /BITS" },
	{ "proxyHeader: x-real-ip\n",
	  "c.yaml:1:14: 'proxyHeader' is 'x-real-ip': give x-forwarded-for, forwarded or proxy-protocol" },
	{ "listen: 127.0.0.1\n",
	  "c.yaml:1:1: 'listen' has '127.0.0.1': give HOST:PORT or unix:/PATH" },
	{ "listen: ['a:1', 'a:1']\n",
	  "c.yaml:1:1: 'listen' has 'a:1' twice: remove one" },
	{ "listen: ['::1:80']\n",
	  "c.yaml:1:1: 'listen' has '::1:80': give HOST:PORT or unix:/PATH" },
	{ "listen: ['unix:x']\n",
	  "c.yaml:1:1: 'listen' has 'unix:x': give HOST:PORT or unix:/PATH" },
	{ "listen: ['a:99999']\n",
	  "c.yaml:1:1: 'listen' has 'a:99999': give HOST:PORT or unix:/PATH" },
	{ "listen: [[a]]\n",
	  "c.yaml:1:10: 'listen' has an item that is no text: give texts" },
	{ "listen: ['']\n",
	  "c.yaml:1:10: 'listen' has an empty item: remove it" },
	{ "listen: {a: b}\n",
	  "c.yaml:1:9: 'listen' is a mapping: give a list" },
	{ "statusListen: nowhere\n",
	  "c.yaml:1:1: 'statusListen' is 'nowhere': give HOST:PORT or unix:/PATH" },
	{ "stateDirectory: ''\n",
	  "c.yaml:1:17: 'stateDirectory' is empty: give a path" },
	{ "stateDirectory: \"/a\\nb\"\n",
	  "c.yaml:1:17: 'stateDirectory' has a control character: remove it" },
	{ "tls: {certFile: secret}\n",
	  "c.yaml:1:7: 'tls.certFile' without 'tls.keyFile': add it" },
	{ "tls: {keyFile: secret}\n",
	  "c.yaml:1:7: 'tls.keyFile' without 'tls.certFile': add it" },
	{ "tls: {certFile: secret, keyFile: open}\n",
	  "c.yaml:1:34: 'tls.keyFile' is '@/open', which anybody may read or write: chmod o= '@/open'" },
	{ "tls: {certFile: nope, keyFile: secret}\n",
	  "c.yaml:1:17: 'tls.certFile' is '@/nope': No such file or directory: create it" },
	{ "tls: {cert: secret}\n",
	  "c.yaml:1:7: unknown key 'cert': did you mean 'certFile'?" },
	{ "tls: yes\n",
	  "c.yaml:1:1: 'tls' is no mapping: give its keys" },
	{ "tls.certFile: secret\n",
	  "c.yaml:1:1: unknown key 'tls.certFile': remove it" },
	{ "retryFirst: 10m\n",
	  "c.yaml:1:1: 'retryFirst' is more than 'retryMax': lower it" },
	{ "fetchRetryFirst: 10m\n",
	  "c.yaml:1:1: 'fetchRetryFirst' is more than 'fetchRetryMax': lower it" },
	{ "- a\n",
	  "c.yaml:1:1: not a mapping: give 'key: value' lines" },
	{ "a: [\n",
	  "c.yaml:2:1: did not find expected node content" },
	{ "quietWindow: 1s\nquietWindow: 1s\n",
	  "c.yaml:2:1: key 'quietWindow' is there twice" },
	{ "logLevel: info\n---\nlogLevel: info\n",
	  "c.yaml:3:1: a second document: keep one" },
	{ "just text\n",
	  "c.yaml:1:1: not a mapping: give 'key: value' lines" },
	{ "sources: x\n",
	  "c.yaml:1:1: 'sources' is no list of at most 1000 mappings: give '- ' and keys" },
	{ "sources: [x]\n",
	  "c.yaml:1:11: 'sources' has an item that is no mapping: give its keys" },
	{ "sources: [~]\n",
	  "c.yaml:1:1: 'sources' has an item that is no mapping: give its keys" },
	{ "sources: [{}]\n",
	  "c.yaml:1:11: a source without a name: add name\n"
	  "c.yaml:1:11: source '(no name)': no provider: add provider\n"
	  "c.yaml:1:11: source '(no name)': no secret: add secretFiles" },
	{ "sources:\n- name: a\n  provider: githb\n  secretFiles: [secret]\n",
	  "c.yaml:3:13: source 'a': unknown provider 'githb': did you mean 'github'?" },
	{ "sources:\n- name: a\n  provider: svn\n  secretFiles: [secret]\n",
	  "c.yaml:3:13: source 'a': unknown provider 'svn': give one of github, gitlab and native" },
	{ "sources:\n- name: a\n  provider: github\n",
	  "c.yaml:2:3: source 'a': no secret: add secretFiles" },
	{ "sources:\n- name: github\n  provider: github\n  secrets: []\n",
	  "c.yaml:2:3: source 'github': no secret: add secretFiles" },
	{ "sources:\n- name: a\n  provider: github\n  secrets: ['']\n",
	  "c.yaml:4:13: 'secrets' has an empty item: remove it" },
	{ "sources:\n- name: a\n  provider: github\n  secrets: [{x: hunter2}]\n",
	  "c.yaml:4:13: 'secrets' has an item that is no text: give texts" },
	{ "sources:\n- name: a\n  provider: github\n  secretFile: [secret]\n",
	  "c.yaml:4:3: unknown key 'secretFile': did you mean 'secretFiles'?\n"
	  "c.yaml:2:3: source 'a': no secret: add secretFiles" },
	{ "sources:\n- {name: a, provider: github, secretFiles: [/nope/nope]}\n",
	  "c.yaml:2:45: 'secretFiles': '/nope/nope': cannot be read: No such file or directory: correct the path" },
	{ "sources:\n- {name: a b, provider: github, secretFiles: [secret]}\n",
	  "c.yaml:2:10: source 'a b': a name of other characters than letters, digits and '-_.', or of more than 63: choose another" },
	{ "sources:\n- {name: -a, provider: github, secretFiles: [secret]}\n",
	  "c.yaml:2:10: source '-a': a name of other characters than letters, digits and '-_.', or of more than 63: choose another" },
	{ "sources:\n- {name: a, provider: github, secretFiles: [secret]}\n- {name: a, provider: gitlab, secretFiles: [secret]}\n",
	  "c.yaml:3:10: source 'a' is there twice: remove one" },
	{ "sources:\n- {name: a, provider: github, secretFiles: [secret], repositories: ['[a']}\n",
	  "c.yaml:2:69: 'repositories' has '[a', which is no pattern: correct it" },
	{ "sources:\n- {name: a, provider: github, secretFiles: [secret], repositories: ['']}\n",
	  "c.yaml:2:69: 'repositories' has an empty item: remove it" },
	{ "sources:\n- {name: a, provider: github, secretFiles: [secret], timestampTolerance: 10ms}\n",
	  "c.yaml:2:74: 'timestampTolerance' is '10ms': give 1s to 1d" },
	{ "repositories: [{}]\n",
	  "c.yaml:1:16: a repository without an address: add url" },
	{ "repositories: [{url: 'https://github.com'}]\n",
	  "c.yaml:1:22: 'url': no path in the address: correct it" },
	{ "repositories: [{url: 'https://u:hunter2@/x'}]\n",
	  "c.yaml:1:22: 'url': no host that could be read: correct it" },
	{ "repositories:\n- {url: 'https://github.com/a/b'}\n- {url: 'git@github.com:A/B.git'}\n",
	  "c.yaml:3:9: repository 'github.com/a/b' is there twice: remove one" },
	{ "repositories: [{url: 'https://h/a', aliases: [../x]}]\n",
	  "c.yaml:1:47: 'aliases': no host that could be read: correct it" },
	{ "repositories: [{url: 'https://h/a', path: /srv/a, tokenFile: secret}]\n",
	  "c.yaml:1:51: 'tokenFile' beside path: from a path nothing is fetched: remove one" },
	{ "repositories: [{url: 'https://h/a', username: x}]\n",
	  "c.yaml:1:37: 'username' without a password: add tokenFile" },
	{ "repositories: [{url: 'https://h/a', allowAlternates: yes}]\n",
	  "c.yaml:1:54: 'allowAlternates' is 'yes': give true or false" },
	{ "repositories: [{url: 'https://h/a', mode: exat}]\n",
	  "c.yaml:1:43: 'mode' is 'exat': did you mean 'exact'?" },
	{ "applications: [{}]\n",
	  "c.yaml:1:16: applications from nowhere: give one of file, directory and repository" },
	{ "applications: [{file: a, directory: b}]\n",
	  "c.yaml:1:16: applications from several places: give one of file, directory and repository" },
	{ "applications: [{file: a, ref: main}]\n",
	  "c.yaml:1:26: 'ref' without a repository: remove it" },
	{ "applications: [{repository: 'https://h/a', path: ../x}]\n",
	  "c.yaml:1:50: 'path' leaves the repository: give a path below its root" },
	{ "applications: [{repository: ''}]\n",
	  "c.yaml:1:29: 'repository': an empty address: correct it" },
	{ "targets: [{name: t}]\n",
	  "c.yaml:1:11: target 't' is of no kind: give one of $" },
	{ "targets: [{name: t, exec: {command: /aa}, argocd: {url: 'https://a', tokenFile: secret}}]\n",
	  "c.yaml:1:11: target 't' is of two kinds: give one of $" },
	{ "targets: [{name: t, exce: {command: /aa}}]\n",
	  "c.yaml:1:21: unknown key 'exce': did you mean 'exec'?\n"
	  "c.yaml:1:11: target 't' is of no kind: give one of $" },
	{ "targets: [{name: t, exec: {command: a}}]\n",
	  "c.yaml:1:37: target 't': 'a' is no absolute path: give the program's" },
	{ "targets: [{name: t, exec: {}}]\n",
	  "c.yaml:1:21: target 't': no command: add exec.command" },
	{ "targets: [{name: t, exec: run}]\n",
	  "c.yaml:1:21: 'exec' is no mapping: give its keys" },
	{ "targets: [{name: t, exec: {command: /aa, environment: [b]}}]\n",
	  "c.yaml:1:55: 'exec.environment' is no mapping: give NAME: value" },
	{ "targets: [{name: t, exec: {command: /aa, environment: {b: [c]}}}]\n",
	  "c.yaml:1:56: 'exec.environment' has 'b', which is no NAME: value: correct it" },
	{ "targets: [{name: t, argocd: {url: cd.example, tokenFile: secret}}]\n",
	  "c.yaml:1:35: target 't': 'cd.example' is no address: give https://HOST" },
	{ "targets: [{name: t, argocd: {url: 'https://a'}}]\n",
	  "c.yaml:1:21: target 't': no token: add argocd.tokenFile" },
	{ "targets: [{name: t, argocd: {tokenFile: secret}}]\n",
	  "c.yaml:1:21: target 't': no address: add argocd.url" },
	{ "targets: [{name: t, argocd: {url: 'https://a', tokenFile: secret, prune: true}}]\n",
	  "c.yaml:1:74: target 't': 'prune' without a sync: set action: sync" },
	{ "targets: [{name: t, argocd: {url: 'https://a', tokenFile: secret, acton: hard}}]\n",
	  "c.yaml:1:67: unknown key 'acton': did you mean 'action'?" },
	{ "targets: [{name: t, exec: {command: /aa}, ratePerSecond: fast}]\n",
	  "c.yaml:1:58: 'ratePerSecond' is 'fast': give a number, such as 2.5" },
	{ "targets: [{name: t, exec: {command: /aa}, ratePerSecond: 1.2.3}]\n",
	  "c.yaml:1:58: 'ratePerSecond' is '1.2.3': give a number, such as 2.5" },
	{ "targets: [{name: t, exec: {command: /aa}, applications: ['[']}]\n",
	  "c.yaml:1:58: 'applications' has '[', which is no pattern: correct it" },
	{ "targets: [{name: t, exec: {command: /aa}, burst: 0}]\n",
	  "c.yaml:1:50: 'burst' is '0': give 1 to 1000000" },
	{ "targets:\n- {name: t, exec: {command: /aa}}\n- {name: t, exec: {command: [/a]}}\n",
	  "c.yaml:3:10: target 't' is there twice: remove one" },
	{ "targets: [{exec: {command: /aa}}]\n",
	  "c.yaml:1:11: a target without a name: add name" },
	{ "quietWndow: 1s\nlogLevel: loud\nmaxConnections: 0\n",
	  "c.yaml:1:1: unknown key 'quietWndow': did you mean 'quietWindow'?\n"
	  "c.yaml:2:11: 'logLevel' is 'loud': give debug, info, warn or error\n"
	  "c.yaml:3:17: 'maxConnections' is '0': give 1 to 65536" },
	{ "x: &a [*a]\n",
	  "c.yaml:1:8: alias inside what its anchor names" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - open\n",
	  "c.yaml:5:5: 'secretFiles': anybody may read or write '@/open': chmod o= '@/open'" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - empty\n",
	  "c.yaml:5:5: 'secretFiles': '@/empty' is empty: write the secret to it" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - blank\n",
	  "c.yaml:5:5: 'secretFiles': '@/blank' is empty: write the secret to it" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - nul\n",
	  "c.yaml:5:5: 'secretFiles': '@/nul' holds a NUL: write the secret to it as text" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - long\n",
	  "c.yaml:5:5: 'secretFiles': '@/long': longer than 65536 bytes: correct it" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - fifo\n",
	  "c.yaml:5:5: 'secretFiles': '@/fifo': not a file: correct the path" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - .\n",
	  "c.yaml:5:5: 'secretFiles': '@/.': not a file: correct the path" },
	{ "sources:\n- name: a\n  provider: github\n  secretFiles:\n  - nope\n",
	  "c.yaml:5:5: 'secretFiles': '@/nope': cannot be read: No such file or directory: correct the path" },
	{ "tls: {certFile: fifo, keyFile: secret}\n",
	  "c.yaml:1:17: 'tls.certFile' is '@/fifo': not a file: give the file's path" },
	{ "logLevel: warning\ntls: {cert: x}\n",
	  "c.yaml:1:11: 'logLevel' is 'warning': did you mean 'warn'?\n"
	  "c.yaml:2:7: unknown key 'cert': did you mean 'certFile'?" },
	{ "",
	  "c.yaml: is empty: write the configuration to it" },
	{ "sources: [{name: a, provider: github, secretFiles: [secret]}]\n",
	  "" },
	{ "# nothing\n",
	  "" },
};

static const char *provider_name_at(size_t i)
{
	static const char *const names[] = { "github", "gitlab", "native", NULL };

	return names[i];
}

/* text with "@" replaced by the directory we are in, and "$" by the kinds of targets. */
static void expand(const char *text, struct buf *out)
{
	const char *kinds[CONFIG_NAMES_MAX + 1] = { NULL };
	char here[PATH_MAX];

	for (size_t i = 0; target_config_kind(i) != NULL; i++) {
		kinds[i] = target_config_kind(i)->name;
	}
	char *joined = config_join_names(kinds);
	buf_reset(out);
	for (; *text != '\0' && getcwd(here, sizeof(here)) != NULL; text++) {
		if (*text == '@') {
			(void)buf_addstr(out, here);
		} else if (*text == '$') {
			(void)buf_addstr(out, joined);
		} else {
			(void)buf_addch(out, *text);
		}
	}
	free(joined);
}

static void test_row(size_t i, struct buf *want, struct buf *got)
{
	struct config_input input = { .path = "c.yaml", .provider_name_at = provider_name_at,
				      .target_kind = target_config_kind };
	struct strvec problems = STRVEC_INIT;
	struct config *config = NULL;
	FILE *file = fopen("c.yaml", "w");

	if (file == NULL || fputs(rows[i].yaml, file) < 0 || fclose(file) != 0) {
		tap_ok(false, "c.yaml can be written");
	}
	int r = config_load(&input, &config, &problems, NULL);
	buf_reset(got);
	for (size_t k = 0; k < problems.count; k++) {
		(void)buf_addf(got, "%s%s", k > 0 ? "\n" : "", problems.items[k]);
	}
	expand(rows[i].want, want);
	tap_str(got->data, want->data, "row %zu is called what it is", i);
	tap_ok((r == 0) == (config != NULL) && (r == 0) == (problems.count == 0),
	       "and there is a configuration, or problems");
	config_free(config);
	strvec_release(&problems);
}

int main(void)
{
	size_t count = sizeof(rows) / sizeof(rows[0]);
	struct buf want;
	struct buf got;

	if (chdir(tap_dir()) != 0) {
		return 1;
	}
	tap_sh("printf 's3cret\\n' > secret; printf '' > empty; printf '\\n' > blank; "
	       "printf 'a\\0b' > nul; head -c 70000 /dev/zero | tr '\\0' a > long; "
	       "chmod 600 secret empty blank nul long; printf x > open; chmod 644 open; "
	       "mkfifo -m 600 fifo");
	buf_init(&want, 65536);
	buf_init(&got, 65536);
	for (size_t i = 0; i < count; i++) {
		test_row(i, &want, &got);
	}
	tap_ok(count >= 60, "there are %zu rows", count);
	buf_release(&want);
	buf_release(&got);
	return tap_done();
}
