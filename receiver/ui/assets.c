/*
 * The table of assets. Digests are taken when somebody asks for the first
 * time.
 */
#include "receiver/ui/assets.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"

/* Hexadecimal digits of the digest in a path: 64 bits tell versions apart. */
#define DIGEST_DIGITS 16

/* Made by the Makefile of the file of that name. */
extern const char asset_doorbell_css[];
extern const char asset_doorbell_css_end[];

static const struct {
	const char *name;
	const char *type;
	const char *data;
	const char *end;
} table[] = {
	{ "doorbell.css", "text/css; charset=utf-8", asset_doorbell_css, asset_doorbell_css_end },
};

#define ASSETS (sizeof(table) / sizeof(table[0]))

static struct asset assets[ASSETS];
static bool filled;

static void fill(struct asset *asset, size_t i)
{
	const char *dot = strrchr(table[i].name, '.');
	char digest[SHA256_HEX_MAX + 1] = "";

	*asset = (struct asset){
		.name = table[i].name,
		.type = table[i].type,
		.data = table[i].data,
		.len = (size_t)(table[i].end - table[i].data),
	};
	(void)sha256_hex(asset->data, asset->len, digest);
	(void)snprintf(asset->path, sizeof(asset->path), "%s%.*s-%.*s%s", ASSETS_PATH,
		       (int)(dot - asset->name), asset->name, DIGEST_DIGITS, digest, dot);
	(void)snprintf(asset->etag, sizeof(asset->etag), "\"%.*s\"", DIGEST_DIGITS, digest);
}

static void fill_all(void)
{
	for (size_t i = 0; !filled && i < ASSETS; i++) {
		fill(&assets[i], i);
	}
	filled = true;
}

const struct asset *asset_by_path(const char *path)
{
	fill_all();
	for (size_t i = 0; i < ASSETS; i++) {
		if (strcmp(assets[i].path, path) == 0) {
			return &assets[i];
		}
	}
	return NULL;
}

const struct asset *asset_by_name(const char *name)
{
	fill_all();
	for (size_t i = 0; i < ASSETS; i++) {
		if (strcmp(assets[i].name, name) == 0) {
			return &assets[i];
		}
	}
	return NULL;
}
