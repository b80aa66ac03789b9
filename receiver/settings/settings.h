/*
 * The room for the configuration in use, and what was made from it: the door,
 * git, the catalog, ring, serve and the command line look things up here.  It
 * never reads the configuration's file (lib/config does) and never changes
 * settings once they are made.
 *
 * Settings are kept alive by whoever still works with them: a reload puts new
 * ones in their place, and calls that are under way end with the old ones.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_SETTINGS_SETTINGS_H
#define RECEIVER_SETTINGS_SETTINGS_H

#include "admission/admission.h"
#include "base/error.h"
#include "config/config.h"
#include "delivery/delivery.h"
#include "receiver/settings/repositories.h"
#include "target/target.h"

struct settings {
	unsigned references;
	struct config *config;
	struct repositories *repositories;
	struct target *targets;             // one for each target of config, in order
	struct delivery_target *ring;       // likewise, as the core wants it
	struct delivery_options delivery;
	struct admission_source *sources;   // one for each source of config, in order
	struct admission_rules admission;   // what requests are judged by
};

/*
 * What config_load() cannot see: does each address mean one repository, is
 * each place of applications listed once, do certificate and key belong
 * together?  Each problem is appended ("FILE: what: cure"), and a line to
 * missing (or NULL) for each place of applications that cannot be found, with
 * which a receiver runs and lets all pushes wait.  What passes here,
 * settings_new_take() does not refuse.
 */
void settings_check(const struct config *config, struct strvec *problems,
		    struct strvec *missing);

/*
 * Make settings with one reference from a configuration, which belongs to
 * them from now on (also after -1). 0, or -1 with err naming what is wrong.
 */
int settings_new_take(struct config *config, struct settings **ret_settings, struct error *err);

/* One more reference. Returns its argument. */
struct settings *settings_ref(struct settings *s);

/* One less; the last one frees. NULL is fine. */
void settings_unref(struct settings *s);

/* Index of the target of that name, or -1. */
int settings_target(const struct settings *s, const char *name);

#endif
