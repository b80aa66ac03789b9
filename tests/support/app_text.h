/*
 * Applications out of a text, for tests that look at nothing else of it.
 */
#ifndef TESTS_SUPPORT_APP_TEXT_H
#define TESTS_SUPPORT_APP_TEXT_H

#include "manifest/app_yaml.h"

/* As manifests_read(), for a list and problems alone. */
static inline int app_read_yaml(const char *data, size_t len, const char *name,
				struct app_list *list, struct strvec *problems, struct error *err)
{
	struct manifests m = { .list = *list, .problems = *problems };
	int r = manifests_read(data, len, name, &m, err);

	*list = m.list;
	*problems = m.problems;
	m.list = (struct app_list){ .items = NULL };
	m.problems = (struct strvec)STRVEC_INIT;
	manifests_release(&m);
	return r;
}

#endif
