/*
 * YAML from a committer: parse, walk, ask for places, hash.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Visit all that a reader would; aliases are followed. */
static size_t walk(const struct yaml_stream *stream, json_t *node)
{
	const char *key;
	json_t *value;
	size_t i;
	size_t count = 1;
	int line = 0;
	int column = 0;

	(void)yaml_stream_where(stream, node, NULL, &line, &column);
	json_object_foreach(node, key, value) {
		(void)yaml_stream_where(stream, node, key, &line, &column);
		count += walk(stream, value);
	}
	json_array_foreach(node, i, value) {
		count += walk(stream, value);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct yaml_options strict = { .reject_duplicates = true, .first_document = true };
	struct yaml_stream *stream = NULL;
	struct error err = ERROR_INIT;
	unsigned long long id = 0;
	size_t nodes = 0;

	if (yaml_parse((const char *)data, size, NULL, &stream, &err) == YAML_OK) {
		for (size_t i = 0; i < yaml_stream_count(stream); i++) {
			nodes += walk(stream, yaml_stream_document(stream, i));
		}
		if (nodes > 200000) {
			abort();
		}
		yaml_stream_free(stream);
		if (yaml_meaning((const char *)data, size, &id, &err) != YAML_OK) {
			abort();
		}
	}
	stream = NULL;
	if (yaml_parse((const char *)data, size, &strict, &stream, &err) == YAML_OK) {
		yaml_stream_free(stream);
	}
	return 0;
}
