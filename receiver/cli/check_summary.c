/*
 * Files and directories are read as the receiver would read them, but here and
 * now.  Places in repositories are named only: reading them may need a fetch.
 */
#include "receiver/cli/check_summary.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "inventory/inventory.h"
#include "receiver/catalog/files.h"
#include "receiver/catalog/unrung.h"
#include "receiver/settings/repositories.h"

#define LINE_BYTES 65536
#define WARNINGS 100 // of applications, the first ones

/* "2 sources: hub (github), lab (gitlab)", or "0 sources". */
struct counted {
	struct strvec *lines;
	struct buf text;
	size_t count;
};

static void begin(struct counted *c, struct strvec *lines)
{
	*c = (struct counted){ .lines = lines };
	buf_init(&c->text, LINE_BYTES);
}

static void add(struct counted *c, const char *name, const char *kind)
{
	(void)buf_addf(&c->text, "%s%s", c->count++ == 0 ? ": " : ", ", name);
	if (kind != NULL) {
		(void)buf_addf(&c->text, " (%s)", kind);
	}
}

static void end(struct counted *c, const char *one, const char *many)
{
	strvec_pushf(c->lines, "%zu %s%s", c->count, c->count == 1 ? one : many,
		     c->text.len > 0 ? c->text.data : "");
	buf_release(&c->text);
}

static void sum_addresses(const struct config *config, struct strvec *lines)
{
	struct counted c;

	begin(&c, lines);
	for (size_t i = 0; i < config->listen.count; i++) {
		add(&c, config->listen.items[i], config->tls_cert_file != NULL ? "TLS" : NULL);
	}
	if (config->status_listen[0] != '\0') {
		add(&c, config->status_listen, "status");
	}
	if (config->socket[0] != '\0') {
		add(&c, config->socket, "hook");
	}
	end(&c, "address to listen at", "addresses to listen at");
}

static const char *name_of(void *ctx, const char *address)
{
	const struct repository *repository = repositories_find_source(ctx, address);

	return repository != NULL ? repository->name : NULL;
}

static struct inventory *read_files(const struct config *config, struct repositories *known)
{
	struct inventory *inv = inventory_new(name_of, known);

	for (size_t i = 0; i < config->application_count; i++) {
		const struct config_applications *from = &config->applications[i];

		const char *path = from->file != NULL ? from->file : from->directory;

		/*
		 * A place stands there so that both count alike, and holds nothing;
		 * also for what is not there, which was said already.
		 */
		inventory_add(inv, &(struct inventory_origin){
			.kind = path == NULL || access(path, F_OK) != 0 ? INVENTORY_PLACE
				: from->file != NULL			? INVENTORY_FILE
									: INVENTORY_DIRECTORY,
			.path = path,
			.repository = from->repository != NULL ? from->repository : "",
			.ref = from->ref != NULL ? from->ref : "",
			.directory = from->path != NULL ? from->path : "",
			.cluster = from->cluster,
		});
	}
	files_read_now(inv);
	inventory_merge(inv);
	return inv;
}

static size_t count_applications(const struct inventory *inv, size_t origin)
{
	const struct inventory_file *file;
	size_t count = 0;

	for (size_t k = 0; (file = inventory_get_file(inv, origin, k)) != NULL; k++) {
		for (size_t i = 0; i < file->found.list.count; i++) {
			count += app_kind_is_rung(file->found.list.items[i]->id.kind);
		}
	}
	return count;
}

static void sum_places(const struct config *config, const struct inventory *inv,
		       struct strvec *lines)
{
	for (size_t i = 0; i < config->application_count; i++) {
		const struct config_applications *from = &config->applications[i];
		size_t count = count_applications(inv, i);

		if (from->repository != NULL) {
			strvec_pushf(lines, "applications of %s, %s, %s: read by the receiver",
				     from->repository, from->ref != NULL ? from->ref : "HEAD",
				     from->path != NULL && from->path[0] != '\0' ? from->path
										: "all of it");
		} else {
			strvec_pushf(lines, "%zu application%s of %s", count, count == 1 ? "" : "s",
				     from->file != NULL ? from->file : from->directory);
		}
	}
}

static void warn_of_sources(const struct inventory *inv, struct repositories *known,
			    struct strvec *warnings)
{
	const struct app_list *apps = inventory_list(inv);
	size_t end = warnings->count + WARNINGS;
	struct unrung one;
	size_t at = 0;

	while (warnings->count < end && unrung_next(apps, &at, name_of, known, &one)) {
		const char *near = repositories_nearest(known, one.source->repository);
		char *name = app_full_name(one.app);

		strvec_pushf(warnings, "%s: application '%s' is made from '%s', which is not among "
			     "the repositories: no push there rings it%s%s%s", one.app->origin,
			     name, one.source->repository, near != NULL ? ": did you mean '" : "",
			     near != NULL ? near : "", near != NULL ? "'?" : "");
		free(name);
	}
}

static void sum_applications(const struct config *config, struct strvec *lines,
			     struct strvec *warnings)
{
	struct repositories *known = NULL;

	if (repositories_new(config, &known, NULL) < 0) {
		return; // it was said already
	}
	struct inventory *inv = read_files(config, known);
	const struct strvec *problems = inventory_problems(inv);
	for (size_t i = 0; i < problems->count && i < WARNINGS; i++) {
		strvec_push(warnings, problems->items[i]);
	}
	sum_places(config, inv, lines);
	warn_of_sources(inv, known, warnings);
	inventory_free(inv);
	repositories_free(known);
}

void check_summary(const struct config *config, struct strvec *lines, struct strvec *warnings)
{
	struct counted c;

	sum_addresses(config, lines);
	begin(&c, lines);
	for (size_t i = 0; i < config->source_count; i++) {
		add(&c, config->sources[i].name, config->sources[i].provider);
	}
	end(&c, "source", "sources");
	begin(&c, lines);
	for (size_t i = 0; i < config->repository_count; i++) {
		const struct config_repository *r = &config->repositories[i];

		add(&c, r->url, r->path != NULL ? r->path : "fetched");
	}
	end(&c, "repository", "repositories");
	sum_applications(config, lines, warnings);
	begin(&c, lines);
	for (size_t i = 0; i < config->target_count; i++) {
		add(&c, config->targets[i].name, config->targets[i].kind.kind->name);
	}
	end(&c, "target", "targets");
}
