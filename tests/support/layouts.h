/*
 * Layouts: small repositories, one push each, and whether it touches the
 * application.
 *
 * All of a table become branches of one real repository (git fast-import);
 * the answer comes from the engine's front door.
 */
#ifndef TESTS_SUPPORT_LAYOUTS_H
#define TESTS_SUPPORT_LAYOUTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A file; "->x" is a link to x, "+xTEXT" is executable, "@" a submodule, NULL
 * in a change removes.  In paths and texts SELF is the application's name.
 */
struct layout_file {
	const char *path;
	const char *text;
};

struct layout {
	const char *name;
	struct layout_file before[8];
	struct layout_file change[8];
	bool affected;
	/*
	 * The application's spec in YAML's flow style; HERE is the repository
	 * and the case's branch ("source: {HERE, path: app}"), SELF as above.
	 * NULL: that of the run.  One that begins with "apiVersion:" is a text
	 * of manifests of any kinds.
	 */
	const char *spec;
	/* The first reason: "path (probe) < via < via"; NULL: any. */
	const char *reason;
};

/* Check each; spec is for those without one. */
void layouts_run(const struct layout *layouts, size_t count, const char *spec);

/* Whether each touches its application, without a check; the caller frees the array. */
bool *layouts_touch(const struct layout *layouts, size_t count);

#endif
