/*
 * Asking a pool of readers from a test.
 */
#include "tests/support/asker.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mstime.h"
#include "tests/support/tap.h"

pid_t asker_reader_pid(void)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	int pid = 0;

	if (children == NULL || fscanf(children, "%d", &pid) != 1) {
		pid = 0;
	}
	if (children != NULL) {
		(void)fclose(children);
	}
	return pid;
}

static void on_log(void *arg, enum reader_log_level level, const char *text)
{
	/* A sanitizer runs without the system call filter; that is not what tests look for. */
	bool walls = strncmp(text, "readers run without", strlen("readers run without")) == 0;

	((struct asker *)arg)->warnings += level == READER_LOG_WARNING && !walls;
	tap_note("log: %s", text);
}

static void tell_reason(struct asked *asked, const char *told)
{
	json_t *reasons = told != NULL ? json_loads(told, 0, NULL) : NULL;
	const json_t *reason = json_array_get(reasons, 0);
	const char *path = json_string_value(json_object_get(reason, "path"));
	const char *via = json_string_value(json_array_get(json_object_get(reason, "via"), 0));

	if (path != NULL) {
		(void)snprintf(asked->path, 64, "%s", path);
	}
	if (via != NULL) {
		(void)snprintf(asked->via, 64, "%s", via);
	}
	json_decref(reasons);
}

void asker_on_affected(void *arg, enum reader_result result, const struct reader_affected *answer,
		       const char *why)
{
	struct asked *asked = arg;

	asked->answers++;
	asked->result = result;
	(void)snprintf(asked->why, sizeof(asked->why), "%s", why);
	for (size_t i = 0; answer != NULL && i < answer->affected->count && i < 8; i++) {
		const struct affected_application *item = &answer->affected->items[i];

		asked->apps[asked->count] = item->app;
		asked->generation = answer->generation;
		(void)snprintf(asked->names[asked->count++], 64, "%s", answer->names[i]);
		tell_reason(asked, item->told);
	}
	if (answer != NULL && answer->affected->fallback != FALLBACK_NONE) {
		(void)snprintf(asked->fallback, 256, "%s",
			       fallback_text(answer->affected->fallback));
	}
}

void asker_on_resolve(void *arg, enum reader_result result, const struct reader_tip *tip,
		      const char *why)
{
	struct asked *asked = arg;

	asked->answers++;
	asked->result = result;
	(void)snprintf(asked->why, sizeof(asked->why), "%s", why);
	if (tip != NULL) {
		asked->found = tip->found;
		asked->present = tip->present;
		(void)oid_to_hex(&tip->commit, asked->commit);
		(void)oid_to_hex(&tip->asked, asked->asked_commit);
	}
}

void asker_on_apps(void *arg, enum reader_result result, struct manifests *found,
		   const char *why)
{
	struct asked *asked = arg;

	asked->answers++;
	asked->result = result;
	(void)snprintf(asked->why, sizeof(asked->why), "%s", why);
	if (found != NULL) {
		asked->list = found->list;
		found->list = (struct app_list){ .items = NULL };
		asked->problems = found->problems.count;
		asked->broken = found->broken.count;
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Turn the loop until *asked (may be NULL) is answered, or the time is over. */
static void turn_until(struct asker *a, const struct asked *asked, int64_t ms)
{
	struct event *tick = event_new(a->base, -1, EV_PERSIST, on_tick, NULL);
	int64_t end = mstime_monotonic() + ms;

	(void)event_add(tick, &(struct timeval){ 0, 5000 });
	while ((asked == NULL || asked->answers == 0) && mstime_monotonic() < end) {
		(void)event_base_loop(a->base, EVLOOP_ONCE);
	}
	event_free(tick);
}

void asker_wait(struct asker *a, const struct asked *asked)
{
	turn_until(a, asked, 20000);
}

void asker_turn(struct asker *a, int64_t ms)
{
	turn_until(a, NULL, ms);
}

void asker_add_app(struct app_list *list, const char *name, const char *url, const char *path)
{
	json_t *tree = json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:s, s:s, s:s}}}", "apiVersion",
				 "argoproj.io/v1alpha1", "kind", "Application", "metadata", "name",
				 name, "namespace", "argocd", "spec", "source", "repoURL", url,
				 "path", path, "targetRevision", "main");
	struct app *app = NULL;
	struct error err = ERROR_INIT;

	if (app_from_json(tree, "test", &app, &err) != APP_OK) {
		tap_note("%s", err.text);
		exit(2);
	}
	app_list_add_take(list, app);
	json_decref(tree);
}

void asker_init(struct asker *a)
{
	*a = (struct asker){ .base = event_base_new() };
	ssize_t n = readlink("/proc/self/exe", a->self, sizeof(a->self) - 1);
	a->self[n > 0 ? n : 0] = '\0';
}

void asker_release(struct asker *a)
{
	event_base_free(a->base);
}

void asker_open(struct asker *a, const char *verb, int64_t time_limit_ms)
{
	struct reader_options options = {
		.count = 1, .program = a->self, .verb = verb, .time_limit_ms = time_limit_ms,
		.log = on_log, .log_arg = a, .keep_stderr = true,
	};

	a->pool = reader_pool_new(a->base, &options);
}

void asker_close(struct asker *a)
{
	reader_pool_free(a->pool);
	a->pool = NULL;
}

void asker_set_repository(struct asker *a, const char *url, const char *path)
{
	struct reader_repository_options options = { .url = url, .path = path };
	struct error err = ERROR_INIT;

	if (reader_set_repository(a->pool, &options, &err) < 0) {
		tap_note("%s", err.text);
		exit(2);
	}
}

void asker_ask_step(struct asker *a, struct asked *asked, const char *ref, const char *before,
		    const char *after)
{
	struct affected_request request = { .ref = ref, .default_branch = "main" };
	struct error err = ERROR_INIT;

	*asked = (struct asked){ .answers = 0 };
	(void)oid_from_hex(before, strlen(before), &request.before);
	(void)oid_from_hex(after, strlen(after), &request.after);
	if (reader_affected(a->pool, ASKER_URL, &request, asker_on_affected, asked, &err) < 0) {
		tap_note("%s", err.text);
		exit(2);
	}
}

void asker_ask(struct asker *a, struct asked *asked, const char *ref)
{
	asker_ask_step(a, asked, ref, "1111111111111111111111111111111111111111",
		       "2222222222222222222222222222222222222222");
}
