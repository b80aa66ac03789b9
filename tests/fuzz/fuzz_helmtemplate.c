/*
 * Templates from committers: looking through them ends, stays within its
 * bounds, and never loses what was found before.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inputs/helm/helm_template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct helm_templates t = { .files = false };
	const char *text = (const char *)data;

	helm_template_scan(&t, text, size, true);
	bool files = t.files;
	size_t includes = t.includes.count;
	helm_template_scan(&t, text, size, true);
	if (t.files != files || t.includes.count != includes || includes > 1024) {
		abort();
	}
	if (helm_templates_miss(&t, false) && includes == 0 && !t.dynamic) {
		abort();
	}
	(void)helm_value_reach(text, size);
	helm_templates_release(&t);
	return 0;
}
