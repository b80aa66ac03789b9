/*
 * Texts of the operator's, parsed by a real reader: this program in the role
 * of one.
 */
#include "receiver/reader/reader_parse.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/xalloc.h"
#include "receiver/reader/reader_child.h"
#include "tests/support/asker.h"
#include "tests/support/tap.h"

static struct asker asker;

static void ask_text(struct asked *asked, const char *text, size_t len)
{
	*asked = (struct asked){ .answers = 0 };
	reader_parse_take(asker.pool, base64_encode((const uint8_t *)text, len), asker_on_apps, asked);
	asker_wait(&asker, asked);
}

static void a_text_is_parsed_by_a_reader_of_its_own(void)
{
	static const char good[] = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n"
				   "spec: {source: {repoURL: 'https://git.example/org/repo', path: a}}\n---\n"
				   "apiVersion: argoproj.io/v1alpha1\nkind: Application\n";
	struct asked asked;
	size_t large = 3U * 1024 * 1024;

	asker_open(&asker, "reader", 10000);
	ask_text(&asked, good, strlen(good));
	tap_ok(asked.result == READER_OK && asked.list.count == 1 && asked.problems == 1, "a text is parsed (%s)", asked.why);
	tap_str(asked.list.count == 1 ? asked.list.items[0]->origin : NULL, ":1", "its places have a line and no name");
	app_list_release(&asked.list);
	tap_sh("test $(wc -w </proc/%d/task/%d/children) -le 2", (int)getpid(), (int)getpid());
	tap_ok(asker_reader_pid() > 0, "no reader of repositories was started beside it");
	ask_text(&asked, "a: [\n", 5);
	tap_ok(asked.result == READER_REFUSED && asked.why[0] == ':', "what is no YAML is refused with its place: %s", asked.why);
	ask_text(&asked, "", 0);
	tap_ok(asked.result == READER_OK && asked.list.count == 0, "nothing is no application (%s)", asked.why);
	ask_text(&asked, "a\0b", 3);
	tap_ok(asked.result == READER_REFUSED, "a NUL is refused: %s", asked.why);
	char *text = xmalloc(large);
	memset(text, ' ', large);
	for (size_t i = 0; i + 8 < large; i += 8) {
		memcpy(text + i, "# 34567\n", 8);
	}
	ask_text(&asked, text, large);
	tap_ok(asked.result == READER_OK, "one of 3 MB is parsed (%s)", asked.why);
	free(text);
	char *name = xmalloc(900001);
	memset(name, 'v', 900000);
	name[900000] = '\0';
	text = xasprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: big}\nspec: {source: "
			 "{repoURL: 'https://git.example/org/repo', path: a, helm: {values: %s}}}\n", name);
	ask_text(&asked, text, strlen(text));
	tap_ok(asked.result == READER_OK && asked.list.count == 1 && asked.problems == 0,
	       "an application that is nearly as large as one may be comes back (%s)", asked.why);
	app_list_release(&asked.list);
	free(name);
	free(text);
	asker_close(&asker);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		reader_child_main(argc, argv);
	}
	asker_init(&asker);
	a_text_is_parsed_by_a_reader_of_its_own();
	asker_release(&asker);
	return tap_done();
}
