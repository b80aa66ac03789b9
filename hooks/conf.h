/*
 * What the hook of one repository was told when it was installed.
 *
 * The file is GIT_DIR/doorbell/hook.conf: "key = value" lines, "#" comments.
 *
 *   receiver = unix:/run/doorbell/hook.sock      or an http(s) address
 *   source = local                               of the receiver: /hooks/local
 *   secret-file = /etc/doorbell/hook.secret
 *   repository = https://git.example.org/a.git   as the applications spell it
 *   limit = 2000                                 milliseconds a push may be held
 *   verbose = false                              speak when nothing is affected
 *   program = /usr/bin/doorbell                  delivers to http(s) addresses
 */
#ifndef HOOKS_CONF_H
#define HOOKS_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define HOOK_LIMIT_MS 2000
#define HOOK_LIMIT_MAX_MS 60000
#define HOOK_SECRET_MAX 4096
#define HOOK_SOURCE "local"

struct hook_conf {
	char *folder;      // GIT_DIR/doorbell
	char *receiver;    // "unix:PATH", "http://..." or "https://..."
	char *source;      // letters, digits, "-", "_", "."
	char *secret_file;
	char *repository;
	char *program;     // may be NULL
	int64_t limit_ms;
	bool verbose;
};

enum hook_conf_result {
	HOOK_CONF_OK = 0,
	HOOK_CONF_NONE = 1 // there is no such file: this repository has no hook
};

/*
 * Read git_dir/doorbell/hook.conf into *ret_conf (release it).
 * HOOK_CONF_OK, HOOK_CONF_NONE, or negative with err: unreadable, over 64 KB,
 * an unknown key, a bad value, a missing receiver, secret-file or repository.
 */
int hook_conf_read(const char *git_dir, struct hook_conf *ret_conf, struct error *err);

/* Check one value as it would be read. 0, or -1 with err. */
int hook_conf_check(const char *key, const char *value, struct error *err);

/* Free what conf holds; conf may be zeroed. */
void hook_conf_release(struct hook_conf *conf);

/* The path of a "unix:" receiver (borrowed), or NULL for an address. */
const char *hook_conf_socket(const struct hook_conf *conf);

/*
 * Read a secret: the file without its last line end, 1 to HOOK_SECRET_MAX
 * bytes. A new string (free it), its length in *ret_len; NULL with err.
 */
char *hook_secret_read(const char *path, size_t *ret_len, struct error *err);

#endif
