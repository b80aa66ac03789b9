/*
 * Files: the configuration itself, and secrets.
 *
 * A file is opened without waiting (a FIFO would hold us up for ever), must
 * be a regular one, and is read up to a ceiling.  What may hold secrets is
 * wiped after use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/config_impl.h"

/* An open regular file, or -1 with err. */
static int open_file(const char *path, struct stat *st, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		return error_errno(err, -1, errno, "cannot be read");
	}
	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode)) {
		(void)close(fd);
		return error_set(err, -1, "not a file");
	}
	return fd;
}

/* Read to the end of fd, wipe what was on our stack. */
static int read_all(int fd, struct buf *content, struct error *err)
{
	char piece[8192];
	ssize_t n = 0;
	int r = 0;

	while (r == 0 && (n = read(fd, piece, sizeof(piece))) > 0) {
		r = buf_add(content, piece, (size_t)n);
	}
	explicit_bzero(piece, sizeof(piece));
	if (n < 0) {
		return error_errno(err, -1, errno, "cannot be read");
	}
	return r == 0 ? 0 : error_set(err, -1, "longer than %zu bytes", content->max);
}

int config_read_file(const char *path, struct buf *content, struct error *err)
{
	struct stat st;
	int fd = open_file(path, &st, err);

	if (fd < 0) {
		return -1;
	}
	int r = read_all(fd, content, err);
	(void)close(fd);
	return r;
}

/* Wipe the texts of a tree that is about to be freed. */
static void wipe_tree(json_t *node)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(node)) {
		/* the text is ours alone, jansson just has no function for this */
		explicit_bzero((char *)(uintptr_t)json_string_value(node),
			       json_string_length(node));
	}
	json_object_foreach(node, key, value) {
		wipe_tree(value);
	}
	json_array_foreach(node, i, value) {
		wipe_tree(value);
	}
}

static void read_documents(struct config_loader *l, struct yaml_stream *stream)
{
	struct config_shape shape = { .kind = NULL };
	json_t *root = yaml_stream_document(stream, 0);

	shape.table = config_settings(&shape.count);
	l->stream = stream;
	if (yaml_stream_count(stream) > 1) {
		config_problem(l, yaml_stream_document(stream, 1), NULL,
			       "a second document: keep one");
	}
	if (root != NULL && !json_is_null(root)) {
		if (json_is_object(root)) {
			config_set_all(l, &shape, l->config, root, "");
		} else {
			config_problem(l, root, NULL, "not a mapping: give 'key: value' lines");
		}
	}
	for (size_t i = 0; i < yaml_stream_count(stream); i++) {
		wipe_tree(yaml_stream_document(stream, i));
	}
	l->stream = NULL;
}

void config_read_yaml(struct config_loader *l)
{
	struct yaml_options options = { .reject_duplicates = true };
	struct yaml_stream *stream = NULL;
	struct error err = ERROR_INIT;
	struct buf content;

	buf_init(&content, CONFIG_FILE_MAX);
	if (config_read_file(l->name, &content, &err) < 0) {
		config_problem(l, NULL, NULL, "%s: give the path of the configuration", err.text);
	} else if (content.len == 0) {
		/* Cut short by an editor or a full disk; obeyed, it would take everything away. */
		config_problem(l, NULL, NULL, "is empty: write the configuration to it");
	} else if (yaml_parse(content.data, content.len, &options, &stream, &err) != YAML_OK) {
		strvec_pushf(l->problems, "%s:%s", l->name, err.text);
	} else {
		read_documents(l, stream);
	}
	(void)sha256_hex(content.data, content.len, l->config->digest);
	yaml_stream_free(stream);
	explicit_bzero(content.data, content.len);
	buf_release(&content);
}

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
	if (content->len > 0 && content->data[content->len - 1] == '\n') {
		content->data[--content->len] = '\0';
		if (content->len > 0 && content->data[content->len - 1] == '\r') {
			content->data[--content->len] = '\0';
		}
	}
	if (content->len > 0 && strchr(" \t\r\n", content->data[content->len - 1]) != NULL) {
		config_warning(l, node, NULL, "'%s': '%s' ends in white space: "
			       "is it part of the secret?", key, path);
	}
}

void config_read_secret(struct config_loader *l, const char *path, const json_t *node,
			const char *key, struct strvec *list)
{
	struct error err = ERROR_INIT;
	struct buf content;
	struct stat st;
	int fd = open_file(path, &st, &err);

	if (fd < 0) {
		config_problem(l, node, NULL, "'%s': '%s': %s: %s", key, path, err.text,
			       access(path, R_OK) != 0 && errno == EACCES
				       ? "let the user who runs doorbell read it"
				       : "correct the path");
		return;
	}
	buf_init(&content, CONFIG_SECRET_MAX);
	if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0) {
		config_problem(l, node, NULL,
			       "'%s': anybody may read or write '%s': chmod o= '%s'", key, path,
			       path);
	}
	if (read_all(fd, &content, &err) < 0) {
		config_problem(l, node, NULL, "'%s': '%s': %s: correct it", key, path, err.text);
	} else {
		trim_secret(l, path, node, key, &content);
		const char *what = check_secret(&content);

		if (what != NULL) {
			config_problem(l, node, NULL, "'%s': '%s' %s", key, path, what);
		} else {
			strvec_push(list, content.data);
		}
	}
	(void)close(fd);
	explicit_bzero(content.data, content.capacity > 0 ? content.len : 0);
	buf_release(&content);
}
