/*
 * Looks at directories of manifests: what is new, changed, touched, gone and
 * unreadable, in pieces; and looks that are given up.
 */
#include "receiver/catalog/look.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mstime.h"
#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "tests/support/tap.h"

static struct event_base *base;
static struct inventory *inventory;
static struct look *look;
static char found_text[4096];   // "KIND NAME" of each thing found, separated by commas
static char identity[SHA256_HEX_MAX + 1];
static size_t problems, pieces, largest, directories;
static bool ended;

static void note(const struct look_found *found)
{
	static const char *const kinds[] = { "text", "touched", "gone", "unreadable" };
	size_t len = strlen(found_text);

	if (len < sizeof(found_text) - 256) {
		(void)snprintf(found_text + len, sizeof(found_text) - len, "%s%s %s", len > 0 ? ", " : "",
			       kinds[found->kind], strrchr(found->path, '/') + 1);
	}
}

/* Hold what was found, as the catalog does, but parse nothing. */
static void on_piece(void *ctx, struct look_piece *piece)
{
	(void)ctx;
	pieces++;
	largest = piece->count > largest ? piece->count : largest;
	for (size_t i = 0; i < piece->count; i++) {
		const struct look_found *found = &piece->found[i];
		struct manifests none = { .problems = STRVEC_INIT };

		note(found);
		if (found->kind == LOOK_TEXT) {
			inventory_set_file(inventory, 0, found->path, &found->stamp, &none);
		} else if (found->kind == LOOK_TOUCHED) {
			inventory_touch_file(inventory, 0, found->path, &found->stamp);
		} else if (found->kind == LOOK_GONE) {
			inventory_remove_file(inventory, 0, found->path);
		}
	}
	if (piece->last) {
		problems = piece->problems[0].count;
		directories = piece->directories.count;
		memcpy(identity, piece->identity, sizeof(identity));
		ended = true;
		event_base_loopbreak(base);
		return;
	}
	look_next(look);
}

static void start(const char *path, bool is_directory)
{
	struct look_root *root = xcalloc(1, sizeof(*root));
	const struct inventory_file *file = inventory_get_file(inventory, 0, 0);
	size_t capacity = 0;

	*root = (struct look_root){ .path = xstrdup(path), .is_directory = is_directory };
	for (size_t k = 0; file != NULL; file = inventory_get_file(inventory, 0, ++k)) {
		root->known = xgrow(root->known, root->known_count, &capacity, sizeof(*root->known));
		root->known[root->known_count++] = (struct look_known){ xstrdup(file->path), file->stamp };
	}
	found_text[0] = '\0';
	pieces = largest = 0;
	ended = false;
	look = look_new(base, root, 1, on_piece, NULL);
}

static const char *look_at(const char *path, bool is_directory)
{
	start(path, is_directory);
	(void)event_base_dispatch(base);
	look_drop(look);
	(void)look_free(look, 10000);
	return ended ? found_text : "it did not end";
}

/* As if all files had been left alone for long when they were read. */
static void grow_old(void)
{
	const struct inventory_file *file = inventory_get_file(inventory, 0, 0);

	for (size_t k = 0; file != NULL; file = inventory_get_file(inventory, 0, ++k)) {
		struct stamp stamp = file->stamp;

		stamp.read_ns += 2 * STAMP_SETTLED_NS;
		inventory_touch_file(inventory, 0, file->path, &stamp);
	}
}

static void begin(const char *directory)
{
	inventory_free(inventory);
	inventory = inventory_new(NULL, NULL);
	inventory_add(inventory, &(struct inventory_origin){ .kind = INVENTORY_DIRECTORY, .path = directory });
}

static void only_what_changed_is_read(void)
{
	char *top = xasprintf("%s/tree", tap_dir());
	char was[SHA256_HEX_MAX + 1];

	tap_sh("mkdir -p %s/sub/..data && cd %s && echo 1 > a.yaml && echo 2 > b.json && echo 3 > sub/c.yml && "
	       "echo no > d.txt && echo no > .hidden.yaml && ln -s nowhere dangling.yaml && mkfifo pipe.yaml", top, top);
	begin(top);
	tap_str(look_at(top, true), "text a.yaml, text b.json, text c.yml", "the first look reads all manifests");
	tap_int(directories, 2, "and says which directories to watch");
	memcpy(was, identity, sizeof(was));
	tap_str(look_at(top, true), "touched a.yaml, touched b.json, touched c.yml",
		"files that had just been written are read once more, and are what they were");
	grow_old();
	tap_str(look_at(top, true), "", "files that were left alone are not read again");
	tap_str(identity, was, "the directories are the same");
	tap_sh("echo 4 > %s/b.json && touch %s/a.yaml && rm %s/sub/c.yml && echo 5 > %s/sub/new.yaml", top, top, top, top);
	tap_str(look_at(top, true), "touched a.yaml, text b.json, text new.yaml, gone c.yml",
		"what changed is read, what was touched is recognised, what is gone is told");
	grow_old();
	tap_sh("mv %s/sub %s/other && mkdir %s/sub && mv %s/other/new.yaml %s/sub/ && rm -r %s/other", top, top, top, top,
	       top, top);
	(void)look_at(top, true);
	tap_ok(strcmp(identity, was) != 0, "a directory of the same name that is another one shows");
	free(top);
}

static void what_cannot_be_seen_is_not_gone(void)
{
	char *top = xasprintf("%s/deep", tap_dir());

	tap_sh("mkdir -p %s/sub && echo 1 > %s/sub/a.yaml && echo 2 > %s/b.yaml", top, top, top);
	begin(top);
	(void)look_at(top, true);
	grow_old();
	tap_sh("mv %s/sub %s/away && i=0; d=%s/sub; while [ $i -lt 40 ]; do mkdir -p $d; d=$d/x; i=$((i+1)); done", top, tap_dir(),
	       top);
	tap_str(look_at(top, true), "", "beside a directory that cannot be read to its end nothing is taken for gone");
	tap_int(problems, 1, "and there is a problem");
	tap_sh("rm -r %s/sub", top);
	tap_str(look_at(top, true), "gone a.yaml", "without it, what is gone is gone");
	tap_sh("rm -r %s", top);
	tap_str(look_at(top, true), "", "a directory that is missing takes nothing along");
	tap_int(problems, 1, "but is a problem");
	free(top);
}

static void a_file_by_its_name(void)
{
	char *path = xasprintf("%s/one.txt", tap_dir());

	begin(path);
	tap_str(look_at(path, false), "unreadable one.txt", "a file that is not there cannot be read");
	tap_sh("echo 1 > %s", path);
	tap_str(look_at(path, false), "text one.txt", "whatever its name, it is read");
	tap_sh("head -c 5000000 /dev/zero > %s", path);
	tap_str(look_at(path, false), "unreadable one.txt", "one of more than 4 MB is not");
	tap_sh("rm %s && mkfifo %s", path, path);
	tap_str(look_at(path, false), "unreadable one.txt", "nor is a pipe, and nobody waits for it");
	free(path);
}

static void many_files_come_in_pieces(void)
{
	char *top = xasprintf("%s/many", tap_dir());

	tap_sh("mkdir %s && cd %s && i=0; while [ $i -lt 1000 ]; do echo $i > $i.yaml; i=$((i+1)); done; "
	       "for i in 1 2 3; do head -c 2000000 /dev/zero | tr '\\0' '#' > large$i.yaml; done", top, top);
	begin(top);
	(void)look_at(top, true);
	tap_ok(pieces >= 1000 / LOOK_PIECE_FILES + 3 && largest <= LOOK_PIECE_FILES,
	       "1000 files come in %zu pieces of at most %zu", pieces, largest);
	int64_t begun = mstime_monotonic();
	int gone = 0;
	for (int i = 0; i < 200; i++) {
		begin(top);
		start(top, true);
		if (i % 3 > 0) {
			(void)event_base_loop(base, i % 3 == 1 ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
		}
		look_drop(look);
		gone += look_free(look, 10000);
	}
	tap_int(gone, 200, "200 looks that are given up end");
	tap_note("%lld ms", (long long)(mstime_monotonic() - begun));
	begin(top);
	tap_ok(strncmp(look_at(top, true), "text 0.yaml", 11) == 0, "after them, one that is not goes to its end");
	free(top);
}

int main(void)
{
	base = event_base_new();
	only_what_changed_is_read();
	what_cannot_be_seen_is_not_gone();
	a_file_by_its_name();
	many_files_come_in_pieces();
	inventory_free(inventory);
	event_base_free(base);
	return tap_done();
}
