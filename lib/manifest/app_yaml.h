/*
 * Applications from YAML text.
 */
#ifndef LIB_MANIFEST_APP_YAML_H
#define LIB_MANIFEST_APP_YAML_H

#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "manifest/app.h"

/*
 * Append every Application of a multi-document YAML or JSON text to list
 * ("kind: List" is opened one level; other kinds are passed over).  name is
 * put in front of positions ("apps/web.yaml:3").  A malformed Application or
 * document becomes a line in problems ("name:line:column: what") and the rest
 * is still read.  Returns 0, or -1 with err if the text is not YAML at all.
 */
int app_read_yaml(const char *data, size_t len, const char *name, struct app_list *list,
		  struct strvec *problems, struct error *err);

#endif
