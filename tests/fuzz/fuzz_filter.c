/*
 * The filters of ApplicationSets and Flux: any argument and any path give an
 * answer, the same each time.  The input is an argument, a zero byte, a path.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inputs/appset/appset.h"
#include "inputs/flux/flux_artifact.h"
#include "inputs/flux/flux_ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct inputs_filter *const filters[] = {
		&inputs_filter_appset_directories,
		&inputs_filter_appset_files,
		&inputs_filter_flux_kustomizations,
		&inputs_filter_flux_ignores,
		&inputs_filter_flux_manifests,
		&inputs_filter_flux_excluded,
	};
	char *argument = malloc(size + 2);

	if (argument == NULL) {
		return 0;
	}
	memcpy(argument, data, size);
	argument[size] = '\0';
	argument[size + 1] = '\0';
	const char *path = argument + strlen(argument) + 1;
	if (path[0] != '\0' && strlen(path) <= LIMIT_PATH_BYTES) {
		const char *slash = strrchr(path, '/');
		size_t name_at = slash != NULL ? (size_t)(slash + 1 - path) : 0;

		for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
			bool said = filters[i]->match(argument, path, name_at);

			if (said != filters[i]->match(argument, path, name_at) ||
			    inputs_filter_find(filters[i]->name) != filters[i]) {
				abort();
			}
		}
		(void)flux_ignore_line(argument, path);
	}
	free(argument);
	return 0;
}
