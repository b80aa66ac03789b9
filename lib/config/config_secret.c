/*
 * Files with secrets: where they are, who may read them, what is in them.  What
 * was read is wiped after use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "config/config_impl.h"

#define SECRET_LEAST 16 // characters: what a person makes up is shorter

char *config_resolve(const struct config_loader *l, const char *path, bool credential)
{
	static const char variable[] = "CREDENTIALS_DIRECTORY=";

	if (path[0] == '/' || path[0] == '\0') {
		return xstrdup(path);
	}
	if (credential && strchr(path, '/') == NULL && l->input->environment != NULL) {
		for (char *const *e = l->input->environment; *e != NULL; e++) {
			if (strncmp(*e, variable, sizeof(variable) - 1) != 0) {
				continue;
			}
			char *there = xasprintf("%s/%s", *e + sizeof(variable) - 1, path);

			if (access(there, F_OK) == 0) {
				return there;
			}
			free(there);
		}
	}
	return l->directory != NULL ? xasprintf("%s/%s", l->directory, path) : xstrdup(path);
}

void config_check_secret(struct config_loader *l, const json_t *node, const char *key,
			 const char *secret)
{
	const char *what = NULL;

	if (strncmp(secret, "\xef\xbb\xbf", 3) == 0 || strncmp(secret, "\xff\xfe", 2) == 0 ||
	    strncmp(secret, "\xfe\xff", 2) == 0) {
		what = "begins with a byte order mark, which no sender has: write it without";
	} else if (strpbrk(secret, "\r\n") != NULL) {
		what = "has several lines: write one secret, on one line";
	} else if (strlen(secret) < SECRET_LEAST) {
		what = "has less than 16 characters, which can be guessed: choose a longer one";
	}
	if (what != NULL) {
		config_doubt(l, node, NULL, "'%s': a secret that %s", key, what);
	}
}

/* What is wrong with a secret as it was read: NULL, or the text. */
static const char *check_secret(const struct buf *content)
{
	if (content->len == 0) {
		return "is empty: write the secret to it";
	}
	if (memchr(content->data, '\0', content->len) != NULL) {
		return "holds a NUL: write the secret to it as text";
	}
	return NULL;
}

/* Drop one line end; warn of other white space. */
static void trim_secret(struct config_loader *l, const char *path, const json_t *node,
			const char *key, struct buf *content)
{
	file_cut_line_end(content);
	if (content->len > 0 && strchr(" \t\r\n", content->data[content->len - 1]) != NULL) {
		config_warning(l, node, NULL, "'%s': '%s' ends in white space: "
			       "is it part of the secret?", key, path);
	}
}

/* What the operator can do about a secret that failed to be read with errnum. */
static const char *secret_cure(int errnum)
{
	if (errnum == EACCES) {
		return "let the user who runs doorbell read it";
	}
	return errnum == EFBIG ? "correct it" : "correct the path";
}

void config_read_secret(struct config_loader *l, const char *path, const json_t *node,
			const char *key, struct strvec *list)
{
	struct error err = ERROR_INIT;
	struct buf content;
	mode_t mode = 0;

	buf_init(&content, CONFIG_SECRET_MAX);
	int r = file_read_small(path, &content, &mode, &err);
	if (r < 0) {
		config_problem(l, node, NULL, "'%s': '%s': %s: %s", key, path, err.text,
			       secret_cure(errno));
	} else if ((mode & (S_IROTH | S_IWOTH)) != 0) {
		config_problem(l, node, NULL,
			       "'%s': anybody may read or write '%s': chmod o= '%s'", key, path,
			       path);
	}
	if (r == 0) {
		trim_secret(l, path, node, key, &content);
		const char *what = check_secret(&content);

		if (what != NULL) {
			config_problem(l, node, NULL, "'%s': '%s' %s", key, path, what);
		} else {
			config_check_secret(l, node, key, content.data);
			strvec_push(list, content.data);
		}
	}
	explicit_bzero(content.data, content.capacity > 0 ? content.len : 0);
	buf_release(&content);
}
