/*
 * Files: the configuration itself, and secrets.  What may hold secrets is
 * wiped after use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "config/config_impl.h"

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
	if (file_read_small(l->name, &content, NULL, &err) < 0) {
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
			strvec_push(list, content.data);
		}
	}
	explicit_bzero(content.data, content.capacity > 0 ? content.len : 0);
	buf_release(&content);
}
