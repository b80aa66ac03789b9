/*
 * The looking thread.
 *
 * A piece is filled by the thread alone, then lent to the loop, and is the
 * thread's again after look_next(): "ready" says whose it is.  Whether the
 * loop still wants to know is "dropped".  Both stand behind one mutex.  A look
 * that was dropped is freed later, so the loop never waits for a thread that
 * hangs in a read of a broken disk; but nobody leaves the process while one
 * may still be in a library.
 */
#include "receiver/catalog/look.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "receiver/catalog/tree.h"

struct look {
	/* Constant while the thread runs. */
	struct look_root *roots;
	size_t root_count;
	int event_fd;          // the thread rings the loop
	/* The loop's alone. */
	pthread_t thread;
	struct event *event;
	void (*piece_fn)(void *ctx, struct look_piece *p);
	void *ctx;
	/* Behind the mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool ready;            // the piece is the loop's
	bool dropped;          // the loop has no interest any more
	/* The thread's, or while it is ready the loop's. */
	struct look_piece piece;
	/* The thread's alone. */
	size_t capacity;       // of piece.found
	size_t bytes;          // of texts in the piece
	size_t root;           // being walked
	bool *seen;            // by number in known of that root
	struct buf identity;   // of directories
};

static void look_roots_free(struct look_root *roots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < roots[i].known_count; k++) {
			free(roots[i].known[k].path);
		}
		free(roots[i].known);
		free(roots[i].path);
	}
	free(roots);
}

static void empty_piece(struct look_piece *piece)
{
	for (size_t i = 0; i < piece->count; i++) {
		free(piece->found[i].path);
		free(piece->found[i].text);
		free(piece->found[i].why);
	}
	piece->count = 0;
}

static void free_all(struct look *look)
{
	empty_piece(&look->piece);
	for (size_t i = 0; i < look->root_count; i++) {
		strvec_release(&look->piece.problems[i]);
	}
	strvec_release(&look->piece.directories);
	buf_release(&look->identity);
	free(look->piece.problems);
	free(look->piece.found);
	look_roots_free(look->roots, look->root_count);
	(void)close(look->event_fd);
	(void)pthread_mutex_destroy(&look->mutex);
	(void)pthread_cond_destroy(&look->wake);
	free(look);
}

/* --- the thread ------------------------------------------------------------- */

/* Lend the piece to the loop and wait until it is done with. False: nobody wants more. */
static bool hand_over(struct look *look)
{
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&look->mutex);
	look->ready = true;
	if (!look->dropped) {
		(void)!write(look->event_fd, &one, sizeof(one));
	}
	while (look->ready && !look->dropped) {
		(void)pthread_cond_wait(&look->wake, &look->mutex);
	}
	bool wanted = !look->dropped;
	(void)pthread_mutex_unlock(&look->mutex);
	if (wanted) {
		empty_piece(&look->piece);
		look->bytes = 0;
	}
	return wanted;
}

/* Add what was found, whose parts are taken. False: nobody wants more. */
static bool add(struct look *look, struct look_found found)
{
	struct look_piece *piece = &look->piece;

	found.root = look->root;
	piece->found = xgrow(piece->found, piece->count, &look->capacity, sizeof(*piece->found));
	piece->found[piece->count++] = found;
	look->bytes += found.text != NULL ? strlen(found.text) : 0;
	if (piece->count < LOOK_PIECE_FILES && look->bytes < LOOK_PIECE_BYTES) {
		return true;
	}
	return hand_over(look);
}

static int by_path(const void *key, const void *item)
{
	return inventory_compare_paths(key, ((const struct look_known *)item)->path);
}

static const struct look_known *find_known(const struct look *look, const char *path)
{
	const struct look_root *root = &look->roots[look->root];

	if (root->known_count == 0) {
		return NULL;
	}
	return bsearch(path, root->known, root->known_count, sizeof(*root->known), by_path);
}

static bool add_unreadable(struct look *look, const char *path, int error)
{
	const char *why = error == EINVAL ? "not a file" : strerror(error);

	return add(look, (struct look_found){ .kind = LOOK_UNREADABLE, .path = xstrdup(path),
					      .why = xasprintf("%s: %s", path, why) });
}

/* Read a file that may have changed. */
static bool read_changed(struct look *look, const char *path, const struct stamp *now,
			 const struct look_known *known)
{
	struct look_found found = { .kind = LOOK_TEXT, .stamp = *now };
	struct buf text;

	buf_init(&text, LIMIT_YAML_BYTES);
	int r = tree_read(path, &found.stamp, &text);
	if (r != 0) {
		buf_release(&text);
		return add_unreadable(look, path, r);
	}
	if (known != NULL && strcmp(known->stamp.digest, found.stamp.digest) == 0) {
		found.kind = LOOK_TOUCHED;
	} else {
		found.text = base64_encode((const uint8_t *)text.data, text.len);
	}
	buf_release(&text);
	found.path = xstrdup(path);
	return add(look, found);
}

static bool on_file(void *ctx, const char *path, const struct stat *st)
{
	struct look *look = ctx;
	const struct look_known *known = find_known(look, path);
	struct stamp now = stamp_of(st, tree_now());

	if (known != NULL) {
		look->seen[known - look->roots[look->root].known] = true;
	}
	if (known != NULL && stamp_is_unchanged(&known->stamp, &now)) {
		return true;
	}
	return read_changed(look, path, &now, known);
}

static void on_directory(void *ctx, const char *path, const struct stat *st)
{
	struct look *look = ctx;

	strvec_push(&look->piece.directories, path);
	(void)buf_addf(&look->identity, "%s %llu %llu\n", path, (unsigned long long)st->st_dev,
		       (unsigned long long)st->st_ino);
}

/* The directory that path stands in. */
static void note_parent(struct look *look, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == path || slash == NULL ? xstrdup(slash == NULL ? "." : "/")
						      : xstrndup(path, (size_t)(slash - path));
	struct stat st;

	if (stat(parent, &st) == 0) {
		on_directory(look, parent, &st);
	}
	free(parent);
}

static bool look_at_file(struct look *look, const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;

	note_parent(look, path);
	if (real != NULL) {
		note_parent(look, real);
	}
	free(real);
	if (stat(path, &st) != 0) {
		return add_unreadable(look, path, errno);
	}
	return S_ISREG(st.st_mode) ? on_file(look, path, &st)
				   : add_unreadable(look, path, EINVAL);
}

/* What is known and was not met is gone, if the walk met all that there is. */
static bool look_at_directory(struct look *look, const struct look_root *root)
{
	const struct tree_visit visit = { on_file, on_directory, look };
	struct strvec *problems = &look->piece.problems[look->root];
	bool wanted = true;

	tree_walk(root->path, &visit, problems);
	for (size_t k = 0; k < root->known_count && problems->count == 0 && wanted; k++) {
		if (!look->seen[k]) {
			wanted = add(look, (struct look_found){
				.kind = LOOK_GONE, .path = xstrdup(root->known[k].path) });
		}
	}
	return wanted;
}

static bool is_dropped(struct look *look)
{
	(void)pthread_mutex_lock(&look->mutex);
	bool dropped = look->dropped;
	(void)pthread_mutex_unlock(&look->mutex);
	return dropped;
}

static void *run(void *arg)
{
	struct look *look = arg;

	for (; look->root < look->root_count && !is_dropped(look); look->root++) {
		const struct look_root *root = &look->roots[look->root];

		look->seen = xcalloc(root->known_count, sizeof(*look->seen));
		if (root->is_directory) {
			(void)look_at_directory(look, root);
		} else {
			(void)look_at_file(look, root->path);
		}
		free(look->seen);
	}
	(void)sha256_hex(look->identity.data, look->identity.len, look->piece.identity);
	look->piece.last = true;
	(void)hand_over(look);
	return NULL;
}

/* --- the loop ---------------------------------------------------------------- */

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct look *look = arg;
	uint64_t rings = 0;

	(void)what;
	(void)!read(fd, &rings, sizeof(rings));
	(void)pthread_mutex_lock(&look->mutex);
	bool ready = look->ready;
	(void)pthread_mutex_unlock(&look->mutex);
	if (ready) {
		look->piece_fn(look->ctx, &look->piece);
	}
}

/* Signals are for the thread of the loop. */
static int start_thread(struct look *look)
{
	sigset_t all;
	sigset_t old;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	int r = pthread_create(&look->thread, NULL, run, look);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

struct look *look_new(struct event_base *base, struct look_root *roots, size_t count,
		      void (*piece)(void *ctx, struct look_piece *p), void *ctx)
{
	struct look *look = xcalloc(1, sizeof(*look));

	look->roots = roots;
	look->root_count = count;
	look->piece_fn = piece;
	look->ctx = ctx;
	look->piece.problems = xcalloc(count, sizeof(*look->piece.problems));
	buf_init(&look->identity, SIZE_MAX / 2);
	(void)pthread_mutex_init(&look->mutex, NULL);
	(void)pthread_cond_init(&look->wake, NULL);
	look->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (look->event_fd < 0) {
		free_all(look);
		return NULL;
	}
	look->event = event_new(base, look->event_fd, EV_READ | EV_PERSIST, on_event, look);
	(void)event_add(look->event, NULL);
	if (start_thread(look) != 0) {
		event_free(look->event);
		free_all(look);
		return NULL;
	}
	return look;
}

void look_next(struct look *look)
{
	(void)pthread_mutex_lock(&look->mutex);
	look->ready = false;
	(void)pthread_cond_signal(&look->wake);
	(void)pthread_mutex_unlock(&look->mutex);
}

void look_drop(struct look *look)
{
	if (look == NULL) {
		return;
	}
	event_free(look->event);
	(void)pthread_mutex_lock(&look->mutex);
	look->dropped = true;
	(void)pthread_cond_signal(&look->wake);
	(void)pthread_mutex_unlock(&look->mutex);
}

bool look_free(struct look *look, int64_t wait_ms)
{
	struct timespec until = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += wait_ms % 1000 * 1000000;
	until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(look->thread, NULL, &until) != 0) {
		return false;
	}
	free_all(look);
	return true;
}
