/*
 * The full name of an application, as it is stored and sent: refused, or the
 * same again when its parts are put together.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "manifest/app_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	char room[APP_ID_ROOM];
	struct app_id id;

	if (app_id_parse(text, room, &id, NULL) == 0) {
		char *again = app_id_format(&id);

		if (strcmp(again, text) != 0) {
			abort();
		}
		free(again);
	}
	free(text);
	return 0;
}
