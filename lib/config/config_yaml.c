/*
 * The file of the configuration.  It may hold secrets, so it is wiped after use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	l->understood = root == NULL || json_is_null(root) || json_is_object(root);
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
