/*
 * Applications from YAML text.
 */
#ifndef LIB_MANIFEST_APP_YAML_H
#define LIB_MANIFEST_APP_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "manifest/app.h"

/* What was read of manifests: of a text, or of all of a place. */
struct manifests {
	struct app_list list;
	struct strvec problems; // one line each
	struct strvec patches;  // files that kustomizations name as patches (patch.h), as written
	/*
	 * The names of texts that hold what cannot be read, each once: what was
	 * read of them before may still be true.  "": of any text.
	 */
	struct strvec broken;
	bool full;              // of a place: there were more than it may hold, and none is here
};

/* A text of that name holds what cannot be read. */
void manifests_note_broken(struct manifests *m, const char *name);

/* Free what it holds; it may be zeroed, and is usable as empty afterwards. */
void manifests_release(struct manifests *m);

/*
 * Add all that a multi-document YAML or JSON text says to m: every Application
 * (a list of objects is opened; other kinds are passed over) and the patches of
 * kustomizations.  name is put in front of positions ("apps/web.yaml:3").  A
 * malformed Application becomes a line in problems ("name:line:column: what")
 * and the rest is still read.  0, or -1 with err if the text is not YAML at
 * all; a template of other things is passed over.
 */
int manifests_read(const char *data, size_t len, const char *name, struct manifests *m,
		   struct error *err);

#endif
