#include "receiver/catalog/kept.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "manifest/app_yaml.h"

/* A list of the most applications that a place may hold, 1 KB each, is a fifth of it. */
#define KEPT_BYTES (256U << 20)

/* What a place is called: the same place has the same name after every reload. */
static char *name_of(const struct inventory_origin *place)
{
	return xasprintf("%s %s %s %s", place->repository, place->ref, place->directory,
			 place->cluster != NULL ? place->cluster : "");
}

static char *path_of(const char *folder, const char *name)
{
	char digest[SHA256_HEX_MAX + 1] = "";

	(void)sha256_hex(name, strlen(name), digest);
	return xasprintf("%s/%.32s.json", folder, digest);
}

static json_t *to_json(const char *name, const struct app_list *list)
{
	json_t *apps = json_array();

	for (size_t i = 0; i < list->count; i++) {
		json_t *value = json_object();

		(void)json_object_set_new(value, "origin", text_to_json(list->items[i]->origin));
		(void)json_object_set_new(value, "application", app_to_json(list->items[i]));
		(void)json_array_append_new(apps, value);
	}
	return json_pack("{s:o, s:o}", "place", text_to_json(name), "applications", apps);
}

struct kept_text *kept_text_new(const char *folder, const struct inventory_origin *place,
				const struct app_list *list)
{
	struct kept_text *text = xcalloc(1, sizeof(*text));
	char *name = name_of(place);
	json_t *value = to_json(name, list);

	text->path = path_of(folder, name);
	text->data = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
	text->len = text->data != NULL ? strlen(text->data) : 0;
	json_decref(value);
	free(name);
	if (text->len == 0 || text->len > KEPT_BYTES) {
		kept_text_free(text);
		text = NULL;
	}
	return text;
}

void kept_text_free(struct kept_text *text)
{
	if (text != NULL) {
		free(text->path);
		free(text->data);
		free(text);
	}
}

/* Most reads of a place find what the one before found. */
static bool is_there(const struct kept_text *text)
{
	struct stat st;
	FILE *file = stat(text->path, &st) == 0 && (size_t)st.st_size == text->len
			     ? fopen(text->path, "re")
			     : NULL;
	char *data = file != NULL ? xmalloc(text->len) : NULL;
	bool same = file != NULL && fread(data, 1, text->len, file) == text->len &&
		    memcmp(data, text->data, text->len) == 0;

	if (file != NULL) {
		(void)fclose(file);
	}
	free(data);
	return same;
}

int kept_text_write(const struct kept_text *text, struct error *err)
{
	char *temporary = xasprintf("%s.new", text->path);
	FILE *file = NULL;
	int r = 0;

	if (is_there(text)) {
		goto out;
	}
	(void)unlink(temporary);
	file = fopen(temporary, "wxe");
	bool written = file != NULL && fwrite(text->data, 1, text->len, file) == text->len &&
		       fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (file != NULL) {
		written &= fclose(file) == 0;
	}
	if (!written || rename(temporary, text->path) < 0) {
		r = error_errno(err, -1, errno, "%s", text->path);
		(void)unlink(temporary);
	}
out:
	free(temporary);
	return r;
}

static int read_app(const json_t *value, struct manifests *found)
{
	const char *origin = json_string_value(json_object_get(value, "origin"));
	struct app *app = NULL;

	if (origin == NULL || found->list.count >= LIMIT_APPLICATIONS ||
	    app_from_json(json_object_get(value, "application"), origin, &app, NULL) != APP_OK) {
		return -1;
	}
	app_list_add_take(&found->list, app);
	return 0;
}

/* It is of that place, and nothing in it is broken: half a list would be a lie. */
static int read_list(const json_t *value, const char *name, struct manifests *found)
{
	const char *place = json_string_value(json_object_get(value, "place"));
	const json_t *apps = json_object_get(value, "applications");
	int r = place != NULL && strcmp(place, name) == 0 && json_is_array(apps) ? 0 : -1;
	const json_t *app;
	size_t i;

	json_array_foreach(apps, i, app) {
		r = r < 0 ? r : read_app(app, found);
	}
	return r;
}

int kept_read(const char *folder, const struct inventory_origin *place,
	      struct manifests *ret_found, struct error *err)
{
	struct manifests found = { .problems = STRVEC_INIT };
	char *name = name_of(place);
	char *path = path_of(folder, name);
	struct stat st;
	json_t *value = NULL;
	int r = 1;

	if (stat(path, &st) < 0) {
		goto out;
	}
	value = st.st_size <= KEPT_BYTES ? json_load_file(path, 0, NULL) : NULL;
	r = read_list(value, name, &found);
	if (r < 0) {
		manifests_release(&found);
		r = error_set(err, -1, "%s is no list of applications of that place", path);
		goto out;
	}
	*ret_found = found;
out:
	json_decref(value);
	free(path);
	free(name);
	return r;
}
