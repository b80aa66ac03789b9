/*
 * Triggers whose target cannot be called at all: each is answered once, from
 * the loop, and not any more when the ringer is gone.
 */
#include "receiver/ring/ringer.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "receiver/settings/settings.h"
#include "tests/support/tap.h"

struct heard {
	int count;
	int64_t trigger;
	enum outcome_kind kind;
	char reason[256];
};

static void on_done(void *ctx, int64_t trigger, const struct outcome *outcome)
{
	struct heard *heard = ctx;

	heard->count++;
	heard->trigger = trigger;
	heard->kind = outcome->kind;
	(void)snprintf(heard->reason, sizeof(heard->reason), "%s", outcome->reason);
}

static struct settings *make_settings(void)
{
	struct config_input input = { .path = NULL };
	struct strvec problems = STRVEC_INIT;
	struct config *config = NULL;
	struct settings *settings = NULL;
	struct error err = ERROR_INIT;

	if (config_load(&input, &config, &problems, NULL) != 0 ||
	    settings_new_take(config, &settings, &err) != 0) {
		exit(2);
	}
	return settings;
}

int main(void)
{
	char application[] = "argocd/web";
	char target[] = "gone";
	char other[] = "";
	const struct trigger trigger = { .id = 7, .application = application, .target = target, .project = other,
					 .repository = other, .ref = other };
	struct event_base *base = event_base_new();
	struct settings *settings = make_settings();
	struct heard heard = { .count = 0 };
	const struct ringer_parts parts = { .base = base, .done = on_done, .ctx = &heard };
	struct ringer *ringer = ringer_new(&parts);

	ringer_set_settings(ringer, settings);
	ringer_send(ringer, &trigger);
	tap_int(heard.count, 0, "a target that is not configured any more: nothing is said inside the call");
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	tap_ok(heard.count == 1 && heard.trigger == 7 && heard.kind == OUTCOME_REFUSED, "the loop says it, once: %s",
	       heard.reason);
	ringer_send(ringer, &trigger);
	ringer_free(ringer);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	tap_int(heard.count, 1, "of a ringer that is freed nobody hears");
	settings_unref(settings);
	event_base_free(base);
	return tap_done();
}
