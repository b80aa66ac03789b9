/*
 * A result's own matters: freeing it, and the words that it is told with.
 */
#include "affected/affected_result.h"

#include <stdlib.h>
#include <string.h>

static void release_items(struct affected_application *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < items[i].reason_count; k++) {
			free(items[i].reasons[k].path);
			strvec_release(&items[i].reasons[k].via);
		}
		free(items[i].reasons);
		free(items[i].told);
	}
	free(items);
}

void affected_release(struct affected *result)
{
	release_items(result->items, result->count);
	release_items(result->same, result->same_count);
	json_decref(result->remote_references);
	strvec_release(&result->paths);
	memset(result, 0, sizeof(*result));
}

const char *affected_mode_name(enum affected_mode mode)
{
	static const char *const names[] = {
		[AFFECTED_EXACT] = "exact",
		[AFFECTED_UNION] = "union",
		[AFFECTED_ARGOCD] = "argocd",
	};

	return names[mode];
}
